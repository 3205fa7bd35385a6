"""Remind customers of what is due now, as the job does every ten minutes."""

from collections.abc import Iterable, Sequence

from core.commands import ClockCommand
from orders.services import remind


class Command(ClockCommand):
    help = "Have customers reminded of pickups, returns and what is late; the worker does it. Nothing at night."
    columns = ("order", "depot", "day", "rentals", "reminder")
    said = "their customers are being told"

    def due(self, *, dry_run: bool) -> Iterable[Sequence[str]]:
        for one in remind(dry_run=dry_run):
            yield one.order.number, one.order.depot.code, str(one.day), str(len(one.rentals)), one.kind.label.lower()
