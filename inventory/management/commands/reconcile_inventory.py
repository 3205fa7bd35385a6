"""Compare stock with the inventory management system, and repair what can be repaired without harm."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from math import isfinite
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

from catalog.models import Variant
from core.commands import BAD_USAGE, DIFFERENT, NO_DATABASE, UNREACHABLE, age, exit_on_bad_usage, seconds, table
from inventory.models import Depot
from inventory.providers.base import ProviderError
from inventory.services import reconcile_inventory
from inventory.services.reconcile import Report
from inventory.services.verdicts import Finding

COLUMNS = ("drift", "what", "ref", "depot", "ours", "theirs", "repair", "since", "result", "note")


class Command(BaseCommand):
    help = (
        "Compare levels, units and reservations with the inventory system, both ways. What differs is looked at again "
        "after a mirror round. Changes nothing without --repair. Exit 0: equal, or all repaired; 1: differences left; "
        "2: system unreachable; 64: bad usage; 70: database unreachable. docs/runbooks/stock_drift.md says what each "
        "finding means."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument("--depot", help="only this depot, by its code")
        parser.add_argument("--sku", help="only this variant")
        parser.add_argument("--repair", action="store_true", help="repair what can be without harm, and look again")
        parser.add_argument("--json", action="store_true", help="the report as JSON instead of a table")
        parser.add_argument(
            "--settle",
            type=seconds,
            default=settings.INVENTORY_SETTLE,
            help="seconds until the second look (default: %(default)g)",
        )

    def handle(self, *_args: Any, depot: str | None, sku: str | None, **options: Any) -> None:
        _check(depot, sku, options["settle"])
        try:
            report = reconcile_inventory(
                depot=depot, sku=sku, repair=options["repair"], settle=options["settle"], progress=self.stderr.write
            )
        except ProviderError as error:
            raise CommandError(f"The inventory system cannot be asked: {error}", returncode=UNREACHABLE) from error
        except (OperationalError, InterfaceError) as error:
            raise CommandError(
                f"The database cannot be asked: {type(error).__name__}", returncode=NO_DATABASE
            ) from error
        if options["json"]:
            self.stdout.write(json.dumps({**asdict(report), "left": report.left}, indent=2))
        elif report.findings:
            self.stdout.write(table([COLUMNS, *map(_cells, report.findings)]))
        if report.left:
            raise CommandError(_summary(report), returncode=DIFFERENT)
        self.stderr.write(_summary(report) if report.findings else "equal")


def _check(depot: str | None, sku: str | None, settle: float) -> None:
    if depot is not None and not Depot.objects.filter(code=depot).exists():
        raise CommandError(f'There is no depot "{depot}".', returncode=BAD_USAGE)
    if sku is not None and not Variant.objects.filter(sku=sku).exists():
        raise CommandError(f'There is no variant "{sku}".', returncode=BAD_USAGE)
    if not isfinite(settle) or settle < 0:  # from Python; a shell's is parsed
        raise CommandError("--settle is a number of seconds from 0 on.", returncode=BAD_USAGE)


def _summary(report: Report) -> str:
    counts = f"{report.left} differences left" if report.left else "all differences are repaired"
    return f"{counts}, {report.repaired} repaired" if report.repaired else f"{counts}"


def _cells(finding: Finding) -> tuple[str, ...]:
    return (
        finding.drift, finding.what, finding.ref, finding.depot, finding.ours or "-", finding.theirs or "-",
        finding.repair, age(finding.since), finding.result or "-", finding.note,
    )  # fmt: skip
