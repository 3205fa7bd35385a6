"""The stand-in's routes, and `running()` for tests.

The contract (`/capabilities`, `/reservations`, `/levels`, `/units`, `/changes`) asks for the bearer token. The
staff's controls under `/_sandbox/` ask for a caller on this machine instead; `controls.py` lists them. `/` is a page.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sandbox.faults import Failures, Faults
from sandbox.http import Request, Response, Server
from sandbox.inventory import controls, page
from sandbox.inventory.push import Pusher
from sandbox.inventory.rules import CONDITIONS, SET_BY_SHOP, Refusal
from sandbox.inventory.store import Store
from sandbox.inventory.wire import (
    body_of,
    choice_at,
    key_of,
    level_json,
    limit_of,
    lines_of,
    problem,
    reservation_json,
    skus_of,
    text_at,
    texts_at,
    unit_json,
    window_of,
)

CAPABILITIES = ["change_feed", "hold_expiry", "idempotent", "push", "rental_windows", "unit_states"]
LOGIN_PAGE = "<!doctype html><title>Sign in</title><form><input name=user><input name=password></form>"

FAILURES: Failures = {
    "down": lambda: problem(Refusal(503, "unavailable", "The system is down for maintenance."), {"Retry-After": "5"}),
    "500": lambda: problem(Refusal(500, "internal", "Something broke.")),
    "503": lambda: problem(Refusal(503, "unavailable", "Try again."), {"Retry-After": "1"}),
    "429": lambda: problem(Refusal(429, "rate_limited", "Too many calls."), {"Retry-After": "1"}),
    "refuse": lambda: problem(Refusal(409, "refused", "Not for this client.")),
    "garbage": lambda: Response(200, b'{"id": "01'),
    "html": lambda: Response.html(LOGIN_PAGE),
}


class App:
    """Answers one call. Safe for threads."""

    def __init__(self, store: Store, faults: Faults, token: str, stopping: threading.Event | None = None) -> None:
        self.store, self.faults, self._token = store, faults, token
        self.stopping = stopping or threading.Event()

    def handle(self, request: Request) -> Response:
        try:
            if request.path == "/":
                return page.render(self.store, self.faults)
            if request.path.startswith("/_sandbox/"):
                return controls.handle(self.store, self.faults, request)
            return self.faults.answer(request, self.route, FAILURES, self.stopping)
        except Refusal as refusal:
            return problem(refusal)

    def route(self, request: Request) -> Response:
        """The contract, without faults."""
        if not request.bears(self._token):
            refusal = Refusal(401, "unauthorized", "Send the bearer token of this client.")
            return problem(refusal, {"WWW-Authenticate": "Bearer"})
        try:
            known = False
            for method, pattern, view in ROUTES:
                if match := pattern.fullmatch(request.path):
                    known = True
                    if method == request.method:
                        return view(self.store, request, *match.groups())
        except Refusal as refusal:
            return problem(refusal)
        if known:
            return problem(Refusal(405, "method_not_allowed", f"{request.method} is not for this path."))
        return problem(Refusal(404, "unknown_path", "There is no such path."))


def _capabilities(_store: Store, _request: Request) -> Response:
    return Response.json({"version": "1", "capabilities": CAPABILITIES})


def _reserve(store: Store, request: Request, key: str) -> Response:
    body = body_of(request, required=["lines"], optional=["window"])
    found, created = store.reserve(key_of(key), lines_of(body["lines"]), window_of(body.get("window")))
    return Response.json(reservation_json(found), 201 if created else 200)


def _reservation(store: Store, _request: Request, key: str) -> Response:
    found = store.find(key_of(key))
    if found is None:
        raise Refusal(404, "unknown_reservation", f"There is no reservation {key}.")
    return Response.json(reservation_json(found))


def _reservations(store: Store, request: Request) -> Response:
    found, cursor = store.live(request.first("cursor"), limit_of(request))
    return Response.json({"reservations": [reservation_json(item) for item in found], "cursor": cursor})


def _confirm(store: Store, request: Request, key: str) -> Response:
    body_of(request)
    return Response.json(reservation_json(store.confirm(key_of(key))))


def _release(store: Store, request: Request, key: str) -> Response:
    body_of(request)
    return Response.json(reservation_json(store.release(key_of(key))))


def _check_out(store: Store, request: Request, key: str) -> Response:
    body = body_of(request, optional=["serials"])
    return Response.json(
        reservation_json(store.check_out(key_of(key), texts_at(body.get("serials", []), "#/serials", 0)))
    )


def _check_in(store: Store, request: Request, key: str) -> Response:
    body = body_of(request, required=["serials", "condition", "depot"])
    serials = texts_at(body["serials"], "#/serials", 1)
    condition = choice_at(body["condition"], CONDITIONS, "#/condition")
    return Response.json(
        reservation_json(store.check_in(key_of(key), serials, condition, text_at(body["depot"], "#/depot")))
    )


def _levels(store: Store, request: Request) -> Response:
    rows, cursor = store.levels(skus_of(request), request.first("cursor"), limit_of(request))
    return Response.json({"levels": [level_json(row) for row in rows], "cursor": cursor})


def _units(store: Store, request: Request) -> Response:
    pool = (request.first("sku"), request.first("depot"))
    rows, cursor = store.units(*pool, request.first("cursor"), limit_of(request))
    return Response.json({"units": [unit_json(row) for row in rows], "cursor": cursor})


def _changes(store: Store, request: Request) -> Response:
    levels, units, cursor, more = store.changes(request.first("cursor"), limit_of(request))
    return Response.json(
        {"levels": list(map(level_json, levels)), "units": list(map(unit_json, units)), "cursor": cursor, "more": more}
    )


def _set_unit(store: Store, request: Request, serial: str) -> Response:
    """The shop's staff decided what a unit on the shelf is fit for."""
    body = body_of(request, required=["status", "condition"])
    status = choice_at(body["status"], SET_BY_SHOP, "#/status")
    condition = choice_at(body["condition"], CONDITIONS, "#/condition")
    return Response.json(unit_json(store.decide_unit(unquote(serial), status, condition)))


