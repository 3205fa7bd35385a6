"""The stand-in's routes, and `running()` for tests.

Everything under `/api/` asks for the token. Staff's levers under `/_sandbox/` ask for a caller on this machine:
GET, PUT faults (as in `sandbox.inventory`); POST advance {seconds}, restore_backup {}.
"""

from __future__ import annotations

import base64
import hmac
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate

from sandbox.faults import Failures, Faults
from sandbox.http import Request, Response, Server
from sandbox.inventree.answers import listed, requirements, shown
from sandbox.inventree.orders import Store
from sandbox.inventree.push import Plugin
from sandbox.inventree.rules import API_VERSION, Crash, Refusal, Row, invalid, missing

CRASHED = "<!doctype html><title>Server Error</title><h1>Server Error (500)</h1>"
LOGIN_PAGE = "<!doctype html><title>InvenTree</title><div id=root></div>"

FAILURES: Failures = {
    "down": lambda: Response.html("<h1>503 Service Unavailable</h1>", 503),
    "500": lambda: Response.html(CRASHED, 500),
    "503": lambda: Response.html("<h1>503 Service Unavailable</h1>", 503),
    "429": lambda: Response(429, b"Too Many Requests", "text/plain", {"Retry-After": "1"}),
    "refuse": lambda: Response.json({"non_field_errors": ["Not for this user."]}, 400),
    "garbage": lambda: Response(200, b'{"pk": 1'),
    "html": lambda: Response.html(LOGIN_PAGE),
}


class App:
    """Answers one call. Safe for threads."""

    def __init__(self, store: Store, token: str, *, api_version: int | None = API_VERSION) -> None:
        self.store, self.faults, self.token = store, Faults(), token
        self.api_version = api_version
        self.stopping = threading.Event()

    def handle(self, request: Request) -> Response:
        if request.path.startswith("/_sandbox/"):
            response = self._lever(request)
        else:
            response = self.faults.answer(request, self.route, FAILURES, self.stopping)
        response.headers.setdefault("Date", formatdate(self.store.now(), usegmt=True))
        if self.api_version is not None:
            response.headers.setdefault("X-InvenTree-API", str(self.api_version))
        return response

    def _lever(self, request: Request) -> Response:
        if not request.is_local or request.headers.get("Origin"):
            return Response.json({"detail": "Only for callers on this machine."}, 403)
        name, body = request.path.removeprefix("/_sandbox/"), request.json() or {}
        try:
            if (name, request.method) == ("faults", "PUT"):
                self.faults.update(body)
            elif (name, request.method) == ("advance", "POST"):
                self.store.advance(float(body["seconds"]))
            elif (name, request.method) == ("restore_backup", "POST"):
                self.store.restore_backup()
            elif (name, request.method) != ("faults", "GET"):
                return Response.json({"detail": "There is no such lever."}, 404)
        except (KeyError, TypeError, ValueError) as error:
            return Response.json({"detail": str(error)}, 400)
        return Response.json(self.faults.as_json())

    def route(self, request: Request) -> Response:
        """The system, without faults."""
        try:
            if request.path == "/api/user/token/":
                return self._log_in(request)
            sent = request.headers.get("Authorization", "")
            if not hmac.compare_digest(sent.encode(), f"Token {self.token}".encode()):
                raise Refusal(
                    401, {"detail": "Invalid token." if sent else "Authentication credentials were not provided."}
                )
            for method, pattern, view in ROUTES:
                if method == request.method and (match := pattern.fullmatch(request.path)):
                    with self.store.changing() if method != "GET" else self.store.lock:
                        status, body = view(self.store, request, *map(_number, match.groups()))
                        return Response(204) if status == 204 else Response.json(body, status)
            raise missing()
        except Refusal as refusal:
            return Response.json(refusal.body, refusal.status)
        except Crash:
            return Response.html(CRASHED, 500)

    def _log_in(self, request: Request) -> Response:
        """Basic credentials: any user, and the token as its password. The same name gives the same token."""
        kind, _, sent = request.headers.get("Authorization", "").partition(" ")
        if kind != "Basic" or base64.b64decode(sent).partition(b":")[2] != self.token.encode():
            raise Refusal(401, {"detail": "Invalid username/password."})
        expiry = formatdate(self.store.now() + 365 * 24 * 3600, usegmt=True)
        return Response.json({"token": self.token, "name": request.first("name"), "expiry": expiry})


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


