"""The waitlist: whoever came first has what becomes free, held by an order for half an hour (docs/adr/0026)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from catalog.buffers import Buffers
from catalog.models import RentalOffer, Variant
from catalog.selectors import drawn_by
from core.errors import DomainError, FieldError, InvalidInput, NotFound
from inventory.errors import OutOfStock
from inventory.models import Depot
from inventory.selectors import Pool, availability, fleet_sizes
from inventory.services.holds import lock_pools
from orders.errors import COUPON_REFUSED, AlreadyWaiting, CanBeHadNow, CouponUnknown, WaitlistFull
from orders.models import Coupon, Order, OrderLine, WaitlistEntry
from orders.services.cancelling import cancel_order
from orders.services.history import lock_order
from orders.services.placing import place_for
from orders.services.quotes import LineRequest, QuoteRequest, create_quote
from orders.services.soon import tell_soon
from orders.states import WAITLIST, OrderStatus, WaitlistStatus, next_status

W = WaitlistStatus
_REST = timedelta(minutes=10)  # after the IMS had none of what we believed to be free
_LONGEST = timedelta(days=90)
_A_DAY = timedelta(days=1)
_UNPAID = (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT)
_CALLED = {"start_on": "from", "end_on": "to"}  # as the waitlist calls what a quote's line does


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """What one waits for: `line` as a quote would ask for it."""

    depot: str
    line: LineRequest
    currency: str
    coupon: str = ""

    def as_quote(self) -> QuoteRequest:
        return QuoteRequest(depot=self.depot, lines=[self.line], currency=self.currency, coupon=self.coupon)


@transaction.atomic
def join_waitlist(*, customer_id: UUID, request: WaitRequest) -> WaitlistEntry:
    """A place in the line for something that is short now, and that a quote would offer were it free.

    Locks: the customer, so that two phones together get no more places than one.
    Raises: InvalidInput, CouponUnknown, CanBeHadNow, AlreadyWaiting, WaitlistFull.
    """
    User.objects.select_for_update(no_key=True).get(pk=customer_id)
    return _join(customer_id, request)


def _join(customer_id: UUID, request: WaitRequest) -> WaitlistEntry:
    """The same for a locked customer."""
    _require_short(customer_id, request)
    line = request.line
    wanted = WaitlistEntry(
        customer_id=customer_id,
        depot=Depot.objects.get(code=request.depot),
        variant=Variant.objects.get(sku=line.sku),
        kind=line.kind,
        quantity=line.quantity,
        currency=request.currency,
        start_on=line.start_on,
        end_on=line.end_on,
        acclimatisation_days=line.acclimatisation_days,
        coupon=_code_of(request.coupon),
    )
    _require_possible(wanted)
    mine = list(WaitlistEntry.objects.filter(customer_id=customer_id, status__in=WaitlistEntry.OPEN))
    for place in mine:
        if _what(place) == _what(wanted):
            raise AlreadyWaiting(entry=str(place.pk))
    if len(mine) >= settings.WAITLIST_MOST:
        raise WaitlistFull(most=settings.WAITLIST_MOST)
    wanted.save(force_insert=True)
    return wanted


def _code_of(coupon: str) -> str:
    """As staff wrote it. Raises: CouponUnknown."""
    if not coupon:
        return ""
    code = Coupon.objects.filter(code__iexact=coupon).values_list("code", flat=True).first()
    if code is None:
        raise CouponUnknown
    return code


def _what(entry: WaitlistEntry) -> tuple[object, ...]:
    return entry.variant_id, entry.depot_id, entry.kind, entry.start_on, entry.end_on


def _require_short(customer_id: UUID, request: WaitRequest) -> None:
    """Raises: InvalidInput where a quote would not do either; CanBeHadNow."""
    try:
        with transaction.atomic():
            create_quote(customer_id=customer_id, request=request.as_quote())
            raise CanBeHadNow  # and the quote is gone with this transaction
    except OutOfStock:
        return
    except InvalidInput as wrong:
        raise InvalidInput([replace(error, pointer=_pointer(error)) for error in wrong.errors]) from wrong


def _pointer(error: FieldError) -> str:
    name = error.pointer.rpartition("/")[2]
    return f"/{_CALLED.get(name, name)}" if not name.isdigit() else "/from"


def _require_possible(wanted: WaitlistEntry) -> None:
    """Raises: InvalidInput when there are not so many units even when all are back."""
    if wanted.kind != OrderLine.Kind.RENTAL:
        return
    count = fleet_sizes([wanted.variant_id], wanted.depot_id)[wanted.variant_id]
    if count < wanted.quantity:
        detail = f"There are only {count} of these for rent at this depot."
        raise InvalidInput([FieldError("/quantity", detail, "more_than_there_are")])


@transaction.atomic
def leave_waitlist(*, customer_id: UUID, entry_id: UUID) -> WaitlistEntry:
    """Give a place in the line up; what is held by it already is cancelled, and whoever is next has it.

    Locks: the entry, order, reservations. Raises: NotFound, TransitionNotAllowed.
    """
    entry = WaitlistEntry.objects.select_for_update().filter(pk=entry_id, customer_id=customer_id).first()
    if entry is None:
        raise NotFound
    if entry.order_id is not None:
        lock_order(order_id=entry.order_id)  # it may be about to be paid
    _follow(entry)
    next_status(WAITLIST, "withdraw", entry.status)
    if entry.status == W.OFFERED and entry.order_id is not None:
        cancel_order(order_id=entry.order_id, actor=f"customer:{customer_id}", note="left the waitlist")
    return _move(entry, "withdraw")


def serve_waitlist() -> int:
    """Hold what is free for whoever waits for it, the first in line first. Returns how many were offered something.

    Nobody is overtaken: what the first one waits for is not given to a later one, even when it is too little for the
    first. Who orders without waiting is another matter: what is free is free. What was offered before is followed up.
    Safe to repeat, and beside itself. Two statements when nobody waits.
    """
    for entry_id in WaitlistEntry.objects.filter(status=W.OFFERED).values_list("pk", flat=True):
        follow_offer(entry_id=entry_id)
    return sum(offer_to(entry_id=entry.pk) is not None for entry in next_in_line())


def next_in_line() -> list[WaitlistEntry]:
    """Those who could be offered something now, or whose time is over, the first in line first. Four statements."""
    now = timezone.now()
    waiting = list(
        WaitlistEntry.objects.filter(status=W.WAITING).select_related("depot", "customer", "variant").order_by("id")
    )
    free = _Free(waiting)
    passed: list[WaitlistEntry] = []
    found = []
    for entry in waiting:
        if _is_over(entry):
            found.append(entry)
        elif (entry.rests_until is None or entry.rests_until <= now) and not any(
            _compete(entry, earlier, free.days, free.drawn) for earlier in passed
        ):
            (found if free.take(entry) else passed).append(entry)
        else:
            passed.append(entry)
    return found


class _Free:
    """What is free for those who wait, counted once. Only a hint: to promise, it is counted again under the lock."""

    def __init__(self, waiting: Sequence[WaitlistEntry]) -> None:
        self.days = {entry.pk: days for entry, days in _blocked(waiting)}  # of rentals, half open
        self.drawn = drawn_by({entry.variant_id for entry in waiting}) if waiting else {}
        today = timezone.now().date()
        self._first = min((days[0] for days in self.days.values()), default=today)
        end = max((days[1] for days in self.days.values()), default=today + _A_DAY)
        pools: set[Pool] = {(entry.variant_id, entry.depot_id) for entry in waiting}
        counts = availability(pools, period=(self._first, end))
        self._pieces = {pool: count.sale for pool, count in counts.items()}
        self._units = {pool: list(count.rental_by_day) for pool, count in counts.items()}

    def take(self, entry: WaitlistEntry) -> bool:
        pool = (entry.variant_id, entry.depot_id)
        if entry.kind == OrderLine.Kind.SALE:
            if self._pieces[pool] < entry.quantity:
                return False
            self._pieces[pool] -= entry.quantity
            return True
        if entry.pk not in self.days:
            return True  # not rented any more: offering it will tell
        first, end = ((day - self._first).days for day in self.days[entry.pk])
        units = self._units[pool]
        if min(units[first:end]) < entry.quantity:
            return False
        units[first:end] = [count - entry.quantity for count in units[first:end]]
        return True


def _blocked(waiting: Sequence[WaitlistEntry]) -> Iterator[tuple[WaitlistEntry, tuple[date, date]]]:
    """The days that each rental would take, those around it included."""
    rentals = [entry for entry in waiting if entry.start_on is not None and not _is_over(entry)]
    offers = RentalOffer.objects.in_force().filter(variant__in={entry.variant_id for entry in rentals})
    of = {(offer.variant_id, offer.currency): offer for offer in offers}
    for entry in rentals:
        offer = of.get((entry.variant_id, entry.currency))
        if offer is not None and entry.first_on is not None and entry.end_on is not None:
            yield entry, Buffers(offer.prep_days, offer.turnaround_days).blocked(entry.first_on, entry.end_on)


def _wanted(entry: WaitlistEntry, drawn: Mapping[int, frozenset[tuple[int, bool]]]) -> set[tuple[int, bool]]:
    """(variant, whether pieces of it are sold)."""
    is_sale = entry.kind == OrderLine.Kind.SALE
    return {(variant_id, is_sale or not comes_back) for variant_id, comes_back in drawn[entry.variant_id]}


def _compete(
    one: WaitlistEntry,
    other: WaitlistEntry,
    days: Mapping[UUID, tuple[date, date]],
    drawn: Mapping[int, frozenset[tuple[int, bool]]],
) -> bool:
    """Both want the same pieces, or the same units on some of the same days, with those around them.

    A bundle wants those of its parts; what its rental uses up are pieces.
    """
    shared = _wanted(one, drawn) & _wanted(other, drawn)
    if one.depot_id != other.depot_id or not shared:
        return False
    if any(is_piece for _, is_piece in shared) or one.pk not in days or other.pk not in days:
        return True
    (first, end), (others_first, others_end) = days[one.pk], days[other.pk]
    return first < others_end and others_first < end


def _is_over(entry: WaitlistEntry) -> bool:
    """Needs `depot` and `customer`."""
    if not entry.customer.is_active:
        return True
    if entry.first_on is not None:
        return entry.first_on < entry.depot.today
    return entry.created_at < timezone.now() - _LONGEST


@transaction.atomic
def offer_to(*, entry_id: UUID) -> Order | None:
    """Order what somebody waits for, in their name and unpaid: it is held for WAITLIST_HOLD. None: it cannot be had.

    The order is as every other: paid it is theirs, unpaid it expires. Without the coupon, if that does not count by
    now, and the customer is told so. Once, whoever asks at the same time.
    Locks: the entry, the stock level, quote, coupon.
    """
    rows = WaitlistEntry.objects.select_for_update(of=("self",), skip_locked=True)
    entry = rows.select_related("depot", "customer", "variant").filter(pk=entry_id, status=W.WAITING).first()
    return _offer(entry) if entry is not None else None


def _offer(entry: WaitlistEntry) -> Order | None:
    """The same for a locked entry."""
    if _is_over(entry):
        _move(entry, "end")
        return None
    lock_pools((variant_id, entry.depot_id) for variant_id, _ in drawn_by([entry.variant_id])[entry.variant_id])
    earlier = WaitlistEntry.objects.filter(pk__lt=entry.pk, status=W.WAITING, depot=entry.depot_id).filter(
        Q(rests_until=None) | Q(rests_until__lte=timezone.now())
    )
    others = [other for other in earlier.select_related("depot", "customer", "variant") if not _is_over(other)]
    days = {row.pk: period for row, period in _blocked([entry, *others])}
    drawn = drawn_by({row.variant_id for row in (entry, *others)})
    if any(_compete(entry, other, days, drawn) for other in others):
        return None
    lost = ""
    try:
        try:
            order = _order_for(entry, entry.coupon)
        except COUPON_REFUSED as refusal:
            order, lost = _order_for(entry, ""), refusal.detail
    except OutOfStock:
        return None
    except DomainError:  # not offered any more, or the depot is closed on that day by now
        _move(entry, "end")
        return None
    _move(entry, "offer", order=order, told_at=None, rests_until=None, coupon_refusal=lost)
    return order


@transaction.atomic
def _order_for(entry: WaitlistEntry, coupon: str) -> Order:
    line = LineRequest(
        entry.kind, entry.variant.sku, entry.quantity, entry.start_on, entry.end_on, entry.acclimatisation_days
    )
    request = WaitRequest(entry.depot.code, line, entry.currency, coupon)
    quote = create_quote(customer_id=entry.customer_id, request=request.as_quote())
    return place_for(customer_id=entry.customer_id, quote_id=quote.pk, lifetime=settings.WAITLIST_HOLD)


@transaction.atomic
def follow_offer(*, entry_id: UUID) -> WaitlistEntry | None:
    """See what became of the order that holds what somebody waited for. Tells them once it may be paid.

    Safe to repeat. Locks: the entry. None: somebody else sees to it.
    """
    rows = WaitlistEntry.objects.select_for_update(skip_locked=True)
    entry = rows.filter(pk=entry_id, status=W.OFFERED).first()
    return _follow(entry) if entry is not None else None


def _follow(entry: WaitlistEntry) -> WaitlistEntry:
    """The same for a locked entry."""
    if entry.status != W.OFFERED or entry.order_id is None:
        return entry
    order = Order.objects.get(pk=entry.order_id)
    if order.status == OrderStatus.PENDING_PAYMENT and entry.told_at is None:
        entry.told_at = timezone.now()
        entry.save(update_fields=["told_at"])
        tell_soon("waitlist_offer", order_id=order.pk, about=order.pk)
    elif order.refusal is not None:
        _move(entry, "refuse", order=None, rests_until=timezone.now() + _REST)
    elif order.status in (OrderStatus.CONFIRMED, OrderStatus.COMPLETED):
        _move(entry, "take")
    elif order.status not in _UNPAID:
        _move(entry, "lapse")
    return entry


def _move(entry: WaitlistEntry, event: str, **fields: object) -> WaitlistEntry:
    entry.status = next_status(WAITLIST, event, entry.status)
    for name, value in fields.items():
        setattr(entry, name, value)
    entry.save(update_fields=["status", *fields])
    return entry
