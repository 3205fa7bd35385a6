"""A second bookkeeper: what must be true of money at every moment, and what once all is quiet.

Reads whole tables and adds up for itself; nothing that is held against it does the sums.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings

from orders.models import Charge, ChargeKind, Order, Rental
from orders.states import OrderStatus, RentalStatus
from payments.models import Deposit, Dispute, DocumentLine, Mail, Payment, Refund
from payments.selectors import (
    balance,
    disputes_of_attention,
    orders_without_documents,
    owed,
    parked_payments,
    payments_owed_back,
    statement,
)
from payments.services.reconcile import Report
from payments.states import (
    DEPOSIT_LIVE,
    DISPUTE_OPEN,
    LIVE,
    UNDER_WAY,
    DepositStatus,
    DisputeStatus,
    PaymentStatus,
    RefundStatus,
)
from sandbox.stripe.sandbox import StripeSandbox

LATER = (ChargeKind.DAMAGE, ChargeKind.CLEANING, ChargeKind.LATE_FEE)
LIVING = (OrderStatus.CONFIRMED, OrderStatus.COMPLETED)
DEAD = (OrderStatus.EXPIRED, OrderStatus.CANCELLED)
UNPROMISED = (RefundStatus.WAITING, RefundStatus.DECLINED)
ENDS = {"won": DisputeStatus.WON, "lost": DisputeStatus.LOST, "warning_closed": DisputeStatus.DROPPED}
MOST = 100  # of what the gateway is asked for at once


@dataclass
class Account:
    """One order's rows."""

    order: Order
    charges: list[Charge] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    deposits: list[Deposit] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n  ".join(
            [f"{self.order.status}: {self.open_minor} open, {self.later_minor} charged later"]
            + [f"charge {c.kind} {c.amount_minor} ({c.reason}, {c.actor})" for c in self.charges]
            + [
                f"{p.purpose} {p.status}: {p.captured_minor} of {p.amount_minor}, back {p.refunded_minor} + "
                f"{p.refund_pending_minor} + {p.refund_waiting_minor}, disputed {p.disputed_minor} {p.parked_reason}"
                for p in self.payments
            ]
            + [f"refund {r.status} {r.amount_minor} by {r.requested_by} ({r.failure})" for r in self.refunds]
            + [f"deposit {d.status}: {d.captured_minor} of {d.amount_minor} kept" for d in self.deposits]
            + [f"dispute {d.status}: {d.withdrawn_minor} {d.decision}" for d in self.disputes]
        )

    @property
    def later_minor(self) -> int:
        """Charged since the price."""
        return sum(c.amount_minor for c in self.charges if c.kind in LATER)

    @property
    def open_minor(self) -> int:
        """What would be owed if no bank had taken anything; waiting refunds count as not asked for."""
        here = sum(
            p.captured_minor - p.refunded_minor - p.refund_pending_minor for p in self.payments if not p.deposit_id
        )
        return sum(c.amount_minor for c in self.charges) - here - self.kept_minor

    @property
    def kept_minor(self) -> int:
        return sum(d.captured_minor for d in self.deposits)

    @property
    def credits_minor(self) -> int:
        """Given as goodwill, without what was written off or a bank brought back."""
        given = -sum(c.amount_minor for c in self.charges if c.kind == ChargeKind.GOODWILL and c.amount_minor < 0)
        returned = sum(c.amount_minor for c in self.charges if c.kind == ChargeKind.GOODWILL and c.amount_minor > 0)
        return given - returned - sum(d.written_off_minor for d in self.disputes)

    def refunds_of(self, payment: Payment, *statuses: str) -> int:
        return sum(r.amount_minor for r in self.refunds if r.payment_id == payment.pk and r.status in statuses)

    def securing(self, deposit: Deposit) -> Payment | None:
        return next((p for p in self.payments if p.provider_ref and p.provider_ref == deposit.provider_ref), None)


