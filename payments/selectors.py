"""What is owed, and how it came about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Least
from django.utils import timezone
from django.utils.text import capfirst

from core.money import exponent
from core.postgres.prepared import Given, Prepared
from orders.models import Charge, Order, Rental
from orders.selectors import has_left
from orders.states import OrderStatus, RentalStatus
from payments.models import GONE, Deposit, Dispute, Document, Payment, Refund
from payments.states import (
    DEPOSIT_LIVE,
    DISPUTE_OPEN,
    LIVE,
    NOT_OVER,
    DepositStatus,
    DisputeDecision,
    DisputeStatus,
    PaymentStatus,
    RefundStatus,
)
from payments.words import Words

RENEW_BEFORE = timedelta(hours=24)
_UNDECIDED = Q(status=DisputeStatus.LOST, decision=DisputeDecision.NONE, withdrawn_minor__gt=0)
LAST_ENDED = (F("settled_at").desc(nulls_last=True), "-created_at")  # of refunds: what is under way says nothing yet
STAYS = Case(  # of a deposit's payment, once the deposit has ended: Deposit.stays_of
    When(provider_ref=F("deposit__provider_ref"), then=F("deposit__captured_minor")),
    default=Value(0),
    output_field=BigIntegerField(),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement. Positive raises what the customer owes, negative lowers it."""

    at: datetime
    kind: str  # "charge", "payment", "refund", "dispute"
    what: str
    status: str
    amount_minor: int
    text: str  # its state in plain words


