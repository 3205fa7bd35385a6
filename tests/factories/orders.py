"""Orders as rows, without anybody having been asked. Orders that really happened come from `tests.shop`.

* OrderFactory(), OrderFactory(confirmed=True), also pending, expired, cancelled, completed
* SaleLineFactory(order=order, quantity=2), RentalFactory(line__order=order, days=(3, 9), out=True)
* ChargeFactory(order=order, amount_minor=4990), OrderEventFactory(order=order, event="pay")
"""

from datetime import date, timedelta
from typing import Any

import factory
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from factory.django import DjangoModelFactory

from core.time import today_in
from inventory.states import ReservationStatus, UnitStatus
from orders.models import (
    Charge,
    ChargeKind,
    Claim,
    Coupon,
    DeliveryRate,
    Fulfilment,
    Order,
    OrderEvent,
    OrderLine,
    Quote,
    Rental,
    RentalPhoto,
    WaitlistEntry,
)
from orders.states import ClaimStatus, OrderStatus, RentalStatus, SaleStatus
from tests.factories.accounts import UserFactory
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, ReservationFactory, UnitFactory


def _in(**distance: int) -> Any:
    return factory.LazyFunction(lambda: timezone.now() + timedelta(**distance))


class DeliveryRateFactory(DjangoModelFactory):
    class Meta:
        model = DeliveryRate

    country = "DE"
    currency = "EUR"
    amount_minor = 690


class QuoteFactory(DjangoModelFactory):
    """49.90 EUR for one thing, good for half an hour."""

    class Meta:
        model = Quote

    customer = factory.SubFactory(UserFactory)
    depot = factory.SubFactory(DepotFactory)
    currency = "EUR"
    total_minor = 4990
    tax_minor = 797
    lines = factory.LazyAttribute(
        lambda o: [
            {
                "kind": "sale",
                "sku": "BAG-1",
                "title": "Minkaro Cocoon, M sage",
                "quantity": 1,
                "unit_price_minor": o.total_minor,
                "total_minor": o.total_minor,
                "explanation": ["1 piece"],
            }
        ]
    )
    expires_at = _in(minutes=30)


class OrderFactory(DjangoModelFactory):
    """Held, and to be paid within 15 minutes."""

    class Meta:
        model = Order

    class Params:
        reserving = factory.Trait(status=OrderStatus.RESERVING)
        pending = factory.Trait(status=OrderStatus.PENDING_PAYMENT)
        confirmed = factory.Trait(status=OrderStatus.CONFIRMED, confirmed_at=_in(minutes=-1))
        completed = factory.Trait(status=OrderStatus.COMPLETED, confirmed_at=_in(days=-9))
        expired = factory.Trait(status=OrderStatus.EXPIRED, expires_at=_in(minutes=-1))
        cancelled = factory.Trait(status=OrderStatus.CANCELLED)

    customer = factory.SubFactory(UserFactory)
    depot = factory.SubFactory(DepotFactory)
    quote = factory.SubFactory(
        QuoteFactory, customer=factory.SelfAttribute("..customer"), depot=factory.SelfAttribute("..depot")
    )
    status = OrderStatus.PENDING_PAYMENT
    fulfilment = Fulfilment.PICKUP
    currency = "EUR"
    total_minor = 4990
    tax_minor = 797
    expires_at = _in(minutes=15)


class _LineFactory(DjangoModelFactory):
    class Meta:
        model = OrderLine
        abstract = True

    order = factory.SubFactory(OrderFactory, confirmed=True)
    position = factory.Sequence(lambda n: n)
    variant = factory.SubFactory(VariantFactory)
    sku = factory.SelfAttribute("variant.sku")
    title = factory.SelfAttribute("variant.title")
    quantity = 1
    unit_price_minor = 4990
    total_minor = factory.LazyAttribute(lambda o: o.quantity * o.unit_price_minor)
    tax_minor = 0
    tax_rate_bp = 1900


class SaleLineFactory(_LineFactory):
    """Paid for and not packed yet. Also ready=True."""

    class Params:
        ready = factory.Trait(status=SaleStatus.READY)

    kind = OrderLine.Kind.SALE
    status = SaleStatus.RESERVED
    reservation = factory.SubFactory(
        ReservationFactory,
        variant=factory.SelfAttribute("..variant"),
        depot=factory.SelfAttribute("..order.depot"),
        quantity=factory.SelfAttribute("..quantity"),
        committed=True,
    )


class RentalLineFactory(_LineFactory):
    kind = OrderLine.Kind.RENTAL
    unit_price_minor = 3500
    explanation = factory.LazyFunction(
        lambda: {
            "said": ["7 days"],
            "rental": {
                "start_on": "2027-05-03",
                "blocked_from": "2027-05-03",
                "rates": [[1, 900], [4, 700], [8, 500]],
                "min_days": 1,
                "max_days": 60,
                "deposit_minor": 4000,
                "late_fee_minor": 900,
                "turnaround_days": 1,
                "keep_price_minor": None,
                "keep_tax_rate_bp": 0,
                "keep_credit_percent": 50,
            },
        }
    )