class Books:
    """Every account, as the rows are at this moment."""

    def __init__(self) -> None:
        self.accounts = {order.pk: Account(order) for order in Order.objects.order_by("pk")}
        of: dict[UUID, Account] = {}
        for charge in Charge.objects.order_by("pk"):
            self.accounts[charge.order_id].charges.append(charge)
        for payment in Payment.objects.order_by("created_at", "pk"):
            of[payment.pk] = self.accounts[payment.order_id]
            of[payment.pk].payments.append(payment)
        for refund in Refund.objects.order_by("created_at", "pk"):
            of[refund.payment_id].refunds.append(refund)
        for dispute in Dispute.objects.order_by("pk"):
            of[dispute.payment_id].disputes.append(dispute)
        for deposit in Deposit.objects.order_by("created_at", "pk"):
            self.accounts[deposit.order_id].deposits.append(deposit)

    @property
    def payments(self) -> list[Payment]:
        return [payment for account in self.accounts.values() for payment in account.payments]

    @property
    def refunds(self) -> list[Refund]:
        return [refund for account in self.accounts.values() for refund in account.refunds]

    @property
    def deposits(self) -> list[Deposit]:
        return [deposit for account in self.accounts.values() for deposit in account.deposits]

    @property
    def disputes(self) -> list[Dispute]:
        return [dispute for account in self.accounts.values() for dispute in account.disputes]


# At every moment


def rows_agree(books: Books) -> None:
    """The rows contradict each other nowhere, whatever still waits to be heard or done."""
    for account in books.accounts.values():
        for payment in account.payments:
            _sums_of_a_payment(account, payment)
        for deposit in account.deposits:
            _a_deposit(account, deposit)
        _an_order(account)


def _sums_of_a_payment(account: Account, payment: Payment) -> None:
    assert payment.refund_waiting_minor == account.refunds_of(payment, RefundStatus.WAITING)
    assert payment.refund_pending_minor == account.refunds_of(payment, *UNDER_WAY)
    assert payment.refunded_minor == account.refunds_of(payment, RefundStatus.SUCCEEDED)
    taken = sum(d.withdrawn_minor for d in account.disputes if d.payment_id == payment.pk)
    assert payment.disputed_minor == taken
    if payment.captured_minor:
        assert payment.status == PaymentStatus.SUCCEEDED
    if not payment.parked_reason:
        assert payment.gone_minor <= payment.captured_minor <= payment.amount_minor
        whole = payment.captured_minor in (0, payment.amount_minor)
        assert whole or payment.captures_later, "a part was captured of what is not held"


def _a_deposit(account: Account, deposit: Deposit) -> None:
    payment = account.securing(deposit)
    assert (deposit.captured_minor > 0) == (deposit.status == DepositStatus.CAPTURED)
    if deposit.status == DepositStatus.SECURED:
        assert payment is not None
        assert payment.parked_reason or payment.secures_minor > 0, "nothing secures it"
    if deposit.captured_minor:
        assert payment is not None
        gone = payment.refunded_minor + payment.refund_pending_minor
        left = payment.captured_minor - gone if payment.captured_minor else payment.amount_minor
        assert payment.parked_reason or deposit.captured_minor <= left, "more is kept than is there"


def _an_order(account: Account) -> None:
    order = account.order
    live = [p.purpose for p in account.payments if p.status in LIVE]
    assert len(live) == len(set(live)), "two payments for one purpose"
    secured = any(d.status == DepositStatus.SECURED for d in account.deposits)
    assert secured == (order.deposit_secured_at is not None), "the counter sees another deposit than payments"
    if order.status in LIVING:
        assert account.open_minor <= account.later_minor, f"{order} is confirmed, and its price is not paid"
    asked = sum(r.amount_minor for r in account.refunds if r.requested_by != "clock" and r.status not in UNPROMISED)
    assert account.credits_minor <= asked, "more was credited than was given back"
    alone = [
        r
        for r in account.refunds
        if r.requested_by.startswith("staff:")
        and not r.approved_by
        and r.status not in (*UNPROMISED, RefundStatus.FAILED)
    ]
    limit = settings.REFUND_APPROVAL_ABOVE[order.currency] * 100
    assert sum(r.amount_minor for r in alone) <= limit, "given back without a second person"
    by_card = [p for p in account.payments if p.purpose == Payment.Purpose.EXTRA and p.card_ref and not p.changes]
    refused = [p.amount_minor for p in by_card if p.status == PaymentStatus.CANCELLED]
    assert len(refused) == len(set(refused)), "a card that said no was asked for the same again"