@dataclass(frozen=True, slots=True)
class DepositEntry:
    """A deposit, apart from the balance: only what was kept of it is in there."""

    plan: str
    status: str
    amount_minor: int
    kept_minor: int
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that makes up the balance: charged − (captured − refunded − disputed), in minor units."""

    order: Order
    entries: list[Entry]
    deposits: list[DepositEntry]
    charged_minor: int
    captured_minor: int
    refunded_minor: int
    refund_pending_minor: int
    disputed_minor: int

    @property
    def balance_minor(self) -> int:
        """What is owed: above zero by the customer, below zero by the shop."""
        return self.charged_minor - (self.captured_minor - self.refunded_minor - self.disputed_minor)


def balance(order_id: UUID) -> int:
    """What is owed once every refund that was asked for has arrived; what a bank took back is not here."""
    charged, kept, of_deposits, _ = _SUMS.all(order=order_id)[0]
    return charged - kept - of_deposits


def owed(order_id: UUID) -> int:
    """What the customer may be asked for: the balance, without money about which a dispute is not decided.

    Below zero the shop owes, as in `balance`. While a bank holds money, and until staff decide about what it kept,
    nobody is charged for it a second time, and it keeps no order from being completed (ADR 18).
    """
    charged, kept, of_deposits, undecided = _SUMS.all(order=order_id)[0]
    left = charged - kept - of_deposits
    return left if left <= 0 else max(0, left - undecided)


def _sum(rows: QuerySet[Any], what: Any, *, by: str = "order", outer: str = "pk") -> Coalesce:
    """Over those of the order of an outer row, to which `by` leads, and `outer` from there."""
    sums = rows.filter(**{by: OuterRef(outer)}).order_by().values(by).annotate(sum=Sum(what)).values("sum")
    return Coalesce(Subquery(sums), Value(0), output_field=BigIntegerField())


def _charged(outer: str = "pk") -> Coalesce:
    return _sum(Charge.objects.all(), "amount_minor", outer=outer)


def _balance_of() -> list[Coalesce]:
    """Of orders: what is charged, what is paid and stays, what is kept of deposits, and what is disputed without a
    decision."""
    undecided = Dispute.objects.filter(decision=DisputeDecision.NONE)
    return [
        _charged(),
        _sum(Payment.objects.for_charges(), F("captured_minor") - GONE),
        _sum(Deposit.objects.all(), _kept_here()),
        _sum(undecided, "withdrawn_minor", by="payment__order"),
    ]


# In one statement, as every payment begins with it.
_SUMS: Prepared[tuple[int, int, int, int]] = Prepared(
    lambda: Order.objects.filter(pk=Given("order")).order_by().values_list(*_balance_of())
)


def asked_minor(order_id: UUID) -> int:
    """What the customer was asked for because banks kept it, less what was paid in the app since: no card is charged
    for it, and no deposit kept (ADR 18)."""
    asks = Dispute.objects.filter(payment__order_id=order_id, decision=DisputeDecision.ASK)
    asked = asks.aggregate(sum=Sum("withdrawn_minor"), since=Min("decided_at"))
    if not asked["sum"]:
        return 0
    since = Payment.objects.filter(order_id=order_id, purpose=Payment.Purpose.EXTRA, succeeded_at__gte=asked["since"])
    return max(0, int(asked["sum"]) - since.kept())


def held_by_bank() -> QuerySet[Dispute]:
    """Open disputes of whose payments the gateway gives nothing back meanwhile; once lost, it is asked all the same."""
    return Dispute.objects.filter(status__in=DISPUTE_OPEN, is_refundable=False)


def lost_minor(order_id: UUID) -> int:
    """What staff may still decide about: kept by banks in lost disputes, as far as the customer owes it."""
    lost = Dispute.objects.filter(payment__order_id=order_id, decision=DisputeDecision.NONE, status=DisputeStatus.LOST)
    return min(max(0, balance(order_id)), int(lost.aggregate(sum=Sum("withdrawn_minor"))["sum"] or 0))


def refund_limit_minor(currency: str) -> int:
    """Up to how much staff may give back of one order alone; 0 for a currency that the setting does not name."""
    return int(settings.REFUND_APPROVAL_ABOVE.get(currency, 0) * 10 ** exponent(currency))


def needs_approval(payment: Payment, amount_minor: int, *, actor: str) -> bool:
    """True when staff ask for so much that, with what was given back of this order alone before, it exceeds the limit.

    What the rules or the gateway give back needs nobody. A promise only while the order is locked.
    """
    if not actor.startswith("staff:"):
        return False
    by_staff = Refund.objects.filter(payment__order=payment.order_id, requested_by__startswith="staff:", approved_by="")
    alone = by_staff.exclude(status__in=[RefundStatus.WAITING, RefundStatus.FAILED, RefundStatus.DECLINED])
    before = int(alone.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
    return before + amount_minor > refund_limit_minor(payment.currency)


def is_paid_in_full(order: Order, *, charging_minor: int = 0) -> bool:
    """True when what is here covers what is charged and `charging_minor` more.

    Money that is on its way back is not here, nor is money of a payment that a person must look at first.
    A promise only while the order is locked.
    """
    sound = Payment.objects.filter(order=order, status=PaymentStatus.SUCCEEDED, parked_reason="")
    paid = sound.for_charges().kept() + _kept_of_deposits(order.pk)
    return paid >= order.charges.total() + charging_minor


def empties(order: Order, going_back_minor: int) -> bool:
    """True when this much going back leaves nothing paid of a confirmed order of which nothing was handed over.

    A promise only while the order is locked.
    """
    if order.status != OrderStatus.CONFIRMED or going_back_minor <= 0:
        return False
    return Payment.objects.filter(order=order).for_charges().kept() <= going_back_minor and not has_left(order)


def _kept_of_deposits(order_id: UUID) -> int:
    return int(Deposit.objects.filter(order_id=order_id).aggregate(kept=Sum(_kept_here()))["kept"] or 0)


def _kept_here() -> Least:
    """What is kept of a deposit, as far as no bank took it back: that begins with what would have gone back anyway."""
    disputed = Payment.objects.filter(provider_ref=OuterRef("provider_ref"), disputed_minor__gt=0)
    left = Subquery(disputed.values(left=F("captured_minor") - GONE), output_field=BigIntegerField())
    kept = Cast("captured_minor", BigIntegerField())
    return Least(kept, Coalesce(left, kept))


def _kept_and_left() -> Least:
    """What is kept of a deposit, as far as its payment still has it."""
    its_own = Payment.objects.filter(provider_ref=OuterRef("provider_ref"))
    left = Subquery(its_own.values(left=F("captured_minor") - GONE), output_field=BigIntegerField())
    return Least(Cast("captured_minor", BigIntegerField()), Coalesce(left, Value(0), output_field=BigIntegerField()))


def parked_payments() -> QuerySet[Payment]:
    """Payments that contradict what we know: a person must look."""
    return Payment.objects.exclude(parked_reason="")


def failed_refunds() -> QuerySet[Refund]:
    """Refunds of what orders charge that failed and wait for a person: nobody but the clock gave back anything of their
    order since (ADR 21)."""
    of_charges = Refund.objects.filter(payment__deposit=None)
    later = of_charges.promised().filter(
        payment__order=OuterRef("payment__order"), created_at__gt=OuterRef("settled_at")
    )
    return of_charges.filter(~Exists(later.exclude(requested_by="clock")), status=RefundStatus.FAILED)


def payments_owed_back() -> QuerySet[Payment]:
    """Payments of which a refund failed, as long as their order still has more than it charges, or an ended deposit
    more than stays of it: a bank that took the order's own money hides no deposit that should have gone back."""
    order = "payment__order"
    kept = _sum(Payment.objects.all(), F("captured_minor") - GONE, outer=order)
    failed = Refund.objects.filter(status=RefundStatus.FAILED).alias(charged=_charged(order), kept=kept)
    of_order = failed.filter(kept__gt=F("charged")).values("payment")
    returned = Payment.objects.filter(pk__in=failed.values("payment"), captured_minor__gt=GONE + STAYS)
    of_deposit = returned.exclude(deposit=None).exclude(deposit__status__in=DEPOSIT_LIVE)
    return Payment.objects.filter(Q(pk__in=of_order) | Q(pk__in=of_deposit.values("pk")))


