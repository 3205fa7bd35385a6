"""What one difference between us and the gateway, or in our own sums, is called, and the one repair that is safe.

Where nothing is safe it is left to a person, with the reason in the finding's note.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from core.money import format_minor
from orders.models import Order
from orders.states import OrderStatus
from payments.models import Deposit, Dispute, Payment, Refund
from payments.providers.base import RemoteDispute, RemotePage, RemotePayment, RemoteRefund, RemoteStatus
from payments.services.collecting import payment_status
from payments.services.disputes import dispute_status
from payments.services.returning import refund_status
from payments.states import UNDER_WAY, RefundStatus

Difference = Literal["missing_here", "missing_there", "status", "amount", "mismatch", "unsettled", "parked", "sums"]
Thing = Literal["payment", "refund", "dispute", "order", "deposit"]


class Repair(StrEnum):
    """What makes both sides agree again."""

    READ_AGAIN = "read_again"  # read it at the gateway and apply it, as its event would have done
    CANCEL_THERE = "cancel_there"  # a stray of ours that nobody paid: see to it that nobody can
    SEND_AGAIN = "send_again"  # ask the gateway for a refund that it does not have
    RECOUNT = "recount"  # count the rows again
    SETTLE = "settle"  # bring the order and its money to agree: confirm it, or give back
    BY_HAND = "by_hand"  # nothing is safe: a person must look


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `ours` and `theirs` are what each side says, empty where it has no such thing.

    Of "sums" both sides are ours: what is written down, and what its rows come to.
    ref: the gateway's reference; of a refund that it does not have, and of a deposit, our id; of an order, its number.
    since: the instant before which it cannot have come apart.
    result: what became of it: nothing tried (""), "repaired", "gone" by itself, still "left", or "tried" and not looked
    at again because the gateway went away.
    """

    difference: Difference
    what: Thing
    ref: str
    order: str
    ours: str
    theirs: str
    since: str
    repair: Repair = Repair.BY_HAND
    note: str = ""
    result: Literal["", "repaired", "gone", "left", "tried"] = ""

    @property
    def about(self) -> tuple[str, str]:
        """Names the thing."""
        return (self.what, self.ref)

    def is_like(self) -> tuple[str, ...]:
        """What stays the same as long as our side does not move."""
        return (self.difference, self.what, self.ref, self.ours)


@dataclass(frozen=True, slots=True)
class Case:
    """A finding, and what its repair takes."""

    finding: Finding
    payment_ref: str = ""
    payment_id: UUID | None = None
    refund_id: UUID | None = None
    deposit_id: UUID | None = None
    order_id: UUID | None = None
    page_ref: str = ""

    def left_to_a_person(self, why: str) -> "Case":
        return replace(self, finding=replace(self.finding, repair=Repair.BY_HAND, note=why))


# What a payment's difference means


def compare_payment(row: Payment, remote: RemotePayment) -> Case | None:
    order, ours, theirs = row.order.number, _our_payment(row), _their_payment(remote)
    found = Finding("parked", "payment", remote.ref, order, ours, theirs, row.created_at.isoformat(), Repair.READ_AGAIN)
    if remote.currency != row.currency or (remote.order_number and remote.order_number != order):
        note = f"there it is of order {remote.order_number or 'none'}; read again, it waits for a person"
        return Case(replace(found, difference="mismatch", note=note), remote.ref)
    if row.parked_reason:
        return Case(replace(found, note=row.parked_reason), remote.ref)
    if (remote.amount_minor, remote.captured_minor) != (row.amount_minor, row.captured_minor):
        return Case(replace(found, difference="amount"), remote.ref)
    if payment_status(remote) != row.status:
        return Case(replace(found, difference="status"), remote.ref)
    return None


def missing_payment_here(remote: RemotePayment, named: Payment | None) -> Case | None:
    """A payment there that no row of ours names. `named`: the row that it was made for."""
    live = remote.status not in (RemoteStatus.CANCELLED, RemoteStatus.FAILED)
    if not remote.captured_minor and (named is None or not live):
        return None  # another shop's, or nobody can pay it any more
    since = remote.made_at.isoformat() if remote.made_at else ""
    found = Finding("missing_here", "payment", remote.ref, remote.order_number, "", _their_payment(remote), since)
    if named is None:
        return Case(replace(found, note="no payment and no order of ours is named there: whose money is it?"))
    adopted = named.provider_ref is None or remote.captured_minor
    repair = Repair.READ_AGAIN if adopted else Repair.CANCEL_THERE
    return Case(replace(found, order=named.order.number, repair=repair), remote.ref)


