"""Charge every rental that is late now, as the hourly job does."""

from collections.abc import Iterable, Sequence

from core.commands import ClockCommand
from orders.services import charge_late_rentals


class Command(ClockCommand):
    help = "Have every late rental charged its days; the worker does it. Safe to repeat."
    columns = ("order", "SKU", "depot", "was due back")
    said = "their days are being charged"

    def due(self, *, dry_run: bool) -> Iterable[Sequence[str]]:
        for rental in charge_late_rentals(dry_run=dry_run):
            order = rental.line.order
            yield order.number, rental.line.sku, order.depot.code, str(rental.end_on)
