"""JSON in and out of the stand-in. What the contract does not allow is refused with 422."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sandbox.http import Request, Response
from sandbox.inventory.db import Row
from sandbox.inventory.rules import CONDITIONS, STATUSES, Line, Refusal, Window, instant, invalid

MAX_LIMIT, MAX_SKUS, MAX_LINES, MAX_DAYS = 500, 50, 100, 731
PHRASES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 410: "Gone", 422: "Unprocessable Content", 429: "Too Many Requests",
    500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip


def problem(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    body = {
        "type": "about:blank", "title": PHRASES[refusal.status], "status": refusal.status,
        "code": refusal.code, "detail": refusal.detail, **refusal.members,
    }  # fmt: skip
    response = Response.json(body, refusal.status, headers)
    response.content_type = "application/problem+json"
    return response


# Out


def level_json(row: Row) -> dict[str, Any]:
    return {
        "sku": row["sku"], "depot": row["depot"], "on_hand": row["on_hand"],
        "reserved_elsewhere": row["reserved_elsewhere"], "as_of": instant(row["as_of"]),
    }  # fmt: skip


def unit_json(row: Row) -> dict[str, Any]:
    return {
        "serial": row["serial"], "sku": row["sku"], "depot": row["depot"], "condition": row["condition"],
        "status": row["status"], "as_of": instant(row["as_of"]),
    }  # fmt: skip


def reservation_json(found: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: found[name] for name in ("id", "state", "lines", "window", "serials_out")}
    expires_at = found["expires_at"]
    return {**body, "at": instant(found["at"]), "expires_at": instant(expires_at) if expires_at else None}


# In


def body_of(request: Request, *, required: Sequence[str] = (), optional: Sequence[str] = ()) -> dict[str, Any]:
    try:
        body = request.json()
    except (ValueError, RecursionError):
        raise Refusal(400, "not_json", "The body is not JSON.") from None
    body = {} if body is None else body
    if not isinstance(body, dict):
        raise invalid("#", "Send an object.")
    for name in required:
        if name not in body:
            raise invalid(f"#/{name}", "Required.")
    for name in body:
        if name not in {*required, *optional}:
            raise invalid(f"#/{name}", "Unknown field.")
    return body


def key_of(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise invalid("id", "The id of a reservation is a UUID.") from None


def limit_of(request: Request) -> int:
    text = request.first("limit", "100") or ""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_LIMIT):
        raise invalid("limit", f"A number from 1 to {MAX_LIMIT}.")
    return int(text)


def skus_of(request: Request) -> list[str]:
    skus = request.query.get("sku", [])
    if len(skus) > MAX_SKUS:
        raise invalid("sku", f"At most {MAX_SKUS} a call.")
    return list(skus)


def text_at(value: object, pointer: str) -> str:
    if not (isinstance(value, str) and 0 < len(value) <= 100 and value.isprintable()):
        raise invalid(pointer, "1 to 100 printable characters.")
    return value


def count_at(value: object, pointer: str, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= 1_000_000:
        raise invalid(pointer, f"A whole number, at least {least}.")
    return value


def choice_at(value: object, allowed: frozenset[str], pointer: str) -> str:
    if value not in allowed:
        raise invalid(pointer, f"One of {', '.join(sorted(allowed))}.")
    return str(value)


def texts_at(value: object, pointer: str, least: int) -> list[str]:
    if not isinstance(value, list) or not least <= len(value) <= MAX_LINES:
        raise invalid(pointer, f"A list of {least} to {MAX_LINES}.")
    return [text_at(item, f"{pointer}/{place}") for place, item in enumerate(value)]


def lines_of(value: object) -> list[Line]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LINES:
        raise invalid("#/lines", f"A list of 1 to {MAX_LINES}.")
    return [_line(item, f"#/lines/{place}") for place, item in enumerate(value)]


def _line(item: object, pointer: str) -> Line:
    if not isinstance(item, dict) or set(item) != {"sku", "depot", "quantity", "kind"}:
        raise invalid(pointer, "sku, depot, quantity, kind")
    return Line(
        text_at(item["sku"], f"{pointer}/sku"),
        text_at(item["depot"], f"{pointer}/depot"),
        count_at(item["quantity"], f"{pointer}/quantity"),
        choice_at(item["kind"], frozenset({"sale", "rental"}), f"{pointer}/kind"),
    )


def window_of(value: object) -> Window | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"start_on", "ends_before"}:
        raise invalid("#/window", "start_on, ends_before")
    try:
        window = Window(date.fromisoformat(value["start_on"]), date.fromisoformat(value["ends_before"]))
    except (TypeError, ValueError):
        raise invalid("#/window", "Dates as YYYY-MM-DD.") from None
    if not 1 <= (window.ends_before - window.start_on).days <= MAX_DAYS:
        raise invalid("#/window/ends_before", f"1 to {MAX_DAYS} days after start_on.")
    return window


def level_of(item: object, pointer: str) -> dict[str, Any]:
    if not isinstance(item, dict) or not {"sku", "depot", "on_hand"} <= set(item):
        raise invalid(pointer, "sku, depot, on_hand")
    return {
        "sku": text_at(item["sku"], f"{pointer}/sku"),
        "depot": text_at(item["depot"], f"{pointer}/depot"),
        "on_hand": count_at(item["on_hand"], f"{pointer}/on_hand", 0),
        "reserved_elsewhere": count_at(item.get("reserved_elsewhere", 0), f"{pointer}/reserved_elsewhere", 0),
    }


def unit_of(item: object, pointer: str) -> dict[str, Any]:
    if not isinstance(item, dict) or not {"serial", "sku", "depot"} <= set(item):
        raise invalid(pointer, "serial, sku, depot")
    return {
        "serial": text_at(item["serial"], f"{pointer}/serial"),
        "sku": text_at(item["sku"], f"{pointer}/sku"),
        "depot": text_at(item["depot"], f"{pointer}/depot"),
        "condition": choice_at(item.get("condition", "A"), CONDITIONS, f"{pointer}/condition"),
        "status": choice_at(item.get("status", "available"), STATUSES, f"{pointer}/status"),
    }
