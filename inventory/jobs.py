"""Inventory's work in the background. Jobs run at least once; what they call is safe to repeat."""

from uuid import UUID

from core.logging import get_logger
from core.queue import Patient, app
from inventory import services
from inventory.providers.base import OutOfStock, ProviderError, RateLimited, Unavailable, UnknownOutcome

log = get_logger(__name__)
_WAIT = Patient(Unavailable, UnknownOutcome, RateLimited, attempts=40, longest=60)


@app.task(name="inventory.sync_reservation", queue="inventory", retry=_WAIT)
def sync_reservation(*, reservation_id: str) -> None:
    """Tell the IMS what became of a reservation. A refusal is marked on the row and found by reconciliation."""
    try:
        services.sync_reservations(reservation_ids=[UUID(reservation_id)])
    except OutOfStock:
        return  # marked as refused; the order's own job and staff deal with it


@app.periodic(cron="* * * * * */10")
@app.task(name="inventory.mirror", queue="inventory", queueing_lock="inventory.mirror", lock="inventory.mirror")
def mirror(timestamp: int) -> None:
    """Follow the IMS's counts; also enqueued by each push. The next run follows in seconds, so no retry."""
    try:
        services.mirror_changes()
    except ProviderError as error:
        log.warning("mirror_failed", error=str(error))


@app.periodic(cron="*/5 * * * *")
@app.task(name="inventory.keep_overdue_reserved", queue="inventory", queueing_lock="inventory.keep_overdue_reserved")
def keep_overdue_reserved(timestamp: int) -> None:
    """Units that are out past their last day stay theirs who have them."""
    services.keep_overdue_reserved()


@app.periodic(cron="* * * * *")
@app.task(name="inventory.tidy_holds", queue="inventory", queueing_lock="inventory.tidy_holds")
def tidy_holds(timestamp: int) -> None:
    """Write down that lapsed holds are lapsed; they have not counted since the instant they ended."""
    services.tidy_lapsed_holds()


@app.periodic(cron="* * * * *")
@app.task(name="inventory.sync_stragglers", queue="inventory", queueing_lock="inventory.sync_stragglers")
def sync_stragglers(timestamp: int) -> None:
    """Ask again for every reservation that the IMS should have heard of and has not acknowledged."""
    services.enqueue_stragglers()
