"""The adapter for any IMS behind a bridge that serves `docs/inventory-provider.openapi.yaml`.

No word and no failure of the other side gets past it: answers are read strictly into our own values, and everything
that can go wrong becomes one of the errors of `base`. Imports nothing of Django; the caller configures it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote
from uuid import UUID

from core.http import CircuitBreaker, HttpClient, HttpResponse, Params
from inventory.providers import wire
from inventory.providers.base import (
    Capability,
    Changes,
    CursorLost,
    LevelPage,
    Line,
    NotFound,
    OutOfStock,
    RateLimited,
    Refused,
    RemoteReservation,
    RemoteState,
    Unavailable,
    UnitRecord,
    UnknownOutcome,
    Window,
)
from inventory.providers.calls import answer_of, turn_back
from inventory.providers.signature import PushSignature

T = TypeVar("T")

SKUS_A_CALL = 50  # of the contract
ROWS_A_PAGE = 500  # of the contract
MOST_PAGES = 10_000
CAPABILITIES_FOR = 600.0  # seconds that the answer is believed
CAPABILITIES_WITHIN = 1.0  # seconds: a customer may be waiting
OTHER_REFUSALS = frozenset(range(400, 500)) - {404, 409}
WRITES = {  # method, and what follows the reservation's address
    "reserve": ("PUT", ""),
    "confirm": ("POST", "/confirm"),
    "release": ("POST", "/release"),
    "check_out": ("POST", "/check-out"),
    "check_in": ("POST", "/check-in"),
}

LIVE = frozenset({RemoteState.HELD, RemoteState.CONFIRMED, RemoteState.CHECKED_OUT, RemoteState.CHECKED_IN})
OUT = frozenset({RemoteState.CHECKED_OUT, RemoteState.CHECKED_IN})
CONFIRMED = OUT | {RemoteState.CONFIRMED}
GIVEN_BACK = frozenset({RemoteState.RELEASED, RemoteState.CHECKED_IN})


class HttpInventoryProvider:
    """One shop's IMS. Safe for threads.

    push_secrets: every secret that may sign a push now (the new and the old one during a rotation).
    read_timeout: longest silence; a call takes at most connect_timeout + read_timeout, or its own `timeout`.
    capabilities: what the IMS can do, if that is not to be asked of it.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        push_secrets: Sequence[str] = (),
        *,
        connect_timeout: float = 2.0,
        read_timeout: float = 10.0,
        capabilities: frozenset[Capability] | None = None,
        breaker: CircuitBreaker | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = HttpClient(
            "inventory",
            base_url,
            {"Authorization": f"Bearer {token}"},
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            breaker=breaker,
        )
        self._signature = PushSignature(push_secrets, clock)
        self._capabilities = capabilities
        self._believed_until = 0.0 if capabilities is None else float("inf")

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the IMS says it can do; asked once every ten minutes, and believed longer while it does not answer."""
        if self._capabilities is None or time.monotonic() >= self._believed_until:
            try:
                self._capabilities = self._read(
                    "capabilities", "/capabilities", wire.capabilities, timeout=CAPABILITIES_WITHIN
                )
            except (Unavailable, RateLimited):
                if self._capabilities is None:
                    raise
            self._believed_until = time.monotonic() + CAPABILITIES_FOR
        return self._capabilities

    def close(self) -> None:
        self._client.close()

    # What is on the shelves

    def levels(self, *, skus: Sequence[str] | None = None, cursor: str | None = None) -> LevelPage:
        if skus is None:
            return self._read("levels", "/levels", wire.level_page, _page(cursor))
        wanted = sorted(set(skus))
        place, inner = _split_cursor(cursor)
        batch = wanted[place : place + SKUS_A_CALL]
        if not batch:
            return LevelPage(levels=(), cursor=None)
        page = self._read("levels", "/levels", wire.level_page, {"sku": batch, **_page(inner)})
        if page.cursor is None and place + SKUS_A_CALL >= len(wanted):
            return page
        place, inner = (place, page.cursor) if page.cursor is not None else (place + SKUS_A_CALL, "")
        return LevelPage(levels=page.levels, cursor=f"{place}:{inner}")

    def units(self, *, sku: str | None = None, depot: str | None = None) -> Iterator[UnitRecord]:
        pool = {name: value for name, value in (("sku", sku), ("depot", depot)) if value is not None}
        return self._pages("units", wire.unit_page, pool)

    def changes(self, cursor: str | None) -> Changes:
        return self._read("changes", "/changes", wire.changes, _page(cursor))

    # Reservations

    def reserve(
        self, *, key: UUID, lines: Sequence[Line], window: Window | None = None, timeout: float | None = None
    ) -> RemoteReservation:
        body = wire.reservation_request(lines, window)
        return self._write("reserve", key, body=body, reached=LIVE, timeout=timeout)

    def confirm(self, *, key: UUID, timeout: float | None = None) -> RemoteReservation:
        return self._write("confirm", key, reached=CONFIRMED, timeout=timeout)

    def release(self, *, key: UUID, timeout: float | None = None) -> None:
        try:
            self._write("release", key, reached=GIVEN_BACK, timeout=timeout)
        except NotFound:
            return  # nothing is set aside under it, which is what was asked for

    def check_out(self, *, key: UUID, lines: Sequence[Line], serials: Sequence[str] = ()) -> RemoteReservation:  # noqa: ARG002
        return self._write("check_out", key, body={"serials": list(serials)}, reached=OUT)

    def check_in(self, *, key: UUID, serials: Sequence[str], condition: str, depot: str) -> RemoteReservation:
        body = {"serials": list(serials), "condition": condition, "depot": depot}
        return self._write("check_in", key, body=body, reached=OUT)

    def set_unit(self, *, serial: str, status: str, condition: str) -> UnitRecord:
        body = {"status": status, "condition": condition}
        return self._call("set_unit", "PUT", f"/units/{quote(serial, safe='')}", wire.unit_of(serial), json=body)

    def find(self, key: UUID) -> RemoteReservation | None:
        try:
            return self._read("find", f"/reservations/{key}", wire.reservation_of(key))
        except NotFound:
            return None

    def reservations(self) -> Iterator[RemoteReservation]:
        return self._pages("reservations", wire.reservation_page, {})

    # Pushes

    def parse_push(self, *, headers: Mapping[str, str], body: bytes) -> None:
        self._signature.verify(headers=headers, body=body)

    # Calls

    def _read(
        self,
        operation: str,
        path: str,
        parse: Callable[[Any], T],
        params: Params | None = None,
        timeout: float | None = None,
    ) -> T:
        """A call that changes nothing: whatever goes wrong, it may simply be repeated."""
        try:
            return self._call(operation, "GET", path, parse, params=params, timeout=timeout)
        except UnknownOutcome as error:
            raise Unavailable(str(error)) from None

    def _pages(self, name: str, parse: Callable[[Any], wire.Page[T]], params: Params) -> Iterator[T]:
        """The rows of all pages; one page is in memory."""
        cursor, seen = None, set()
        for _ in range(MOST_PAGES):
            rows, cursor = self._read(name, f"/{name}", parse, {**params, **_page(cursor)})
            yield from rows
            if cursor is None:
                return
            if cursor in seen:
                break
            seen.add(cursor)
        raise Unavailable(f"The pages of /{name} do not end.")

    def _write(
        self,
        operation: str,
        key: UUID,
        *,
        reached: frozenset[RemoteState],
        body: Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> RemoteReservation:
        """A call that may change something: its answer counts only if it is of this key and in a state asked for."""
        method, verb = WRITES[operation]
        parse = wire.reservation_of(key, reached)
        return self._call(operation, method, f"/reservations/{key}{verb}", parse, json=body or {}, timeout=timeout)

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        parse: Callable[[Any], T],
        *,
        json: object = None,
        params: Params | None = None,
        timeout: float | None = None,
    ) -> T:
        response = answer_of(self._client, method, path, json=json, params=params, timeout=timeout, operation=operation)
        if response.status not in {200, 201}:
            _refuse(response)
        try:
            return parse(response.json())
        except ValueError as error:
            raise UnknownOutcome(f"The answer to {method} {path} does not keep the contract: {error}") from None


def _refuse(response: HttpResponse) -> NoReturn:
    """Raise what this status means; docs/inventory-provider.openapi.yaml has the table."""
    problem = wire.problem(response)
    said = f"The inventory system answered {response.status} {problem.code}".rstrip()
    turn_back(response, said)
    match response.status:
        case 404 if problem.code in wire.UNKNOWN_THINGS:
            raise NotFound(said)
        case 409 if problem.short is not None:
            raise OutOfStock(sku=problem.short[0], have=problem.short[1])
        case 410:
            raise CursorLost(said)
        case 409 if problem.code:
            raise Refused(said)
        case status if status in OTHER_REFUSALS:
            raise Refused(said)
    raise UnknownOutcome(said)  # also a 404 or 409 that no bridge wrote, but something in between


def _page(cursor: str | None) -> dict[str, str | int]:
    return {"limit": ROWS_A_PAGE, **({"cursor": cursor} if cursor else {})}


def _split_cursor(cursor: str | None) -> tuple[int, str | None]:
    """Which batch of SKUs, and where in it."""
    place, _, inner = (cursor or "0:").partition(":")
    return int(place), inner or None
