"""Staff see in a browser who waits, what phones were told, and type who brings a parcel."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import F
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import User
from orders.models import DeliveryRate, OrderLine, Rental, WaitlistEntry
from orders.services import cancel_order, post_back_rental, prepare_rental, prepare_sale, serve_waitlist
from orders.states import RentalStatus, SaleStatus
from payments.models import Push
from tests.browser.conftest import Snap, log_in
from tests.factories.accounts import AddressFactory, DeviceFactory, UserFactory
from tests.factories.orders import waiting_for
from tests.jobs import forget_jobs, run_jobs
from tests.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def crowd(shop: Shop, page: Page, settings: Settings) -> Iterator[Shop]:
    """Two who wait, one of whom is next; a parcel that is packed; the boss is logged in."""
    settings.PUSH_PROVIDER = "console"
    User.objects.filter(pk=shop.customer.pk).update(name="Mia Vogel", email="mia.vogel@example.com")
    DeviceFactory(owner=shop.customer, name="Mia's phone")
    taken = shop.order(shop.sale(9), customer=UserFactory())
    waiting_for(shop, quantity=10)
    waiting_for(shop, quantity=2, customer=UserFactory(name="Aylin Demir"))
    waiting_for(shop, days=(40, 42), customer=UserFactory(name="Clara Neumann"))
    cancel_order(order_id=taken.pk, actor="staff:1")
    serve_waitlist()
    run_jobs()
    serve_waitlist()
    run_jobs()
    shop.ims.store.receive("BAG-1", "BER", 1)
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    log_in(page, boss)
    yield shop
    forget_jobs()


def test_staff_see_who_waits_and_what_phones_were_told(crowd: Shop, page: Page, snap: Snap) -> None:
    page.goto(reverse("admin:orders_waitlistentry_changelist"))
    expect(page.get_by_text("Aylin Demir")).to_be_visible()
    snap("waitlist")
    first = WaitlistEntry.objects.earliest("id")
    page.goto(reverse("admin:orders_waitlistentry_change", args=[first.pk]))
    expect(page.get_by_text(str(first.order)).first).to_be_visible()
    snap("waitlist-entry")

    page.goto(reverse("admin:payments_push_changelist"))
    expect(page.get_by_text("Mia's phone").first).to_be_visible()
    snap("pushes")
    page.goto(reverse("admin:payments_push_change", args=[Push.objects.get(kind="waitlist_offer").pk]))
    expect(page.get_by_text("It is free, and held for you").first).to_be_visible()
    snap("push")

    page.goto(reverse("admin:accounts_user_change", args=[crowd.customer.pk]))
    expect(page.get_by_text("Phones that are told").first).to_be_visible()
    snap("person")


def test_staff_type_who_brings_a_parcel(crowd: Shop, page: Page, snap: Snap) -> None:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    WaitlistEntry.objects.all().delete()
    held = crowd.customer.orders.get()
    cancel_order(order_id=held.pk, actor="staff:1")
    home = AddressFactory(owner=crowd.customer)
    order = crowd.paid(crowd.sale(), fulfilment="delivery", address_id=home.pk)
    line = prepare_sale(line_id=order.lines.get().pk, actor="staff:1")

    page.goto(reverse("admin:orders_orderline_deliver", args=[line.pk]))
    page.get_by_label("Carrier").fill("DHL")
    page.get_by_label("Tracking number").fill("00340434161094042557")
    snap("ship")
    page.get_by_role("button", name="Ship").click()
    expect(page.get_by_text("DHL, 00340434161094042557")).to_be_visible()
    snap("shipped")

    assert OrderLine.objects.get(pk=line.pk).status == SaleStatus.SHIPPED


def test_a_rental_is_shipped_and_taken_in_when_its_parcel_is_back(crowd: Shop, page: Page, snap: Snap) -> None:
    to = crowd.delivery(out_days=2, back_days=3)
    WaitlistEntry.objects.all().delete()
    cancel_order(order_id=crowd.customer.orders.get().pk, actor="staff:1")
    order = crowd.ready(crowd.rental(2, 6), **to)
    rental = prepare_rental(rental_id=Rental.objects.get(line__order=order).pk, actor="staff:1")

    page.goto(reverse("admin:orders_rental_changelist") + "?work=post")
    snap("to-post")
    page.goto(reverse("admin:orders_rental_hand_over", args=[rental.pk]))
    page.get_by_label("Unit").fill(str(rental.unit))
    page.get_by_label("Carrier").fill("DHL")
    page.get_by_label("Tracking number").fill("00340434161094042557")
    page.get_by_label("Note").fill("All as it should be.")
    snap("ship-rental")
    page.get_by_role("button", name="Ship").click()
    expect(page.get_by_text("DHL, 00340434161094042557")).to_be_visible()
    snap("shipped-rental")

    Rental.objects.filter(pk=rental.pk).update(handed_over_at=F("handed_over_at") - timedelta(days=1))
    post_back_rental(rental_id=rental.pk, carrier="DPD", tracking_number="01234567", actor="customer:1")
    page.goto(reverse("admin:orders_rental_changelist") + "?work=parcels")
    expect(page.get_by_text("On its way back").first).to_be_visible()
    snap("on-its-way-back")
    page.goto(reverse("admin:orders_rental_take_back", args=[rental.pk]))
    expect(page.get_by_label("Posted on")).to_have_value(crowd.today.isoformat())
    snap("take-in")
    page.get_by_text("A: as new").click()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("DPD, 01234567")).to_be_visible()
    snap("taken-in")
    page.goto(reverse("admin:orders_deliveryrate_change", args=[DeliveryRate.objects.get().pk]))
    snap("rate")

    rental.refresh_from_db()
    assert rental.status == RentalStatus.RETURNED
