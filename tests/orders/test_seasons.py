"""Days that cost more or less: seasons, and days in which a cat gets used to its container. Frozen with the quote."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import RentalOffer, Season
from core.errors import InvalidInput
from inventory.models import DepotClosure
from orders.models import Order, Quote, Rental
from orders.rental_terms import RentalTerms
from orders.services import extend_rental, move_rental_days
from payments.selectors import balance
from tests.catalog.test_pricing import FIRST, calendars
from tests.factories.catalog import SeasonFactory
from tests.shop import Shop

ME = "customer:1"


def ask(shop: Shop, line: dict[str, Any]) -> Any:
    body = {"depot": "BER", "currency": "EUR", "lines": [line]}
    return shop.phone().post("/api/v1/quotes", body, format="json")


def rental(shop: Shop, first: int = 10, last: int = 12, **more: Any) -> dict[str, Any]:
    days = {"start_on": str(shop.day(first)), "end_on": str(shop.day(last))}
    return {"kind": "rental", "sku": "CRATE-1", "quantity": 1, **days, **more}


def christmas(shop: Shop, first: int, last: int, percent: int = 20, **more: Any) -> Season:
    return SeasonFactory(start_on=shop.day(first), end_on=shop.day(last), percent=percent, **more)


def test_a_quote_names_the_season_its_days_and_what_they_cost_more(shop: Shop) -> None:
    christmas(shop, 12, 20)

    line = ask(shop, rental(shop, 10, 13)).json()["lines"][0]

    assert line["total"]["amount"] == 4 * 700 + 280
    assert line["rental"]["adjustments"] == [
        {"season": "Christmas", "days": 2, "percent": 20, "amount": {"amount": 280, "currency": "EUR"}}
    ]
    assert line["explanation"] == [
        "4 days, first and last included",
        "€7.00 a day (rate from 4 days)",
        "Christmas: 2 days at +20 %, +€2.80",
    ]


def test_a_season_of_another_kind_does_not_count(shop: Shop) -> None:
    christmas(shop, 0, 20, kind="hard")

    assert ask(shop, rental(shop)).json()["lines"][0]["total"]["amount"] == 2700


def test_the_shop_window_shows_what_the_quote_asks(shop: Shop) -> None:
    christmas(shop, 12, 20, kind="soft")

    shown = shop.phone().get("/api/v1/containers", {"from": str(shop.day(10)), "to": str(shop.day(13))}).json()

    fees = {v["sku"]: v["rental"]["fee"] for row in shown["results"] for v in row["variants"] if v["rental"]}
    assert fees["CRATE-1"] == ask(shop, rental(shop, 10, 13)).json()["lines"][0]["total"]


def test_days_to_get_used_to_it_come_before_the_trip_and_are_held(shop: Shop) -> None:
    RentalOffer.objects.filter(variant=shop.crate).update(acclimatisation_percent=50)

    quote = ask(shop, rental(shop, acclimatisation_days=2)).json()

    line = quote["lines"][0]
    assert (line["rental"]["start_on"], line["rental"]["days"]) == (str(shop.day(8)), 5)
    assert line["rental"]["acclimatisation_days"] == 2
    assert line["total"]["amount"] == 5 * 700 - 700
    assert line["explanation"][1] == f"2 days of them before {shop.day(10)}, to get used to it"
    assert line["explanation"][3] == "to get used to it: 2 days at -50 %, -€7.00"
    shop.phone().post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers={"Idempotency-Key": quote["id"]})
    booked = Rental.objects.get()
    assert (booked.start_on, booked.end_on) == (shop.day(8), shop.day(12))
    assert booked.period == DateRange(shop.day(8), shop.day(14))


def test_days_to_get_used_to_it_cost_their_day_price_unless_the_offer_says_otherwise(shop: Shop) -> None:
    line = ask(shop, rental(shop, acclimatisation_days=2)).json()["lines"][0]

    assert line["total"]["amount"] == 5 * 700
    assert line["rental"]["adjustments"] == []


@pytest.mark.parametrize(
    ("first", "last", "ahead", "code"),
    [(10, 12, 15, "max_value"), (10, 12, -1, "min_value"), (1, 12, 2, "in_the_past"), (10, 62, 9, "rental_length")],
)
def test_days_that_cannot_come_before_are_refused(shop: Shop, first: int, last: int, ahead: int, code: str) -> None:
    answer = ask(shop, rental(shop, first, last, acclimatisation_days=ahead))

    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, [code])


def test_a_trip_that_ends_before_it_begins_is_refused_even_with_days_before_it(shop: Shop) -> None:
    answer = ask(shop, rental(shop, 10, 9, acclimatisation_days=3))

    assert [error["code"] for error in answer.json()["errors"]] == ["end_before_start"]


def test_the_depot_must_be_open_when_the_days_before_the_trip_begin(shop: Shop) -> None:
    DepotClosure.objects.create(depot=shop.depot, start_on=shop.day(8), end_on=shop.day(8))

    errors = ask(shop, rental(shop, acclimatisation_days=2)).json()["errors"]

    assert [(e["pointer"], e["code"]) for e in errors] == [("#/lines/0/acclimatisation_days", "depot_closed")]


def test_a_sale_has_no_days_to_get_used_to_it(shop: Shop) -> None:
    answer = ask(shop, {"kind": "sale", "sku": "BAG-1", "quantity": 1, "acclimatisation_days": 1})

    assert [error["code"] for error in answer.json()["errors"]] == ["not_a_rental"]


def charged(order: Order) -> int:
    return order.charges.total()


def test_an_extension_in_steps_costs_what_one_would_by_the_seasons_of_the_quote(shop: Shop) -> None:
    season = christmas(shop, 12, 25)
    steps, at_once = (Rental.objects.get(line__order=shop.paid(shop.rental(10, 12))) for _ in range(2))
    season.percent = 200
    season.save()

    for last in (13, 15, 18):
        extend_rental(rental_id=steps.pk, end_on=shop.day(last), actor=ME)
    extend_rental(rental_id=at_once.pk, end_on=shop.day(18), actor=ME)

    assert charged(steps.line.order) == charged(at_once.line.order) == 9 * 500 + 7 * 100


def test_a_moved_rental_costs_what_its_quote_said_of_the_season_it_is_moved_into(shop: Shop) -> None:
    season = christmas(shop, 30, 40)
    rental = Rental.objects.get(line__order=shop.paid(shop.rental(10, 12)))
    season.delete()

    move_rental_days(rental_id=rental.pk, start_on=shop.day(30), end_on=shop.day(32), actor=ME)

    assert balance(rental.line.order_id) == 4 * 700 + 3 * 140 - 2700  # four days at 7.00, three of them in the season


def test_a_moved_rental_keeps_its_days_to_get_used_to_it(shop: Shop) -> None:
    RentalOffer.objects.filter(variant=shop.crate).update(acclimatisation_percent=50)
    ask(shop, rental(shop, acclimatisation_days=2))
    moved = Rental.objects.get(line__order=shop.settled(shop.place(Quote.objects.get())))

    with pytest.raises(InvalidInput, match="3 to 60 days"):
        move_rental_days(rental_id=moved.pk, start_on=shop.day(20), end_on=shop.day(21), actor=ME)
    move_rental_days(rental_id=moved.pk, start_on=shop.day(20), end_on=shop.day(24), actor=ME)

    assert balance(moved.line.order_id) == 0


@given(
    calendar=calendars(),
    rates=st.dictionaries(st.integers(1, 60), st.integers(1, 50_00), min_size=1, max_size=5),
    days=st.lists(st.integers(1, 90), min_size=2, max_size=6).map(sorted),
)
def test_frozen_terms_price_any_steps_as_one_and_never_give_anything_back(
    calendar: Any, rates: dict[int, int], days: list[int]
) -> None:
    frozen = {
        "start_on": FIRST.isoformat(), "blocked_from": FIRST.isoformat(), "rates": list(rates.items()),
        "seasons": [[s.name, s.start_on.isoformat(), s.end_on.isoformat(), s.percent] for s in calendar.seasons],
        "acclimatisation_days": calendar.acclimatisation_days,
        "acclimatisation_percent": calendar.acclimatisation_percent,
        "min_days": 1, "max_days": 90, "turnaround_days": 1, "late_fee_minor": 0, "keep_price_minor": None,
        "keep_credit_percent": 0,
    }  # fmt: skip
    terms = RentalTerms.of(frozen)

    fees = [terms.fee_minor(FIRST, FIRST + timedelta(days=n - 1)) for n in days]

    steps = [later - sooner for sooner, later in pairwise(fees)]
    assert all(step >= 0 for step in steps)
    assert fees[0] + sum(steps) == fees[-1]


def test_what_was_frozen_before_there_were_seasons_costs_what_it_did(shop: Shop) -> None:
    line = shop.quote(shop.rental(10, 13)).lines[0]["rental"]
    for name in ("seasons", "acclimatisation_days", "acclimatisation_percent"):
        del line[name]

    assert RentalTerms.of(line).fee_minor(shop.day(10), shop.day(13)) == 2800
