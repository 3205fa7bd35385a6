"""What the order's own answer says stays true, whatever became of the order since."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import RentalOffer
from core.money import included_tax
from orders.models import CancellationTier, ChargeKind, DeliveryRate, Order, Rental
from orders.services import (
    add_charge,
    ask_return,
    cancel_order,
    charge_late_days,
    deliver_sale,
    expire_orders,
    extend_rental,
    hand_over_rental,
    keep_rental,
    move_rental_days,
    prepare_rental,
    prepare_sale,
    receive_return,
    report_late,
    settle_no_show,
    shorten_rental,
)
from payments.models import Document, Payment
from payments.selectors import statement
from payments.services import request_refund
from tests.factories.accounts import AddressFactory
from tests.factories.catalog import SeasonFactory
from tests.factories.orders import CouponFactory
from tests.jobs import run_jobs
from tests.orders.test_goods import settle
from tests.orders.test_renting import noon, out
from tests.shop import Shop, key

ME, CLERK = "customer:1", "staff:1"


def read(shop: Shop, order: Order) -> dict[str, Any]:
    """The order as its customer reads it, after it was seen that it adds up."""
    told: dict[str, Any] = shop.phone().get(f"/api/v1/orders/{order.number}").json()
    require_sound(told)
    assert told["total"]["amount"] == statement(Order.objects.select_related("depot").get(pk=order.pk)).charged_minor
    return told


def minor(*amounts: dict[str, Any]) -> int:
    return sum(amount["amount"] for amount in amounts)


def others(told: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(other["kind"], other["amount"]["amount"], other["text"]) for other in told["other_charges"]]


def require_sound(told: dict[str, Any]) -> None:
    """Every sum of an order's answer is that of its parts."""

    def apart(row: dict[str, Any]) -> int:
        return minor(*(other["amount"] for other in row["other_charges"]))

    for line in told["lines"]:
        units = line["rentals"]
        price = minor(*(unit["price"] for unit in units))
        if line["unit_price"] is not None:
            assert not units or price == line["unit_price"]["amount"] * line["quantity"]
            price = line["unit_price"]["amount"] * line["quantity"]
        if units:
            assert line["discount"]["amount"] == minor(*(unit["discount"] for unit in units))
        assert line["total"]["amount"] == price - line["discount"]["amount"] + apart(line)
    assert told["discount"]["amount"] == minor(*(line["discount"] for line in told["lines"]))
    parts = minor(*(line["total"] for line in told["lines"]))
    assert told["total"]["amount"] == parts + told["delivery"]["amount"] + apart(told)


def rentals(order: Order) -> Iterator[Rental]:
    return Rental.objects.filter(line__order=order).order_by("id").iterator()


def test_an_order_that_nobody_changed_says_what_its_quote_said(shop: Shop) -> None:
    CouponFactory(code="TENTH")
    RentalOffer.objects.update(acclimatisation_percent=50)
    SeasonFactory(start_on=shop.day(11), end_on=shop.day(30))
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    to = {"fulfilment": "delivery", "address": str(AddressFactory(owner=shop.customer, country="DE").pk)}
    body = shop.body(shop.sale(2), shop.rental(10, 12, 3), coupon="TENTH", **to)
    body["lines"][1]["acclimatisation_days"] = 2
    quote = shop.phone().post("/api/v1/quotes", body, format="json").json()

    placed = shop.phone().post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key()).json()

    assert placed == read(shop, Order.objects.get())
    for name in ("coupon", "discount", "delivery", "total", "tax_included", "deposit", "deposit_terms"):
        assert placed[name] == quote[name], name
    for was, line in zip(quote["lines"], placed["lines"], strict=True):
        for name in ("unit_price", "discount", "total", "tax_included", "tax_percent", "explanation"):
            assert line[name] == was[name], name
        assert line["other_charges"] == []
    was = quote["lines"][1]["rental"]
    transit = was.pop("transit")
    for unit in placed["lines"][1]["rentals"]:
        assert {name: unit[name] for name in was} == was
        assert unit["post_on"] == transit["post_on"]


def test_a_longer_rental_is_explained_anew_with_its_seasons_its_coupon_and_its_days_before(shop: Shop) -> None:
    CouponFactory(code="TENTH")
    RentalOffer.objects.update(acclimatisation_percent=50)
    SeasonFactory(start_on=shop.day(13), end_on=shop.day(30))
    body = shop.body(shop.rental(10, 12), coupon="TENTH")
    body["lines"][0]["acclimatisation_days"] = 2
    quote = shop.phone().post("/api/v1/quotes", body, format="json").json()
    shop.phone().post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key())
    order = shop.settled(Order.objects.get())

    extend_rental(rental_id=next(rentals(order)).pk, end_on=shop.day(15), actor=ME)

    told = read(shop, order)
    (line,) = told["lines"]
    (unit,) = line["rentals"]
    rent = 8 * 500 - 500 + 300  # half of two days less, a fifth of three days more
    assert (unit["start_on"], unit["end_on"], unit["days"]) == (str(shop.day(8)), str(shop.day(15)), 8)
    assert (unit["acclimatisation_days"], unit["billed_days"], minor(unit["per_day"])) == (2, 8, 500)
    assert [(part["season"], part["days"], minor(part["amount"])) for part in unit["adjustments"]] == [
        ("", 2, -500),
        ("Christmas", 3, 300),
    ]
    assert (minor(unit["price"]), minor(line["unit_price"]), minor(line["discount"])) == (rent, rent, 280)
    assert line["explanation"] == [
        "8 days, first and last included",
        f"2 days of them before {shop.day(10)}, to get used to it",
        "€5.00 a day (rate from 8 days)",
        "to get used to it: 2 days at -50 %, -€5.00",
        "Christmas: 3 days at +20 %, +€3.00",
        "coupon TENTH: -€2.80",
    ]
    assert minor(line["total"]) == minor(told["total"]) == rent - 280
    was = shop.phone().get(f"/api/v1/quotes/{told['quote']}").json()
    assert was == quote  # what it was when it was bought