def nobody_owes_more_without_a_cause(before: Books, after: Books) -> None:
    """Between two looks a confirmed order owes more only by a charge, or by losing what was kept of its deposit.

    What goes back is credited, or was owed.
    """
    for pk, now in after.accounts.items():
        then = before.accounts.get(pk)
        if then is None or then.order.status not in LIVING or now.order.status not in LIVING:
            continue
        returned = _returned(now) - _returned(then)
        lost = _lost(then, now)
        allowed = now.later_minor - then.later_minor + returned + lost
        assert now.open_minor <= max(then.open_minor, 0) + allowed, (
            f"owed more, and nobody was charged: {then}\nnow {now}"
        )


def _returned(account: Account) -> int:
    """Charged again because a bank gave back what had been written off."""
    return sum(c.amount_minor for c in account.charges if c.kind == ChargeKind.GOODWILL and c.amount_minor > 0)


def _lost(then: Account, now: Account) -> int:
    """Of what was kept, without what went back: that is credited."""
    lost = 0
    earlier = {deposit.pk: deposit for deposit in then.deposits}
    for deposit in now.deposits:
        was, payment = earlier.get(deposit.pk), now.securing(deposit)
        if was is not None and payment is not None and not now.refunds_of(payment, *RefundStatus.values):
            lost += max(0, was.captured_minor - deposit.captured_minor)
    return lost


def no_hold_is_captured_beyond_what_is_kept(books: Books, by_hand: set[str]) -> None:
    """The rest of a hold is let go, not taken and given back; by_hand: what was captured at the gateway."""
    for account in books.accounts.values():
        disputed = {dispute.payment_id for dispute in account.disputes}
        for refund in account.refunds:
            payment = next(p for p in account.payments if p.pk == refund.payment_id)
            if payment.captures_later and payment.provider_ref not in by_hand and payment.pk not in disputed:
                assert refund.requested_by != "clock", "more of a hold was taken than is kept"


# When all is quiet


def gateway_agrees(books: Books, gateway: StripeSandbox) -> None:
    """To the cent, payment by payment: captured, given back, on its way, held, disputed; and nothing without a row."""
    remote = {kind: gateway.recent(kind, MOST) for kind in ("payment_intent", "refund", "dispute")}
    assert all(len(found) < MOST for found in remote.values()), "the gateway has more than was read"
    refunds: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for refund in remote["refund"]:
        if not _is_release(refund):
            refunds[refund["payment_intent"]][refund["status"]] += refund["amount"]
    taken: dict[str, int] = defaultdict(int)
    for dispute in remote["dispute"]:
        if dispute["status"] != "won" and not dispute["status"].startswith("warning_"):
            taken[dispute["payment_intent"]] += dispute["amount"]
    ours_of = {dispute.provider_ref: dispute.status for dispute in books.disputes}
    for dispute in remote["dispute"]:
        ours = ours_of.get(dispute["id"])
        assert ENDS.get(dispute["status"], ours) == ours, f"{dispute['id']}: ours {ours}, theirs {dispute['status']}"
    rows = {payment.provider_ref: payment for payment in books.payments}
    for intent in remote["payment_intent"]:
        ref, row = intent["id"], rows.pop(intent["id"], None)
        if row is None:
            assert intent["status"] == "canceled", f"{ref} is nobody's, and {intent['status']}"
            continue
        theirs = (intent["amount_received"], refunds[ref]["succeeded"], refunds[ref]["pending"], taken[ref])
        ours = (row.captured_minor, row.refunded_minor, row.refund_pending_minor, row.disputed_minor)
        more_gone = sum(theirs[1:]) + row.refund_waiting_minor > theirs[0]
        assert ours == theirs or (row.parked_reason and more_gone), f"{ref}: ours {ours}, theirs {theirs}"
        assert bool(row.parked_reason) == more_gone, f"parked: {row.parked_reason!r}, {theirs}"
        assert (row.status == PaymentStatus.AUTHORISED) == (intent["status"] == "requires_capture"), ref
    assert all(row.captured_minor == 0 and ref is None for ref, row in rows.items()), "rows that the gateway misses"
    pages = {payment.page_ref: payment for payment in books.payments if payment.page_ref}
    for page in gateway.recent("checkout.session", MOST):  # who has no row was shown to nobody: its answer was lost
        if page["status"] == "open" and page["id"] in pages:
            assert pages[page["id"]].status in LIVE, "a page of what has ended is still open"


