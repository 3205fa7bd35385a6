"""Quotes over HTTP: priced, explained and frozen, or refused with the field that is wrong."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from catalog.models import Approval, RentalRate, SaleOffer
from inventory.models import DepotClosure, Downtime, Unit
from orders.models import DeliveryRate, Order, Quote
from tests.factories.accounts import AddressFactory, UserFactory
from tests.factories.catalog import SaleOfferFactory, VariantFactory
from tests.shop import Shop, key


def ask(shop: Shop, body: dict[str, Any]) -> Any:
    return shop.phone().post("/api/v1/quotes", body, format="json")


def test_a_quote_prices_and_explains_each_line(shop: Shop) -> None:
    answer = ask(shop, shop.body(shop.sale(2), shop.rental(10, 12))).json()

    bag, crate = answer["lines"]
    assert bag["total"] == {"amount": 9980, "currency": "EUR"}
    assert bag["tax_included"]["amount"] == 1593  # 99.80 × 19 / 119
    assert crate["rental"]["days"] == 3
    assert crate["total"]["amount"] == 2700
    assert crate["explanation"] == ["3 days, first and last included", "€9.00 a day (rate from 1 day)"]
    assert answer["total"]["amount"] == 9980 + 2700
    assert answer["deposit"]["amount"] == 4000


def test_one_day_is_called_a_day(shop: Shop) -> None:
    line = ask(shop, shop.body(shop.rental(10, 10))).json()["lines"][0]

    assert line["explanation"] == ["1 day, first and last included", "€9.00 a day (rate from 1 day)"]


def test_a_longer_rate_is_used_as_soon_as_it_is_cheaper_and_the_quote_says_so(shop: Shop) -> None:
    line = ask(shop, shop.body(shop.rental(10, 16))).json()["lines"][0]

    assert (line["rental"]["days"], line["rental"]["billed_days"]) == (7, 8)
    assert line["total"]["amount"] == 4000  # 8 × 5.00 beats 7 × 7.00
    assert "charged as 8 days" in line["explanation"][1]


def test_a_quote_reserves_nothing(shop: Shop) -> None:
    ask(shop, shop.body(shop.sale(10)))

    assert ask(shop, shop.body(shop.sale(10))).status_code == 201


def test_a_quote_costs_at_most_eight_statements_and_its_user(shop: Shop, django_assert_max_num_queries: Any) -> None:
    phone, body = shop.phone(), shop.body(shop.sale(1), shop.rental(), shop.rental(20, 25))

    with django_assert_max_num_queries(8):
        answer = phone.post("/api/v1/quotes", body, format="json")

    assert answer.status_code == 201


def test_a_quote_of_what_was_quoted_before_costs_five_statements(
    shop: Shop, django_assert_max_num_queries: Any
) -> None:
    """What the catalog says is remembered under its version."""
    phone, body = shop.phone(), shop.body(shop.sale(1), shop.rental(), shop.rental(20, 25))
    before = phone.post("/api/v1/quotes", body, format="json").json()

    with django_assert_max_num_queries(5):
        again = phone.post("/api/v1/quotes", body, format="json").json()

    assert (again["lines"], again["cheaper"]) == (before["lines"], before["cheaper"])


@pytest.mark.parametrize(
    ("change", "line", "price"),
    [
        (lambda: SaleOffer.objects.filter(variant__sku="BAG-1").update(price_minor=100), 0, 100),
        (lambda: RentalRate.objects.update(per_day_minor=200), 1, 600),
    ],
)
def test_what_changed_in_the_catalog_is_in_the_next_quote(shop: Shop, change: Any, line: int, price: int) -> None:
    body = shop.body(shop.sale(1), shop.rental(10, 12))
    ask(shop, body)

    change()

    assert ask(shop, body).json()["lines"][line]["total"]["amount"] == price


def test_what_is_withdrawn_is_not_quoted_from_memory(shop: Shop) -> None:
    body = shop.body(shop.sale(1))
    ask(shop, body)

    Approval.objects.update(result=Approval.Result.REFUSED)

    assert ask(shop, body).json()["errors"][0]["code"] == "not_offered"


def test_a_quote_costs_four_statements_more_where_units_are_down_later(
    shop: Shop, django_assert_max_num_queries: Any
) -> None:
    """Then the counts do not tell everything: what one unit can serve is planned from the whole fleet."""
    days = DateRange(shop.day(12), shop.day(13))
    Downtime.objects.create(unit=Unit.objects.get(serial="CRATE-1-1"), period=days)
    phone, body = shop.phone(), shop.body(shop.sale(1), shop.rental(), shop.rental(20, 25))

    with django_assert_max_num_queries(12):
        answer = phone.post("/api/v1/quotes", body, format="json")

    assert answer.status_code == 201


def test_a_delivery_adds_its_rate_and_keeps_the_address_sealed(shop: Shop) -> None:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    address = AddressFactory(owner=shop.customer, country="DE", city="Potsdam")

    answer = ask(shop, shop.body(fulfilment="delivery", address=str(address.pk)))

    assert answer.json()["delivery"]["amount"] == 690
    assert answer.json()["total"]["amount"] == 4990 + 690
    quote = Quote.objects.get(pk=answer.json()["id"])
    assert quote.address["city"] == "Potsdam"
    raw = Quote.objects.raw("SELECT id, address::text AS sealed FROM orders_quote")[0].sealed  # type: ignore[attr-defined]
    assert "Potsdam" not in raw


def test_the_quoted_price_stays_when_the_catalogue_changes_before_the_order(shop: Shop) -> None:
    phone = shop.phone()
    quote = phone.post("/api/v1/quotes", shop.body(shop.sale()), format="json").json()
    SaleOffer.objects.filter(variant=shop.bag).update(price_minor=9990)

    order = phone.post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key()).json()

    assert order["total"] == quote["total"] == {"amount": 4990, "currency": "EUR"}


def test_a_quote_can_be_read_again_as_it_was(shop: Shop) -> None:
    quote = ask(shop, shop.body(shop.sale(), shop.rental())).json()

    assert shop.phone().get(f"/api/v1/quotes/{quote['id']}").json() == quote


def test_somebody_elses_quote_is_not_found(shop: Shop) -> None:
    quote = shop.quote()
    stranger = shop.phone(UserFactory())

    assert stranger.get(f"/api/v1/quotes/{quote.pk}").status_code == 404
    answer = stranger.post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=key())
    assert answer.status_code == 404
    assert Order.objects.count() == 0


def test_somebody_elses_address_is_not_found(shop: Shop) -> None:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    address = AddressFactory(owner=UserFactory(), country="DE")

    answer = ask(shop, shop.body(fulfilment="delivery", address=str(address.pk)))

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_more_than_is_free_is_refused_and_says_what_is_short(shop: Shop) -> None:
    answer = ask(shop, shop.body(shop.sale(6), shop.sale(6), shop.rental(quantity=4)))

    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")
    bag, crate = answer.json()["lines"]
    assert (bag["sku"], bag["requested"], bag["available"]) == ("BAG-1", 12, 10)
    assert (crate["sku"], crate["requested"], crate["available"]) == ("CRATE-1", 4, 3)


def _line(shop: Shop, **changes: Any) -> dict[str, Any]:
    kind = changes.get("kind", "sale")
    days = {"start_on": str(shop.day(5)), "end_on": str(shop.day(7))} if kind == "rental" else {}
    line = {"kind": kind, "sku": "CRATE-1" if kind == "rental" else "BAG-1", "quantity": 1, **days, **changes}
    return {name: value for name, value in line.items() if value is not None}


WRONG_LINES = {
    "quantity zero": ({"quantity": 0}, "#/lines/0/quantity", "min_value"),
    "quantity below zero": ({"quantity": -1}, "#/lines/0/quantity", "min_value"),
    "quantity of a billion": ({"quantity": 10**9}, "#/lines/0/quantity", "max_value"),
    "quantity beyond every integer": ({"quantity": 10**30}, "#/lines/0/quantity", "max_value"),
    "quantity in words": ({"quantity": "two"}, "#/lines/0/quantity", "invalid"),
    "unknown SKU": ({"sku": "NO-SUCH-1"}, "#/lines/0/sku", "not_offered"),
    "SKU with a zero byte": ({"sku": "A\x00B"}, "#/lines/0/sku", "null_characters_not_allowed"),
    "unknown kind": ({"kind": "lease"}, "#/lines/0/kind", "invalid_choice"),
    "a sale with days": ({"start_on": "2030-01-01"}, "#/lines/0/start_on", "not_a_rental"),
    "a field nobody knows": ({"colour": "red"}, "#/lines/0/colour", "unknown_field"),
    "a rental without days": ({"kind": "rental", "start_on": None, "end_on": None}, "#/lines/0/end_on", "invalid"),
    "a day that does not exist": ({"kind": "rental", "start_on": "2027-02-30"}, "#/lines/0/start_on", "invalid"),
    "a past day": ({"kind": "rental", "start_on": "2020-01-01"}, "#/lines/0/start_on", "in_the_past"),
    "too many units": ({"kind": "rental", "quantity": 11}, "#/lines/0/quantity", "invalid"),
}


@pytest.mark.parametrize("case", WRONG_LINES)
def test_a_wrong_line_is_refused_with_a_pointer_to_its_field(shop: Shop, case: str) -> None:
    changes, pointer, code = WRONG_LINES[case]

    answer = ask(shop, {"depot": "BER", "lines": [_line(shop, **changes)]})

    assert answer.status_code == 400, answer.json()
    assert answer["Content-Type"].startswith("application/problem+json")
    assert (pointer, code) in {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
    assert Quote.objects.count() == 0


def test_an_end_before_the_start_is_refused(shop: Shop) -> None:
    body = {"depot": "BER", "lines": [_line(shop, kind="rental", end_on=str(shop.day(4)))]}

    errors = ask(shop, body).json()["errors"]

    assert [(e["pointer"], e["code"]) for e in errors] == [("#/lines/0/end_on", "end_before_start")]


@pytest.mark.parametrize(
    ("first", "last", "code"), [(5, 70, "rental_length"), (360, 380, "too_far")], ids=["too long", "too far ahead"]
)
def test_a_rental_outside_the_offer_or_the_next_year_is_refused(shop: Shop, first: int, last: int, code: str) -> None:
    answer = ask(shop, shop.body(shop.rental(first, last)))

    assert answer.status_code == 400
    assert code in {e["code"] for e in answer.json()["errors"]}


def test_a_hand_over_on_a_closed_day_is_refused(shop: Shop) -> None:
    DepotClosure.objects.create(depot=shop.depot, start_on=shop.day(10), end_on=shop.day(10), reason="Holiday")

    errors = ask(shop, shop.body(shop.rental(10, 12))).json()["errors"]

    assert [(e["pointer"], e["code"]) for e in errors] == [("#/lines/0/start_on", "depot_closed")]


def test_a_weekday_on_which_the_depot_is_shut_is_refused(shop: Shop) -> None:
    shop.depot.opening_days = [day for day in range(1, 8) if day != shop.day(12).isoweekday()]
    shop.depot.save()

    errors = ask(shop, shop.body(shop.rental(10, 12))).json()["errors"]

    assert [(e["pointer"], e["code"]) for e in errors] == [("#/lines/0/end_on", "depot_closed")]


WRONG_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown depot": ({"depot": "XXX"}, "#/depot"),
    "unknown currency": ({"currency": "ZZZ"}, "#/currency"),
    "no lines": ({"lines": []}, "#/lines"),
    "lines that are not a list": ({"lines": "BAG-1"}, "#/lines"),
    "delivery without an address": ({"fulfilment": "delivery"}, "#/address"),
    "a pickup with an address": ({"address": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a01"}, "#/address"),
    "an address that is not an id": ({"address": "home"}, "#/address"),
    "a field nobody knows": ({"discount": 100}, "#/discount"),
}


@pytest.mark.parametrize("case", WRONG_BODIES)
def test_a_wrong_request_is_refused_with_a_pointer_to_its_field(shop: Shop, case: str) -> None:
    changes, pointer = WRONG_BODIES[case]

    answer = ask(shop, {"depot": "BER", "currency": "EUR", "lines": [_line(shop)], **changes})

    assert answer.status_code == 400
    assert pointer in {e["pointer"] for e in answer.json()["errors"]}


def test_a_currency_in_which_it_is_not_offered_is_refused(shop: Shop) -> None:
    SaleOfferFactory(variant=VariantFactory(approved=True), currency="CHF")

    errors = ask(shop, shop.body(shop.sale(), currency="CHF")).json()["errors"]

    assert [(e["pointer"], e["code"]) for e in errors] == [("#/lines/0/sku", "not_offered_in_currency")]


def test_what_is_not_approved_or_not_published_is_not_offered(shop: Shop) -> None:
    Approval.objects.filter(variant=shop.bag).update(result=Approval.Result.REFUSED)
    shop.crate.container.published = False
    shop.crate.container.save()

    errors = ask(shop, shop.body(shop.sale(), shop.rental())).json()["errors"]

    assert [(e["pointer"], e["code"]) for e in errors] == [
        ("#/lines/0/sku", "not_offered"),
        ("#/lines/1/sku", "not_offered"),
    ]


def test_an_expired_quote_is_not_ordered(shop: Shop) -> None:
    quote = shop.quote()

    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=True):
        answer = shop.phone().post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=key())

    assert (answer.status_code, answer.json()["code"]) == (409, "quote_expired")
    assert Order.objects.count() == 0


def test_malformed_json_is_a_problem_too(shop: Shop) -> None:
    answer = shop.phone().post("/api/v1/quotes", "{", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_a_body_that_is_not_json_is_not_supported(shop: Shop) -> None:
    answer = shop.phone().post("/api/v1/quotes", "depot=BER", content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
