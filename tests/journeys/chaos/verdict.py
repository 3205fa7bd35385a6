"""What must be true when all is quiet. Each check yields a sentence for everything that is wrong."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from inventory.models import Reservation, StockLevel, Unit
from inventory.selectors import pool_counts
from inventory.services import review_promises
from orders.models import Claim, LinePart, Order, Rental
from orders.services.parts import claims_of_rentals
from orders.services.placing import reservations_of
from orders.states import ClaimStatus, RentalStatus
from sandbox.inventory.server import Sandbox
from tests.journeys.chaos.customers import DOCUMENTED, Customer
from tests.journeys.chaos.floor import Floor
from tests.journeys.chaos.money import money_is_wrong
from tests.journeys.chaos.plan import COUNTED, DONE, FEW, LENT, PIECES, USES, WELCOME, Run
from tests.journeys.stack import ROOT

UNDERSTOOD = {
    "200",
    "201",
    "202",
    "204",
    "none",
}  # what a customer who follows the rules may be told, beside 409 and 503
HORIZON = 40  # days


def wrongs(run: Run, floor: Floor, customers: Collection[Customer]) -> list[str]:
    """Everything that is wrong. Reads only; the comparisons with both systems are the product's own commands."""
    found = [
        *run.tally.crashes,
        *_answers(run.tally.answers),
        *_no_order_lost(customers),
        *_claims(run.stack.ims),
        *_damage(),
        *_coupons(),
        *money_is_wrong(run),
        *_pieces(run, floor),
        *_units(run, floor),
        *_sets(),
        *_promises(floor),
    ]
    return [*found, *_drift(run, "reconcile_inventory"), *_drift(run, "reconcile_payments")]


def _answers(answers: Counter[str]) -> Iterator[str]:
    for told, many in answers.items():
        status, _, code = told.partition(" ")
        if told not in UNDERSTOOD and status != "409" and not (status == "503" and code in DOCUMENTED):
            yield f"{many} customers were answered {told}"


def _no_order_lost(customers: Collection[Customer]) -> Iterator[str]:
    promised = {number for customer in customers for number in customer.promised}
    there = dict(Order.objects.filter(number__in=promised).values_list("number", "status"))
    for number in sorted(promised - set(there)):
        yield f"order {number} was promised and is not there"


# Coupons and damage


def _coupons() -> Iterator[str]:
    """No coupon is used more often than it may be, counted from the orders that live."""
    used = Order.objects.filter(status__in=Order.LIVING).exclude(coupon=None)
    if (many := used.filter(coupon__code=FEW).count()) > USES:
        yield f"{FEW} is used {many} times, and may be {USES} times"
    firsts = Counter(used.filter(coupon__code=WELCOME).values_list("customer", flat=True))
    for customer, many in firsts.items():
        if many > 1:
            yield f"{WELCOME} made {many} first orders of {customer}"
    for order in used.prefetch_related("lines"):
        off = sum(line.discount_minor for line in order.lines.all())
        if off != order.quote.discount_minor or not off:
            yield f"{order}: its coupon takes off {off}, its quote said {order.quote.discount_minor}"


def _damage() -> Iterator[str]:
    """A claim is one charge once it is decided, or none."""
    for claim in Claim.objects.select_related("charge"):
        charged = claim.charge.amount_minor if claim.charge else None
        if charged != claim.charged_minor or (charged is not None) != (claim.status == ClaimStatus.CHARGED):
            yield f"{claim.pk} is {claim.status}: {claim.charged_minor} of {claim.amount_minor}, charged are {charged}"
        if charged is not None and charged > claim.amount_minor:
            yield f"{claim.pk}: {charged} are charged of {claim.amount_minor}"


# Claims


