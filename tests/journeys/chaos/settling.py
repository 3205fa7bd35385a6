"""The quiet after the load: everybody has gone home, nothing fails any more, and the shop comes to rest by itself."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from core.queue import enqueue
from inventory.models import OUT_OF_STEP, Feed, Reservation, Unit
from orders.errors import TransitionNotAllowed
from orders.models import Claim, Order, WaitlistEntry
from orders.services import leave_waitlist
from orders.states import UNDECIDED, ClaimStatus
from payments.models import Deposit, Payment, ProviderEvent, Refund
from payments.selectors import balance
from payments.states import PaymentStatus
from tests.journeys.chaos.bank import Bank
from tests.journeys.chaos.office import Office
from tests.journeys.chaos.plan import Run

UNPAID = ("reserving", "pending_payment")
HOURLY = (
    "payments.reconcile_refunds", "payments.reconcile_disputes", "payments.reconcile_old",
    "payments.catch_up_on_documents", "payments.renew_ending_holds", "payments.secure_due_deposits",
    "payments.watch_money", "orders.settle_claims",
)  # fmt: skip


def let_everybody_lapse() -> None:
    """Time passes: the holds of all who have not paid are over, and so are the days to object to a claim. It saves
    waiting for the clock."""
    ended = timezone.now() - timedelta(minutes=5)
    Reservation.objects.filter(status="held").update(expires_at=ended)
    Order.objects.filter(status__in=UNPAID).update(expires_at=ended)
    Claim.objects.filter(status=ClaimStatus.OPEN).update(answer_by=ended)


def let_nobody_wait() -> None:
    """Whoever still waits goes home, and gives back what is held for them; the worker may be at it too."""
    for entry in WaitlistEntry.objects.filter(status__in=WaitlistEntry.OPEN):
        with suppress(TransitionNotAllowed):
            leave_waitlist(customer_id=entry.customer_id, entry_id=entry.pk)


def let_an_hour_pass() -> None:
    """What is done every hour is done now: it finds what lost webhooks would have told."""
    for task in HOURLY:
        enqueue(task, once=task, timestamp=int(time.time()))


def settle(run: Run, office: Office, bank: Bank) -> tuple[float, list[str]]:
    """Wait until nothing moves, while banks and staff finish what was begun. Returns the seconds it took, and what
    still moved when patience ended.
    """
    began = time.monotonic()
    let_everybody_lapse()
    let_an_hour_pass()
    calm, hours = 0, 1
    while True:
        bank.finish()
        office.finish()
        let_nobody_wait()
        moving = list(unrest(run))
        if not moving and hours < 2:  # the second one finds what the first one has stirred
            let_an_hour_pass()
            hours += 1
            continue
        calm = 0 if moving else calm + 1
        took = time.monotonic() - began
        if calm == 2 or took > run.plan.quiet:
            return took, moving
        time.sleep(1)


def unrest(run: Run) -> Iterator[str]:
    """What the shop has still to do by itself."""
    waiting = {
        "unpaid orders": Order.objects.filter(status__in=UNPAID).count(),
        "reservations not in step": Reservation.objects.filter(OUT_OF_STEP).count(),
        "sales that the count does not contain": Reservation.objects.filter(kind="sale", status="shipped").count(),
        "units of which the IMS has not heard": Unit.objects.filter(decided_here=True).count(),
        "claims not decided": Claim.objects.filter(status__in=UNDECIDED).count(),
        "places in the waitlist": WaitlistEntry.objects.filter(status__in=WaitlistEntry.OPEN).count(),
        "open payments": _open_payments(),
        "refunds under way": Refund.objects.filter(status__in=["requested", "pending"]).count(),
        "gateway events not looked at": ProviderEvent.objects.filter(status="received").count(),
        "orders to which the shop owes": sum(balance(pk) < 0 for pk in Order.objects.values_list("pk", flat=True)),
        "ended deposits not in step": _deposits_out_of_step(),
        "changes of the IMS not read": _unread(run),
        "jobs": _jobs(),
    }
    for what, many in waiting.items():
        if many:
            yield f"{many} {what}"


def _open_payments() -> int:
    """Without deposits and extras that wait for their customer, who has gone home."""
    waiting = Payment.objects.filter(status__in=Payment.LIVE, parked_reason="")
    for_owner = Q(purpose=Payment.Purpose.EXTRA, status=PaymentStatus.PENDING)
    return waiting.exclude(Q(deposit__status__in=Deposit.LIVE) | for_owner).count()


def _deposits_out_of_step() -> int:
    ended = Deposit.objects.exclude(status__in=Deposit.LIVE).prefetch_related("payments")
    return sum(any(p.secures_minor > deposit.stays_of(p) for p in deposit.payments.all()) for deposit in ended)


def _unread(run: Run) -> int:
    epoch_and_place = Feed.objects.values_list("cursor", flat=True).get(pk="ims")
    return run.stack.ims.store.latest() - int(epoch_and_place.rpartition(".")[2] or 0)


def _jobs() -> int:
    """That are due; one that waits for its next try does what somebody else has done meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND (args->>'timestamp' IS NULL OR task_name = ANY(%s))"
            " AND (scheduled_at IS NULL OR scheduled_at <= now())",
            [list(HOURLY)],
        )
        return int(cursor.fetchone()[0])
