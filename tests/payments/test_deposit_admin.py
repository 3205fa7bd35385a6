"""Deposits and extra money at the counter: what staff see, and the steps they may take."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from orders.models import Charge, ChargePhoto, Order, Rental
from orders.services import prepare_rental
from orders.states import RentalStatus
from payments.models import Deposit
from payments.selectors import deposits_in_trouble, deposits_to_secure
from payments.services import secure_deposit
from payments.states import DepositStatus
from tests.jobs import run_jobs
from tests.orders.desk import address, desk, said
from tests.payments.test_deposit_trouble import card_says_no, due
from tests.payments.test_deposits import rented, returned, settled, totals
from tests.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Client:
    return desk("clerk")


def picture(kind: str = "JPEG", name: str = "torn.jpg") -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (40, 30), "#885533").save(content, kind)
    return SimpleUploadedFile(name, content.getvalue(), content_type="image/jpeg")


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def unsecured(shop: Shop) -> Deposit:
    due(shop)
    card_says_no(shop)
    return secure_deposit(deposit_id=Deposit.objects.get().pk)


def scanned(rental: Rental) -> dict[str, str]:
    """What a clerk fills in who hands over the unit that stands ready."""
    return {"serial": str(rental.unit), "condition": "A", "note": "All points are in order."}


def charge(clerk: Client, rental: Rental, **typed: Any) -> Any:
    seen = rental.line.order.charges.count()
    sent = {"kind": "damage", "amount": "15.00", "reason": "The mesh is torn.", "seen": seen, **typed}
    return clerk.post(address("orders_rental_charge", rental), sent)


def out(shop: Shop, clerk: Client) -> Rental:
    rented(shop)
    rental = prepare_rental(rental_id=Rental.objects.get().pk, actor="staff:1")
    clerk.post(address("orders_rental_hand_over", rental), scanned(rental))
    return Rental.objects.get()


def test_a_deposits_page_says_what_is_in_its_way(shop: Shop, clerk: Client) -> None:
    deposit = unsecured(shop)

    page = text_of(clerk.get(address("payments_deposit_change", deposit)))

    assert "does not have enough money" in page
    assert address("payments_deposit_secure", deposit) in page
    assert list(deposits_to_secure()) == list(deposits_in_trouble()) == [deposit]


def test_the_list_costs_the_same_whatever_its_length(shop: Shop, clerk: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(clerk.get(address("payments_deposit_changelist")))
        return len(captured)

    rented(shop)
    one = cost()
    shop.paid(shop.rental(3, 5))

    assert cost() == one


def test_the_first_page_counts_deposits_that_must_be_secured_soon(shop: Shop, clerk: Client) -> None:
    unsecured(shop)
    boss = desk("boss")

    assert f"{address('payments_deposit_changelist')}?work=soon" in text_of(boss.get(address("index")))
    found = text_of(clerk.get(address("payments_deposit_changelist"), {"work": "soon"}))
    assert Order.objects.get().number in found


def test_staff_have_the_card_asked_again(shop: Shop, clerk: Client) -> None:
    deposit = unsecured(shop)

    answer = clerk.post(address("payments_deposit_secure", deposit))

    assert said(answer) == "€40.00 is secured."
    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert Order.objects.get().events.filter(event="secure_deposit", actor__startswith="staff:").exists()


def test_staff_are_told_when_the_card_says_no_again(shop: Shop, clerk: Client) -> None:
    deposit = unsecured(shop)
    card_says_no(shop)

    answer = clerk.post(address("payments_deposit_secure", deposit))

    assert "Not secured. The card does not have enough money" in said(answer)


def test_staff_are_told_when_the_gateway_is_silent(shop: Shop, clerk: Client) -> None:
    deposit = unsecured(shop)
    shop.gateway.fail_next("*", "drop_before")

    assert "does not answer" in text_of(clerk.post(address("payments_deposit_secure", deposit)))


def test_a_deposit_goes_back_early_with_a_note(shop: Shop, clerk: Client) -> None:
    rented(shop)
    deposit = Deposit.objects.get()

    assert "Write why" in text_of(clerk.post(address("payments_deposit_release", deposit), {"note": ""}))
    clerk.post(address("payments_deposit_release", deposit), {"note": "A friend of the house."})
    run_jobs()

    assert Deposit.objects.get().status == DepositStatus.RELEASED
    assert totals(shop)["held"] == 0
    assert "friend of the house" in Order.objects.get().events.get(event="release_deposit").note


def test_who_may_not_handle_deposits_only_looks(shop: Shop) -> None:
    rented(shop)
    deposit = Deposit.objects.get()
    auditor = desk("auditor")

    page = text_of(auditor.get(address("payments_deposit_change", deposit)))

    assert address("payments_deposit_release", deposit) not in page
    assert auditor.post(address("payments_deposit_release", deposit), {"note": "x"}).status_code == 403
    assert Deposit.objects.get().status == DepositStatus.SECURED


def test_without_its_deposit_a_unit_is_handed_over_only_with_a_reason(shop: Shop, clerk: Client) -> None:
    unsecured(shop)
    rental = prepare_rental(rental_id=Rental.objects.get().pk, actor="staff:1")
    step = address("orders_rental_hand_over", rental)

    assert "The deposit is not secured." in text_of(clerk.get(step))
    assert "Write why it is handed over" in text_of(clerk.post(step, scanned(rental)))
    clerk.post(step, scanned(rental) | {"without_deposit": "Paid in cash."})

    assert Rental.objects.get().status == RentalStatus.OUT
    assert "Paid in cash." in Order.objects.get().events.get(event="hand_over").note


def test_a_charge_with_pictures_is_taken_from_the_deposit(shop: Shop, clerk: Client) -> None:
    rental = out(shop, clerk)

    answer = charge(clerk, rental, photos=[picture(), picture("PNG", "a.png")])

    assert said(answer).endswith("€15.00 charged: The mesh is torn.")
    made = Charge.objects.get(kind="damage")
    assert (made.amount_minor, made.rental, made.line) == (1500, rental, rental.line)
    assert made.photos.count() == 2
    page = text_of(clerk.get(address("orders_rental_change", rental)))
    assert all(address("orders_rental_photo", photo) in page for photo in ChargePhoto.objects.all())


def test_a_charge_ends_in_a_statement_of_zero(shop: Shop, clerk: Client) -> None:
    rental = out(shop, clerk)
    charge(clerk, rental)
    clerk.post(address("orders_rental_take_back", rental), {"condition": "C", "note": "torn"})
    clerk.post(address("orders_rental_inspect", rental), {"fit": "no", "note": ""})

    settled(shop)

    deposit, order = Deposit.objects.get(), Order.objects.get()
    assert (deposit.status, deposit.captured_minor, order.status) == ("captured", 1500, "completed")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"amount": "0"}, "Write an amount above zero."),
        ({"amount": "1.234"}, "2 decimals"),
        ({"reason": " "}, "Write why"),
        ({"kind": "sale"}, "Select a valid choice"),
        ({"photos": [SimpleUploadedFile("x.jpg", b"no picture at all")]}, "no picture that can be read"),
        ({"photos": [picture("GIF", "x.gif")]}, "no picture that can be read"),
        ({"photos": [picture() for _ in range(7)]}, "At most 6 pictures"),
        ({"photos": [SimpleUploadedFile("x.jpg", b"0" * 10_000_001)]}, "at most 10 MB"),
    ],
)
def test_a_charge_that_cannot_be_made_says_why(shop: Shop, clerk: Client, typed: Any, told: str) -> None:
    rental = out(shop, clerk)

    answer = charge(clerk, rental, **typed)

    assert told in text_of(answer)
    assert not Charge.objects.filter(kind="damage").exists()


def test_nothing_is_charged_before_the_unit_is_out_or_after_the_order_is_closed(shop: Shop, clerk: Client) -> None:
    order = rented(shop)
    rental = Rental.objects.get()
    assert address("orders_rental_charge", rental) not in text_of(clerk.get(address("orders_rental_change", rental)))

    returned(shop, order)
    settled(shop)

    assert "Cannot charge" in text_of(charge(clerk, rental))
