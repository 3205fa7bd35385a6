"""What an order and each of its lines are charged: every charge, and of every credit what falls on which line.

Documents and answers read it here, so that they never tell different sums.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.money import included_tax
from orders.models import Charge, ChargeKind, Order, OrderLine
from orders.taxes import Taxed, share

_OF_THE_LINE = (ChargeKind.SALE, ChargeKind.RENTAL)


@dataclass(frozen=True, slots=True)
class Entry:
    """What of a charge falls on one line, or on none, with the tax in it; below zero it is credited."""

    charge: Charge
    line_id: UUID | None
    amount_minor: int
    tax_minor: int


def entries(order: Order, lines: Sequence[OrderLine], charges: Iterable[Charge]) -> list[Entry]:
    """Every charge of an order, oldest first, as it falls on its lines. All lines and all charges, in their order."""
    living = living_charges(order, charges)
    return [
        Entry(charge, one.line_id, one.part.gross_minor, one.part.tax_minor)
        for charge, shares in zip(living, share(taxed(order, lines, living)), strict=True)
        for one in shares
    ]


def left_of_lines(order: Order) -> dict[UUID | None, int]:
    """What is still charged for each line, its part of the credits without a line taken off. Two statements."""
    left: dict[UUID | None, int] = {}
    for entry in entries(order, list(order.lines.all()), order.charges.all()):
        left[entry.line_id] = left.get(entry.line_id, 0) + entry.amount_minor
    return left


def living_charges(order: Order, charges: Iterable[Charge]) -> list[Charge]:
    """Without those that were credited in full before the order was confirmed: it had expired, and was paid late."""
    living = list(charges)
    start = total = 0
    for index, charge in enumerate(living):
        total += charge.amount_minor
        if total == 0 and order.confirmed_at is not None and charge.created_at <= order.confirmed_at:
            start = index + 1
    return living[start:]


def taxed(
    order: Order, lines: Sequence[OrderLine], charges: Sequence[Charge], *, delivery_rate_bp: int = 0
) -> list[Taxed]:
    """Each charge with the tax in it, as `share` takes it. delivery_rate_bp: where a document tells the rates too."""
    main = next((line for line in lines if line.kind == OrderLine.Kind.RENTAL), lines[0] if lines else None)
    by_id = {line.pk: line for line in lines}
    quoted_minor = order.tax_minor - sum(line.tax_minor for line in lines)
    at = {charge.pk: index for index, charge in enumerate(charges)}

    def tax_in(charge: Charge) -> Taxed:
        """What was sold keeps the tax that was quoted, what is kept is taxed as a sale; a compensation of damage has
        none; all else follows its line, or the rental."""
        amount, line = charge.amount_minor, by_id.get(charge.line_id) if charge.line_id else None
        if charge.reverses_id in at:
            return Taxed(amount, reverses=at[charge.reverses_id])
        if amount < 0 or charge.kind == ChargeKind.DAMAGE:
            return Taxed(amount, line_id=charge.line_id)
        if charge.kind == ChargeKind.DELIVERY:
            return Taxed(amount, delivery_rate_bp if quoted_minor else 0, quoted_minor)
        if line is not None and is_the_line(charge, line):
            return Taxed(amount, line.tax_rate_bp, line.tax_minor, line.pk)
        source = line or main
        rate = source.tax_rate_bp if source else 0
        if charge.kind == ChargeKind.KEEP and line is not None:
            rate = int(line.explanation["rental"]["keep_tax_rate_bp"])
        return Taxed(amount, rate, included_tax(amount, rate), charge.line_id)

    return [tax_in(charge) for charge in charges]


def is_the_line(charge: Charge, line: OrderLine) -> bool:
    """It charges what the line cost when it was ordered."""
    return charge.kind in _OF_THE_LINE and charge.amount_minor == line.total_minor
