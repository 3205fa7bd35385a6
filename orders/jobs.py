"""Orders' work in the background. Jobs run at least once; what they call is safe to repeat."""

from contextlib import suppress
from uuid import UUID

from core.queue import Patient, app
from inventory.providers.base import RateLimited, Unavailable, UnknownOutcome
from orders import services
from orders.errors import OrderRefused, TransitionNotAllowed


@app.task(
    name="orders.settle_reserving",
    queue="orders",
    retry=Patient(Unavailable, UnknownOutcome, RateLimited, attempts=60, longest=15),
)
def settle_reserving(*, order_id: str) -> None:
    """Go on asking the IMS for an order whose request could not wait. A refusal is written to the order."""
    try:
        services.settle_reserving(order_id=UUID(order_id))
    except OrderRefused:
        return


@app.task(name="orders.choose_anew", queue="orders", retry=Patient())
def choose_anew(*, reservation_id: str) -> None:
    """Give a rental another unit when the one that stood ready was taken from it. One that is over needs none."""
    with suppress(TransitionNotAllowed):
        services.choose_anew(reservation_id=UUID(reservation_id))


@app.task(name="orders.charge_late_days", queue="orders", retry=Patient())
def charge_late_days(*, rental_id: str) -> None:
    """Charge a late rental's days. One that came back meanwhile was charged then."""
    with suppress(TransitionNotAllowed):
        services.charge_late_days(rental_id=UUID(rental_id))


@app.periodic(cron="5 * * * *")
@app.task(name="orders.charge_late_rentals", queue="orders", queueing_lock="orders.charge_late_rentals")
def charge_late_rentals(timestamp: int) -> None:
    """Find the rentals that are late; after a pause all days that passed are charged."""
    services.charge_late_rentals()


@app.task(name="orders.settle_claim", queue="orders", retry=Patient())
def settle_claim(*, claim_id: str) -> None:
    """Charge a claim to which nobody objected in time. One that was decided meanwhile stays as it is."""
    services.settle_claim(claim_id=UUID(claim_id))


@app.periodic(cron="15 * * * *")
@app.task(name="orders.settle_claims", queue="orders", queueing_lock="orders.settle_claims")
def settle_claims(timestamp: int) -> None:
    """Find the claims whose days to object are over; after a pause all of them."""
    services.settle_claims()


@app.periodic(cron="*/10 * * * *")
@app.task(name="orders.remind", queue="orders", queueing_lock="orders.remind")
def remind(timestamp: int) -> None:
    """Remind of pickups, returns and what is late; what a pause left out is told if it is still true."""
    services.remind()


@app.task(name="orders.settle_no_show", queue="orders", retry=Patient())
def settle_no_show(*, rental_id: str) -> None:
    """Settle a rental that nobody came for. One that was handed over, or called off, meanwhile stays as it is."""
    with suppress(TransitionNotAllowed):
        services.settle_no_show(rental_id=UUID(rental_id))


@app.periodic(cron="25 * * * *")
@app.task(name="orders.settle_no_shows", queue="orders", queueing_lock="orders.settle_no_shows")
def settle_no_shows(timestamp: int) -> None:
    """Find the rentals that nobody came for."""
    services.settle_no_shows()


@app.periodic(cron="* * * * * */10")
@app.task(
    name="orders.serve_waitlist", queue="orders", queueing_lock="orders.serve_waitlist", lock="orders.serve_waitlist"
)
def serve_waitlist(timestamp: int) -> None:
    """Look what is free for whom: also a hold that simply ended frees stock, and nothing else tells of it."""
    services.serve_waitlist()


@app.periodic(cron="* * * * * */10")
@app.task(name="orders.expire_unpaid_orders", queue="orders", queueing_lock="orders.expire_unpaid_orders")
def expire_unpaid_orders(timestamp: int) -> None:
    """End the orders that were not paid in time."""
    services.expire_orders()


@app.periodic(cron="40 2 * * *")
@app.task(name="orders.recheck_rules", queue="orders", queueing_lock="orders.recheck_rules", retry=Patient())
def recheck_rules(timestamp: int = 0) -> None:
    """Judge what is ordered by the rules of airlines as they are now: every night, and when one changed."""
    services.recheck_rules()
