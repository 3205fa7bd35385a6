"""An ordinary day of the shop, as its staff would find it in the morning."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import time_machine
from django.utils import timezone

from accounts.models import User
from catalog.models import Variant
from inventory.models import Depot, Unit
from orders.models import ChargeKind, Order, OrderLine, Rental
from orders.services import hand_over_rental, prepare_rental, prepare_sale
from orders.states import RentalStatus
from payments.models import Payment
from payments.services import issue_documents
from tests.factories.accounts import AddressFactory, UserFactory
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory
from tests.factories.orders import (
    ChargeFactory,
    DeliveryRateFactory,
    OrderEventFactory,
    OrderFactory,
    RentalFactory,
    RentalLineFactory,
    SaleLineFactory,
)
from tests.factories.payments import PaymentFactory, ProviderEventFactory, RefundFactory
from tests.shop import Shop

PEOPLE = ("Jonas Weber", "Aylin Demir", "Clara Neumann", "Tomasz Kowalski", "Lea Martin", "Noah Fischer", "Sofia Rossi",
          "Emil Hansen", "Hannah Winter", "Milan Novak", "Ida Lindqvist")  # fmt: skip
# name, brand, SKU, size, colour
CABIN = ("Alpaca Cabin", "Minkaro", "ALP-CAB-M", "M", "slate")
BACKPACK = ("Fjord Backpack", "Pawlane", "FJO-BPK-S", "S", "moss")
HARBOUR = ("Harbour 50", "Kittivo", "HAR-50-L", "L", "sand")
KESTREL = ("Kestrel Sky", "Minkaro", "KES-SKY-L", "L", "anthracite")
# state of an order, days ago, euro cents, what of it is sold
ORDERS: tuple[tuple[str, float, int, dict[str, Any]], ...] = (
    ("reserving", 0.001, 6490, {}),
    ("pending", 0.005, 12980, {"quantity": 2}),
    ("confirmed", 0.2, 6490, {}),
    ("confirmed", 0.4, 12980, {"quantity": 2, "ready": True}),
    ("expired", 0.7, 6490, {"status": "cancelled"}),
    ("confirmed", 0.9, 6490, {"ready": True}),
    ("cancelled", 1.3, 6490, {"status": "cancelled"}),
    ("completed", 6.1, 6490, {"status": "collected"}),
    ("completed", 8.4, 19470, {"quantity": 3, "status": "collected"}),
)
# days of a rental from today, and where it stands
RENTALS = (
    ((-9, -2), "out", KESTREL),
    ((-6, 0), "out", HARBOUR),
    ((-4, 0), "out", BACKPACK),
    ((-8, -1), "returned", HARBOUR),
    ((0, 4), "booked", BACKPACK),
    ((0, 2), "ready", HARBOUR),
    ((2, 6), "booked", BACKPACK),
    ((3, 12), "booked", HARBOUR),
    ((5, 9), "booked", KESTREL),
)


@dataclass
class Day:
    boss: User
    order: Order  # the one that is told in full
    payment: Payment
    unpaid: Order
    late: Rental


def a_day(shop: Shop) -> Day:
    """One order that really happened, and around it the rows of a week."""
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    named(shop.bag, CABIN)
    named(shop.crate, KESTREL)
    for number, unit in enumerate(Unit.objects.order_by("serial")):
        Unit.objects.filter(pk=unit.pk).update(serial=f"KES-{number + 101:04d}")
    Depot.objects.filter(pk=shop.depot.pk).update(name="Berlin Südkreuz")
    User.objects.filter(pk=shop.customer.pk).update(name="Mia Vogel", email="mia.vogel@example.com")
    shop.depot.refresh_from_db()
    shop.customer.refresh_from_db()
    depots = (shop.depot, DepotFactory(code="MUC", name="München Ost", city="München"))
    variants = {CABIN: shop.bag, KESTREL: shop.crate}
    variants |= {thing: named(VariantFactory(sku=thing[2], offered=True), thing) for thing in (BACKPACK, HARBOUR)}
    orders = [_an_order(index, depots, variants[HARBOUR]) for index in range(len(ORDERS))]
    rentals = [_a_rental(index, depots, variants, boss) for index in range(len(RENTALS))]
    _money(depots[0], boss)
    order = _told_in_full(shop, boss)
    for variant, thing in ((shop.bag, CABIN), (shop.crate, KESTREL)):
        OrderLine.objects.filter(sku=variant.sku).update(sku=thing[2])  # the shop's own are for tests of rules
    return Day(boss, order, Payment.objects.for_charges().get(order=order), orders[1], rentals[0])


def named(variant: Variant, thing: tuple[str, str, str, str, str]) -> Variant:
    name, brand, _, variant.size, variant.colour = thing
    container = variant.container
    container.name, container.brand, container.slug = name, brand, name.lower().replace(" ", "-")
    container.save()
    variant.save()
    return variant


def _person(index: int) -> User:
    name = PEOPLE[index % len(PEOPLE)]
    email = f"{name.lower().replace(' ', '.')}@example.com"
    return User.objects.filter(email=email).first() or UserFactory(name=name, email=email)


def _ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def _told_in_full(shop: Shop, boss: User) -> Order:
    """Ordered two days ago for delivery, partly handed over this morning, and a little given back."""
    DeliveryRateFactory(amount_minor=690, out_days=0)  # by courier
    home = AddressFactory(owner=shop.customer, recipient="Mia Vogel", line1="Lindenweg 7", postal_code="12047")
    staff, days = f"staff:{boss.pk}", (shop.rental(0, 6), shop.rental(0, 6))
    with time_machine.travel(_ago(0.12)):
        order = shop.paid(shop.sale(1), *days, fulfilment="delivery", address_id=home.pk)
    first, second = Rental.objects.filter(line__order=order).order_by("id")
    with time_machine.travel(_ago(0.06)):
        prepare_rental(rental_id=first.pk, actor=staff)
        prepare_rental(rental_id=second.pk, actor=staff)
        prepare_sale(line_id=order.lines.get(kind="sale").pk, actor=staff)
    with time_machine.travel(_ago(0.01)):
        hand_over_rental(rental_id=first.pk, actor=staff, note="Showed her how the latch works.")
        late = {"reason": "The courier came a day late.", "amount_minor": 690}
        RefundFactory(
            payment=Payment.objects.for_charges().get(order=order), requested_by=staff, succeeded=True, **late
        )
        ChargeFactory(order=order, kind=ChargeKind.GOODWILL, actor=staff, **late | {"amount_minor": -690})
        issue_documents(order_id=order.pk)
    return Order.objects.get(pk=order.pk)


def _an_order(index: int, depots: tuple[Depot, Depot], variant: Variant) -> Order:
    state, days, price, sold = ORDERS[index]
    with time_machine.travel(_ago(days)):
        order = OrderFactory(
            **{state: True},
            depot=depots[index % 2],
            customer=_person(index),
            total_minor=price,
            tax_minor=price * 19 // 119,
        )
        ChargeFactory(order=order, amount_minor=price)
        OrderEventFactory(order=order)
        pieces = sold.get("quantity", 1)
        SaleLineFactory(order=order, variant=variant, unit_price_minor=price // pieces, **sold)
        if state in ("confirmed", "completed"):
            PaymentFactory(order=order, succeeded=True)
            OrderEventFactory(order=order, event="pay", from_status="pending_payment", to_status="confirmed")
    return order


def _a_rental(index: int, depots: tuple[Depot, Depot], variants: dict[Any, Variant], boss: User) -> Rental:
    span, state, thing = RENTALS[index]
    variant, depot = variants[thing], depots[0 if thing is KESTREL else index % 2]
    with time_machine.travel(_ago(2.3 + 0.7 * index)):
        order = OrderFactory(confirmed=True, depot=depot, customer=_person(index + 3), total_minor=3500)
        line = RentalLineFactory(order=order, variant=variant)
        PaymentFactory(order=order, succeeded=True)
    serial = f"{thing[2][:3]}-{index + 412:04d}"
    rental = RentalFactory(
        line=line, days=span, status=RentalStatus(state), with_unit=state != "booked", serial=serial,
        handed_over_at=_ago(-span[0]) if state in ("out", "returned") else None,
    )  # fmt: skip
    if state == "out":
        with time_machine.travel(_ago(-span[0])):
            moved = {"order": order, "subject": f"rental {rental.pk}", "actor": f"staff:{boss.pk}"}
            OrderEventFactory(**moved, event="prepare", from_status="booked", to_status="ready", note=serial)
            OrderEventFactory(**moved, event="hand_over", from_status="ready", to_status="out")
    return rental


def _money(depot: Depot, boss: User) -> None:
    """Money with its troubles, and the inbox of a morning."""
    rows = {"order__depot": depot, "order__total_minor": 7640}
    PaymentFactory(declined=True, order__customer=_person(5), order__pending=True, order__confirmed=False, **rows)
    PaymentFactory(
        pending=True,
        order__customer=_person(6),
        parked_reason="The gateway collects 7600 EUR, we asked for 7640 EUR (minor units).",
        parked_by="payment",
        **rows,
    )
    owed = PaymentFactory(succeeded=True, order__customer=_person(7), **rows)
    RefundFactory(payment=owed, amount_minor=7640, failed=True, reason="order cancelled")
    partly = PaymentFactory(succeeded=True, order__customer=_person(8), **rows)
    RefundFactory(
        payment=partly, amount_minor=2500, succeeded=True, reason="The zip was broken.", requested_by=f"staff:{boss.pk}"
    )
    for index, (kind, state) in enumerate(
        (
            ("payment_intent.created", {"ignored": True}),
            ("payment_intent.succeeded", {"processed": True}),
            ("payment_intent.succeeded", {"parked": True, "error": "No payment of ours is pi_3QxV8mB7Kd."}),
            ("payment_intent.payment_failed", {"processed": True}),
            ("charge.refunded", {"processed": True}),
            ("charge.refund.updated", {"attempts": 3, "error": "ProviderUnavailable: no answer within 12 seconds"}),
        )
    ):
        with time_machine.travel(_ago(0.3 - index * 0.05)):
            ProviderEventFactory(kind=kind, object_ref=f"pi_3QxV8mB7Kd0{index}", **state)
