"""Charge every claim whose days to object are over, as the hourly job does."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.commands import exit_on_bad_usage, table
from core.money import format_minor
from orders.models import Claim
from orders.services import settle_claims


class Command(BaseCommand):
    help = "Have every claim charged to which nobody objected in time; the worker does it. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument("--dry-run", action="store_true", help="only list them")

    def handle(self, *_: Any, dry_run: bool, **__: Any) -> None:
        rows = [_row(claim) for claim in settle_claims(dry_run=dry_run)]
        if rows:
            self.stdout.write(table([("order", "SKU", "for", "amount", "was to be answered by"), *rows]))
        self.stdout.write(f"{len(rows)} not objected to; {'nothing is charged' if dry_run else 'being charged'}.")


def _row(claim: Claim) -> tuple[str, ...]:
    asked = format_minor(claim.amount_minor, claim.order.currency)
    return (claim.order.number, claim.rental.line.sku, claim.kind, asked, f"{claim.answer_by:%Y-%m-%d %H:%M} UTC")