def needs_securing(deposit: Deposit) -> bool:
    """True when nothing secures a live deposit, or a hold that ends within a day."""
    if deposit.status == DepositStatus.SECURED:
        return deposit.capture_before is not None and deposit.capture_before <= timezone.now() + RENEW_BEFORE
    return deposit.is_live


def deposits_to_secure() -> QuerySet[Deposit]:
    """Deposits that nothing secures although a rental leaves by tomorrow, or is out already."""
    tomorrow = timezone.now().date() + timedelta(days=1)
    begins = Q(status__in=[RentalStatus.BOOKED, RentalStatus.READY]) & Rental.leaves_by(tomorrow)
    is_out = Q(status__in=[RentalStatus.OUT, RentalStatus.RETURNED])
    needed = Rental.objects.filter(begins | is_out, line__order=OuterRef("order"))
    open_ones = Deposit.objects.filter(status__in=[DepositStatus.PLANNED, DepositStatus.UNSECURED])
    return open_ones.filter(Exists(needed), order__status=OrderStatus.CONFIRMED)


def deposits_in_trouble() -> QuerySet[Deposit]:
    """Deposits to which a card or a bank said no, as long as it matters."""
    left = Payment.objects.filter(deposit=OuterRef("pk"), status__in=NOT_OVER)
    return Deposit.objects.filter(Q(status__in=DEPOSIT_LIVE) | Exists(left)).exclude(last_error="")


