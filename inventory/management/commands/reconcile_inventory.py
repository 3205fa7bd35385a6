"""Compare stock with the inventory management system, and repair what can be repaired without harm."""

from argparse import ArgumentParser
from collections.abc import Mapping
from math import isfinite
from typing import Any

from django.core.management.base import CommandError

from catalog.models import Variant
from core.commands import BAD_USAGE, CompareCommand
from inventory.models import Depot
from inventory.providers.base import ProviderError
from inventory.services import reconcile_inventory
from inventory.services.reconcile import Report


class Command(CompareCommand):
    help = (
        "Compare levels, units and reservations with the inventory system, both ways. What differs is looked at again "
        "after a mirror round. Changes nothing without --repair. Exit 0: equal, or all repaired; 1: differences left; "
        "2: system unreachable; 64: bad usage; 70: database unreachable. docs/runbooks/stock_drift.md says what each "
        "finding means."
    )
    other, away, settle_setting = "The inventory system", ProviderError, "INVENTORY_SETTLE"
    columns = ("drift", "what", "ref", "depot", "ours", "theirs", "repair", "since", "result", "note")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--depot", help="only this depot, by its code")
        parser.add_argument("--sku", help="only this variant")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options["depot"], options["sku"], options["settle"])
        super().handle(*args, **options)

    def compare(self, options: Mapping[str, Any]) -> Report:
        asked = {name: options[name] for name in ("depot", "sku", "repair", "settle")}
        return reconcile_inventory(**asked, progress=self.stderr.write)


def _check(depot: str | None, sku: str | None, settle: float) -> None:
    if depot is not None and not Depot.objects.filter(code=depot).exists():
        raise CommandError(f'There is no depot "{depot}".', returncode=BAD_USAGE)
    if sku is not None and not Variant.objects.filter(sku=sku).exists():
        raise CommandError(f'There is no variant "{sku}".', returncode=BAD_USAGE)
    if not isfinite(settle) or settle < 0:  # from Python; a shell's is parsed
        raise CommandError("--settle is a number of seconds from 0 on.", returncode=BAD_USAGE)
