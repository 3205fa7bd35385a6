"""Judge what is ordered by the rules of airlines as they are now, as the job does every night."""

from collections.abc import Iterable, Sequence

from core.commands import ClockCommand
from orders.services import recheck_rules


class Command(ClockCommand):
    help = "Find the orders that fit their flights less well than was told. Safe to repeat: each change is told once."
    columns = ("order", "SKU", "flight", "was told", "now", "why")
    said = "their customers are being told"

    def due(self, *, dry_run: bool) -> Iterable[Sequence[str]]:
        for one in recheck_rules(dry_run=dry_run):
            flight = f"{one.leg['airline']} {one.leg['on']}"
            yield one.order.number, one.line.sku, flight, one.before["answer"], one.now["answer"], one.now["reason"]