Answer = tuple[int, object]
View = Callable[..., Answer]


def _body(request: Request) -> Row:
    try:
        body = request.json()
    except ValueError:
        raise Refusal(400, {"detail": "JSON parse error"}) from None
    return body if isinstance(body, dict) else {}


def _lists(table: str) -> View:
    return lambda store, request: (200, listed(store, request, table))


def _shows(table: str) -> View:
    return lambda store, request, pk: (200, shown(store, table, store.get(table, pk), request))


def _makes(table: str, create: Callable[[Store, Row], Row]) -> View:
    return lambda store, request: (201, shown(store, table, create(store, _body(request))))


def _does(act: Callable[[Store, int, Row], object]) -> View:
    return lambda store, request, pk: (201, act(store, pk, _body(request)))


def _moves(act: Callable[[Store, Row], object]) -> View:
    return lambda store, request: (201, act(store, _body(request)))


def _create_stock(store: Store, request: Request) -> Answer:
    return 201, [shown(store, "stock", item) for item in store.create(_body(request))]


def _patches(table: str, patch: Callable[[Store, int, Row], Row]) -> View:
    return lambda store, request, pk: (200, shown(store, table, patch(store, pk, _body(request)), request))


def _deletes(delete: Callable[[Store, int], None]) -> View:
    def view(store: Store, _request: Request, pk: int) -> Answer:
        delete(store, pk)
        return 204, None

    return view


def _simple(table: str, defaults: Row) -> Callable[[Store, Row], Row]:
    def create(store: Store, body: Row) -> Row:
        if not body.get("name"):
            raise invalid(name="This field is required.")
        return store.insert(table, **{**defaults, **body})

    return create


def _patch_simple(table: str) -> Callable[[Store, int, Row], Row]:
    def patch(store: Store, pk: int, body: Row) -> Row:
        row = store.get(table, pk)
        row |= body
        return row

    return patch


METADATA = {"salesorder": "order", "stockitem": "stock", "part": "part", "stocklocation": "location"}


def _metadata(store: Store, request: Request, model: str, pk: int) -> Answer:
    if model not in METADATA:
        raise missing()
    row = store.get(METADATA[model], pk)
    if request.method == "PATCH":
        row["metadata"] = {**(row.get("metadata") or {}), **_body(request)["metadata"]}
    return 200, {"metadata": row.get("metadata") or {}}


