"""Every movement of a customer's money, over all orders, page by page."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    F,
    Func,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat

from orders.models import DepositPlan, Order
from payments.models import Deposit, Payment, Refund
from payments.states import DEPOSIT_LIVE, RefundStatus
from payments.words import Words

PAYMENT, REFUND, HOLD = "payment", "refund", "hold"
KINDS = (PAYMENT, REFUND, HOLD)
_COLUMNS = (
    *("key", "at", "what", "number", "zone", "money", "state", "purpose_or_plan"),
    *("minor", "kept_minor", "until", "held"),
)
_KEY = re.compile(r"[0-9]{20}[0-9a-f-]{36}")


class Movements:
    """Payments, refunds and holds as one list of rows, as `core.api.KeysetPagination` asks for it, by `key`: the
    instant, and the row's id, so that no two are alike.

    Each kind is narrowed and cut before they are put together, in one statement.
    """

    def __init__(self, parts: Sequence[QuerySet[Any]], ordering: Sequence[str] = ("-key",)) -> None:
        self.parts = parts
        self.ordering = ordering

    @classmethod
    def of(cls, customer_id: UUID) -> "Movements":
        return cls([_payments(customer_id), _refunds(customer_id), _holds(customer_id)])

    def order_by(self, *ordering: str) -> "Movements":
        return Movements(self.parts, ordering)

    def filter(self, **bounds: str) -> "Movements":
        """Raises: ValueError for what is no key of ours."""
        if not all(_KEY.fullmatch(bound) for bound in bounds.values()):
            raise ValueError("not a key")
        return Movements([part.filter(**bounds) for part in self.parts], self.ordering)

    def __getitem__(self, wanted: slice) -> list[dict[str, Any]]:
        first, *others = (part.order_by(*self.ordering).values(*_COLUMNS)[: wanted.stop] for part in self.parts)
        return list(first.union(*others, all=True).order_by(*self.ordering)[wanted])


def movement_text(row: dict[str, Any]) -> str:
    """One movement in plain words."""
    words = Words(row["money"], row["zone"])
    if row["what"] == PAYMENT:
        return words.payment(row["purpose_or_plan"], row["minor"], row["at"], was_held=row["held"])
    if row["what"] == REFUND:
        return words.refund(row["purpose_or_plan"], row["state"], row["minor"], row["until"])
    live = row["state"] in DEPOSIT_LIVE
    return words.deposit(
        row["purpose_or_plan"],
        row["state"],
        row["minor"],
        kept_minor=row["kept_minor"],
        secured_at=row["at"],
        until=row["until"] if live else None,
        ended_at=None if live else row["until"],
    )


def moved_minor(row: dict[str, Any]) -> int:
    """What left the customer's card (below zero) or reached it; a hold moves nothing."""
    if row["what"] == PAYMENT:
        return -int(row["minor"])
    return int(row["minor"]) if row["what"] == REFUND and row["state"] == RefundStatus.SUCCEEDED else 0


def _payments(customer_id: UUID) -> QuerySet[Payment]:
    rows = Payment.objects.filter(_of(customer_id, "order_id"), captured_minor__gt=0)
    return rows.annotate(
        **_common(PAYMENT, "order", at=F("succeeded_at"), minor=F("captured_minor")),
        purpose_or_plan=_text("purpose"),
        kept_minor=_number(0),
        until=F("succeeded_at"),
        held=F("captures_later"),
    )


def _refunds(customer_id: UUID) -> QuerySet[Refund]:
    rows = Refund.objects.promised().filter(_of(customer_id, "payment__order_id"))
    return rows.annotate(
        **_common(REFUND, "payment__order", at=F("created_at"), minor=F("amount_minor")),
        purpose_or_plan=_text("payment__purpose"),
        kept_minor=_number(0),
        until=F("settled_at"),
        held=Value(False, output_field=BooleanField()),
    )


def _holds(customer_id: UUID) -> QuerySet[Deposit]:
    rows = Deposit.objects.filter(_of(customer_id, "order_id"), plan=DepositPlan.HOLD, secured_at__isnull=False)
    ends = Case(When(status__in=DEPOSIT_LIVE, then="capture_before"), default="ended_at", output_field=DateTimeField())
    return rows.annotate(
        **_common(HOLD, "order", at=F("secured_at"), minor=F("amount_minor")),
        purpose_or_plan=_text("plan"),
        kept_minor=F("captured_minor"),
        until=ends,
        held=Value(True, output_field=BooleanField()),
    )


def _of(customer_id: UUID, order: str) -> Func:
    """Of this customer's orders, which are found first: joined, the planner may read everybody's money instead."""
    orders = Order.objects.filter(customer_id=customer_id).order_by().values("pk")
    is_one = {"template": "(%(expressions)s))", "arg_joiner": " = ANY("}
    return Func(F(order), ArraySubquery(orders), output_field=BooleanField(), **is_one)


def _common(what: str, order: str, *, at: F, minor: F) -> dict[str, Any]:
    money = "payment__currency" if what == REFUND else "currency"
    instant = Func(at, template="to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')")
    return {
        "key": Concat(instant, Cast("id", TextField()), output_field=TextField()),
        "at": at,
        "what": Value(what, output_field=CharField()),
        "number": _text(f"{order}__number"),
        "zone": _text(f"{order}__depot__time_zone"),
        "money": _text(money),
        "state": _text("status"),
        "minor": minor,
    }


def _text(field: str) -> Cast:
    return Cast(F(field), CharField())


def _number(value: int) -> Value:
    return Value(value, output_field=BigIntegerField())
