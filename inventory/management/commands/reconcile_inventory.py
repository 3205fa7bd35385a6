"""Compare stock with the inventory management system, and repair what can be repaired without harm."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from catalog.models import Variant
from inventory.management.usage import BAD_USAGE, exit_on_bad_usage
from inventory.models import Depot
from inventory.providers.base import ProviderError
from inventory.services import reconcile_inventory
from inventory.services.reconcile import Report
from inventory.services.verdicts import Finding

DRIFTED, UNREACHABLE, NO_DATABASE = 1, 2, 70  # exit codes
COLUMNS = ("drift", "what", "ref", "depot", "ours", "theirs", "repair", "since", "result", "note")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise ArgumentTypeError(f'"{text}" is no number of seconds') from None
    if not isfinite(seconds) or seconds < 0:
        raise ArgumentTypeError("seconds from 0 on")
    return seconds


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
            type=_seconds,
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
            self.stdout.write(_table([COLUMNS, *map(_cells, report.findings)]))
        if report.left:
            raise CommandError(_summary(report), returncode=DRIFTED)
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
        finding.repair, _age(finding.since), finding.result or "-", finding.note,
    )  # fmt: skip


def _age(since: str) -> str:
    """How long both sides have differed, at most."""
    if not since:
        return "-"
    minutes = int((timezone.now() - datetime.fromisoformat(since)).total_seconds() // 60)
    for size, name in ((24 * 60, "d"), (60, "h")):
        if minutes >= size:
            return f"{minutes // size} {name}"
    return f"{max(minutes, 0)} min"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned; the last one is not padded."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
