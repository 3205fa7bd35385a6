"""How the stand-in shows its rows: filters, pages, and the fields that an adapter reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlencode

from sandbox.http import Request
from sandbox.inventree.orders import Store
from sandbox.inventree.rules import OPEN, Row, invalid, truth

Filter = Callable[[Store, Row, str], bool]


def _same(field: str) -> Filter:
    return lambda _store, row, value: str(row[field]) == value


def _flag(test: Callable[[Store, Row], bool]) -> Filter:
    return lambda store, row, value: test(store, row) == truth(value)


def _within(store: Store, row: Row, value: str) -> bool:
    return row["location"] in store.beneath(int(value))


def _of_order(store: Store, row: Row, value: str) -> bool:
    return str(store.get("line", row["line"])["order"]) == value


def _mentions(_store: Store, row: Row, value: str) -> bool:
    return any(value.lower() in str(row[field]).lower() for field in ("reference", "customer_reference", "description"))


def _since(_store: Store, row: Row, value: str) -> bool:
    return str(row.get("updated", row.get("creation_date", ""))) >= value


def _status(_store: Store, row: Row, value: str) -> bool:
    return bool(row["status"] == int(value))


FILTERS: Mapping[str, Mapping[str, Filter]] = {
    "part": {
        "IPN": _same("IPN"),
        "salable": _flag(lambda _s, row: row["salable"]),
        "active": _flag(lambda _s, row: row["active"]),
        "trackable": _flag(lambda _s, row: row["trackable"]),
    },
    "location": {"name": _same("name")},
    "company": {"name": _same("name"), "is_customer": _flag(lambda _s, row: row["is_customer"])},
    "stock": {
        "part": _same("part"),
        "serial": _same("serial"),
        "customer": _same("customer"),
        "sales_order": _same("sales_order"),
        "status": _status,
        "location": _within,
        "updated_after": _since,
        "serialized": _flag(lambda _s, row: row["serial"] is not None),
        "in_stock": _flag(lambda store, row: store.in_stock(row)),
        "available": _flag(lambda store, row: store.is_available(row)),
    },
    "track": {"item": _same("item")},
    "order": {
        "reference": _same("reference"),
        "customer": _same("customer"),
        "status": _status,
        "search": _mentions,
        "updated_after": _since,
        "outstanding": _flag(lambda _s, row: row["status"] in OPEN),
    },
    "line": {
        "order": _same("order"),
        "part": _same("part"),
        "order_outstanding": _flag(lambda store, row: store.get("order", row["order"])["status"] in OPEN),
    },
    "allocation": {
        "order": _of_order,
        "item": _same("item"),
        "outstanding": _flag(lambda store, row: store._is_live(row)),
    },
    "shipment": {"order": _same("order")},
}


def _check(request: Request) -> None:
    """`updated_after` takes a day and no instant, `status` a number."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", request.first("updated_after") or "2000-01-01"):
        raise invalid(updated_after="Enter a valid date.")
    if not (request.first("status") or "0").isdigit():
        raise invalid(status="Enter a number.")


def listed(store: Store, request: Request, table: str) -> object:
    """A page; without a limit, a bare array of everything."""
    _check(request)
    rows: Iterable[Row] = list(store.rows(table))
    for name, values in request.query.items():
        if test := FILTERS[table].get(name):
            rows = [row for row in rows if test(store, row, values[0])]
    ordering = request.first("ordering") or "pk"
    key = ordering.lstrip("-")
    if key not in {"pk", "date"}:
        key = "pk"
    found = sorted(rows, key=lambda row: (row.get(key), row["pk"]), reverse=ordering.startswith("-"))
    limit, offset = request.first("limit"), int(request.first("offset") or 0)
    if limit is None:
        return [shown(store, table, row, request) for row in found]
    part = found[offset : offset + int(limit)]
    after, before = offset + int(limit), max(offset - int(limit), 0)
    return {
        "count": len(found),
        "next": _page(request, after) if after < len(found) else None,
        "previous": _page(request, before) if offset else None,
        "results": [shown(store, table, row, request) for row in part],
    }


def _page(request: Request, offset: int) -> str:
    query = {name: values[0] for name, values in request.query.items()} | {"offset": str(offset)}
    return f"http://{request.headers.get('Host', '127.0.0.1')}{request.path}?{urlencode(query)}"


def shown(store: Store, table: str, row: Row, request: Request | None = None) -> Row:
    more = SHOWN.get(table)
    return row | more(store, row, request) if more else dict(row)


def _stock(store: Store, row: Row, _request: Request | None) -> Row:
    return {"allocated": store.allocated(row), "in_stock": store.in_stock(row)}


def _part(store: Store, row: Row, _request: Request | None) -> Row:
    items = [item for item in store.rows("stock") if item["part"] == row["pk"]]
    stock = sum(item["quantity"] for item in items if store.in_stock(item))
    promised = sum(store.allocated(item) for item in items)
    wanted = sum(
        line["quantity"] - line["shipped"]
        for line in store.rows("line")
        if line["part"] == row["pk"] and store.get("order", line["order"])["status"] in OPEN
    )
    return {
        "in_stock": stock,
        "total_in_stock": stock,
        "unallocated_stock": stock - promised,
        "allocated_to_sales_orders": promised,
        "required_for_sales_orders": wanted,
    }


def _line(store: Store, row: Row, _request: Request | None) -> Row:
    return {"allocated": sum(a["quantity"] for a in store.rows("allocation") if a["line"] == row["pk"])}


def _allocation(store: Store, row: Row, request: Request | None) -> Row:
    line, item = store.get("line", row["line"]), store.get("stock", row["item"])
    order = store.get("order", line["order"])
    asked = request is not None and truth(request.first("order_detail") or "")
    more = {"order_detail": dict(order)} if asked else {}
    return {"order": order["pk"], "part": item["part"], "location": item["location"], "serial": None, **more}


def requirements(store: Store, pk: int) -> Row:
    part = shown(store, "part", store.get("part", pk))
    return {
        "total_stock": part["in_stock"],
        "unallocated_stock": part["unallocated_stock"],
        "allocated_to_sales_orders": part["allocated_to_sales_orders"],
        "required_for_sales_orders": part["required_for_sales_orders"],
    }


SHOWN: Mapping[str, Callable[[Store, Row, Request | None], Row]] = {
    "stock": _stock,
    "part": _part,
    "line": _line,
    "allocation": _allocation,
}
