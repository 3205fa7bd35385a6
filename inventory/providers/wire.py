"""Reads what a bridge answers, strictly: a value of ours, or ValueError and nothing else."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from core.http import HttpResponse
from inventory.providers.base import (
    Capability,
    Changes,
    Level,
    LevelPage,
    Line,
    RemoteReservation,
    RemoteState,
    UnitRecord,
    Window,
)

T = TypeVar("T")
Page = tuple[Sequence[T], str | None]

LONGEST_TEXT, LONGEST_CURSOR, LARGEST_COUNT = 100, 500, 2**31 - 1
CONDITIONS = frozenset("ABCD")
STATUSES = frozenset({"available", "out", "cleaning", "maintenance", "lost", "sold", "retired"})
KINDS = frozenset({"sale", "rental"})
UNKNOWN_THINGS = frozenset({"unknown_reservation", "unknown_sku", "unknown_depot", "unknown_unit"})


# Out


def reservation_request(lines: Sequence[Line], window: Window | None) -> dict[str, object]:
    days = {"start_on": window.start_on.isoformat(), "ends_before": window.ends_before.isoformat()} if window else None
    rows = [{"sku": n.sku, "depot": n.depot, "quantity": n.quantity, "kind": n.kind} for n in lines]
    return {"lines": rows, "window": days}


# In: the parts


def member(data: Any, name: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"an object with {name} was expected")  # noqa: TRY004  (one error for everything unreadable)
    if name not in data:
        raise ValueError(f"{name} is missing")
    return data[name]


def text(data: Any, name: str, longest: int = LONGEST_TEXT) -> str:
    value = member(data, name)
    # Not printable: control characters, among them NUL, and lone surrogates; no database takes those two.
    if not (isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()):
        raise ValueError(f"{name} is not a text of 1 to {longest} printable characters")
    return value


def _choice(data: Any, name: str, allowed: frozenset[str]) -> str:
    value = text(data, name)
    if value not in allowed:
        raise ValueError(f"{name} is not one of {', '.join(sorted(allowed))}")
    return value


def _count(data: Any, name: str, least: int = 0) -> int:
    value = member(data, name)
    if type(value) is not int or not least <= value <= LARGEST_COUNT:  # True is an int, too
        raise ValueError(f"{name} is not a whole number from {least}")
    return value


def _flag(data: Any, name: str) -> bool:
    value = member(data, name)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is not true or false")  # noqa: TRY004
    return value


def _instant(data: Any, name: str) -> datetime:
    value = text(data, name)
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is not an instant with an offset") from None


def _day(data: Any, name: str) -> date:
    try:
        return date.fromisoformat(text(data, name))
    except ValueError:
        raise ValueError(f"{name} is not a day") from None


def _rows(data: Any, name: str, parse: Callable[[Any], T]) -> tuple[T, ...]:
    rows = member(data, name)
    if not isinstance(rows, list):
        raise ValueError(f"{name} is not a list")  # noqa: TRY004
    return tuple(parse(row) for row in rows)


def _cursor(data: Any) -> str | None:
    return None if member(data, "cursor") is None else text(data, "cursor", LONGEST_CURSOR)


# In: the things


def level(data: Any) -> Level:
    return Level(
        sku=text(data, "sku"),
        depot=text(data, "depot"),
        on_hand=_count(data, "on_hand"),
        reserved_elsewhere=_count(data, "reserved_elsewhere"),
        as_of=_instant(data, "as_of"),
    )


def unit(data: Any) -> UnitRecord:
    return UnitRecord(
        serial=text(data, "serial"),
        sku=text(data, "sku"),
        depot=text(data, "depot"),
        condition=_choice(data, "condition", CONDITIONS),
        status=_choice(data, "status", STATUSES),
        as_of=_instant(data, "as_of"),
    )


def _line(data: Any) -> Line:
    return Line(
        sku=text(data, "sku"),
        depot=text(data, "depot"),
        quantity=_count(data, "quantity", 1),
        kind=_choice(data, "kind", KINDS),
    )


def reservation(data: Any) -> RemoteReservation:
    lines = _rows(data, "lines", _line)
    if not lines:
        raise ValueError("lines is empty")
    state = RemoteState(_choice(data, "state", frozenset(RemoteState)))
    return RemoteReservation(
        key=UUID(text(data, "id")),
        state=state,
        lines=lines,
        at=_instant(data, "at"),
        window=_window(data.get("window")),
        serials_out=_rows(data, "serials_out", _serial) if "serials_out" in data else (),
    )


def _window(data: Any) -> Window | None:
    if data is None:
        return None
    window = Window(start_on=_day(data, "start_on"), ends_before=_day(data, "ends_before"))
    if window.ends_before <= window.start_on:
        raise ValueError("a window ends before it starts")
    return window


def _serial(value: Any) -> str:
    return text({"serials_out": value}, "serials_out")


def unit_of(serial: str) -> Callable[[Any], UnitRecord]:
    """A reader that takes only this unit."""

    def parse(data: Any) -> UnitRecord:
        found = unit(data)
        if found.serial != serial:
            raise ValueError("another unit than asked for")
        return found

    return parse


def reservation_of(
    key: UUID, reached: frozenset[RemoteState] = frozenset(RemoteState)
) -> Callable[[Any], RemoteReservation]:
    """A reader that takes only this key, and only in one of these states."""

    def parse(data: Any) -> RemoteReservation:
        found = reservation(data)
        if found.key != key or found.state not in reached:
            raise ValueError("another reservation than asked for, or one in another state")
        return found

    return parse


def level_page(data: Any) -> LevelPage:
    return LevelPage(levels=_rows(data, "levels", level), cursor=_cursor(data))


def unit_page(data: Any) -> Page[UnitRecord]:
    return _rows(data, "units", unit), _cursor(data)


def reservation_page(data: Any) -> Page[RemoteReservation]:
    return _rows(data, "reservations", reservation), _cursor(data)


def changes(data: Any) -> Changes:
    return Changes(
        levels=_rows(data, "levels", level),
        units=_rows(data, "units", unit),
        cursor=text(data, "cursor", LONGEST_CURSOR),
        more=_flag(data, "more"),
    )


def capabilities(data: Any) -> frozenset[Capability]:
    """Names that we do not know are of no use to us."""
    named = _rows(data, "capabilities", lambda value: value)
    return frozenset(capability for capability in Capability if capability in named)


class Problem(NamedTuple):
    """What an error body says, as far as it is readable. `code` is "" when no bridge wrote it."""

    code: str
    short: tuple[str, int] | None  # SKU and how many there are, if it is out of stock


def problem(response: HttpResponse) -> Problem:
    """Never raises: an unreadable error is an error all the same."""
    try:
        data = response.json()
        code = text(data, "code")
    except ValueError:
        return Problem("", None)
    if response.media_type != "application/problem+json" or not re.fullmatch(r"[a-z0-9_]{1,40}", code):
        return Problem("", None)
    return Problem(code, _short(data) if code == "out_of_stock" else None)


def _short(data: Mapping[str, Any]) -> tuple[str, int] | None:
    try:
        return text(data, "sku"), _count(data, "have")
    except ValueError:
        return None