def missing_payment_there(row: Payment) -> Case:
    note = "the gateway does not know it: is this the account it was made with?"
    return Case(
        Finding(
            "missing_there", "payment", str(row.provider_ref), row.order.number, _our_payment(row), "",
            row.created_at.isoformat(), note=note,
        )
    )  # fmt: skip


def compare_page(row: Payment, page: RemotePage | None) -> Case | None:
    """A payment that nobody has tried to pay on its page yet. None: the gateway has no such page."""
    if page is not None and (page.is_open or page.payment_ref):  # one that was tried is compared as all are
        return None
    theirs = "the page ended unpaid" if page is not None else ""
    found = Finding(
        "status" if page is not None else "missing_there", "payment", str(row.page_ref), row.order.number,
        _our_payment(row), theirs, row.created_at.isoformat(),
    )  # fmt: skip
    if page is None:
        return Case(replace(found, note="the gateway has no such page: is this the account it was made with?"))
    return Case(replace(found, repair=Repair.READ_AGAIN), page_ref=str(row.page_ref))


def _our_payment(row: Payment) -> str:
    return f"{row.status}: {_of(row.captured_minor, row.amount_minor, row.currency)}"


def _their_payment(remote: RemotePayment) -> str:
    return f"{remote.status}: {_of(remote.captured_minor, remote.amount_minor, remote.currency)}"


def _of(captured: int, amount: int, currency: str) -> str:
    return f"{format_minor(captured, currency)} of {format_minor(amount, currency)} captured"


# What a refund's difference means


def compare_refund(row: Refund, remote: RemoteRefund) -> Case | None:
    ref, cur = remote.payment_ref, row.payment.currency
    found = Finding(
        "status", "refund", remote.ref, row.payment.order.number, _our_refund(row), _their_refund(remote, cur),
        row.created_at.isoformat(), Repair.READ_AGAIN,
    )  # fmt: skip
    if remote.amount_minor != row.amount_minor or row.payment.provider_ref != ref:
        note = "another amount, or of another payment: correct it there"
        return Case(replace(found, difference="amount", repair=Repair.BY_HAND, note=note))
    return Case(found, ref) if refund_status(remote) != row.status else None


def missing_refund_here(remote: RemoteRefund, payment: Payment) -> Case | None:
    if refund_status(remote) == RefundStatus.FAILED:
        return None  # no money moved
    since = remote.made_at.isoformat() if remote.made_at else ""
    theirs = _their_refund(remote, payment.currency)
    found = Finding(
        "missing_here", "refund", remote.ref, payment.order.number, "", theirs, since, Repair.READ_AGAIN,
        note=payment.parked_reason,
    )  # fmt: skip
    return Case(found, remote.payment_ref)


def missing_refund_there(row: Refund) -> Case:
    ref, order = row.provider_ref or str(row.pk), row.payment.order.number
    found = Finding("missing_there", "refund", ref, order, _our_refund(row), "", row.created_at.isoformat())
    if row.status in UNDER_WAY:
        return Case(replace(found, repair=Repair.SEND_AGAIN), str(row.payment.provider_ref or ""), refund_id=row.pk)
    return Case(replace(found, note="we count it as given back, and it has no such refund"))


def _our_refund(row: Refund) -> str:
    return f"{row.status}: {format_minor(row.amount_minor, row.payment.currency)}"


def _their_refund(remote: RemoteRefund, currency: str) -> str:
    return f"{remote.status}: {format_minor(remote.amount_minor, currency)}"


# What a dispute's difference means


