"""The rules that are delivered, as `catalog.fit` takes them, without a database, and as rows that are fresh."""

import csv
from dataclasses import fields
from datetime import date
from typing import Any

from django.utils import timezone

from catalog import models
from catalog.fit import CabinRule, HoldRule, Rules
from catalog.resources import OUR_RULES
from catalog.services import recheck_soon

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
    """As if somebody had read them all again today: whichever day the tests run, none is too old to be believed.

    The rows that an import makes, without its third of a second: test_airline_rules.py imports them.
    """
    with (OUR_RULES / "airlines.csv").open(encoding="utf-8") as file:
        airlines = models.Airline.objects.bulk_create(models.Airline(**row) for row in csv.DictReader(file))
    known = {airline.code: airline for airline in airlines}
    fresh = {"checked_on": timezone.now().date()}
    for kind, rules in ((models.CabinRule, RULES.cabin), (models.HoldRule, RULES.hold)):
        kind.objects.bulk_create(
            kind(**{name: getattr(rule, name) for name in _told(rule)}, **fresh, airline=known.get(rule.airline))
            for rule in rules
        )
    recheck_soon()


def _told(rule: CabinRule | HoldRule) -> set[str]:
    return {field.name for field in fields(rule)} - {"airline", "checked_on", "version"}
