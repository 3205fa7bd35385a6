"""Compare stock with the inventory management system. Reads only."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict, astuple
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import Variant
from inventory.models import Depot
from inventory.providers.base import ProviderError
from inventory.services import reconcile_inventory
from inventory.services.reconcile import A_MIRROR_ROUND

DRIFTED, UNREACHABLE, BAD_USAGE = 1, 2, 64  # exit codes
COLUMNS = ("drift", "what", "ref", "depot", "ours", "theirs", "note")


class Command(BaseCommand):
    help = (
        "Compare levels, units and reservations with the inventory system, both ways, and change nothing. What differs "
        "is looked at again after a mirror round. Exit 0: equal, 1: drift found, 2: system unreachable."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--depot", help="only this depot, by its code")
        parser.add_argument("--sku", help="only this variant")
        parser.add_argument("--json", action="store_true", help="findings as JSON instead of a table")
        parser.add_argument(
            "--settle", type=float, default=A_MIRROR_ROUND, help="seconds until the second look (default: %(default)g)"
        )

    def handle(self, *_args: Any, depot: str | None, sku: str | None, **options: Any) -> None:
        _check_names(depot, sku)
        try:
            report = reconcile_inventory(depot=depot, sku=sku, settle=options["settle"], progress=self.stderr.write)
        except ProviderError as error:
            raise CommandError(f"The inventory system cannot be asked: {error}", returncode=UNREACHABLE) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report), indent=2))
        elif report.findings:
            self.stdout.write(_table([COLUMNS, *map(astuple, report.findings)]))
        if report.findings:
            raise CommandError(f"{len(report.findings)} differences", returncode=DRIFTED)
        self.stderr.write("equal")


def _check_names(depot: str | None, sku: str | None) -> None:
    if depot is not None and not Depot.objects.filter(code=depot).exists():
        raise CommandError(f'There is no depot "{depot}".', returncode=BAD_USAGE)
    if sku is not None and not Variant.objects.filter(sku=sku).exists():
        raise CommandError(f'There is no variant "{sku}".', returncode=BAD_USAGE)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned; the last one is not padded."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
