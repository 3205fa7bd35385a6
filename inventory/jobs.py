"""Inventory's work in the background. Jobs run at least once; what they call is safe to repeat."""

from uuid import UUID

from core.logging import get_logger
from core.queue import Patient, app
from inventory import services
from inventory.providers.base import (
    NotFound,
    OutOfStock,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
    UnknownOutcome,
)

log = get_logger(__name__)
_WAIT = Patient(Unavailable, UnknownOutcome, RateLimited, attempts=40, longest=48)  # with its jitter, a minute


@app.task(name="inventory.sync_reservation", queue="inventory", retry=_WAIT)
def sync_reservation(*, reservation_id: str) -> None:
    """Tell the IMS what became of a reservation. A final no is listed for staff, and asked again later."""
    try:
        services.sync_reservations(reservation_ids=[UUID(reservation_id)])
    except (OutOfStock, NotFound, Refused) as no:
        log.warning("reservation_not_in_step", reservation=reservation_id, error=str(no))


@app.task(name="inventory.tell_unit", queue="inventory", retry=_WAIT)
def tell_unit(*, unit_id: int) -> None:
    """Tell the IMS what staff decided about a unit. A final no is found by reconciliation."""
    try:
        services.tell_unit(unit_id=unit_id)
    except (NotFound, Refused) as no:
        log.error("unit_not_told", unit=unit_id, error=str(no))


@app.task(name="inventory.review_promises", queue="inventory", retry=Patient())
def review_promises(*, variant_id: int, depot_id: int) -> None:
    """Find the bookings of a pool that cannot be served any more."""
    services.review_promises(variant_id=variant_id, depot_id=depot_id)


@app.periodic(cron="* * * * * */10")
@app.task(name="inventory.mirror", queue="inventory", queueing_lock="inventory.mirror", lock="inventory.mirror")
def mirror(timestamp: int) -> None:
    """Follow the IMS's counts; also enqueued by each push. The next run follows in seconds, so no retry."""
    try:
        services.mirror_changes()
    except ProviderError as error:
        log.warning("mirror_failed", error=str(error))


@app.periodic(cron="*/5 * * * *")
@app.task(name="inventory.review_overdue", queue="inventory", queueing_lock="inventory.review_overdue")
def review_overdue(timestamp: int) -> None:
    """A late unit keeps its place; whose booking it takes is found before the customer stands at the counter."""
    services.review_overdue()


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
    services.close_counted_sales()


@app.periodic(cron="*/10 * * * *")
@app.task(name="inventory.tell_untold", queue="inventory", queueing_lock="inventory.tell_untold")
def tell_untold(timestamp: int) -> None:
    """Tell again what staff decided about units and the IMS has not taken. The next run follows, so no retry."""
    try:
        services.enqueue_untold_units()
    except ProviderError as error:
        log.warning("units_not_told", error=str(error))


@app.periodic(cron="10 2 * * *")
@app.task(
    name="inventory.mirror_anew", queue="inventory", queueing_lock="inventory.mirror_anew", lock="inventory.mirror"
)
def mirror_anew(timestamp: int) -> None:
    """Read all counts once a night: what the feed told of names before they were ours comes in here at the latest."""
    try:
        services.mirror_changes(anew=True)
    except ProviderError as error:
        log.warning("mirror_failed", error=str(error))


@app.periodic(cron="40 2 * * *")
@app.task(
    name="inventory.reconcile", queue="inventory", queueing_lock="inventory.reconcile", lock="inventory.reconcile",
    retry=Patient(),
)  # fmt: skip
def reconcile(timestamp: int = 0, *, depot: str = "", sku: str = "", repair: bool = False, actor: str = "job") -> None:
    """Compare with the IMS every night, or when staff ask for it; what differs, and not being able to ask, alerts."""
    try:
        report = services.reconcile_inventory(depot=depot or None, sku=sku or None, repair=repair, actor=actor)
    except ProviderError as error:
        log.error("stock_not_compared", error=str(error), actor=actor)
        return
    if report.left:
        log.error("stock_drift", left=report.left, repaired=report.repaired, actor=actor)


@app.periodic(cron="50 3 * * *")
@app.task(
    name="inventory.forget_old_reconciliations", queue="inventory", queueing_lock="inventory.forget_old_reconciliations"
)
def forget_old_reconciliations(timestamp: int) -> None:
    """Forget comparisons after 90 days."""
    services.forget_old_reconciliations()


@app.periodic(cron="* * * * *")
@app.task(name="inventory.forget_old_changes", queue="inventory", queueing_lock="inventory.forget_old_changes")
def forget_old_changes(timestamp: int) -> None:
    """Keep short what is looked through to see whether counts have changed."""
    services.forget_old_changes()
