"""Deposits and charges at the counter, in a browser."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from django.core.files.base import ContentFile, File
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from accounts.models import User
from orders.models import ChargeKind, ChargePhoto, Rental
from orders.services import add_charge, hand_over_rental, prepare_rental
from payments.models import Deposit
from tests.browser.conftest import Looking, log_in
from tests.browser.day import PEOPLE, named
from tests.factories.accounts import UserFactory
from tests.jobs import forget_jobs
from tests.orders.desk import address
from tests.payments.test_deposits import settled
from tests.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def counter(shop: Shop, page: Page) -> Iterator[Shop]:
    """One rental out, one whose card must be confirmed, one later; the boss is logged in."""
    named(shop.crate, ("Kestrel Sky", "Minkaro", "KES-SKY-L", "L", "anthracite"))
    first, second, third = (UserFactory(name=name) for name in PEOPLE[:3])
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    actor = f"staff:{boss.pk}"
    shop.paid(shop.rental(0, 3), customer=first)
    out = prepare_rental(rental_id=Rental.objects.get().pk, actor=actor)
    hand_over_rental(rental_id=out.pk, actor=actor)
    shop.paid(shop.rental(12, 20), customer=third)
    asked = shop.order(shop.rental(0, 2), customer=second)
    shop.gateway.complete_3ds(str(shop.pay(asked, "pm_card_authenticationRequired").provider_ref))
    settled(shop)
    prepare_rental(rental_id=Rental.objects.get(line__order=asked).pk, actor=actor)
    forget_jobs()
    log_in(page, boss)
    yield shop
    forget_jobs()


def picture(colour: str) -> bytes:
    image = Image.new("RGB", (640, 480), colour)
    ImageDraw.Draw(image).line([(120, 90), (520, 400)], fill="#222222", width=18)
    content = BytesIO()
    image.save(content, "JPEG")
    return content.getvalue()


def test_a_damage_is_charged_with_pictures(counter: Shop, page: Page) -> None:
    rental = Rental.objects.get(status="out")
    page.goto(address("orders_rental_change", rental))

    page.get_by_role("link", name="Charge…").click()
    page.get_by_label("Damage").check()
    page.get_by_label("Amount").fill("12,50")
    page.get_by_label("Reason").fill("The mesh at the door is torn.")
    page.get_by_label("Photos").set_input_files(
        [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": picture("#b08060")} for n in range(2)]
    )
    page.get_by_role("button", name="Charge").click()

    expect(page.get_by_text("€12.50 charged: The mesh at the door is torn.")).to_be_visible()
    expect(page.locator(".bo-card img")).to_have_count(2)
    assert page.locator(".bo-card img").last.evaluate("shown => shown.decode().then(() => shown.naturalWidth)") == 640
    assert ChargePhoto.objects.count() == 2


def pages_of(shop: Shop) -> dict[str, str]:
    out = Rental.objects.get(status="out")
    unsecured = Deposit.objects.get(status="unsecured")
    waiting = Rental.objects.get(line__order=unsecured.order)
    secured = Deposit.objects.get(status="secured")
    boss = User.objects.get(is_superuser=True)
    for colour, minor in (("#b08060", 1250), ("#7090a0", 800)):
        add_charge(
            order_id=out.line.order_id,
            rental_id=out.pk,
            kind=ChargeKind.DAMAGE if minor > 1000 else ChargeKind.CLEANING,
            amount_minor=minor,
            reason="The mesh at the door is torn." if minor > 1000 else "Hair everywhere.",
            actor=f"staff:{boss.pk}",
            photos=[_file(picture(colour)) for _ in range(3)],
        )
    return {
        "today": address("index"),
        "deposits": address("payments_deposit_changelist"),
        "deposit": address("payments_deposit_change", secured),
        "deposit-unsecured": address("payments_deposit_change", unsecured),
        "secure": address("payments_deposit_secure", unsecured),
        "release": address("payments_deposit_release", secured),
        "rental": address("orders_rental_change", out),
        "charge": address("orders_rental_charge", out),
        "hand-over": address("orders_rental_hand_over", waiting),
        "order": address("orders_order_change", secured.order),
    }


def _file(content: bytes) -> "File[bytes]":
    return ContentFile(content, "torn.jpg")


def test_the_pages_fit_their_window(counter: Shop, page: Page, look: Looking) -> None:
    for name, url in pages_of(counter).items():
        page.goto(url)
        look(name)
