"""The rules of airlines as `catalog.fit` wants them, read in one statement."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar

from catalog.fit import CabinRule, HoldRule, Rules
from catalog.version import CATALOG_VERSION
from core.postgres import prepared_cursor

_R = TypeVar("_R", CabinRule, HoldRule)

_OF_AIRLINES = f"""
SELECT a.code, '',
       (SELECT coalesce(json_agg(to_json(r) ORDER BY r.id), '[]') FROM catalog_cabinrule r WHERE r.airline_id = a.id),
       (SELECT coalesce(json_agg(to_json(r) ORDER BY r.id), '[]') FROM catalog_holdrule r WHERE r.airline_id = a.id)
FROM catalog_airline a WHERE a.code = ANY(%(codes)s)
UNION ALL
SELECT '', {CATALOG_VERSION}, '[]', (SELECT coalesce(json_agg(to_json(r) ORDER BY r.id), '[]') FROM catalog_holdrule r
                                     WHERE r.airline_id IS NULL)
"""  # noqa: S608 (constants only)


def rules_of(codes: Collection[str]) -> tuple[Rules, set[str]]:
    """Every version of the rules of these airlines and of those for all, and which airlines we know. One statement."""
    with prepared_cursor() as cursor:
        cursor.execute(_OF_AIRLINES, {"codes": list(codes)})
        found = cursor.fetchall()
    cabin = [_rule(CabinRule, "cabin", code, row) for code, _, rows, _ in found for row in rows]
    hold = [_rule(HoldRule, "hold", code, row) for code, _, _, rows in found for row in rows]
    return Rules(cabin, hold, found[-1][1]), {code for code, *_ in found if code}


def _rule(kind: type[_R], name: str, airline: str, row: Mapping[str, Any]) -> _R:
    told = {field.name: row[field.name] for field in fields(kind) if field.name in row}
    days = {name: date.fromisoformat(row[name]) for name in ("valid_from", "checked_on")}
    return kind(**{**told, **days, "airline": airline, "version": f"{name}:{row['id']}"})
