"""Claims on stock: made all or none under lock, dead at their expiry, won anew or not at all."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.utils import timezone

from catalog.models import Variant
from core.ids import new_id
from core.postgres import prepared_cursor
from core.postgres.prepared import Given, IsOneOf, Prepared, PreparedUpdate, insert
from inventory.errors import HoldLapsed, OutOfStock, Shortage
from inventory.ledger import Ledger
from inventory.models import Depot, Reservation, StockLevel
from inventory.packing import Booking, NoPlan, plan
from inventory.selectors import Fleet, Pool, fleets, pool_counts
from inventory.services.soon import review_soon
from inventory.services.talk import LONGEST_CALL
from inventory.states import ProviderState, ReservationKind, ReservationStatus

HELD, COMMITTED = ReservationStatus.HELD, ReservationStatus.COMMITTED
_DYING = (HELD, ReservationStatus.EXPIRED, ReservationStatus.RELEASED)  # what may have to be won anew
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a claim is a part of, for a refusal to name: so many pieces (`each`) of the part are in one of these."""

    variant_id: int
    kind: ReservationKind
    each: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What is asked for. A rental names the days it blocks, buffers inside: half open [first, end).

    turnaround_days: how many of them, at the end, a unit needs until it is ready again, however late it is. days: the
    customer's own first and last one, for a refusal to name; None: those before these. A bundle is claimed part by
    part, as it has no stock of its own; `bundle` names it.
    """

    variant_id: int
    depot_id: int
    kind: ReservationKind
    quantity: int
    period: tuple[date, date] | None = None
    turnaround_days: int = 0
    days: tuple[date, date] | None = None
    bundle: Bundle | None = None

    @property
    def pool(self) -> Pool:
        return (self.variant_id, self.depot_id)

    @property
    def days_named(self) -> tuple[date, date] | None:
        if self.days is not None or self.period is None:
            return self.days
        return self.period[0], self.period[1] - (1 + self.turnaround_days) * _A_DAY


@transaction.atomic
def hold(*, claims: Sequence[Claim], expires_at: datetime, leased_until: datetime | None = None) -> list[Reservation]:
    """Reserve everything asked for, or nothing. Returns one reservation a claim, in the order of the claims.

    leased_until: who makes them will tell the IMS, and nobody else until then (services.sync).
    Locks: the stock levels of all pools, in id order. Raises: OutOfStock, naming every claim that is short.
    """
    _win(claims)
    rows = [
        Reservation(
            variant_id=claim.variant_id,
            depot_id=claim.depot_id,
            kind=claim.kind,
            quantity=claim.quantity,
            period=DateRange(*claim.period) if claim.period else None,
            turnaround_days=claim.turnaround_days,
            status=HELD,
            expires_at=expires_at,
            sync_leased_until=leased_until,
        )
        for claim in claims
    ]
    return list(insert(rows))


@transaction.atomic
def extend_holds(*, reservation_ids: Collection[UUID], expires_at: datetime) -> None:
    """Let living holds live until `expires_at`. Locks: stock levels, reservations. Raises: HoldLapsed."""
    rows = lock_reservations(reservation_ids)
    if not all(_is_living_hold(row) for row in rows):
        raise HoldLapsed
    _LASTS.run(ids=list(reservation_ids), expires_at=expires_at)


@transaction.atomic
def commit(*, reservation_ids: Collection[UUID]) -> None:
    """Make living holds final. Safe to repeat: what is committed stays so.

    The pools are locked too: else a hold could end between this check and its commit, seen as free by somebody else.
    Locks: stock levels, reservations. Raises: HoldLapsed, and then nothing is committed.
    """
    rows = lock_reservations(reservation_ids)
    if not all(row.status == COMMITTED or _is_living_hold(row) for row in rows):
        raise HoldLapsed
    Reservation.objects.filter(pk__in=reservation_ids, status=HELD).update(status=COMMITTED, expires_at=None)


@transaction.atomic
def rewin(*, reservation_ids: Collection[UUID], expires_at: datetime) -> None:
    """Hold anew what had lapsed or was given back, in competition with everybody else; all or none.

    Living holds are only extended; what is committed or has left stays as it is. Whoever died while telling the IMS
    that it was given back may still be heard there (ADR 5).
    Locks: stock levels, reservations. Raises: OutOfStock.
    """
    rows = lock_reservations(reservation_ids)
    living = [row.pk for row in rows if _is_living_hold(row)]
    dead = [row for row in rows if row.pk not in living and row.status in _DYING]
    _win([_claim_of(row) for row in dead])
    Reservation.objects.filter(pk__in=[row.pk for row in dead]).update(
        status=HELD, expires_at=expires_at, provider_state=ProviderState.NONE, provider_period=None,
        late_release_until=Greatest(F("late_release_until"), F("sync_leased_until") + LONGEST_CALL),
    )  # fmt: skip
    Reservation.objects.filter(pk__in=living, expires_at__lt=expires_at).update(expires_at=expires_at)


@transaction.atomic
def release(*, reservation_ids: Collection[UUID], expired: bool = False) -> int:
    """Give claims back that have not left the depot. Safe to repeat. Returns how many were given back.

    A unit set aside for one goes back on the shelf. Locks: reservations only, as giving back can never oversell.
    """
    mine = Reservation.objects.filter(pk__in=reservation_ids, status__in=[HELD, COMMITTED])
    return _end(mine.select_for_update(), ReservationStatus.EXPIRED if expired else ReservationStatus.RELEASED)


@transaction.atomic
def tidy_lapsed_holds(*, grace: timedelta = timedelta(minutes=2)) -> int:
    """Mark holds that ended a while ago as expired, so that the IMS hears of it. Returns how many.

    Locks: reservations; those that somebody works on are left for the next time.
    """
    lapsed = Reservation.objects.lapsed(timezone.now() - grace)
    return _end(lapsed.select_for_update(skip_locked=True), ReservationStatus.EXPIRED)


def _end(rows: QuerySet[Reservation], status: ReservationStatus) -> int:
    """End these claims, locked in id order; pools that may now serve a misfit are looked at again."""
    found = list(rows.order_by("id").values_list("pk", "variant_id", "depot_id", "kind"))
    ended = Reservation.objects.filter(pk__in=[row[0] for row in found]).update(
        status=status, expires_at=None, unit=None, misfit_at=None
    )
    pools = {(row[1], row[2]) for row in found}
    served = {"variant_id__in": {pool[0] for pool in pools}, "depot_id__in": {pool[1] for pool in pools}}
    if found and Reservation.objects.filter(**served, misfit_at__isnull=False).exists():
        review_soon(pools)
    return ended


def close_counted_sales(rows: QuerySet[Reservation] | None = None) -> int:
    """Sales that left and that the count now contains claim nothing any more. Returns how many, of these or of all.

    Only what the IMS has checked out: until then `provider_acked_at` tells of its hold or its confirmation. Whichever
    comes last, the count or the acknowledgement, closes the sale; what fell between the two is found every minute.
    Safe to repeat; no locks, as what is closed here had ceased to count already.
    """
    as_of = StockLevel.objects.filter(variant=OuterRef("variant"), depot=OuterRef("depot")).values("as_of")
    left = (Reservation.objects.all() if rows is None else rows).filter(
        kind=ReservationKind.SALE, status=ReservationStatus.SHIPPED, provider_state=ProviderState.CHECKED_OUT
    )
    return left.filter(provider_acked_at__lte=Subquery(as_of)).update(status=ReservationStatus.FULFILLED)


def lock_pools(pools: Iterable[Pool]) -> None:
    """Take the stock levels of these pools, in id order, until the transaction ends (docs/locking.md)."""
    unique = sorted(set(pools))
    if not unique:
        return
    with prepared_cursor() as cursor:
        cursor.execute(_LOCK, [[variant for variant, _ in unique], [depot for _, depot in unique]])


# Exactly these: a filter by variants and depots would lock every variant of them at every depot of them.
_LOCK = """
SELECT l.id FROM inventory_stocklevel l
JOIN unnest(%s::bigint[], %s::bigint[]) AS pool (variant_id, depot_id) USING (variant_id, depot_id)
ORDER BY l.id FOR UPDATE OF l
"""


_LAPSED = Prepared(
    lambda: (
        Reservation.objects.lapsed(Given("now"))
        .filter(IsOneOf(F("variant_id"), Given("variants")), IsOneOf(F("depot_id"), Given("depots")))
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)
    )
)


def _win(claims: Sequence[Claim]) -> None:
    """Make sure that all claims fit, with their pools locked until the transaction ends. Raises: OutOfStock.

    Holds that are dead here and now are written down as dead: the clock of another host may say otherwise, and their
    place is about to be given away.
    """
    if not claims:
        return
    pools = {claim.pool for claim in claims}
    lock_pools(pools)
    now = timezone.now()
    variants, depots = ([pool[place] for pool in pools] for place in (0, 1))
    dead = _LAPSED.all(now=now, variants=variants, depots=depots)
    if dead:
        Reservation.objects.filter(pk__in=dead).update(status=ReservationStatus.EXPIRED)
    require_free(claims, now=now)


def lock_reservations(reservation_ids: Collection[UUID]) -> list[Reservation]:
    """Take the pools of these reservations, then the reservations, in id order, until the transaction ends."""
    ids = list(reservation_ids)
    lock_pools(_POOLS.all(ids=ids))
    rows = _LOCKED.all(ids=ids)
    if len(rows) < len(set(reservation_ids)):
        raise Reservation.DoesNotExist("Not every reservation asked for is there.")
    return rows


def _of(ids: Given) -> QuerySet[Reservation]:
    return Reservation.objects.filter(IsOneOf(F("pk"), ids))


_POOLS = Prepared(lambda: _of(Given("ids")).values_list("variant_id", "depot_id"))
_LOCKED = Prepared(lambda: _of(Given("ids")).select_for_update().order_by("id"))
_LASTS = PreparedUpdate(lambda: _of(Given("ids")), "expires_at")


def _is_living_hold(row: Reservation) -> bool:
    return row.status == HELD and not row.is_lapsed(timezone.now())


def _claim_of(row: Reservation) -> Claim:
    period = (row.period.lower, row.period.upper) if row.period else None
    return Claim(row.variant_id, row.depot_id, ReservationKind(row.kind), row.quantity, period, row.turnaround_days)


def require_free(claims: Sequence[Claim], *, now: datetime | None = None) -> None:
    """Raises OutOfStock unless all claims together fit now, each rental in one unit for all of its days.

    A promise only when the pools are locked before.
    """
    if not claims:
        return
    uneven = _require_counts(claims, now)
    if rentals := [claim for claim in claims if claim.period and claim.pool in uneven]:
        _require_plan(rentals, now)


def _require_counts(claims: Sequence[Claim], now: datetime | None) -> set[Pool]:
    """Returns the pools in which the counts are not everything."""
    wanted = _sum_up(claims)
    periods = [claim.period for claim in wanted if claim.period]
    today = timezone.now().date()
    first = min((p[0] for p in periods), default=today)
    end = max((p[1] for p in periods), default=today + _A_DAY)
    counts = pool_counts({claim.pool for claim in wanted}, period=(first, end), now=now)
    ledger = Ledger({pool: count.cut_off() for pool, count in counts.items()}, first=first)
    short: list[tuple[Claim, int]] = []
    for claim in wanted:
        free = ledger.free(claim.pool, claim.period)
        if free < claim.quantity:
            short.append((claim, free))
        else:
            ledger.take(claim.pool, claim.period, claim.quantity)
    if short:
        raise OutOfStock(_name_shortages(short))
    return {pool for pool, count in counts.items() if count.uneven}


def _require_plan(rentals: Sequence[Claim], now: datetime | None) -> None:
    """Where units are down at different times, the counts alone do not tell (inventory.packing)."""
    planned = fleets({claim.pool for claim in rentals}, now=now)
    for fleet in planned.values():
        fleet.leave_out_misfits()
    for claim in _sum_up(rentals):
        fleet = planned[claim.pool]
        fitting = _fitting(fleet, claim)
        if fitting < claim.quantity:
            raise OutOfStock(_name_shortages([(claim, fitting)]))
        fleet.bookings += _as_bookings(claim, claim.quantity)


def _fitting(fleet: Fleet, claim: Claim) -> int:
    """How many units of the claim can be served beside everything that can be served already."""
    for quantity in range(claim.quantity, 0, -1):
        try:
            plan(fleet.shelves, [*fleet.bookings, *_as_bookings(claim, quantity)])
        except NoPlan:
            continue
        return quantity
    return 0


def _as_bookings(claim: Claim, quantity: int) -> list[Booking[UUID, int]]:
    assert claim.period is not None  # noqa: S101 (rentals only)
    return [Booking(new_id(), claim.period) for _ in range(quantity)]


def _sum_up(claims: Sequence[Claim]) -> list[Claim]:
    """One claim for each thing and period, so that a shortage tells the whole of what was asked."""
    sums: dict[tuple[Any, ...], Claim] = {}
    for claim in claims:
        key = (claim.pool, claim.kind, claim.period, claim.days, claim.bundle)
        before = sums[key].quantity if key in sums else 0
        sums[key] = replace(claim, quantity=before + claim.quantity)
    return list(sums.values())


def _name_shortages(short: Sequence[tuple[Claim, int]]) -> list[Shortage]:
    """What is short, as it was asked for: of a bundle as many as the scarcest of its parts is enough for."""
    found: dict[tuple[Any, ...], Shortage] = {}
    asked = [(claim.bundle or Bundle(claim.variant_id, claim.kind, 1), claim, free) for claim, free in short]
    skus = dict(Variant.objects.filter(pk__in={whole.variant_id for whole, *_ in asked}).values_list("pk", "sku"))
    codes = dict(Depot.objects.filter(pk__in={c.depot_id for c, _ in short}).values_list("pk", "code"))
    for whole, claim, free in asked:
        first_on, last_on = (day.isoformat() for day in claim.days_named) if claim.days_named else (None, None)
        one = Shortage(
            sku=skus[whole.variant_id],
            depot=codes[claim.depot_id],
            kind=whole.kind,
            requested=claim.quantity // whole.each,
            available=free // whole.each,
            first_on=first_on,
            last_on=last_on,
        )
        key = (one.sku, one.depot, one.kind, first_on, last_on)
        before = found.get(key)
        if before is None or one.available < before.available:
            found[key] = one
    return list(found.values())
