"""Whose an order is, and what all open orders claim.

An order is ours when its customer is the shop's, its customer reference is a reservation's id and its reference is one
that we would have made from that id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from inventory.providers.inventree.client import Work
from inventory.providers.inventree.rows import Allocation, Header, OrderLine

MOST_GENERATIONS = 50  # times that one reservation may be given back and won anew


def reference_of(key: UUID, generation: int) -> str:
    """The order number of a reservation: the only thing that InvenTree keeps unique.

    A cancelled order stays cancelled, so a reservation that is won anew needs the next generation's. Eighteen digits,
    as the number must fit into 64 bits; two reservations that share one are told apart by the customer reference.
    """
    digits = int.from_bytes(sha256(key.bytes + generation.to_bytes(2, "big")).digest()) % 10**17
    return f"SO-{10**17 + digits}"


def is_ours(header: Header | None, customer: int) -> bool:
    if header is None or header.key is None or header.customer != customer:
        return False
    return any(header.reference == reference_of(header.key, number) for number in range(MOST_GENERATIONS))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One stock item claimed by an order that is not ours."""

    item: int
    part: int
    quantity: float


@dataclass(frozen=True, slots=True)
class Claims:
    """What open orders of others claim; `seen` is InvenTree's clock when that was read, before anything was counted."""

    of_others: Sequence[Elsewhere]
    seen: datetime


def read_claims(work: Work, customer: int) -> Claims:
    """In one list, so that no part of it is set against another moment."""
    rows = work.rows("/order/so-allocation/", Allocation.read, outstanding="true", order_detail="true")
    others = [Elsewhere(row.item, row.part, row.quantity) for row in rows if not is_ours(row.header, customer)]
    return Claims(others, work.date)


def our_open_orders(work: Work, customer: int) -> dict[int, Header]:
    rows = work.rows("/order/so/", Header.read, outstanding="true", customer=customer)
    return {row.pk: row for row in rows if is_ours(row, customer)}


def lines_of_open_orders(work: Work) -> dict[int, list[OrderLine]]:
    found: dict[int, list[OrderLine]] = {}
    for line in work.rows("/order/so-line/", OrderLine.read, order_outstanding="true"):
        found.setdefault(line.order, []).append(line)
    return found


def lines_of(work: Work, order: int) -> Sequence[OrderLine]:
    return sorted(work.rows("/order/so-line/", OrderLine.read, order=order), key=lambda line: line.pk)