def _is_release(refund: dict[str, Any]) -> bool:
    """What is let go of a hold shows as a refund, though no money came."""
    card = (refund.get("destination_details") or {}).get("card") or {}
    return card.get("type") == "reversal" and refund["balance_transaction"] is None


def what_is_paid_is_confirmed(books: Books) -> None:
    """Before time passes: it would expire unseen, as money that comes late confirms too."""
    for account in books.accounts.values():
        if account.order.status == OrderStatus.PENDING_PAYMENT and not any(p.parked_reason for p in account.payments):
            at_banks = sum(payment.disputed_minor for payment in account.payments)
            assert account.open_minor + at_banks > 0, f"paid, and not confirmed: {account}"


def orders_are_explained(books: Books) -> None:
    """Nothing is open but what somebody can see: who owes, who is owed, and who must look."""
    owed_back = set(payments_owed_back().values_list("order_id", flat=True))
    parked = set(parked_payments().values_list("order_id", flat=True))
    at_bank = set(disputes_of_attention().values_list("payment__order_id", flat=True))
    for pk, account in books.accounts.items():
        _is_explained(account, seen=pk in owed_back | parked, at_bank=pk in at_bank)
        told = statement(account.order)
        here = told.captured_minor - told.refunded_minor - told.disputed_minor
        assert told.balance_minor == told.charged_minor - here
        going = sum(p.refund_pending_minor for p in account.payments if not p.deposit_id)
        assert balance(pk) == told.balance_minor + going, f"the statement tells another balance: {account}"
        shown = sum(entry.amount_minor for entry in told.entries)
        assert shown == told.balance_minor, "the lines of the statement do not add up to its balance"


def _is_explained(account: Account, *, seen: bool, at_bank: bool) -> None:
    order, left = account.order, balance(account.order.pk)
    live = any(deposit.status in DEPOSIT_LIVE for deposit in account.deposits)
    for payment in account.payments:
        if payment.status == PaymentStatus.AUTHORISED:
            deposit = next(d for d in account.deposits if d.pk == payment.deposit_id)
            assert deposit.status == DepositStatus.SECURED, "a hold that nobody needs"
            assert account.securing(deposit) == payment, "two holds for one deposit"
    if order.status in DEAD:
        assert not live, "its deposit lives on"
        assert not any(p.status in LIVE for p in account.payments), "it can still be paid"
        assert seen or at_bank or all(p.refundable_minor == 0 for p in account.payments), "money of a dead order"
    if order.status in LIVING:
        waiting = any(r.status == RefundStatus.WAITING for r in account.refunds)
        assert left >= 0 or seen or at_bank or waiting, f"{-left} are owed back, and nobody sees it"
    elif order.status not in DEAD:
        assert all(p.captured_minor == 0 for p in account.payments), "paid, and not confirmed"
    if order.status == OrderStatus.COMPLETED and not account.disputes and not seen:
        assert account.open_minor == 0, f"completed: {account.open_minor}"
    if order.status == OrderStatus.COMPLETED:
        assert not live
    for deposit in account.deposits:
        _has_ended_right(account, deposit, seen=seen)


