"""What an order and each of its lines cost now, and how that came about. What they cost when they were ordered tells
the quote."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from catalog.pricing import RentalFee
from inventory.words import count, span
from orders.charged import Entry, entries, is_the_line
from orders.explaining import explain_coupon, explain_parcel, explain_rent
from orders.models import Charge, ChargeKind, Order, OrderLine, Rental

_OF_DAYS = (ChargeKind.EXTENSION, ChargeKind.CANCELLATION)  # of one rental: its days became others
_NOT_CREDITED = "days given back that are not credited"
_GIVEN = "days that we gave you"


@dataclass(frozen=True, slots=True)
class OtherCharge:
    """What is charged apart from a price; below zero it is credited."""

    kind: str
    amount_minor: int
    text: str
    rental_id: UUID | None


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What the days of one rental cost now, and what the coupon takes off that."""

    fee: RentalFee
    discount_minor: int


@dataclass(frozen=True, slots=True)
class Price:
    """total_minor = unit_minor × quantity − discount_minor + the others.

    unit_minor: None where the units of a rental have different days by now. units: of each rental of the line.
    """

    unit_minor: int | None
    discount_minor: int
    others: Sequence[OtherCharge]
    total_minor: int
    tax_minor: int
    explanation: Sequence[str]
    units: Mapping[Rental, UnitPrice]


class Prices:
    """Of one order; needs `with_lines()`. No statement."""

    def __init__(self, order: Order) -> None:
        self.order, self.lines = order, list(order.lines.all())
        self._entries = entries(order, self.lines, order.charges_shown)
        self.of_lines = {line.pk: self._price(line) for line in self.lines}

    @property
    def total_minor(self) -> int:
        return sum(entry.amount_minor for entry in self._entries)

    @property
    def tax_minor(self) -> int:
        return sum(entry.tax_minor for entry in self._entries)

    @property
    def discount_minor(self) -> int:
        return sum(price.discount_minor for price in self.of_lines.values())

    @property
    def delivery_minor(self) -> int:
        """As ordered; what was credited of it is among the others."""
        return sum(entry.amount_minor for entry in self._on(None) if entry.charge.kind == ChargeKind.DELIVERY)

    @property
    def others(self) -> list[OtherCharge]:
        """Of no line."""
        return list(_told(entry for entry in self._on(None) if entry.charge.kind != ChargeKind.DELIVERY))

    def _on(self, line_id: UUID | None) -> list[Entry]:
        return [entry for entry in self._entries if entry.line_id == line_id]

    def _price(self, line: OrderLine) -> Price:
        mine, rentals = self._on(line.pk), list(line.rentals.all())
        for rental in rentals:
            rental.line = line  # as read: its terms are worked out once
        units = {rental: _price_of(rental) for rental in rentals}
        by_days = [entry for entry in mine if entry.charge.rental_id and entry.charge.kind in _OF_DAYS]
        beside = [entry for entry in mine if entry not in by_days and not is_the_line(entry.charge, line)]
        alike = {unit.fee.amount_minor for unit in units.values()} or {line.unit_price_minor}
        discount = sum(unit.discount_minor for unit in units.values()) if units else line.discount_minor
        return Price(
            unit_minor=alike.pop() if len(alike) == 1 else None,
            discount_minor=discount,
            others=[*_told(beside), *_of_days(units, by_days)],
            total_minor=sum(entry.amount_minor for entry in mine),
            tax_minor=sum(entry.tax_minor for entry in mine),
            explanation=self._explain(line, rentals, discount) if units else line.explanation.get("said", []),
            units=units,
        )

    def _explain(self, line: OrderLine, rentals: Sequence[Rental], discount_minor: int) -> list[str]:
        groups: dict[tuple[date, date], list[Rental]] = {}
        for rental in rentals:
            groups.setdefault((rental.start_on, rental.end_on), []).append(rental)
        said: list[str] = []
        for days, alike in groups.items():
            said += [f"{count(len(alike), 'unit')}, {span(*days)}:"] if len(groups) > 1 else []
            said += explain_rent(line.rental_terms, *days, len(alike), self.order.currency)
            said += explain_parcel(line.rental_terms, alike[0].leaves_on, days[1])
        if discount_minor:
            said.append(explain_coupon(self.order.coupon, discount_minor, self.order.currency))
        return said


def _price_of(rental: Rental) -> UnitPrice:
    """Needs `line`."""
    fee = rental.line.rental_terms.fee(rental.start_on, rental.end_on)
    return UnitPrice(fee, fee.amount_minor - rental.after_discount(fee.amount_minor))


def _told(some: Iterable[Entry]) -> Iterator[OtherCharge]:
    """One for each charge."""
    sums: dict[Charge, int] = {}
    for entry in some:
        sums[entry.charge] = sums.get(entry.charge, 0) + entry.amount_minor
    for charge, amount in sums.items():
        yield OtherCharge(charge.kind, amount, charge.reason or charge.get_kind_display().lower(), charge.rental_id)


def _of_days(units: Mapping[Rental, UnitPrice], by_days: Sequence[Entry]) -> Iterator[OtherCharge]:
    """What a rental's changes came to beyond the price of its days: what was kept of days given back, what the shop
    gave, what was credited of one that ended without its customer."""
    for rental, unit in units.items():
        changes = [entry for entry in by_days if entry.charge.rental_id == rental.pk]
        charged = rental.as_ordered_minor + sum(entry.amount_minor for entry in changes)
        if beyond := charged - (unit.fee.amount_minor - unit.discount_minor):
            credited = [entry.charge.reason for entry in changes if entry.amount_minor < 0]
            text = _NOT_CREDITED if beyond > 0 else (credited or [_GIVEN])[-1]
            yield OtherCharge(ChargeKind.CANCELLATION, beyond, text, rental.pk)
