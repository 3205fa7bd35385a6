"""Settle every rental that nobody came for, as the hourly job does."""

from collections.abc import Iterable, Sequence

from core.commands import ClockCommand
from orders.services import settle_no_shows


class Command(ClockCommand):
    help = "Have every rental that was not picked up settled; the worker does it. Nothing at night. Safe to repeat."
    columns = ("order", "SKU", "depot", "first day", "last day")
    said = "they are being settled"

    def due(self, *, dry_run: bool) -> Iterable[Sequence[str]]:
        for rental in settle_no_shows(dry_run=dry_run):
            order = rental.line.order
            yield order.number, rental.line.sku, order.depot.code, str(rental.start_on), str(rental.end_on)
