"""Hold what is free for whoever waits for it, as the job does every ten seconds."""

from collections.abc import Iterable, Sequence

from core.commands import ClockCommand
from orders.services import next_in_line, serve_waitlist


class Command(ClockCommand):
    help = "Offer what is free to whoever is next in the waitlist. Safe to repeat, and beside the worker."
    columns = ("SKU", "depot", "pieces", "first day", "last day")
    said = "it is being offered to them"

    def due(self, *, dry_run: bool) -> Iterable[Sequence[str]]:
        found = next_in_line()
        if not dry_run:
            serve_waitlist()
        for entry in found:
            days = (str(day) if day else "-" for day in (entry.start_on, entry.end_on))
            yield entry.variant.sku, entry.depot.code, str(entry.quantity), *days
