"""What happens to an order after it was placed: paid, expired, cancelled, completed."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.errors import NotFound
from core.postgres.prepared import Given, PreparedUpdate
from core.time import day_after, today_in
from inventory.errors import HoldLapsed
from inventory.providers.base import NotFound as UnknownToIms
from inventory.providers.base import OutOfStock as RefusedByIms
from inventory.providers.base import Refused
from inventory.services import commit, extend_holds, release, rewin, sync_reservations, sync_soon
from orders.errors import COUPON_GONE, NotHadAnew, OrderExpired, OrderStillReserving, TransitionNotAllowed
from orders.models import Claim, Order, OrderLine, Rental
from orders.services.coupons import use_coupon
from orders.services.history import CLOCK, PROVIDER, charge_lines, lock_order, move, move_rental, move_sale, record
from orders.services.placing import give_back, reservations_of
from orders.states import ORDER, UNDECIDED, OrderStatus, RentalStatus, SaleStatus, allowed_events

_UNPAID = (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT)
_REWIN_LIFETIME = timedelta(minutes=15)


@transaction.atomic
def ready_for_payment(*, order_id: UUID, customer_id: UUID) -> Order:
    """The locked order of this customer, sure to be payable; the first time its hold is extended, once.

    Locks: order, stock levels, reservations. Raises: NotFound, OrderStillReserving, OrderExpired, TransitionNotAllowed.
    """
    order = lock_order(order_id=order_id)
    if order.customer_id != customer_id:
        raise NotFound("There is no such order, or it is not yours.")
    if order.status == OrderStatus.RESERVING:
        raise OrderStillReserving
    if order.status == OrderStatus.EXPIRED or (order.unpaid and order.expires_at <= timezone.now()):
        raise OrderExpired
    if order.status != OrderStatus.PENDING_PAYMENT:
        raise TransitionNotAllowed(event="pay", status=order.status, allowed=allowed_events(ORDER, order.status))
    if order.hold_extended_at is None:
        _extend(order)
    return order


@transaction.atomic
def ready_for_more(*, order_id: UUID, customer_id: UUID) -> Order:
    """The locked order of this customer, confirmed or completed, who pays a deposit or what came later.

    Locks: order. Raises: NotFound, TransitionNotAllowed.
    """
    order = lock_order(order_id=order_id)
    if order.customer_id != customer_id:
        raise NotFound("There is no such order, or it is not yours.")
    if order.status not in (OrderStatus.CONFIRMED, OrderStatus.COMPLETED):
        raise TransitionNotAllowed(event="pay", status=order.status, allowed=allowed_events(ORDER, order.status))
    return order


def mark_deposit_secured(order: Order, *, secured: bool) -> None:
    """Write down on a locked order whether its deposit is secured; until then nothing rented is handed out."""
    order.deposit_secured_at = timezone.now() if secured else None
    order.save(update_fields=["deposit_secured_at"])


def note_deposit(order: Order, event: str, *, actor: str, note: str) -> None:
    """Write into a locked order's history what staff did to its deposit."""
    record(order, event, order.status, order.status, actor=actor, note=note, subject="deposit")


def _extend(order: Order) -> None:
    until = max(order.expires_at, timezone.now() + settings.HOLD_EXTENSION)
    try:
        extend_holds(reservation_ids=reservations_of(order.pk), expires_at=until)
    except HoldLapsed as lapsed:
        raise OrderExpired from lapsed
    order.expires_at, order.hold_extended_at = until, timezone.now()
    _EXTENDED.save(order)


_EXTENDED = PreparedUpdate(lambda: Order.objects.filter(pk=Given("pk")), "expires_at", "hold_extended_at")


@transaction.atomic
def mark_order_paid(*, order_id: UUID, actor: str = PROVIDER) -> Order:
    """Confirm an order whose money has arrived, if its hold still lives; else let it expire.

    The caller looks at the status that comes back: only `confirmed` (or `completed`) has goods behind it.
    Safe to repeat. Locks: order, stock levels, reservations.
    """
    order = lock_order(order_id=order_id)
    if order.status != OrderStatus.PENDING_PAYMENT:
        return order
    ids = reservations_of(order.pk)
    try:
        with transaction.atomic():
            commit(reservation_ids=ids)
    except HoldLapsed:
        move(order, "expire", actor=CLOCK, note="paid too late")
        give_back(order, actor=CLOCK, reason="not paid in time", expired=True)
        return order
    move(order, "pay", actor=actor, confirmed_at=timezone.now())
    sync_soon(ids)
    return order


def hold_anew(*, order_id: UUID) -> Order:
    """Hold everything of an expired order once more, here and at the IMS, because its money came late.

    Safe to repeat. Network after one transaction. Raises: OutOfStock (ours), NotHadAnew (the IMS's final no, its days
    have begun, or its coupon is used up), and then nothing is held; ProviderError when the IMS cannot be asked now.
    """
    with transaction.atomic():
        order = lock_order(order_id=order_id)
        if order.status != OrderStatus.EXPIRED:
            return order
        ids, lost = reservations_of(order.pk), _why_lost(order)
        if not lost:
            rewin(reservation_ids=ids, expires_at=timezone.now() + _REWIN_LIFETIME)
    if lost:
        let_go_again(order_id=order_id)  # an earlier try may have held it while it could still be had
        raise NotHadAnew(lost)
    try:
        sync_reservations(reservation_ids=ids)
    except (RefusedByIms, UnknownToIms, Refused) as no:
        let_go_again(order_id=order_id)
        raise NotHadAnew("It is no longer in stock.") from no
    return order


