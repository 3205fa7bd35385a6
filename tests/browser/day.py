"""An ordinary day of the shop, as its staff would find it in the morning."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from catalog.models import Variant
from inventory.models import Depot
from orders.models import ChargeKind, Order, Rental
from orders.services import hand_over_rental, prepare_rental
from orders.states import RentalStatus
from payments.models import Payment
from tests.factories.accounts import AddressFactory, UserFactory
from tests.factories.catalog import ContainerFactory, VariantFactory
from tests.factories.inventory import DepotFactory, UnitFactory
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

PEOPLE = ("Mia Vogel", "Jonas Weber", "Aylin Demir", "Clara Neumann", "Tomasz Kowalski", "Léa Martin", "Noah Fischer",
          "Sofia Rossi", "Emil Hansen", "Hannah Krüger", "Milan Novák", "Ida Lindqvist")  # fmt: skip
THINGS = (
    ("Alpaca Cabin", "Minkaro", "ALP-CAB-M", "M slate"),
    ("Fjord Backpack", "Pawlane", "FJO-BPK-S", "S moss"),
    ("Harbour 50", "Kittivo", "HAR-50-L", "L sand"),
    ("Kestrel Sky", "Minkaro", "KES-SKY-L", "L anthracite"),
)


@dataclass
class Day:
    boss: User
    order: Order  # the one that is told in full
    payment: Payment
    out: Rental  # overdue


def a_day(shop: Shop) -> Day:
    """One order that really happened, and around it the rows of a week."""
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    _name(shop.bag, *THINGS[0])
    _name(shop.crate, *THINGS[3])
    Depot.objects.filter(pk=shop.depot.pk).update(name="Berlin Südkreuz")
    User.objects.filter(pk=shop.customer.pk).update(name="Mia Vogel", email="mia.vogel@example.com")
    shop.customer.refresh_from_db()
    munich = DepotFactory(code="MUC", name="München Ost", city="München")
    _neighbours(shop, munich, boss)
    order = _told_in_full(shop, boss)
    return Day(boss, order, Payment.objects.get(order=order), _overdue(shop))


def _name(variant: Variant, name: str, brand: str, sku: str, looks: str) -> None:
    container, (size, colour) = variant.container, looks.split()
    container.name, container.brand, container.slug = name, brand, name.lower().replace(" ", "-")
    container.save()
    variant.size, variant.colour = size, colour
    variant.save()


def _told_in_full(shop: Shop, boss: User) -> Order:
    DeliveryRateFactory(amount_minor=690)
    home = AddressFactory(owner=shop.customer, recipient="Mia Vogel", line1="Lindenweg 7", postal_code="12047")
    order = shop.paid(shop.sale(1), shop.rental(1, 7), shop.rental(1, 7), fulfilment="delivery", address_id=home.pk)
    first, second = Rental.objects.filter(line__order=order).order_by("id")
    prepare_rental(rental_id=first.pk, actor=f"staff:{boss.pk}")
    hand_over_rental(rental_id=first.pk, actor=f"staff:{boss.pk}", note="Showed her how the latch works.")
    prepare_rental(rental_id=second.pk, actor=f"staff:{boss.pk}")
    payment = Payment.objects.get(order=order)
    RefundFactory(
        payment=payment,
        amount_minor=690,
        reason="Delivery was a day late.",
        requested_by=f"staff:{boss.pk}",
        succeeded=True,
    )
    ChargeFactory(
        order=order,
        kind=ChargeKind.GOODWILL,
        amount_minor=-690,
        reason="Delivery was a day late.",
        actor=f"staff:{boss.pk}",
    )
    return Order.objects.get(pk=order.pk)


def _overdue(shop: Shop) -> Rental:
    line = RentalLineFactory(
        order=OrderFactory(confirmed=True, depot=shop.depot, customer__name="Jonas Weber", total_minor=5600),
        variant=shop.crate,
        unit_price_minor=5600,
    )
    unit = UnitFactory(variant=shop.crate, depot=shop.depot, serial="KES-0417")
    return RentalFactory(line=line, days=(-9, -2), out=True, unit=unit)


def _neighbours(shop: Shop, munich: Depot, boss: User) -> None:
    """What else is going on: orders in every state, a worklist with something in each list, money with its troubles."""
    variants = [_variant(*thing) for thing in THINGS[1:3]]
    states = (
        "confirmed",
        "completed",
        "pending",
        "confirmed",
        "cancelled",
        "expired",
        "completed",
        "confirmed",
        "reserving",
    )
    days = ((0, 4), (-6, 0), (2, 6), (-8, -1), (0, 2), (3, 12), (5, 9), (-4, 0), (1, 3))
    lives = ("booked", "out", "booked", "returned", "ready", "booked", "booked", "out", "booked")
    for index, state in enumerate(states):
        depot, variant = (munich, shop.depot)[index % 2], variants[index % 2]
        person = UserFactory(name=PEOPLE[index + 2], email=f"{PEOPLE[index + 2].split()[0].lower()}@example.com")
        price = 2890 + 1250 * index
        order = OrderFactory(
            **{state: True}, depot=depot, customer=person, total_minor=price, tax_minor=price * 19 // 119
        )
        Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - timedelta(hours=7 * index + 2))
        OrderEventFactory(order=order)
        if state in ("confirmed", "completed"):
            PaymentFactory(order=order, succeeded=True)
        if index % 3 == 0:
            SaleLineFactory(order=order, variant=variant, ready=index % 2 == 0)
    for index, (span, life) in enumerate(zip(days, lives, strict=True)):
        person = UserFactory(name=PEOPLE[index % len(PEOPLE)])
        depot, variant = (munich, shop.depot)[index % 2], variants[index % 2]
        line = RentalLineFactory(order=OrderFactory(confirmed=True, depot=depot, customer=person), variant=variant)
        unit = UnitFactory(variant=variant, depot=depot, serial=f"{variant.sku[:3]}-{index + 401:04d}")
        kept = unit if life != "booked" else None
        rental = RentalFactory(line=line, days=span, status=RentalStatus(life), unit=kept)
        if life == "out":
            Rental.objects.filter(pk=rental.pk).update(handed_over_at=timezone.now() - timedelta(days=5))
    _money(boss)


def _variant(name: str, brand: str, sku: str, looks: str) -> Variant:
    size, colour = looks.split()
    container = ContainerFactory(name=name, brand=brand)
    return VariantFactory(container=container, sku=sku, size=size, colour=colour, offered=True)


def _money(boss: User) -> None:
    PaymentFactory(declined=True, order__customer__name="Noah Fischer", amount_minor=7640, order__total_minor=7640)
    PaymentFactory(
        parked=True,
        order__customer__name="Sofia Rossi",
        parked_reason="The gateway collects 5000 EUR, we asked for 4990 EUR (minor units).",
    )
    owed = PaymentFactory(
        succeeded=True, order__customer__name="Emil Hansen", order__cancelled=True, order__confirmed=False
    )
    RefundFactory(payment=owed, amount_minor=4990, failed=True, reason="Order cancelled.")
    partly = PaymentFactory(succeeded=True, order__customer__name="Ida Lindqvist", order__total_minor=11900)
    RefundFactory(
        payment=partly, amount_minor=2500, succeeded=True, reason="The zip was broken.", requested_by=f"staff:{boss.pk}"
    )
    for kind, state in (
        ("payment_intent.created", {"ignored": True}),
        ("payment_intent.succeeded", {"processed": True}),
        ("charge.refunded", {"processed": True}),
        ("payment_intent.succeeded", {"parked": True, "error": "No payment of ours is pi_3QxV8mB7Kd."}),
        ("payment_intent.payment_failed", {"processed": True}),
        ("charge.refund.updated", {"attempts": 3, "error": "ProviderUnavailable: no answer within 12 seconds"}),
    ):
        ProviderEventFactory(kind=kind, **state)
