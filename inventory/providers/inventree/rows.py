"""Reads InvenTree's rows, strictly: a value of ours, or ValueError and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from inventory.providers.wire import member, text

T = TypeVar("T")

LARGEST = 2.0**31

# Stock status codes
OK, ATTENTION, DAMAGED, DESTROYED, REJECTED, LOST, QUARANTINED, RETURNED = 10, 50, 55, 60, 65, 70, 75, 85

# Sales order status codes
PENDING, IN_PROGRESS, ON_HOLD = 10, 15, 25
OPEN = frozenset({PENDING, IN_PROGRESS, ON_HOLD})


def rows_in(data: Any, parse: Callable[[Any], T]) -> dict[int, T]:
    results = member(data, "results")
    if not isinstance(results, list):
        raise ValueError("results is not a list")  # noqa: TRY004  (one error for everything unreadable)
    return {pk_of(row): parse(row) for row in results}


def count_in(data: Any) -> int:
    return _whole(data, "count")


def pk_of(data: Any) -> int:
    return _whole(data, "pk")


def _whole(data: Any, name: str) -> int:
    value = member(data, name)
    if type(value) is not int or value < 0:  # True is an int, too
        raise ValueError(f"{name} is not a whole number")
    return value


def _whole_or_none(data: Any, name: str) -> int | None:
    return None if member(data, name) is None else _whole(data, name)


def _number(data: Any, name: str) -> float:
    value = member(data, name)
    if isinstance(value, str):  # decimals may come as text
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST < value < LARGEST:
        raise ValueError(f"{name} is not a number")
    return float(value)


def _text_or_empty(data: Any, name: str, longest: int = 250) -> str:
    return "" if member(data, name) in (None, "") else text(data, name, longest)


def _flag(data: Any, name: str) -> bool:
    value = member(data, name)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is not true or false")  # noqa: TRY004
    return value


@dataclass(frozen=True, slots=True)
class Part:
    pk: int
    sku: str  # its IPN; "" where it has none

    @classmethod
    def read(cls, data: Any) -> "Part":
        return cls(pk_of(data), _text_or_empty(data, "IPN", 100))


@dataclass(frozen=True, slots=True)
class Location:
    pk: int
    name: str
    parent: int | None

    @classmethod
    def read(cls, data: Any) -> "Location":
        return cls(pk_of(data), text(data, "name"), _whole_or_none(data, "parent"))


@dataclass(frozen=True, slots=True)
class StockItem:
    pk: int
    part: int
    quantity: float
    allocated: float
    serial: str  # "" for pieces
    location: int | None
    status: int
    customer: int | None
    sales_order: int | None
    in_stock: bool
    packaging: str

    @classmethod
    def read(cls, data: Any) -> "StockItem":
        return cls(
            pk=pk_of(data),
            part=_whole(data, "part"),
            quantity=_number(data, "quantity"),
            allocated=_number(data, "allocated") if data.get("allocated") is not None else 0.0,
            serial=_text_or_empty(data, "serial", 100),
            location=_whole_or_none(data, "location"),
            status=_whole(data, "status"),
            customer=_whole_or_none(data, "customer"),
            sales_order=_whole_or_none(data, "sales_order"),
            in_stock=_flag(data, "in_stock"),
            packaging=_text_or_empty(data, "packaging"),
        )

    @property
    def free(self) -> float:
        return self.quantity - self.allocated


@dataclass(frozen=True, slots=True)
class Header:
    """A sales order without its lines."""

    pk: int
    reference: str
    customer: int | None
    key: UUID | None  # what its customer_reference says, if that is a reservation's id
    description: str
    status: int

    @classmethod
    def read(cls, data: Any) -> "Header":
        return cls(
            pk=pk_of(data),
            reference=text(data, "reference"),
            customer=_whole_or_none(data, "customer"),
            key=_key(_text_or_empty(data, "customer_reference")),
            description=_text_or_empty(data, "description"),
            status=_whole(data, "status"),
        )


def _key(value: str) -> UUID | None:
    try:
        key = UUID(value)
    except ValueError:
        return None
    return key if str(key) == value else None


@dataclass(frozen=True, slots=True)
class OrderLine:
    pk: int
    order: int
    part: int
    quantity: float
    shipped: float
    allocated: float
    reference: str

    @classmethod
    def read(cls, data: Any) -> "OrderLine":
        return cls(
            pk=pk_of(data),
            order=_whole(data, "order"),
            part=_whole(data, "part"),
            quantity=_number(data, "quantity"),
            shipped=_number(data, "shipped"),
            allocated=_number(data, "allocated"),
            reference=_text_or_empty(data, "reference", 100),
        )


@dataclass(frozen=True, slots=True)
class Allocation:
    pk: int
    order: int
    line: int
    item: int
    part: int
    quantity: float
    location: int | None
    shipment: int | None
    header: Header | None  # of its order, when that was asked for

    @classmethod
    def read(cls, data: Any) -> "Allocation":
        detail = data.get("order_detail") if isinstance(data, dict) else None
        return cls(
            pk=pk_of(data),
            order=_whole(data, "order"),
            line=_whole(data, "line"),
            item=_whole(data, "item"),
            part=_whole(data, "part"),
            quantity=_number(data, "quantity"),
            location=_whole_or_none(data, "location"),
            shipment=_whole_or_none(data, "shipment"),
            header=Header.read(detail) if detail else None,
        )


@dataclass(frozen=True, slots=True)
class Shipment:
    pk: int
    reference: str
    has_left: bool

    @classmethod
    def read(cls, data: Any) -> "Shipment":
        return cls(pk_of(data), text(data, "reference"), bool(member(data, "shipment_date")))


@dataclass(frozen=True, slots=True)
class Trace:
    """One movement of a stock item."""

    pk: int
    item: int | None
    part: int | None

    @classmethod
    def read(cls, data: Any) -> "Trace":
        part = _whole_or_none(data, "part") if "part" in data else None
        return cls(pk_of(data), _whole_or_none(data, "item"), part)
