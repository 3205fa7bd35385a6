"""Compare money with the payment gateway, and repair what can be repaired without harm."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from core.commands import CompareCommand
from payments.providers.base import ProviderError
from payments.services import reconcile_payments
from payments.services.reconcile import Report

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


class Command(CompareCommand):
    help = (
        "Compare payments, refunds and disputes with the gateway, both ways, and find money without a confirmed order "
        "or a refund. What differs is looked at again after a moment. Changes nothing without --repair. Exit 0: equal, "
        "or all repaired; 1: differences left; 2: gateway unreachable; 64: bad usage; 70: database unreachable. "
        "docs/runbooks/money_drift.md says what each finding means."
    )
    other, away, settle_setting = "The gateway", ProviderError, "PAYMENTS_SETTLE"
    columns = ("difference", "what", "ref", "order", "ours", "theirs", "repair", "since", "result", "note")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=_moment, default="30", help="a number of days, or a day such as 2026-11-01 (default: 30)"
        )
        super().add_arguments(parser)

    def compare(self, options: Mapping[str, Any]) -> Report:
        asked = {name: options[name] for name in ("since", "repair", "settle")}
        return reconcile_payments(**asked, progress=self.stderr.write)