def _why_lost(order: Order) -> str:
    """What stands in the way of an order whose money came late, apart from stock; "": nothing. Locks: coupon."""
    yesterday = day_after(today_in(order.depot.time_zone), -1)
    if Rental.objects.filter(Rental.leaves_by(yesterday), line__order=order).exists():
        return "The first day of its rental, or of its parcel, has passed."
    try:
        _use_coupon_again(order)
    except NotHadAnew as no:
        return no.detail
    return ""


def _use_coupon_again(order: Order) -> None:
    """An order that expired gave its coupon back. Locks: coupon. Raises: NotHadAnew."""
    if order.coupon_id is None:
        return
    try:
        use_coupon(coupon_id=order.coupon_id, customer_id=order.customer_id)
    except COUPON_GONE as no:
        raise NotHadAnew(no.detail) from no


@transaction.atomic
def confirm_late(*, order_id: UUID, actor: str = PROVIDER) -> Order:
    """Confirm an expired order that is held anew; its charges are written again. The caller has seen to its money.

    Safe to repeat. Locks: order, coupon, stock levels, reservations. Raises: HoldLapsed, NotHadAnew.
    """
    order = lock_order(order_id=order_id)
    if order.status != OrderStatus.EXPIRED:
        return order
    _use_coupon_again(order)
    ids = reservations_of(order.pk)
    commit(reservation_ids=ids)
    charge_lines(order, list(order.lines.all()), order.quote.delivery_minor, actor=actor, reason="paid late")
    move(order, "pay_late", actor=actor, confirmed_at=timezone.now())
    for rental in Rental.objects.filter(line__order=order).order_by("id"):
        move_rental(order, rental, "restore", actor=actor)
    for line in OrderLine.objects.filter(order=order, kind=OrderLine.Kind.SALE):
        move_sale(order, line, "restore", actor=actor)
    sync_soon(ids)
    return order


@transaction.atomic
def let_go_again(*, order_id: UUID) -> None:
    """Give back what an expired order held anew. Safe to repeat. Locks: order, reservations."""
    order = lock_order(order_id=order_id)
    if order.status == OrderStatus.EXPIRED:
        ids = reservations_of(order.pk)
        release(reservation_ids=ids)
        sync_soon(ids)


def expire_orders(*, dry_run: bool = False) -> list[Order]:
    """Expire the orders that were not paid in time. Returns them. Skips what somebody is working on.

    Each in a transaction of its own: one that kept the claims of an order while it waits for those of the next would
    take claims out of order (docs/locking.md). dry_run: only tells which.
    """
    if dry_run:
        return list(_unpaid_in_time())
    expired = []
    while (order := _expire_next()) is not None:
        expired.append(order)
    return expired


def _unpaid_in_time() -> QuerySet[Order]:
    due = Order.objects.filter(status__in=_UNPAID, expires_at__lte=timezone.now())
    return due.select_related("depot").order_by("expires_at")


@transaction.atomic
def _expire_next() -> Order | None:
    """Locks: order, reservations."""
    order = _unpaid_in_time().select_for_update(of=("self",), skip_locked=True).first()
    if order is not None:
        move(order, "expire", actor=CLOCK)
        give_back(order, actor=CLOCK, reason="not paid in time", expired=True)
    return order


@transaction.atomic
def complete_order(*, order_id: UUID, actor: str) -> Order:
    """Close an order of which everything is delivered and back. Its balance is the caller's to know: zero.

    Safe to repeat. Locks: order. Raises: TransitionNotAllowed.
    """
    order = lock_order(order_id=order_id)
    return order if order.status == OrderStatus.COMPLETED else move(order, "complete", actor=actor)


def is_delivered(order: Order) -> bool:
    """True when nothing of the order is still to be handed over, brought back or inspected, and no claim waits for an
    answer."""
    open_sales = OrderLine.objects.filter(order=order, kind=OrderLine.Kind.SALE).filter(
        status__in=[SaleStatus.RESERVED, SaleStatus.READY, SaleStatus.RETURN_REQUESTED]
    )
    return not is_renting(order) and not open_sales.exists()


def is_renting(order: Order) -> bool:
    """True while a rental of the order is to come, out or to be inspected, or a claim waits for an answer."""
    open_rentals = Rental.objects.filter(line__order=order).exclude(
        status__in=[RentalStatus.CLOSED, RentalStatus.CANCELLED, RentalStatus.KEPT, RentalStatus.LOST]
    )
    undecided = Claim.objects.filter(order=order, status__in=UNDECIDED)
    return open_rentals.exists() or undecided.exists()