def _has_ended_right(account: Account, deposit: Deposit, *, seen: bool) -> None:
    """Of an ended one the shop has what it says, to the cent."""
    if deposit.status in DEPOSIT_LIVE or seen:
        return
    banks = {d.payment_id for d in account.disputes if d.withdrawn_minor or d.status in DISPUTE_OPEN}
    for payment in account.payments:
        if payment.deposit_id != deposit.pk or payment.pk in banks:
            continue
        stays = deposit.captured_minor if payment.provider_ref == deposit.provider_ref else 0
        assert payment.status not in LIVE, "what has ended is still asked for"
        left = payment.captured_minor - payment.refunded_minor - payment.refund_pending_minor
        assert left == stays or payment.refund_waiting_minor, f"it keeps another amount than it says: {account}"


# Staff may release a deposit as soon as it is secured; what is owed then waits for the rental all the same.
_STILL_RENTED = (RentalStatus.BOOKED, RentalStatus.READY, RentalStatus.OUT, RentalStatus.RETURNED)


def debts_are_asked_for(books: Books) -> None:
    """What a delivered order owes beyond its deposit was asked of the card or of its owner."""
    for pk, account in books.accounts.items():
        over = account.deposits and not any(d.status in DEPOSIT_LIVE for d in account.deposits)
        over = over and not Rental.objects.filter(line__order=pk, status__in=_STILL_RENTED).exists()
        if account.order.status != OrderStatus.CONFIRMED or not over or owed(pk) <= 0:
            continue
        extras = [p for p in account.payments if p.purpose == Payment.Purpose.EXTRA and p.status in LIVE]
        told = Mail.objects.filter(order=pk, kind=Mail.Kind.MONEY_REQUESTED).exists()
        assert extras or told, "owed, and nobody was asked"


def documents_agree(books: Books) -> None:
    """Nothing that is paid is without its receipt, and the receipts say what was charged."""
    assert not orders_without_documents().exists()
    totals: dict[UUID, int] = defaultdict(int)
    for line in DocumentLine.objects.select_related("charge", "document"):
        assert line.total_minor == line.charge.amount_minor
        assert line.document.order_id == line.charge.order_id
        totals[line.charge.order_id] += line.total_minor
    for pk, account in books.accounts.items():
        if account.order.confirmed_at and balance(pk) <= 0:
            assert totals[pk] == sum(c.amount_minor for c in account.charges), f"receipts and charges differ: {account}"


def comparison_is_equal(books: Books, report: Report) -> None:
    """The shop's own comparison finds nothing but what a person sees already."""
    owed_back = set(payments_owed_back().values_list("order__number", flat=True))
    parked = set(parked_payments().values_list("order__number", flat=True))
    for finding in report.findings:
        explained = finding.order in {"unsettled": owed_back, "missing_here": parked}.get(finding.difference, ())
        explained = explained or finding.difference == "parked"
        account = next(a for a in books.accounts.values() if a.order.number == finding.order)
        assert explained or _at_bank(finding.order), f"{finding} {account}"


def _at_bank(number: str) -> bool:
    return disputes_of_attention().filter(payment__order__number=number).exists()


__all__ = [
    "Account",
    "Books",
    "comparison_is_equal",
    "debts_are_asked_for",
    "documents_agree",
    "gateway_agrees",
    "no_hold_is_captured_beyond_what_is_kept",
    "nobody_owes_more_without_a_cause",
    "orders_are_explained",
    "rows_agree",
    "what_is_paid_is_confirmed",
]
