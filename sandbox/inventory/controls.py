"""What the staff and the gremlins of the stand-in may do, under `/_sandbox/`, for callers on this machine only.

GET  faults                                      -> {latency_ms, down, push, next}
PUT  faults   {latency_ms?, down?, push?, next?: [{match, kind, times?}]}
POST sell     {sku, depot, quantity, force?}     a walk-in sale; 409 when the pieces are promised, unless forced
POST receive  {sku, depot, quantity}             goods arrive; makes the level if need be
POST claim    {sku, depot, quantity}             another channel's claims are now this many
POST units    {sku, depot, serials, condition?}  new units
POST units/{serial}  {status?, condition?, depot?}   break, repair, move, write off
POST seed     {levels?: [{sku, depot, on_hand, reserved_elsewhere?}],
               units?: [{serial, sku, depot, condition?, status?}], replace?}   never overwrites unless told
POST advance  {seconds}                          time passes for the stand-in alone
POST lose_cursor {}      POST reset {}           GET state -> everything
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from sandbox.faults import BadFault, Faults
from sandbox.http import Request, Response
from sandbox.inventory.rules import CONDITIONS, STATUSES, Refusal, invalid
from sandbox.inventory.store import Store
from sandbox.inventory.wire import (
    body_of,
    choice_at,
    count_at,
    level_json,
    level_of,
    reservation_json,
    text_at,
    texts_at,
    unit_json,
    unit_of,
)

EVERYTHING = 1_000_000


def handle(store: Store, faults: Faults, request: Request) -> Response:
    """Do one of the above. A web page of somebody else's must not do it: browsers send an Origin."""
    if not request.is_local or request.headers.get("Origin"):
        raise Refusal(403, "forbidden", "Only for callers on this machine.")
    name = request.path.removeprefix("/_sandbox/")
    if name == "faults":
        if request.method == "PUT":
            _change(faults, body_of(request, optional=["latency_ms", "down", "push", "next"]))
        return Response.json(faults.as_json())
    if name == "state" and request.method == "GET":
        return Response.json(_state(store))
    if request.method == "POST":
        if name == "reset":
            faults.clear()
        if name.startswith("units/"):
            return _set_unit(store, request, unquote(name.removeprefix("units/")))
        if name in CONTROLS:
            return CONTROLS[name](store, request)
    raise Refusal(404, "unknown_path", "There is no such control.")


def _change(faults: Faults, body: dict[str, Any]) -> None:
    try:
        faults.update(body)
    except BadFault as error:
        raise invalid(error.pointer, error.detail) from None


def _pieces(request: Request, *optional: str, least: int = 1) -> tuple[str, str, int, dict[str, Any]]:
    body = body_of(request, required=["sku", "depot", "quantity"], optional=optional)
    quantity = count_at(body["quantity"], "#/quantity", least)
    return text_at(body["sku"], "#/sku"), text_at(body["depot"], "#/depot"), quantity, body


def _sell(store: Store, request: Request) -> Response:
    sku, depot, quantity, body = _pieces(request, "force")
    return Response.json(level_json(store.sell(sku, depot, quantity, force=body.get("force") is True)))


def _receive(store: Store, request: Request) -> Response:
    sku, depot, quantity, _ = _pieces(request)
    return Response.json(level_json(store.receive(sku, depot, quantity)))


def _claim(store: Store, request: Request) -> Response:
    sku, depot, quantity, _ = _pieces(request, least=0)
    return Response.json(level_json(store.claim_elsewhere(sku, depot, quantity)))


def _add_units(store: Store, request: Request) -> Response:
    body = body_of(request, required=["sku", "depot", "serials"], optional=["condition"])
    serials = texts_at(body["serials"], "#/serials", 1)
    condition = choice_at(body.get("condition", "A"), CONDITIONS, "#/condition")
    rows = store.add_units(text_at(body["sku"], "#/sku"), text_at(body["depot"], "#/depot"), serials, condition)
    return Response.json({"units": [unit_json(row) for row in rows]}, 201)


def _set_unit(store: Store, request: Request, serial: str) -> Response:
    body = body_of(request, optional=["status", "condition", "depot"])
    if "status" in body:
        choice_at(body["status"], STATUSES, "#/status")
    if "condition" in body:
        choice_at(body["condition"], CONDITIONS, "#/condition")
    if "depot" in body:
        text_at(body["depot"], "#/depot")
    return Response.json(unit_json(store.set_unit(serial, **body)))


def _seed(store: Store, request: Request) -> Response:
    body = body_of(request, optional=["levels", "units", "replace"])
    levels, units = body.get("levels", []), body.get("units", [])
    if not isinstance(levels, list) or not isinstance(units, list):
        raise invalid("#", "levels and units are lists.")
    checked = [level_of(item, f"#/levels/{place}") for place, item in enumerate(levels)]
    return Response.json(
        store.seed(
            checked,
            [unit_of(item, f"#/units/{place}") for place, item in enumerate(units)],
            replace=body.get("replace") is True,
        )
    )


def _advance(store: Store, request: Request) -> Response:
    body = body_of(request, required=["seconds"])
    store.advance(count_at(body["seconds"], "#/seconds", 0))
    return Response.json({})


def _lose_cursor(store: Store, request: Request) -> Response:
    body_of(request)
    store.lose_cursor()
    return Response.json({})


def _reset(store: Store, request: Request) -> Response:
    body_of(request)
    store.reset()
    return Response.json({})


def _state(store: Store) -> dict[str, Any]:
    return {
        "levels": [level_json(row) for row in store.levels([], None, EVERYTHING)[0]],
        "units": [unit_json(row) for row in store.units(None, None, None, EVERYTHING)[0]],
        "reservations": [reservation_json(found) for found in store.live(None, EVERYTHING)[0]],
    }


CONTROLS: dict[str, Callable[[Store, Request], Response]] = {
    "sell": _sell,
    "receive": _receive,
    "claim": _claim,
    "units": _add_units,
    "seed": _seed,
    "advance": _advance,
    "lose_cursor": _lose_cursor,
    "reset": _reset,
}