def with_sums(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Each with what is `charged`, and what of its payments and of what is kept of its deposits is `here`: not on its
    way back, not taken by a bank."""
    here = _sum(Payment.objects.for_charges(), F("captured_minor") - GONE - F("refund_waiting_minor"))
    return orders.annotate(charged=_charged(), here=here + _sum(Deposit.objects.all(), _kept_and_left()))


def unsettled_orders(*, since: datetime) -> Iterator[dict[str, Any]]:
    """Orders whose money since then is neither confirmed nor on its way back: money of unpaid orders, and more than is
    charged. Each with what is charged, what is here, since when, and whether all that is owed back failed.

    What waits for a second person's approval is on its way.
    """
    mine = Payment.objects.for_charges().filter(order=OuterRef("pk")).order_by().values("order")
    recent = Payment.objects.for_charges().filter(created_at__gte=since, captured_minor__gt=0)
    orders = with_sums(Order.objects.filter(pk__in=recent.values("order"))).annotate(
        paid_at=Subquery(mine.annotate(at=Max(Coalesce("succeeded_at", "created_at"))).values("at")),
        failed=_sum(failed_refunds(), "amount_minor", by="payment__order"),
    )
    unpaid = [OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT]
    unsettled = orders.filter(Q(here__gt=0, status__in=unpaid) | Q(here__gt=F("charged")))
    rows: Iterator[Any] = unsettled.order_by("pk").iterator(chunk_size=500)
    for order in rows:
        yield {
            "order": order,
            "charged_minor": order.charged,
            "here_minor": order.here,
            "since": order.paid_at,
            "failed": 0 < order.here - order.charged <= order.failed,
        }


def refunds_to_approve() -> QuerySet[Refund]:
    """Refunds that wait for a second person."""
    return Refund.objects.filter(status=RefundStatus.WAITING)


def disputes_to_answer() -> QuerySet[Dispute]:
    """Disputes whose bank waits for our evidence."""
    return Dispute.objects.filter(status=DisputeStatus.NEEDS_RESPONSE)


def disputes_to_decide() -> QuerySet[Dispute]:
    """Lost disputes about whose money nobody has decided."""
    return Dispute.objects.filter(_UNDECIDED)


def disputes_of_attention() -> QuerySet[Dispute]:
    """Disputes that are open, or lost and not decided."""
    return Dispute.objects.filter(Q(status__in=DISPUTE_OPEN) | _UNDECIDED)


def paid_orders() -> QuerySet[Order]:
    """Orders whose charges may stand on a receipt: nothing is `owed`, and what is kept of a hold has really come."""
    charged, paid, kept, undecided = _balance_of()
    held = Payment.objects.filter(order=OuterRef("pk"), status=PaymentStatus.AUTHORISED, deposit__captured_minor__gt=0)
    to_come = held.filter(provider_ref=F("deposit__provider_ref"))
    sums = Order.objects.alias(charged=charged, covered=paid + kept + undecided)
    return sums.filter(~Exists(to_come), charged__lte=F("covered"))


def orders_without_documents() -> QuerySet[Charge, UUID]:
    """Ids of confirmed orders with a charge that should stand on a receipt or a credit note, and does not yet."""
    has_receipt = Exists(Document.objects.filter(order=OuterRef("order")))
    is_paid = Exists(paid_orders().filter(pk=OuterRef("order")))
    missing = Charge.objects.filter(document_line=None, order__confirmed_at__isnull=False)
    missing = missing.alias(has_receipt=has_receipt, is_paid=is_paid)
    expired_before = Q(has_receipt=True, created_at__lte=F("order__confirmed_at"))
    waits_for_money = Q(amount_minor__gt=0, is_paid=False) | Q(amount_minor__lt=0, has_receipt=False)
    due = missing.exclude(expired_before).exclude(waits_for_money)
    return due.order_by("order_id").values_list("order_id", flat=True).distinct()


def statement(order: Order) -> Statement:
    """Every charge, payment and refund of an order, oldest first, and its deposits."""
    charges = list(order.charges.select_related("line"))
    payments = list(Payment.objects.filter(order=order).for_charges().order_by("created_at"))
    promised = Refund.objects.promised().filter(payment__in=payments)
    refunds = list(promised.select_related("payment").order_by("created_at"))
    deposits = list(Deposit.objects.filter(order=order).order_by("created_at"))
    words = Words(order.currency, order.depot.time_zone)
    entries = [_charge_entry(charge, order, words) for charge in charges]
    entries += [_payment_entry(p, words) for p in payments if p.captured_minor or p.status in LIVE]
    entries += [_refund_entry(refund, words) for refund in refunds]
    entries += [_kept_entry(deposit, words) for deposit in deposits if deposit.captured_minor]
    kept = sum(d.captured_minor for d in deposits)
    disputes = list(Dispute.objects.filter(payment__order=order).select_related("payment").order_by("opened_at"))
    of_deposits = any(dispute.payment.deposit_id for dispute in disputes)  # even of one that had gone back before
    lost = kept - _kept_of_deposits(order.pk) if of_deposits else 0
    entries += _dispute_entries(disputes, words, lost_of_kept_minor=lost)
    return Statement(
        order=order,
        entries=sorted(entries, key=lambda entry: entry.at),
        deposits=[_deposit_entry(deposit, words) for deposit in deposits],
        charged_minor=sum(c.amount_minor for c in charges),
        captured_minor=sum(p.captured_minor for p in payments) + kept,
        refunded_minor=sum(p.refunded_minor for p in payments),
        refund_pending_minor=sum(p.refund_pending_minor for p in payments),
        disputed_minor=sum(p.disputed_minor for p in payments) + lost,
    )


def _dispute_entries(disputes: list[Dispute], words: Words, *, lost_of_kept_minor: int) -> Iterator[Entry]:
    """What banks took; of a deposit only what was kept, as only that had paid for anything, or had gone back before."""
    for dispute in disputes:
        counts = dispute.withdrawn_minor
        if dispute.payment.deposit_id is not None:
            counts = min(counts, lost_of_kept_minor)
            lost_of_kept_minor -= counts
        what, text = words.dispute(dispute.status, dispute.amount_minor)
        yield Entry(dispute.opened_at, "dispute", what, dispute.status, counts, text)


def _charge_entry(charge: Charge, order: Order, words: Words) -> Entry:
    what, line = capfirst(charge.reason) or charge.get_kind_display(), charge.line
    thing = f"1 × {line.title}" if line and charge.rental_id else line  # a line may be of several units
    full = f"{what.rstrip('.')}, {thing}" if line else what
    if line and line.discount_minor and charge.kind == line.kind:
        full += f", less {words.amount(line.discount_minor)} by coupon {order.coupon}"
    text = words.charge(charge.amount_minor, full)
    return Entry(charge.created_at, "charge", what, "charged", charge.amount_minor, text)


def _payment_entry(payment: Payment, words: Words) -> Entry:
    at = payment.succeeded_at or payment.created_at
    if not payment.captured_minor:
        text = words.open_payment(payment.status, payment.amount_minor)
        return Entry(at, "payment", "Payment by card", payment.status, 0, text)
    text = words.payment(payment.purpose, payment.captured_minor, at)
    return Entry(at, "payment", "Paid by card", payment.status, -payment.captured_minor, text)


def _refund_entry(refund: Refund, words: Words) -> Entry:
    arrived = refund.status == RefundStatus.SUCCEEDED
    return Entry(
        refund.settled_at or refund.created_at,
        "refund",
        capfirst(refund.reason),
        refund.status,
        refund.amount_minor if arrived else 0,
        words.refund(refund.payment.purpose, refund.status, refund.amount_minor, refund.settled_at),
    )


def _kept_entry(deposit: Deposit, words: Words) -> Entry:
    at, kept = deposit.ended_at or deposit.created_at, deposit.captured_minor
    return Entry(at, "payment", "Paid from the deposit", deposit.status, -kept, words.kept(kept, at))


def _deposit_entry(deposit: Deposit, words: Words) -> DepositEntry:
    text = words.deposit(
        deposit.plan,
        deposit.status,
        deposit.amount_minor,
        kept_minor=deposit.captured_minor,
        due_at=deposit.due_at,
        secured_at=deposit.secured_at,
        until=deposit.capture_before,
        ended_at=deposit.ended_at,
    )
    return DepositEntry(deposit.plan, deposit.status, deposit.amount_minor, deposit.captured_minor, text)
