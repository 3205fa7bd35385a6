"""Compare money with the payment gateway, and repair what can be repaired without harm."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from core.commands import DIFFERENT, NO_DATABASE, UNREACHABLE, age, exit_on_bad_usage, seconds, table
from payments.providers.base import ProviderError
from payments.services import reconcile_payments
from payments.services.reconcile import Report
from payments.services.verdicts import Finding

COLUMNS = ("difference", "what", "ref", "order", "ours", "theirs", "repair", "since", "result", "note")
_MOST_DAYS = 3_650


def _moment(text: str) -> datetime:
    """A number of days, or the beginning of a day (UTC)."""
    if text.isdecimal() and 0 < int(text) <= _MOST_DAYS:
        return timezone.now() - timedelta(days=int(text))
    try:
        moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f'"{text}" is neither a number of days nor a day such as 2026-11-01') from None
    if moment > timezone.now():
        raise ArgumentTypeError("a day that has begun")
    return moment


class Command(BaseCommand):
    help = (
        "Compare payments, refunds and disputes with the gateway, both ways, and find money without a confirmed order "
        "or a refund. What differs is looked at again after a moment. Changes nothing without --repair. Exit 0: equal, "
        "or all repaired; 1: differences left; 2: gateway unreachable; 64: bad usage; 70: database unreachable. "
        "docs/runbooks/money_drift.md says what each finding means."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument(
            "--since", type=_moment, default="30", help="a number of days, or a day such as 2026-11-01 (default: 30)"
        )
        parser.add_argument("--repair", action="store_true", help="repair what can be without harm, and look again")
        parser.add_argument("--json", action="store_true", help="the report as JSON instead of a table")
        parser.add_argument(
            "--settle",
            type=seconds,
            default=settings.PAYMENTS_SETTLE,
            help="seconds until the second look (default: %(default)g)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = reconcile_payments(
                since=options["since"],
                repair=options["repair"],
                settle=options["settle"],
                progress=self.stderr.write,
            )
        except ProviderError as error:
            raise CommandError(f"The gateway cannot be asked: {error}", returncode=UNREACHABLE) from error
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


def _summary(report: Report) -> str:
    counts = f"{report.left} differences left" if report.left else "all differences are repaired"
    return f"{counts}, {report.repaired} repaired" if report.repaired else counts


def _cells(finding: Finding) -> tuple[str, ...]:
    return (
        finding.difference, finding.what, finding.ref, finding.order or "-", finding.ours or "-", finding.theirs or "-",
        finding.repair, age(finding.since), finding.result or "-", finding.note,
    )  # fmt: skip
