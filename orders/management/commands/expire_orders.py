"""End the orders that were not paid in time, as the job does every ten seconds."""

from collections.abc import Iterable, Sequence

from core.commands import ClockCommand
from orders.services import expire_orders


class Command(ClockCommand):
    help = "End every order that was not paid in time. What somebody works on is left for the next time."
    columns = ("order", "depot", "status", "had to be paid until")
    said = "they have expired"

    def due(self, *, dry_run: bool) -> Iterable[Sequence[str]]:
        for order in expire_orders(dry_run=dry_run):
            until = order.expires_at.isoformat(timespec="seconds")
            yield order.number, order.depot.code, str(order.status), until