def _claims(ims: Sandbox) -> Iterator[str]:
    """A confirmed order has all that it needs, here and at the IMS, but for what was called off; a dead one has
    nothing."""
    called_off = set(
        claims_of_rentals(Rental.objects.filter(status=RentalStatus.CANCELLED).values_list("pk", flat=True))
    )
    for order in Order.objects.order_by("id"):
        rows = list(Reservation.objects.filter(pk__in=reservations_of(order.pk)).select_related("unit"))
        if not rows:
            yield f"{order} has no claims at all"
        for row in rows:
            there = ims.store.find(str(row.pk))
            state = there["state"] if there else "unknown"
            is_alive = order.status in DONE and row.pk not in called_off
            if (row.status, state) not in (_ALIVE if is_alive else _DEAD)[row.kind]:
                yield f"{order} is {order.status}, but its {row.kind} {row.pk} is {row.status} here, {state} there"


_ALIVE = {
    "sale": {("committed", "confirmed"), ("fulfilled", "checked_out")},
    "rental": {("committed", "confirmed"), ("shipped", "checked_out"), ("fulfilled", "checked_in")},
}
_NOTHING = {(here, there) for here in ("released", "expired") for there in ("released", "unknown")}
_DEAD = {"sale": _NOTHING, "rental": _NOTHING}


# Things


def _pieces(run: Run, floor: Floor) -> Iterator[str]:
    """Whatever came in was sold, walked out, or is still here; three counts agree on it."""
    for sku in COUNTED:
        sold = _sum(Reservation.objects.filter(variant__sku=sku, kind="sale", status__in=["shipped", "fulfilled"]))
        left = PIECES + floor.received[sku] - floor.walked_in[sku] - sold
        there = run.stack.ims.store.levels([sku], None, 10)[0][0]["on_hand"]
        here = StockLevel.objects.get(variant__sku=sku).on_hand
        if sold != floor.delivered[sku] or {left, there, here, floor.pieces[sku]} != {left} or left < 0:
            yield (
                f"{sku}: {left} should be left after {sold} sold; on the shelf {floor.pieces[sku]}, here {here}, there "
                f"{there}, delivered {floor.delivered[sku]}"
            )


def _sum(rows: Any) -> int:
    return int(rows.aggregate(n=Sum("quantity"))["n"] or 0)


def _units(run: Run, floor: Floor) -> Iterator[str]:
    """Nobody had a unit while somebody else had it, nobody will, and who has it is who we think."""
    for serial, turns in _turns().items():
        for before, after in pairwise(turns):
            if before[1] is None or before[1] > after[0]:
                yield f"{serial} was with {before[2].pk} when it was given to {after[2].pk}"
    booked = Reservation.objects.filter(status__in=["committed", "shipped"], unit__isnull=False).order_by(
        "unit", "period"
    )
    rows = list(booked)
    for one, two in pairwise(rows):
        if one.unit_id == two.unit_id and one.period.upper > two.period.lower:
            yield f"unit {one.unit_id} is set aside for {one.pk} and {two.pk} on the same days"
    here = set(Unit.objects.filter(status="out").values_list("serial", flat=True))
    there = {unit["serial"] for unit in run.stack.ims.store.units(None, None, None, 1000)[0] if unit["status"] == "out"}
    kept = set(Unit.objects.filter(status="sold").values_list("serial", flat=True))
    if not here == there == floor.with_customers - kept:
        yield f"out are {sorted(here)} here, {sorted(there)} there, {sorted(floor.with_customers - kept)} in truth"
    sold = {unit["serial"] for unit in run.stack.ims.store.units(None, None, None, 1000)[0] if unit["status"] == "sold"}
    if kept != sold or not kept <= floor.with_customers:
        yield f"kept are {sorted(kept)} here, {sorted(sold)} there, {sorted(floor.with_customers)} are with customers"


def _turns() -> dict[str, list[tuple[datetime, datetime | None, Rental]]]:
    """Who had each unit, from when to when, alone or in a set."""
    had: dict[str, list[tuple[datetime, datetime | None, Rental]]] = defaultdict(list)
    for rental in Rental.objects.filter(handed_over_at__isnull=False).order_by("handed_over_at"):
        units = Unit.objects.filter(reservations__in=claims_of_rentals([rental.pk]))
        for serial in units.values_list("serial", flat=True):
            if rental.handed_over_at is not None:
                had[serial].append((rental.handed_over_at, rental.returned_at or _over(rental), rental))
    return had


