"""Charge every rental that is late now, as the hourly job does."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.commands import exit_on_bad_usage, table
from orders.services import charge_late_rentals


class Command(BaseCommand):
    help = "Have every late rental charged its days; the worker does it. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument("--dry-run", action="store_true", help="only list who is late")

    def handle(self, *_: Any, dry_run: bool, **__: Any) -> None:
        late = charge_late_rentals(dry_run=dry_run)
        rows = [(r.line.order.number, r.line.sku, r.line.order.depot.code, str(r.end_on)) for r in late]
        if rows:
            self.stdout.write(table([("order", "SKU", "depot", "was due back"), *rows]))
        self.stdout.write(f"{len(rows)} late; {'nothing is charged' if dry_run else 'their days are being charged'}.")