def test_a_rental_that_was_moved_costs_what_its_new_days_do(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))

    move_rental_days(rental_id=next(rentals(order)).pk, start_on=shop.day(20), end_on=shop.day(20), actor=ME)

    (line,) = read(shop, order)["lines"]
    assert line["explanation"] == ["1 day, first and last included", "€9.00 a day (rate from 1 day)"]
    assert (minor(line["unit_price"]), minor(line["total"]), line["other_charges"]) == (900, 900, [])
    assert minor(line["tax_included"]) == included_tax(900, 1900)


def test_units_that_have_different_days_by_now_each_tell_their_own_price(shop: Shop) -> None:
    CouponFactory(code="ODD", percent=None, amount_minor=100, currency="EUR")
    order = shop.paid(shop.rental(10, 12, 3), coupon="ODD")

    extend_rental(rental_id=next(rentals(order)).pk, end_on=shop.day(13), actor=ME)

    (line,) = read(shop, order)["lines"]
    assert line["unit_price"] is None
    assert [minor(unit["price"]) for unit in line["rentals"]] == [2800, 2700, 2700]
    assert [minor(unit["discount"]) for unit in line["rentals"]] == [33, 33, 34]
    assert minor(line["total"]) == 2800 + 2 * 2700 - 100
    said = line["explanation"]
    assert said[0].startswith("1 unit, ")
    assert said[3].startswith("2 units, ")
    assert said[1:3] == ["4 days, first and last included", "€7.00 a day (rate from 4 days)"]
    assert said[4:] == [
        "3 days, first and last included",
        "€9.00 a day (rate from 1 day)",
        "2 × €27.00",
        "coupon ODD: -€1.00",
    ]


def test_days_given_back_are_gone_and_what_of_them_is_not_credited_is_told_apart(shop: Shop) -> None:
    CancellationTier.objects.create(hours=0, percent=50)
    rental = out(shop, 0, 2)

    shorten_rental(rental_id=rental.pk, end_on=shop.day(0), actor=ME)

    (line,) = read(shop, rental.line.order)["lines"]
    assert (line["rentals"][0]["days"], minor(line["unit_price"]), minor(line["total"])) == (1, 900, 1800)
    assert others(line) == [("cancellation", 900, "days given back that are not credited")]


def test_what_a_rental_cost_more_is_told_beside_its_price(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    order = rental.line.order
    report_late(rental_id=rental.pk, back_on=shop.day(5), actor=ME)
    assert read(shop, order)["lines"][0]["rentals"][0]["expected_on"] == str(shop.day(5))
    before = minor(read(shop, order)["lines"][0]["rentals"][0]["keep_price"])

    with time_machine.travel(noon(shop, 3)):
        charge_late_days(rental_id=rental.pk)
        add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=1500, reason="torn", actor=CLERK)
        told = read(shop, order)
        (line,) = told["lines"]
        assert minor(line["rentals"][0]["keep_price"]) == before - 600
        keep_rental(rental_id=rental.pk, actor=ME)
        kept = read(shop, order)

    assert [(kind, amount) for kind, amount, _ in others(line)] == [("late_fee", 600)]
    assert others(told) == [("damage", 1500, "torn")]
    assert [(kind, amount) for kind, amount, _ in others(kept["lines"][0])] == [
        ("late_fee", 600),
        ("keep", before - 600),
    ]
    assert kept["lines"][0]["rentals"][0]["keep_price"] is None
    assert {other["rental"] for other in kept["lines"][0]["other_charges"]} == {str(rental.pk)}


def test_what_nobody_came_for_tells_what_of_it_stays_charged(shop: Shop) -> None:
    CancellationTier.objects.create(hours=48, percent=100)
    order = shop.paid(shop.sale(), shop.rental(1, 3))

    with time_machine.travel(noon(shop, 5)):
        settle_no_show(rental_id=next(rentals(order)).pk)
        kept = read(shop, order)
    CancellationTier.objects.all().delete()
    other = shop.paid(shop.rental(1, 3, 2))
    with time_machine.travel(noon(shop, 5)):
        settle_no_show(rental_id=next(rentals(other)).pk)
        credited = read(shop, other)

    assert [minor(line["total"]) for line in kept["lines"]] == [4990, 2700]
    assert [minor(line["total"]) for line in credited["lines"]] == [0]
    assert others(credited["lines"][0]) == [("cancellation", -2700, "not picked up")] * 2