View = Callable[..., Response]
PATHS: list[tuple[str, str, View]] = [
    ("GET", "/capabilities", _capabilities),
    ("PUT", "/reservations/{id}", _reserve),
    ("GET", "/reservations/{id}", _reservation),
    ("GET", "/reservations", _reservations),
    ("POST", "/reservations/{id}/confirm", _confirm),
    ("POST", "/reservations/{id}/release", _release),
    ("POST", "/reservations/{id}/check-out", _check_out),
    ("POST", "/reservations/{id}/check-in", _check_in),
    ("GET", "/levels", _levels),
    ("GET", "/units", _units),
    ("PUT", "/units/{serial}", _set_unit),
    ("GET", "/changes", _changes),
]
ROUTES = [(method, re.compile(re.sub(r"\{\w+\}", "([^/]+)", path)), view) for method, path, view in PATHS]


@dataclass(slots=True)
class Sandbox:
    """A stand-in that is running in this process."""

    server: Server
    app: App
    pusher: Pusher
    token: str
    push_secret: str

    @property
    def store(self) -> Store:
        return self.app.store

    @property
    def faults(self) -> Faults:
        return self.app.faults

    @property
    def url(self) -> str:
        return self.server.url


def assemble(server: Server, store: Store, token: str, push_url: str | None, push_secret: str) -> Sandbox:
    """Give a bound server its stock room and its push."""
    app = App(store, Faults(), token, server.stopping)
    server.handle = app.handle
    return Sandbox(server, app, Pusher(store, app.faults, push_url, push_secret), token, push_secret)


@contextmanager
def running(
    *,
    token: str = "inventory-test-token",
    push_url: str | None = None,
    push_secret: str = "inventory-test-secret",
    state: Path | None = None,
    **store_options: Any,
) -> Iterator[Sandbox]:
    """A stand-in on a free port, in a thread. `store_options`: hold_seconds, clock."""
    store = Store(state, **store_options)
    try:
        with Server(nobody) as server:
            sandbox = assemble(server, store, token, push_url, push_secret)
            sandbox.pusher.start()
            try:
                yield sandbox
            finally:
                sandbox.pusher.stop()
    finally:
        store.close()


def nobody(_request: Request) -> Response:
    """Answers until the stock room is there."""
    return problem(Refusal(503, "unavailable", "Starting."))