def _over(rental: Rental) -> datetime | None:
    """When something was written off that never came back."""
    lost = rental.line.order.events.filter(event="lose", subject=f"rental {rental.pk}").first()
    return lost.at if lost else None


def _sets() -> Iterator[str]:
    """A set stays together: its parts are claimed, given and given back as what leads it is."""
    rented = LinePart.objects.filter(reservation__kind="rental")
    for part in rented.select_related("reservation", "rental__reservation"):
        mine, lead = part.reservation, part.rental.reservation
        if (mine.status, mine.period.lower) != (lead.status, lead.period.lower):
            yield f"{part.sku} of {part.rental.pk} is {mine.status} {mine.period}, its set {lead.status} {lead.period}"
        if (mine.unit_id is None) != (lead.unit_id is None):
            yield f"{part.sku} of {part.rental.pk}: some of its parts have units"


def _promises(floor: Floor) -> Iterator[str]:
    """No pool has promised more than it has, but for what is marked as not to be kept, and that is marked rightly."""
    today = date.today() - timedelta(days=1)  # noqa: DTZ011 (a horizon)
    pools = {
        (level.variant_id, level.depot_id): level.variant.sku for level in StockLevel.objects.select_related("variant")
    }
    counts = pool_counts(pools, period=(today, today + timedelta(days=HORIZON)))
    for pool, sku in pools.items():
        marked = Reservation.objects.filter(variant_id=pool[0], depot_id=pool[1], misfit_at__isnull=False)
        given_up = _sum(marked.filter(kind="sale"))
        if counts[pool].sale + given_up < 0:
            yield f"{sku}: {-counts[pool].sale} pieces are promised too many, {given_up} of them marked"
        if given_up and not floor.forced[sku]:
            yield f"{sku}: {given_up} pieces are marked as missing, though nobody took any"
        for offset, free in enumerate(counts[pool].rental_by_day):
            day = today + timedelta(days=offset)
            if free + marked.filter(kind="rental", period__contains=day).count() < 0:
                yield f"{sku}: {-free} units are promised too many on {day}"
        yield from _marks(pool, sku)
    for sku in LENT:
        yield from _fits(sku)


def _marks(pool: tuple[int, int], sku: str) -> Iterator[str]:
    mine = Reservation.objects.filter(variant_id=pool[0], depot_id=pool[1], misfit_at__isnull=False)
    before = set(mine.values_list("pk", flat=True))
    with transaction.atomic():
        wanted: set[UUID] = set(review_promises(variant_id=pool[0], depot_id=pool[1]))
        transaction.set_rollback(True)
    if before != wanted:
        yield f"{sku}: marked as not to be kept are {sorted(before)}, and should be {sorted(wanted)}"


def _fits(sku: str) -> Iterator[str]:
    """Counted by hand: on no day are more rentals to be served than there are units."""
    units = Unit.objects.filter(variant__sku=sku, status__in=["available", "cleaning", "out"]).count()
    live = Reservation.objects.filter(
        variant__sku=sku, kind="rental", status__in=["committed", "shipped"], misfit_at=None
    )
    days: Counter[date] = Counter()
    for row in live:
        for offset in range((row.period.upper - row.period.lower).days):
            days[row.period.lower + timedelta(days=offset)] += 1
    for day, many in sorted(days.items()):
        if many > units:
            yield f"{sku}: {many} rentals of {units} units on {day}"


def _drift(run: Run, command: str) -> Iterator[str]:
    """`manage.py reconcile_…`, as staff would run it, without --repair."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", command, "--settle", "12"],
        cwd=ROOT, env=run.stack.worker.environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode:
        yield f"{command} ends with {done.returncode}:\n{done.stdout}{done.stderr}"
