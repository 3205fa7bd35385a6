"""The code that a phone shows at the counter: bound to order, customer, purpose and days; and what a scanner finds."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.conf import settings
from pytest_django import Settings

from core.time import day_after, start_of_day
from inventory.models import Unit
from orders.counter import find
from orders.errors import CodeExpired, CodeForeign, CodeUsed, NothingToShow, OtherDepot, ScanUnknown, UnitOnNoRental
from orders.models import Order, Rental
from orders.pickup_codes import MARK, Purpose, as_svg, code_for, read_code
from orders.services import cancel_order, deliver_sale, hand_over_rental, prepare_rental, prepare_sale, take_back_rental
from tests.factories.accounts import AddressFactory, UserFactory, client_for
from tests.factories.inventory import DepotFactory
from tests.factories.orders import DeliveryRateFactory, RentalFactory
from tests.shop import Shop

STAFF = "staff:1"


def loaded(order: Order) -> Order:
    return Order.objects.with_lines().get(pk=order.pk)


def code_of(order: Order, purpose: Purpose | None = None) -> str:
    return code_for(loaded(order), purpose).text


def out(order: Order) -> Rental:
    rental = Rental.objects.get(line__order=order)
    prepare_rental(rental_id=rental.pk, actor=STAFF)
    return hand_over_rental(rental_id=rental.pk, actor=STAFF)


# The code


def test_a_code_names_its_order_and_its_purpose(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 2))

    assert read_code(code_of(order)) == (order.pk, Purpose.PICKUP)
    out(order)
    assert read_code(code_of(order)) == (order.pk, Purpose.RETURN)


def test_a_code_is_good_until_its_last_pickup_and_the_grace_are_over(shop: Shop) -> None:
    order = shop.paid(shop.rental(3, 5), shop.rental(6, 8))
    code = code_for(loaded(order))
    ends = start_of_day(day_after(shop.day(6)), shop.depot.time_zone) + settings.PICKUP_CODE_GRACE

    assert code.expires_at == ends
    with time_machine.travel(ends - timedelta(seconds=1), tick=False):
        assert read_code(code.text) == (order.pk, Purpose.PICKUP)
    with time_machine.travel(ends, tick=False), pytest.raises(CodeExpired):
        read_code(code.text)


def test_goods_that_have_no_day_are_fetched_with_a_code_of_today(shop: Shop) -> None:
    order = shop.paid(shop.sale())

    ends = start_of_day(day_after(shop.today), shop.depot.time_zone) + settings.PICKUP_CODE_GRACE
    assert code_for(loaded(order)).expires_at == ends


def test_no_digit_of_a_code_can_be_changed(shop: Shop) -> None:
    code = code_of(shop.paid(shop.rental()))

    for at in range(len(MARK), len(code)):
        other = "0" if code[at] != "0" else "1"
        with pytest.raises(CodeForeign):
            read_code(code[:at] + other + code[at + 1 :])


@pytest.mark.parametrize("text", ["CT1", "CT1ZZ", "CT1" + "00" * 36, "CT1" + "00" * 37, "CT1" + "00" * 38, "CT1é"])
def test_what_is_no_code_of_ours_is_refused(db: None, text: str) -> None:
    with pytest.raises(CodeForeign):
        read_code(text)


def test_a_code_of_another_shop_is_foreign_and_one_of_before_a_rotation_is_not(shop: Shop, settings: Settings) -> None:
    order = shop.paid(shop.rental())
    code, ours = code_of(order), settings.FIELD_ENCRYPTION_KEYS

    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *ours]
    assert read_code(code) == (order.pk, Purpose.PICKUP)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CodeForeign):
        read_code(code)


def test_a_code_is_bound_to_its_customer_without_telling_who_that_is(shop: Shop) -> None:
    order = shop.paid(shop.rental())
    code = code_of(order)

    assert shop.customer.pk.hex.upper() not in code
    Order.objects.filter(pk=order.pk).update(customer=UserFactory())
    with pytest.raises(CodeForeign):
        read_code(code)


def test_a_code_is_the_same_all_day_long(shop: Shop) -> None:
    order = shop.paid(shop.rental())

    assert code_of(order) == code_of(order)


def test_a_qr_code_is_drawn_as_scanners_read_it() -> None:
    """Read by OpenCV's detector when this was written; what is drawn has not changed since."""
    svg = as_svg("CT1" + "0123456789ABCDEF" * 4 + "0123456789")

    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 41 41"')
    assert hashlib.sha256(svg.encode()).hexdigest()[:16] == "50c876d43c0fe628"