RESERVED = {
    RentalStatus.OUT: ReservationStatus.SHIPPED,
    RentalStatus.RETURNED: ReservationStatus.FULFILLED,
    RentalStatus.CLOSED: ReservationStatus.FULFILLED,
}
WHERE = {RentalStatus.OUT: UnitStatus.OUT, RentalStatus.RETURNED: UnitStatus.CLEANING}


class RentalFactory(DjangoModelFactory):
    """Booked from the third to the ninth day from today; days=(first, last) says otherwise.

    ready, out, returned: with a unit (serial="..." names it) that is where it then is.
    """

    class Meta:
        model = Rental

    class Params:
        days = (3, 9)
        today = factory.LazyAttribute(lambda o: today_in(o.line.order.depot.time_zone))
        ready = factory.Trait(status=RentalStatus.READY, with_unit=True)
        out = factory.Trait(status=RentalStatus.OUT, with_unit=True, handed_over_at=_in(days=-7))
        returned = factory.Trait(status=RentalStatus.RETURNED, with_unit=True, returned_at=_in(hours=-1))
        with_unit = False
        serial = factory.Sequence(lambda n: f"R-{n:05d}")

    line = factory.SubFactory(RentalLineFactory)
    start_on = factory.LazyAttribute(lambda o: o.today + timedelta(days=o.days[0]))
    end_on = factory.LazyAttribute(lambda o: o.today + timedelta(days=o.days[1]))
    period = factory.LazyAttribute(lambda o: DateRange(o.start_on, o.end_on + timedelta(days=2)))
    reservation = factory.LazyAttribute(
        lambda o: ReservationFactory(
            variant=o.line.variant,
            depot=o.line.order.depot,
            rental=(o.start_on, o.end_on + timedelta(days=2)),
            status=RESERVED.get(o.status, ReservationStatus.COMMITTED),
            unit=o.unit if o.status in RESERVED else None,
        )
    )
    status = RentalStatus.BOOKED
    unit = factory.LazyAttribute(
        lambda o: (
            UnitFactory(
                serial=o.serial,
                variant=o.line.variant,
                depot=o.line.order.depot,
                status=WHERE.get(o.status, UnitStatus.AVAILABLE),
            )
            if o.with_unit
            else None
        )
    )


class ClaimFactory(DjangoModelFactory):
    """Waits for its customer for a week; objected=True: for staff."""

    class Meta:
        model = Claim

    class Params:
        objected = factory.Trait(status=ClaimStatus.OBJECTED, objection="It was torn before.")

    rental = factory.SubFactory(RentalFactory, returned=True)
    order = factory.SelfAttribute("rental.line.order")
    kind = ChargeKind.DAMAGE
    amount_minor = 1500
    reason = "The mesh at the door is torn."
    filed_by = "staff:1"
    answer_by = _in(days=7)


class RentalPhotoFactory(DjangoModelFactory):
    """How a unit looked when it left; claim=...: what is claimed."""

    class Meta:
        model = RentalPhoto

    rental = factory.SubFactory(RentalFactory, out=True)
    moment = factory.LazyAttribute(lambda o: "claimed" if getattr(o, "claim", None) else "handed_over")
    image = factory.django.ImageField(format="JPEG")


class ChargeFactory(DjangoModelFactory):
    class Meta:
        model = Charge

    order = factory.SubFactory(OrderFactory)
    kind = ChargeKind.SALE
    amount_minor = 4990
    actor = factory.LazyAttribute(lambda o: f"customer:{o.order.customer_id}")


class OrderEventFactory(DjangoModelFactory):
    class Meta:
        model = OrderEvent

    order = factory.SubFactory(OrderFactory)
    event = "hold"
    from_status = OrderStatus.RESERVING
    to_status = OrderStatus.PENDING_PAYMENT
    actor = "provider"


class CouponFactory(DjangoModelFactory):
    """A tenth off for everybody, once each, of old."""

    class Meta:
        model = Coupon

    code = factory.Sequence(lambda n: f"TENTH-{n:03d}")
    percent = 10
    valid_from = date(2026, 1, 1)


def waiting_for(shop: Any, *, quantity: int = 1, customer: Any = None, days: tuple[int, int] | None = None) -> Any:
    """A place in the waitlist, for the bag or, with days counted from today, for the crate; free or not."""
    return WaitlistEntry.objects.create(
        customer=customer or shop.customer,
        depot=shop.depot,
        variant=shop.crate if days else shop.bag,
        kind=OrderLine.Kind.RENTAL if days else OrderLine.Kind.SALE,
        quantity=quantity,
        currency="EUR",
        start_on=shop.day(days[0]) if days else None,
        end_on=shop.day(days[1]) if days else None,
    )