PART = {"IPN": "", "description": "", "active": True, "salable": True, "trackable": False}
LOCATION = {"parent": None, "description": "", "structural": False}
COMPANY = {"is_customer": True, "description": ""}
ABOUT = {"server": "InvenTree", "version": "1.5.0 dev", "instance": "Stand-in", "apiVersion": API_VERSION}
PATHS: list[tuple[str, str, View]] = [
    ("GET", "/", lambda store, _request: (200, ABOUT | {"worker_running": store.worker is not None})),
    ("GET", "/part/", _lists("part")),
    ("POST", "/part/", _makes("part", _simple("part", PART))),
    ("GET", "/part/{pk}/", _shows("part")),
    ("PATCH", "/part/{pk}/", _patches("part", _patch_simple("part"))),
    ("GET", "/part/{pk}/requirements/", lambda store, _request, pk: (200, requirements(store, pk))),
    ("GET", "/stock/location/", _lists("location")),
    ("POST", "/stock/location/", _makes("location", _simple("location", LOCATION))),
    ("PATCH", "/stock/location/{pk}/", _patches("location", _patch_simple("location"))),
    ("GET", "/company/", _lists("company")),
    ("POST", "/company/", _makes("company", _simple("company", COMPANY))),
    ("GET", "/stock/", _lists("stock")),
    ("POST", "/stock/", _create_stock),
    ("GET", "/stock/{pk}/", _shows("stock")),
    ("PATCH", "/stock/{pk}/", _patches("stock", Store.patch)),
    ("POST", "/stock/add/", _moves(lambda store, body: store.adjust("add", body))),
    ("POST", "/stock/remove/", _moves(lambda store, body: store.adjust("remove", body))),
    ("POST", "/stock/count/", _moves(lambda store, body: store.adjust("count", body))),
    ("POST", "/stock/change_status/", _moves(Store.change_status)),
    ("POST", "/stock/transfer/", _moves(Store.transfer)),
    ("POST", "/stock/assign/", _moves(Store.assign)),
    ("POST", "/stock/return/", _moves(Store.take_back)),
    ("GET", "/stock/track/", _lists("track")),
    ("GET", "/order/so/", _lists("order")),
    ("POST", "/order/so/", _makes("order", Store.create_order)),
    ("GET", "/order/so/{pk}/", _shows("order")),
    ("POST", "/order/so/{pk}/allocate/", _does(Store.allocate)),
    ("POST", "/order/so/{pk}/allocate-serials/", _does(Store.allocate_serials)),
    ("POST", "/order/so/{pk}/cancel/", _does(lambda store, pk, _body: store.cancel(pk))),
    ("POST", "/order/so/{pk}/hold/", _does(lambda store, pk, _body: store.hold(pk))),
    ("POST", "/order/so/{pk}/issue/", _does(lambda store, pk, _body: store.issue(pk))),
    ("POST", "/order/so/{pk}/complete/", _does(Store.complete)),
    ("GET", "/order/so-line/", _lists("line")),
    ("POST", "/order/so-line/", _makes("line", Store.create_line)),
    ("DELETE", "/order/so-line/{pk}/", _deletes(Store.delete_line)),
    ("GET", "/order/so-allocation/", _lists("allocation")),
    ("PATCH", "/order/so-allocation/{pk}/", _patches("allocation", Store.patch_allocation)),
    ("DELETE", "/order/so-allocation/{pk}/", _deletes(Store.deallocate)),
    ("GET", "/order/so/shipment/", _lists("shipment")),
    ("POST", "/order/so/shipment/", _makes("shipment", Store.create_shipment)),
    ("GET", "/order/so/shipment/{pk}/", _shows("shipment")),
    ("POST", "/order/so/shipment/{pk}/ship/", _does(Store.ship)),
    ("GET", "/background-task/{id}/", lambda store, _request, task: (200, store.task(str(task)))),
    ("POST", "/order/ro/", _makes("return_order", Store.create_return)),
    ("POST", "/order/ro-line/", _makes("return_line", Store.create_return_line)),
    ("POST", "/order/ro/{pk}/issue/", _does(lambda store, pk, _body: store.issue_return(pk))),
    ("POST", "/order/ro/{pk}/receive/", _does(Store.receive_return)),
    ("POST", "/order/ro/{pk}/complete/", _does(lambda store, pk, _body: store.complete_return(pk))),
    ("GET", "/metadata/{model}/{pk}/", _metadata),
    ("PATCH", "/metadata/{model}/{pk}/", _metadata),
]


def _pattern(path: str) -> re.Pattern[str]:
    parts = {"{pk}": r"(\d+)", "{id}": r"([0-9a-f]+)", "{model}": r"([a-z]+)"}
    return re.compile("/api" + re.sub(r"\{\w+\}", lambda match: parts[match[0]], path))


ROUTES = [(method, _pattern(path), view) for method, path, view in PATHS]


@dataclass(slots=True)
class Sandbox:
    """A stand-in that is running in this process."""

    server: Server
    app: App
    plugin: Plugin

    @property
    def store(self) -> Store:
        return self.app.store

    @property
    def faults(self) -> Faults:
        return self.app.faults

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def token(self) -> str:
        return self.app.token


def assemble(
    server: Server, store: Store, token: str, push_secret: str = "", *, api_version: int | None = API_VERSION
) -> Sandbox:
    """Give a bound server its stock room."""
    app = App(store, token, api_version=api_version)
    app.stopping = server.stopping
    server.handle = app.handle
    return Sandbox(server, app, Plugin(store, push_secret))


@contextmanager
def running(
    *,
    token: str = "inv-test-token",
    worker: float | None = None,
    push_secret: str = "inventory-test-secret",
    api_version: int | None = API_VERSION,
) -> Iterator[Sandbox]:
    """A stand-in on a free port, in a thread."""
    with Server(nobody) as server:
        yield assemble(server, Store(worker=worker), token, push_secret, api_version=api_version)


def nobody(_request: Request) -> Response:
    """Answers until the stock room is there."""
    return Response.html("<h1>Starting</h1>", 503)