def compare_dispute(row: Dispute, remote: RemoteDispute) -> Case | None:
    same = (row.amount_minor, row.withdrawn_minor) == (remote.amount_minor, remote.withdrawn_minor)
    if same and row.status == dispute_status(remote):
        return None
    cur = row.payment.currency
    ours = _disputed(row.status, row.amount_minor, row.withdrawn_minor, cur)
    theirs = _disputed(remote.status, remote.amount_minor, remote.withdrawn_minor, cur)
    found = Finding(
        "status" if same else "amount", "dispute", remote.ref, row.payment.order.number, ours, theirs,
        row.opened_at.isoformat(), Repair.READ_AGAIN,
    )  # fmt: skip
    return Case(found, remote.payment_ref)


def missing_dispute_here(remote: RemoteDispute, payment: Payment) -> Case:
    theirs = _disputed(remote.status, remote.amount_minor, remote.withdrawn_minor, remote.currency)
    found = Finding(
        "missing_here", "dispute", remote.ref, payment.order.number, "", theirs, remote.opened_at.isoformat(),
        Repair.READ_AGAIN,
    )  # fmt: skip
    return Case(found, remote.payment_ref)


def missing_dispute_there(row: Dispute) -> Case:
    ours = _disputed(row.status, row.amount_minor, row.withdrawn_minor, row.payment.currency)
    note = "the gateway does not know it any more"
    return Case(
        Finding(
            "missing_there", "dispute", row.provider_ref, row.payment.order.number, ours, "", row.opened_at.isoformat(),
            note=note,
        )
    )  # fmt: skip


def _disputed(status: str, amount: int, withdrawn: int, currency: str) -> str:
    return f"{status}: {format_minor(withdrawn, currency)} withdrawn of {format_minor(amount, currency)}"


# What an order's difference means


def unsettled_order(order: Order, *, charged_minor: int, here_minor: int, since: datetime, failed: bool) -> Case:
    """Money that belongs to no confirmed order, or more of it than is charged, and that is not on its way back."""
    ours = f"{order.status}: {format_minor(charged_minor, order.currency)} charged"
    theirs = f"{format_minor(here_minor, order.currency)} here"
    found = Finding("unsettled", "order", order.number, order.number, ours, theirs, since.isoformat(), Repair.SETTLE)
    if failed:
        note = "a refund failed: give it back another way, or ask for it anew"
        return Case(replace(found, repair=Repair.BY_HAND, note=note))
    if order.status in (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT):
        note = "paid in part: it is confirmed when the rest comes, or given back when it expires"
        return Case(replace(found, repair=Repair.BY_HAND, note=note))
    return Case(found, order_id=order.pk)


# What a difference of our own sums means


def miscounted_payment(row: Payment, *, rows: Mapping[str, int], can_be_true: bool) -> Case:
    """rows: {column: what its rows come to}, of the columns that differ."""
    found = Finding(
        "sums", "payment", row.provider_ref or str(row.pk), row.order.number,
        _counted({column: getattr(row, column) for column in rows}, row.currency), _counted(rows, row.currency),
        row.created_at.isoformat(), Repair.RECOUNT,
    )  # fmt: skip
    case = Case(found, payment_id=row.pk)
    return case if can_be_true else case.left_to_a_person("its rows say that more went back than was paid")


def miscounted_deposit(row: Deposit, *, left_minor: int) -> Case:
    kept, left = (format_minor(minor, row.currency) for minor in (row.captured_minor, left_minor))
    since = (row.ended_at or row.created_at).isoformat()
    found = Finding(
        "sums", "deposit", str(row.pk), row.order.number, f"{row.status}: {kept} kept", f"{left} left of its payment",
        since, Repair.SETTLE,
    )  # fmt: skip
    case = Case(found, deposit_id=row.pk)
    if row.captured_minor < left_minor:
        return case
    return case.left_to_a_person("it keeps more than is there: who has the rest?")


def _counted(sums: Mapping[str, int], currency: str) -> str:
    return ", ".join(
        f"{format_minor(minor, currency)} {column.removesuffix('_minor').replace('_', ' ')}"
        for column, minor in sums.items()
    )


__all__ = [
    "Case",
    "Finding",
    "Repair",
    "compare_dispute",
    "compare_page",
    "compare_payment",
    "compare_refund",
    "miscounted_deposit",
    "miscounted_payment",
    "missing_dispute_here",
    "missing_dispute_there",
    "missing_payment_here",
    "missing_payment_there",
    "missing_refund_here",
    "missing_refund_there",
    "unsettled_order",
]