# Over HTTP


def test_a_phone_gets_the_code_of_its_own_order(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 2))
    address = f"/api/v1/orders/{order.number}/pickup-code"

    told = shop.phone().get(address).json()

    assert (told["order"], told["purpose"], told["depot"]) == (order.number, "pickup", "BER")
    assert find(told["code"]).order == order
    assert told["svg"] == as_svg(told["code"])
    assert client_for(UserFactory()).get(address).status_code == 404


@pytest.mark.parametrize(("asked", "status"), [("return", 409), ("pickup", 200), ("theft", 400), ("", 400)])
def test_a_purpose_can_be_asked_for_when_there_is_something_to_it(shop: Shop, asked: str, status: int) -> None:
    order = shop.paid(shop.rental())

    answer = shop.phone().get(f"/api/v1/orders/{order.number}/pickup-code?purpose={asked}")

    assert answer.status_code == status
    if status == 409:
        assert answer.json()["code"] == "nothing_to_show"


def test_there_is_no_code_before_payment_nor_for_what_is_delivered(shop: Shop) -> None:
    DeliveryRateFactory()
    home = AddressFactory(owner=shop.customer)

    for order in (shop.order(shop.sale()), shop.paid(shop.sale(), fulfilment="delivery", address_id=home.pk)):
        with pytest.raises(NothingToShow):
            code_of(order)


# At the counter


@pytest.mark.parametrize("typed", [str, str.lower, lambda code: f"  {code}\n"])
def test_a_code_finds_its_order_however_the_scanner_types(shop: Shop, typed: Any) -> None:
    order = shop.ready(shop.rental(0, 2))

    found = find(typed(code_of(order)), depot=shop.depot)

    assert (found.order, found.purpose, found.rental) == (order, Purpose.PICKUP, None)


def test_a_code_opens_its_order_as_long_as_a_part_is_still_to_come(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 2), shop.sale())
    code, line = code_of(order), order.lines.get(kind="sale")
    out(order)

    assert find(code).order == order
    prepare_sale(line_id=line.pk, actor=STAFF)
    deliver_sale(line_id=line.pk, actor=STAFF)
    with pytest.raises(CodeUsed, match="everything of this order was handed over"):
        find(code)


def test_a_code_for_a_return_is_used_up_when_everything_is_back(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 2))
    rental = out(order)
    code = code_of(order, Purpose.RETURN)

    take_back_rental(rental_id=rental.pk, actor=STAFF, condition="A")

    with pytest.raises(CodeUsed, match="is back"):
        find(code)


def test_a_code_of_a_cancelled_order_says_so(shop: Shop) -> None:
    order = shop.paid(shop.rental())
    code = code_of(order)

    cancel_order(order_id=order.pk, actor="customer:1")

    with pytest.raises(CodeUsed, match="is cancelled"):
        find(code)


def test_what_belongs_to_another_depot_is_named(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 2))

    with pytest.raises(OtherDepot, match=r"\(BER\)"):
        find(code_of(order), depot=DepotFactory(code="MUC"))


def test_a_serial_finds_the_rental_that_its_unit_is_on(shop: Shop) -> None:
    rental = out(shop.ready(shop.rental(0, 2)))
    assert rental.unit is not None

    assert find(rental.unit.serial).rental == rental
    assert find(rental.unit.serial.lower()).rental == rental


def test_a_unit_that_is_out_is_meant_rather_than_one_that_stands_ready_later(shop: Shop) -> None:
    unit = Unit.objects.get(serial="CRATE-1-1")
    later = RentalFactory(ready=True, line__variant=shop.crate, line__order__depot=shop.depot, days=(20, 22))
    before = RentalFactory(out=True, line__variant=shop.crate, line__order__depot=shop.depot, days=(-2, 1))
    Rental.objects.filter(pk__in=[later.pk, before.pk]).update(unit=unit)

    assert find("CRATE-1-1").rental == before


def test_a_unit_that_nobody_has_and_what_is_nothing_at_all_are_told_apart(shop: Shop) -> None:
    with pytest.raises(UnitOnNoRental, match="CRATE-1-2 is on no rental: available"):
        find("CRATE-1-2")
    with pytest.raises(ScanUnknown):
        find("CRATE-9-9")
    with pytest.raises(ScanUnknown):
        find("")


def test_the_number_of_an_order_is_found_too(shop: Shop) -> None:
    order = shop.paid()

    assert find(order.number.lower()).order == order
