"""The rules that are delivered, as `catalog.fit` takes them, without a database, and as rows that are fresh."""

import csv
from dataclasses import fields
from datetime import date
from typing import Any

from django.utils import timezone

from catalog import models
from catalog.fit import CabinRule, HoldRule, Rules
from catalog.resources import OUR_RULES, import_airline_rules

_TEXTS = {"airline", "aircraft", "cabin", "shell", "note", "source", "trust", "version"}


def _read(name: str, kind: type[Any]) -> list[Any]:
    with (OUR_RULES / f"{name}.csv").open(encoding="utf-8") as file:
        return [kind(**_typed(kind, row | {"version": f"{name}:{n}"})) for n, row in enumerate(csv.DictReader(file))]


def _typed(kind: type[Any], row: dict[str, str]) -> dict[str, Any]:
    return {field.name: _value(field.name, row[field.name]) for field in fields(kind)}


def _value(name: str, told: str) -> Any:
    if name in _TEXTS:
        return told
    if name in ("valid_from", "checked_on"):
        return date.fromisoformat(told)
    number = int(told) if told else None
    return bool(number) if name in ("allowed", "snub_nosed") else number


RULES = Rules(_read("cabin_rules", CabinRule), _read("hold_rules", HoldRule))


def import_fresh_rules() -> None:
    """As if somebody had read them all again today: whichever day the tests run, none is too old to be believed."""
    import_airline_rules(OUR_RULES)
    for kind in (models.CabinRule, models.HoldRule):
        kind.objects.update(checked_on=timezone.now().date())
