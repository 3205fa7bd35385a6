"""The stand-in's numbers, and how it says no."""

from __future__ import annotations

from typing import Any

API_VERSION = 530

# Stock status codes
OK, ATTENTION, DAMAGED, DESTROYED, REJECTED, LOST, QUARANTINED, RETURNED = 10, 50, 55, 60, 65, 70, 75, 85
STOCK_STATUSES = frozenset({OK, ATTENTION, DAMAGED, DESTROYED, REJECTED, LOST, QUARANTINED, RETURNED})
AVAILABLE = frozenset({OK, ATTENTION, DAMAGED, RETURNED})  # yes: Damaged is available

# Sales order status codes
PENDING, IN_PROGRESS, SHIPPED, ON_HOLD, COMPLETE, CANCELLED = 10, 15, 20, 25, 30, 40
OPEN = frozenset({PENDING, IN_PROGRESS, ON_HOLD})

# Return order status codes
RO_PENDING, RO_IN_PROGRESS, RO_COMPLETE = 10, 20, 30

Row = dict[str, Any]


class Refusal(Exception):
    """An answer that is not the one hoped for."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class Crash(Exception):
    """A bug of the system: status 500 and a page of HTML."""


def invalid(**fields: object) -> Refusal:
    """400, as Django REST framework says it: the field, and a list of sentences."""
    return Refusal(400, {name: value if isinstance(value, list) else [value] for name, value in fields.items()})


def missing() -> Refusal:
    return Refusal(404, {"detail": "Not found."})


def no_such(pk: object) -> str:
    return f'Invalid pk "{pk}" - object does not exist.'


def at_item(place: int, count: int, **fields: str) -> Refusal:
    """An error of one of several items: empty objects stand for the good ones."""
    return invalid(items=[{name: [text] for name, text in fields.items()} if n == place else {} for n in range(count)])


def truth(value: str) -> bool:
    return value.lower() in {"1", "true", "yes", "y", "t", "on"}
