"""Whether what is quoted and ordered fits the cats on their flights: told, frozen, stamped, and forgotten with them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.privacy import close_account
from catalog.models import CabinRule
from orders.models import Order, Quote
from tests.document import Operation, operations
from tests.factories.accounts import CatFactory, UserFactory
from tests.orders.flights import LARGE, MISO, ask, know_airlines, trip
from tests.shop import Shop, key

CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@pytest.fixture
def shop(shop: Shop) -> Shop:
    return know_airlines(shop)


def fits(promise: Any) -> list[str]:
    return [line["fit"]["answer"] for line in promise["lines"]]


def test_a_quote_tells_of_each_line_whether_it_fits_each_cat_on_each_flight_and_by_which_rule(shop: Shop) -> None:
    quote = ask(shop, shop.body(shop.sale(), shop.rental(), **trip(shop, "LH", "TK")))

    for line in quote["lines"]:
        first, second = line["fit"]["verdicts"]
        assert (first["cats"], first["leg"], first["answer"], first["outside"]["height_mm"]) == ([0], 0, "fits", 20)
        assert (second["leg"], second["answer"], second["reason"]) == (1, "too_small", "space_too_small")
        assert line["fit"]["answer"] == "too_small"  # the worst
        rule = CabinRule.objects.get(airline__code="LH", allowed=True)
        assert first["rule"]["version"] == f"cabin:{rule.pk}"
        assert (first["rule"]["source"], first["rule"]["trust"]) == (rule.source, rule.trust)
        assert first["rule"]["checked_on"] == rule.checked_on.isoformat()
    assert quote["trip"]["cats"] == [{**MISO, "snub_nosed": False, "born_on": None}]
    assert [leg["airline"] for leg in quote["trip"]["legs"]] == ["LH", "TK"]


def test_a_quote_without_a_trip_tells_of_none(shop: Shop) -> None:
    quote = ask(shop, shop.body())

    assert (quote["trip"], quote["lines"][0]["fit"]) == (None, None)


def test_cats_that_travel_apart_are_judged_apart_and_together_as_one(shop: Shop) -> None:
    apart = ask(shop, shop.body(**trip(shop, "LH", cats=[MISO, LARGE])))
    together = ask(shop, shop.body(**trip(shop, "LH", cats=[MISO, LARGE]), together=True))

    assert [verdict["cats"] for verdict in apart["lines"][0]["fit"]["verdicts"]] == [[0], [1]]
    assert [verdict["answer"] for verdict in apart["lines"][0]["fit"]["verdicts"]] == ["fits", "too_small"]
    assert [verdict["cats"] for verdict in together["lines"][0]["fit"]["verdicts"]] == [[0, 1]]


def test_a_flight_without_its_day_is_on_the_first_day_of_the_rental(shop: Shop) -> None:
    told = trip(shop, "LH")
    del told["legs"][0]["on"]

    assert ask(shop, shop.body(shop.rental(10, 16), **told))["trip"]["legs"][0]["on"] == shop.day(10).isoformat()


def test_a_kept_cat_is_frozen_as_it_measures_now(shop: Shop) -> None:
    cat = CatFactory(owner=shop.customer, **MISO)
    quote = ask(shop, shop.body(**trip(shop, "LH", cats=[{"cat": str(cat.pk)}])))
    cat.length_mm = 700
    cat.save()

    again = shop.phone().get(f"/api/v1/quotes/{quote['id']}").json()

    assert again["trip"] == quote["trip"]
    assert again["trip"]["cats"][0]["length_mm"] == 460


def test_what_was_judged_before_verdicts_told_weights_is_told_as_documented(shop: Shop) -> None:
    quote = ask(shop, shop.body(**trip(shop, "LH")))
    placed = shop.phone().post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key()).json()
    for kept in (Quote.objects.get(), Order.objects.get()):
        for verdict in (verdict for fit in kept.trip["fits"] for verdict in fit["verdicts"]):
            del verdict["inside"]["weight_g"], verdict["outside"]["sum_mm"], verdict["outside"]["weight_g"]
            verdict["inside"]["height_mm"] = -36  # beside a cat that stands, under a seat
        kept.save(update_fields=["trip"])

    for path, about in (
        (f"/api/v1/quotes/{quote['id']}", operation("GET /api/v1/quotes/{quote_id}")),
        (f"/api/v1/orders/{placed['number']}", operation("GET /api/v1/orders/{number}")),
    ):
        told = shop.phone().get(path).json()
        assert about.violations(200, "application/json", told) == []
        [verdict] = told["lines"][0]["fit"]["verdicts"]
        assert (verdict["inside"], verdict["outside"]["sum_mm"], verdict["outside"]["height_mm"]) == (None, None, 20)


def operation(name: str) -> Operation:
    [found] = [one for one in operations() if str(one) == name]
    return found


def test_the_order_keeps_the_trip_the_verdicts_and_the_rules_that_decided(shop: Shop) -> None:
    quote = ask(shop, shop.body(shop.rental(), **trip(shop, "LH", "KL")))
    phone = shop.phone()

    order = phone.post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key()).json()

    assert order["trip"] == quote["trip"]
    assert order["lines"][0]["fit"] == quote["lines"][0]["fit"]
    assert {rule["airline"] for rule in order["rule_versions"]} == {"LH", "KL"}
    kept = Order.objects.get(number=order["number"])
    assert kept.flies_on == shop.day(11)
    assert phone.get(f"/api/v1/orders/{order['number']}").json()["rule_versions"] == order["rule_versions"]


SOON = (timezone.now().date() + timedelta(days=20)).isoformat()
WRONG = {
    "cats without flights": ({"cats": [MISO]}, "#/legs"),
    "flights without cats": ({"legs": [{"airline": "LH", "cabin": "economy", "on": SOON}]}, "#/cats"),
    "an airline that nobody knows": (
        {"cats": [MISO], "legs": [{"airline": "ZZ", "cabin": "economy", "on": SOON}]}, "#/legs/0/airline"
    ),
    "a flight that has left": (
        {"cats": [MISO], "legs": [{"airline": "LH", "cabin": "economy", "on": "2020-01-01"}]}, "#/legs/0/on"
    ),
    "a flight without its day, and nothing rented": (
        {"cats": [MISO], "legs": [{"airline": "LH", "cabin": "economy"}]}, "#/legs/0/on"
    ),
    "a cat of no length": (
        {"cats": [{**MISO, "length_mm": 0}], "legs": [{"airline": "LH", "cabin": "economy", "on": SOON}]},
        "#/cats/0/length_mm",
    ),
    "five cats": (
        {"cats": [MISO] * 5, "legs": [{"airline": "LH", "cabin": "economy", "on": SOON}]}, "#/cats"
    ),
    "seven flights": (
        {"cats": [MISO], "legs": [{"airline": "LH", "cabin": "economy", "on": SOON}] * 7}, "#/legs"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_trip_that_cannot_be_is_refused_with_the_field_that_is_wrong(shop: Shop, case: str) -> None:
    told, pointer = WRONG[case]

    refused = ask(shop, shop.body(**told), 400)

    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    assert not Quote.objects.exists()


@pytest.mark.parametrize("on", [-1, 9, 17, 200, None])
def test_whoever_rents_flies_on_the_days_of_the_rental(shop: Shop, on: int | None) -> None:
    told = trip(shop, "LH", "LH")
    told["legs"][1]["on"] = "9999-12-31" if on is None else shop.day(on).isoformat()

    refused = ask(shop, shop.body(shop.rental(10, 16), **told), 400)

    [error] = refused["errors"]
    assert (error["pointer"], error["code"]) == ("#/legs/1/on", "outside")
    assert f"from {shop.day(10)} to {shop.day(16)}" in error["detail"]


def test_each_flight_is_on_the_days_of_one_of_several_rentals(shop: Shop) -> None:
    told = trip(shop, "LH", "LH")
    told["legs"][1]["on"] = shop.day(20).isoformat()

    quote = ask(shop, shop.body(shop.rental(10, 12), shop.rental(20, 22), **told))

    assert [leg["on"] for leg in quote["trip"]["legs"]] == [leg["on"] for leg in told["legs"]]


@pytest.mark.parametrize(("on", "status"), [(0, 201), (366, 201), (367, 400), (-1, 400)])
def test_whoever_buys_flies_within_the_next_year(shop: Shop, on: int, status: int) -> None:
    told = trip(shop, "LH")
    told["legs"][0]["on"] = shop.day(on).isoformat()

    ask(shop, shop.body(shop.sale(), **told), status)


def test_a_cat_that_is_named_twice_is_refused(shop: Shop) -> None:
    cat = {"cat": str(CatFactory(owner=shop.customer, **MISO).pk)}

    refused = ask(shop, shop.body(**trip(shop, "LH", cats=[cat, cat])), 400)

    assert [(one["pointer"], one["code"]) for one in refused["errors"]] == [("#/cats/1/cat", "twice")]


def test_somebody_elses_cat_is_unknown(shop: Shop) -> None:
    cat = CatFactory(owner=UserFactory())

    refused = ask(shop, shop.body(**trip(shop, "LH", cats=[{"cat": str(cat.pk)}])), 400)

    assert refused["errors"][0]["pointer"] == "#/cats/0/cat"


def test_a_quote_with_a_trip_costs_two_statements_more(shop: Shop, django_assert_max_num_queries: Any) -> None:
    cats = [{"cat": str(CatFactory(owner=shop.customer, **MISO).pk)} for _ in range(3)]
    told = trip(shop, "LH", "KL", "AF", "TK", cats=cats)
    phone, body = shop.phone(), shop.body(shop.sale(1), shop.rental(), shop.rental(20, 25), **told)

    with django_assert_max_num_queries(10):
        answer = phone.post("/api/v1/quotes", body, format="json")

    assert answer.status_code == 201


def test_an_order_with_a_trip_costs_at_most_twenty_statements(shop: Shop) -> None:
    quote = ask(shop, shop.body(shop.sale(1), shop.rental(), **trip(shop, "LH", "KL")))
    phone = shop.phone()

    with CaptureQueriesContext(connection) as captured:
        answer = phone.post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key())

    assert answer.status_code == 201
    assert len([q for q in captured.captured_queries if not q["sql"].startswith(CONTROL)]) <= 20


def test_cats_and_flights_are_forgotten_with_their_owner_and_the_rules_stay(shop: Shop) -> None:
    quote = ask(shop, shop.body(shop.sale(), **trip(shop, "LH")))
    placed = shop.phone().post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key()).json()
    exported = shop.phone().get("/api/v1/me/export").json()
    assert exported["orders"][0]["trip"]["cats"][0]["length_mm"] == 460

    close_account(user_id=shop.customer.pk)

    order = Order.objects.select_related("quote").get(number=placed["number"])
    assert (order.trip, order.quote.trip) == (None, None)
    assert len(order.rule_versions) == 1