@pytest.mark.parametrize("policy", [None, 50])
def test_a_cancelled_order_tells_what_of_each_line_is_still_charged(shop: Shop, policy: int | None) -> None:
    if policy is not None:
        CancellationTier.objects.create(hours=0, percent=policy)
    order = shop.paid(shop.sale(), shop.rental(10, 12))

    cancel_order(order_id=order.pk, actor=ME)

    told = read(shop, order)
    kept = 0 if policy is None else 1350
    assert [minor(line["total"]) for line in told["lines"]] == [0, kept]
    assert others(told["lines"][0]) == [("cancellation", -4990, "order cancelled")]
    assert (minor(told["total"]), minor(told["tax_included"])) == (
        kept,
        included_tax(2700, 1900) - included_tax(2700 - kept, 1900),
    )


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_an_order_that_is_over_promises_no_deposit_to_be_taken(shop: Shop, how: str) -> None:
    order = shop.order(shop.rental(10, 12))
    assert "€40.00 is held on your card" in read(shop, order)["deposit_terms"]

    if how == "cancelled":
        cancel_order(order_id=order.pk, actor=ME)
    else:
        shop.lapse(order)
        expire_orders()

    told = read(shop, order)
    assert (told["status"], told["deposit_terms"]) == (how, "")


def test_an_order_that_expired_costs_nothing_and_one_that_is_paid_late_its_price(shop: Shop) -> None:
    order = shop.order(shop.sale())
    shop.pay(order)
    shop.lapse(order)
    expire_orders()
    expired = read(shop, order)

    shop.deliver_webhooks()
    run_jobs()

    assert (expired["status"], minor(expired["total"])) == ("expired", 0)
    assert others(expired["lines"][0]) == [("cancellation", -4990, "not paid in time")]
    late = read(shop, order)
    assert (late["status"], minor(late["total"]), late["lines"][0]["other_charges"]) == ("confirmed", 4990, [])


def test_what_was_given_back_of_the_whole_order_is_told_with_each_line(shop: Shop) -> None:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    address = AddressFactory(owner=shop.customer, country="DE")
    order = shop.paid(shop.sale(), shop.sale(2), fulfilment="delivery", address_id=address.pk)
    line = order.lines.get(quantity=1)
    prepare_sale(line_id=line.pk, actor=CLERK)
    deliver_sale(line_id=line.pk, actor=CLERK)
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=1566, reason="sorry", actor=CLERK)  # a tenth

    told = read(shop, order)
    assert [others(row) for row in told["lines"]] == [[("goodwill", -499, "sorry")], [("goodwill", -998, "sorry")]]
    assert others(told) == [("goodwill", -69, "sorry")]
    assert (minor(told["delivery"]), minor(told["total"])) == (690, 9 * 1566)
    ask_return(order_id=order.pk, line_ids=[line.pk], actor=ME)
    receive_return(line_id=line.pk, actor=CLERK)

    back = read(shop, order)
    assert [minor(row["total"]) for row in back["lines"]] == [0, 9 * 998]


def test_the_tax_of_an_order_is_that_of_its_documents(shop: Shop) -> None:
    CancellationTier.objects.create(hours=0, percent=30)
    CouponFactory(code="TENTH")
    order = shop.ready(shop.sale(3), shop.rental(0, 4, 2), coupon="TENTH")
    one, two = rentals(order)
    extend_rental(rental_id=one.pk, end_on=shop.day(6), actor=ME)
    settle(shop)
    prepare_rental(rental_id=two.pk, actor=CLERK)
    hand_over_rental(rental_id=two.pk, actor=CLERK)
    shorten_rental(rental_id=two.pk, end_on=shop.day(1), actor=ME)
    settle(shop)

    told = read(shop, order)

    taxes = [tax["tax_minor"] for document in Document.objects.filter(order=order) for tax in document.taxes]
    assert minor(told["tax_included"]) == sum(taxes)
    assert minor(*(line["tax_included"] for line in told["lines"])) == sum(taxes)


def test_reading_an_order_costs_the_same_statements_whatever_happened_to_it(shop: Shop) -> None:
    def statements(order: Order) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert shop.phone().get(f"/api/v1/orders/{order.number}").status_code == 200
        return len(captured)

    plain, changed = shop.paid(shop.sale()), shop.paid(shop.rental(10, 12, 2), shop.rental(20, 22))
    for rental in rentals(changed):
        extend_rental(rental_id=rental.pk, end_on=rental.end_on + (shop.day(1) - shop.day(0)), actor=ME)

    assert statements(changed) == statements(plain) == 4


def test_an_order_among_others_says_the_same_as_alone(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))
    extend_rental(rental_id=next(rentals(order)).pk, end_on=shop.day(13), actor=ME)

    assert shop.phone().get("/api/v1/orders").json()["results"] == [read(shop, order)]
