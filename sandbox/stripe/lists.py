"""List answers: newest first, a cursor, at most 100."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.stripe.errors import ApiError, Json, missing
from sandbox.stripe.store import Range

if TYPE_CHECKING:
    from sandbox.stripe.call import Call

_DEFAULT, _MOST, _ALL = 10, 100, -1


def page(call: Call, kind: str, *, where: Json | None = None, keep: Callable[[Json], bool] | None = None) -> Json:
    """One page of the objects of this kind that still exist.

    where: field names and values; a value of None does not filter. keep: what no field can tell.
    """
    wanted = {name: value for name, value in (where or {}).items() if value is not None}
    limit = _limit(call.params)
    part = Range(
        _ALL if keep else limit + 1,
        _cursor(call, "starting_after"),
        _cursor(call, "ending_before"),
        _created(call.params),
    )
    found = call.store.select(kind, wanted, part)
    if keep:
        found = [obj for obj in found if keep(obj)]
    has_more = len(found) > limit
    # of what is too much, the end that lies farther from the cursor goes
    found = found[-limit:] if part.newer_than else found[:limit]
    return as_list(found, call.path, has_more=has_more)


def as_list(members: list[Json], url: str, *, has_more: bool = False) -> Json:
    return {"object": "list", "data": members, "has_more": has_more, "url": url}


def _limit(params: Json) -> int:
    limit: int = params.get("limit", _DEFAULT)
    if not 1 <= limit <= _MOST:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {_MOST}"
        raise ApiError(f"This value must be {bound}.", code="parameter_invalid_integer", param="limit")
    return limit


def _cursor(call: Call, name: str) -> str | None:
    object_id: str | None = call.params.get(name)
    if object_id is not None and call.store.load(object_id) is None:
        raise missing("object", object_id, param=name, status=400)
    return object_id


def _created(params: Json) -> dict[str, int] | None:
    created: Any = params.get("created")
    if isinstance(created, int):
        return {"gte": created, "lte": created}
    return created or None
