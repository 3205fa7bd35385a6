"""The carrier that fits the cat, the flight and the days, in one call."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.tokens import AccessToken
from catalog.fit import Answer, Box, Reason, Rules, Shell, Size, needs, verdict, worst
from catalog.fitting import FEW, fitting
from catalog.models import CabinRule, Kind, Variant
from catalog.selectors import Mode, Wish
from inventory import words
from inventory.models import Depot
from tests.catalog.rules import RULES, import_fresh_rules
from tests.catalog.test_fit import CATS, leg
from tests.catalog.test_fit import TODAY as THEN
from tests.factories.accounts import CatFactory, UserFactory
from tests.factories.catalog import RentalOfferFactory, SaleOfferFactory, VariantFactory
from tests.factories.inventory import DepotClosureFactory, ReservationFactory, StockLevelFactory, UnitFactory
from tests.inventory.catalog_api.asking import TODAY, day, days, pointers

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/trips/search"
MISO = {"length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4300}
Search = Callable[..., Any]


@pytest.fixture
def depot(depot: Depot) -> Depot:
    import_fresh_rules()
    return depot


@pytest.fixture
def search(phone: APIClient, depot: Depot) -> Search:
    def ask(*flights: str, status: int = 200, **told: Any) -> Any:
        body = {"cats": [MISO], "legs": [leg_of(f) for f in flights], "depot": "BER", **days(3, 8), **told}
        answer = phone.post(SEARCH, body, format="json")
        assert answer.status_code == status, answer.content
        return answer.json()

    return ask


def leg_of(words: str) -> dict[str, str]:
    airline, cabin, *aircraft = words.split()
    return {"airline": airline, "cabin": cabin, "aircraft": "".join(aircraft)}


def stocked(
    depot: Depot,
    sku: str,
    kind: str,
    outer: tuple[int, int, int],
    *,
    units: int = 1,
    max_load_g: int = 15_000,
    **offer: Any,
) -> Any:
    """A variant whose inside is 10 mm smaller on each axis, to rent and to buy."""
    sizes = {
        f"{side}_{axis}_mm": size - less
        for side, less in (("outer", 0), ("inner", 10))
        for axis, size in zip(("length", "width", "height"), outer, strict=True)
    }
    carries = {"weight_g": 1200, "max_load_g": max_load_g}
    variant = VariantFactory(approved=True, sku=sku, container__kind=kind, **carries, **sizes)
    RentalOfferFactory(variant=variant, **offer)
    SaleOfferFactory(variant=variant, price_minor=4990)
    StockLevelFactory(variant=variant, depot=depot, on_hand=units)
    for _ in range(units):
        UnitFactory(variant=variant, depot=depot)
    return variant


@pytest.fixture
def shelf(depot: Depot) -> None:
    stocked(depot, "BAG-40", "soft", (400, 270, 200))
    stocked(depot, "BAG-46", "soft", (460, 280, 240), deposit_minor=3000)
    stocked(depot, "BAG-55", "soft", (550, 400, 230))
    stocked(depot, "HARD-44", "hard", (440, 300, 190))
    stocked(depot, "CRATE-690", "airline_crate", (700, 490, 490))


def skus(answer: Any) -> list[str]:
    return [result["variant"]["sku"] for result in answer["results"]]


def left_out(answer: Any) -> dict[str, list[str]]:
    """By reason, whoever it is about."""
    told: dict[str, list[str]] = {}
    for one in answer["left_out"]:
        told[one["reason"]] = sorted({*told.get(one["reason"], []), *one["skus"]})
    return told


@pytest.mark.usefixtures("shelf")
def test_what_fits_the_cat_and_every_flight_comes_best_first_with_price_deposit_and_rule(search: Search) -> None:
    answer = search("LH economy", "KL economy")

    assert skus(answer) == ["BAG-40"]
    best = answer["results"][0]
    assert best["answer"] == "fits"
    assert best["price"] == best["variant"]["rental"]["fee"]
    assert best["deposit"] == best["variant"]["rental"]["deposit"]
    assert best["variant"]["availability"][0]["rental"] == 1
    assert [(one["leg"], one["cats"], one["answer"]) for one in best["verdicts"]] == [
        (0, [0], "fits"),
        (1, [0], "fits"),
    ]
    assert best["verdicts"][1]["inside"] == {"length_mm": 230, "width_mm": 100, "height_mm": 50, "weight_g": 10_700}
    assert best["verdicts"][1]["outside"] == {
        "length_mm": 60, "width_mm": 10, "height_mm": 40, "sum_mm": None, "weight_g": 2500,
    }  # fmt: skip
    assert best["verdicts"][1]["rule"]["airline"] == "KL"
    assert best["verdicts"][1]["rule"]["checked_on"] == TODAY.isoformat()
    assert left_out(answer) == {
        "shell_not_taken": ["CRATE-690", "HARD-44"],
        "space_too_small": ["BAG-46", "BAG-55"],
    }


@pytest.mark.usefixtures("shelf")
def test_cabin_and_hold_on_one_trip_ask_for_what_both_take(search: Search) -> None:
    assert skus(search("TK hold")) == ["CRATE-690"]
    assert skus(search("TK hold", "LH economy")) == []


@pytest.mark.usefixtures("shelf")
def test_of_an_airline_without_rules_everything_is_to_be_asked(search: Search) -> None:
    answer = search("TP economy")

    assert {result["answer"] for result in answer["results"]} == {"ask_airline"}
    assert answer["results"][0]["verdicts"][0]["rule"] is None


@pytest.mark.usefixtures("shelf")
def test_a_rule_that_changes_before_the_flight_is_the_one_that_counts(search: Search) -> None:
    rule = CabinRule.objects.get(airline__code="LH", shell="soft")
    rule.pk, rule.height_mm, rule.valid_from = None, 190, TODAY + timedelta(days=5)
    rule.save()
    flight = leg_of("LH economy")

    told = [skus(search(legs=[flight | {"on": day(on)}])) for on in (4, 5)]

    assert told == [["BAG-40", "BAG-55"], []]


@pytest.mark.usefixtures("shelf")
def test_what_fits_and_is_taken_is_said_to_be_taken(search: Search, depot: Depot) -> None:

    ReservationFactory(variant=Variant.objects.get(sku="BAG-40"), depot=depot, rental=(day(4), day(6)), committed=True)

    answer = search("KL economy")

    assert skus(answer) == ["BAG-46"]
    assert left_out(answer)["not_free"] == ["BAG-40"]


@pytest.mark.usefixtures("shelf")
def test_days_on_which_the_depot_is_closed_are_named(search: Search, depot: Depot) -> None:
    DepotClosureFactory(depot=depot, start_on=TODAY + timedelta(days=3), end_on=TODAY + timedelta(days=3))

    [left] = [one for one in search("LH economy")["left_out"] if one["reason"] == "depot_closed"]

    assert left["skus"] == ["BAG-40", "BAG-55"]
    assert words.day(TODAY + timedelta(days=3)) in left["detail"]


@pytest.mark.usefixtures("shelf")
def test_a_currency_that_nothing_is_offered_in_is_refused(search: Search) -> None:
    [wrong] = search("LH economy", status=400, currency="CHF")["errors"]

    assert (wrong["pointer"], wrong["code"]) == ("#/currency", "not_offered")
    assert wrong["detail"] == 'Nothing is offered in "CHF"; offers are in: EUR.'


@pytest.mark.usefixtures("shelf")
def test_that_nothing_is_offered_for_so_many_days_is_said(search: Search) -> None:
    SaleOfferFactory(variant=Variant.objects.get(sku="BAG-40"), currency="CHF")

    assert search("LH economy", currency="CHF")["left_out"] == [
        {
            "reason": "not_offered",
            "detail": "Nothing is offered in this currency for so many days.",
            "cats": [],
            "leg": None,
            "variants": 0,
            "skus": [],
        }
    ]


@pytest.mark.usefixtures("shelf")
def test_what_is_left_out_is_said_to_be_so_for_which_cat_on_which_leg(search: Search, depot: Depot) -> None:
    odin = {"length_mm": 560, "elbow_height_mm": 180, "width_mm": 280, "height_mm": 370, "weight_g": 6500}
    stocked(depot, "WEAK", "soft", (400, 270, 200), max_load_g=3000)

    answer = search("LH economy", "KL economy", cats=[MISO, odin])

    told = [(one["reason"], one["cats"], one["leg"], one["skus"]) for one in answer["left_out"]]
    assert sorted(told) == [
        ("cat_too_heavy", [0], 0, ["WEAK"]),
        ("cat_too_large", [1], 0, ["BAG-40"]),
        ("shell_not_taken", [0], 0, ["CRATE-690", "HARD-44"]),
        ("space_too_small", [0], 0, ["BAG-46"]),
        ("space_too_small", [0], 1, ["BAG-55"]),
    ]


@pytest.mark.usefixtures("shelf")
def test_what_is_left_out_for_all_of_them_names_them_all(search: Search) -> None:
    left_out = search("LH economy", cats=[MISO, MISO], together=True)["left_out"]

    told = {one["reason"]: (one["cats"], one["leg"]) for one in left_out}
    assert told == {"too_many_cats": ([0, 1], 0), "shell_not_taken": ([0, 1], 0)}


def test_two_cats_need_two_of_it_each_in_its_own(search: Search, depot: Depot) -> None:
    stocked(depot, "ONE", "soft", (400, 270, 200))
    stocked(depot, "TWO", "soft", (400, 270, 200), units=2)
    odin = {"length_mm": 560, "elbow_height_mm": 180, "width_mm": 180, "height_mm": 370, "weight_g": 6500}

    answer = search("LH economy", cats=[MISO, odin])

    assert skus(answer) == ["TWO"]
    result = answer["results"][0]
    assert (result["quantity"], result["price"]["amount"]) == (2, 2 * result["variant"]["rental"]["fee"]["amount"])
    assert [one["cats"] for one in result["verdicts"]] == [[0], [1]]
    assert search("LH economy", cats=[MISO, odin], together=True)["left_out"][0]["reason"] == "too_many_cats"


def test_to_buy_it_must_be_for_sale_and_in_stock(search: Search, depot: Depot) -> None:
    stocked(depot, "BAG-40", "soft", (400, 270, 200))

    [result] = search("LH economy", mode="buy")["results"]

    assert (result["price"]["amount"], result["deposit"]["amount"]) == (4990, 0)


def test_a_kept_cat_is_measured_as_it_is_kept(search: Search, depot: Depot, api: APIClient) -> None:
    owner = UserFactory()
    cat = CatFactory(owner=owner, **MISO)
    stocked(depot, "BAG-40", "soft", (400, 270, 200))
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(owner)}")

    assert skus(search("LH economy", cats=[{"cat": str(cat.pk)}])) == ["BAG-40"]


def test_the_next_page_goes_on_where_this_one_ended(search: Search, depot: Depot) -> None:
    for n in range(5):
        stocked(depot, f"BAG-{n}", "soft", (400, 270, 200))

    first = search("LH economy", page_size=2)
    second = search("LH economy", page_size=2, cursor=first["next"])
    third = search("LH economy", page_size=2, cursor=second["next"])

    assert [*skus(first), *skus(second), *skus(third)] == [f"BAG-{n}" for n in range(5)]
    assert third["next"] is None


@pytest.mark.parametrize("count", [1, 40])
def test_a_search_is_three_statements_at_any_size(
    search: Search, depot: Depot, count: int, django_assert_num_queries: Any
) -> None:
    for n in range(count):
        stocked(depot, f"BAG-{n:02}", "soft", (400, 270, 200), units=2)
    search("LH economy")  # depots are read once after a change of the catalog

    with django_assert_num_queries(3):  # rules, what fits, what is free
        search("LH economy", "KL business", "TK economy", cats=[MISO, MISO])


def test_a_search_is_never_more_than_six_statements(
    search: Search, depot: Depot, django_assert_num_queries: Any
) -> None:
    for n in range(60):
        stocked(depot, f"BAG-{n:02}", "soft", (400, 270, 200), units=2 if n == 59 else 1)

    with django_assert_num_queries(6):  # and once the depots, and once more what fits and what is free
        answer = search("LH economy", cats=[MISO, MISO])

    assert skus(answer) == ["BAG-59"]
    assert [one["variants"] for one in answer["left_out"]] == [59]


# What is asked wrongly


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"cats": []}, "#/cats"),
        ({"cats": [MISO] * 5}, "#/cats"),
        ({"cats": [{}]}, "#/cats/0/length_mm"),
        ({"cats": [MISO | {"weight_g": 0}]}, "#/cats/0/weight_g"),
        ({"cats": [MISO | {"length_mm": -1}]}, "#/cats/0/length_mm"),
        ({"cats": [MISO | {"width_mm": 99_999}]}, "#/cats/0/width_mm"),
        ({"cats": [MISO | {"elbow_height_mm": 280}]}, "#/cats/0/elbow_height_mm"),
        ({"cats": [MISO | {"cat": "01a21770-d523-7575-ad4d-7d89d6276100"}]}, "#/cats/0/length_mm"),
        ({"cats": [{"cat": "01a21770-d523-7575-ad4d-7d89d6276100"}]}, "#/cats/0/cat"),
        ({"legs": []}, "#/legs"),
        ({"legs": [leg_of("LH economy")] * 7}, "#/legs"),
        ({"legs": [leg_of("LH economy"), leg_of("ZZ economy")]}, "#/legs/1/airline"),
        ({"legs": [leg_of("Lufthansa economy")]}, "#/legs/0/airline"),
        ({"legs": [leg_of("LH sofa")]}, "#/legs/0/cabin"),
        ({"legs": [leg_of("LH economy") | {"aircraft": "a'; DROP"}]}, "#/legs/0/aircraft"),
        ({"legs": [leg_of("LH economy") | {"on": day(2)}]}, "#/legs/0/on"),
        ({"legs": [leg_of("LH economy"), leg_of("LH economy") | {"on": day(9)}]}, "#/legs/1/on"),
        ({"mode": "buy", "legs": [leg_of("LH economy") | {"on": day(2)}]}, "#/legs/0/on"),
        ({"mode": "buy", "legs": [leg_of("LH economy") | {"on": "9999-12-31"}]}, "#/legs/0/on"),
        ({"cats": [MISO | {"born_on": day(5)}]}, "#/cats/0/born_on"),
        ({"depot": "NOWHERE"}, "#/depot"),
        (days(3, 123), "#/to"),
        (days(-2, 3), "#/from"),
        ({"from": None}, "#/from"),
        ({"currency": "XXX"}, "#/currency"),
        ({"mode": "steal"}, "#/mode"),
        ({"cursor": "100"}, "#/cursor"),
        ({"colour": "red"}, "#/colour"),
    ],
)
def test_what_cannot_be_asked_is_said_with_its_field(search: Search, told: dict[str, Any], pointer: str) -> None:
    answer = search(*([] if "legs" in told else ["LH economy"]), status=400, **told)

    assert pointer in pointers(answer)


@pytest.mark.parametrize(
    ("told", "detail"),
    [
        ({"cats": [MISO] * 5}, "At most 4 cats at once; search for the rest apart."),
        ({"legs": [leg_of("LH economy")] * 7}, "At most 6 flights at once; search for the rest apart."),
        ({"cats": [{}]}, "Give this measure, or name a cat of GET /me/cats in `cat` instead of all measures."),
    ],
)
def test_what_to_do_about_what_cannot_be_asked_is_said(search: Search, told: dict[str, Any], detail: str) -> None:
    answer = search(*([] if "legs" in told else ["LH economy"]), status=400, **told)

    assert answer["errors"][0]["detail"] == detail


def test_another_customers_cat_is_no_cat(search: Search, depot: Depot) -> None:
    cat = CatFactory(owner=UserFactory())

    assert pointers(search("LH economy", status=400, cats=[{"cat": str(cat.pk)}])) == ["#/cats/0/cat"]


def test_a_cat_that_is_named_twice_is_refused_and_cats_alike_are_not(
    search: Search, depot: Depot, api: APIClient
) -> None:
    owner = UserFactory()
    cat = {"cat": str(CatFactory(owner=owner, **MISO).pk)}
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(owner)}")

    refused = search("LH economy", status=400, cats=[cat, MISO, cat])

    [wrong] = refused["errors"]
    assert (wrong["pointer"], wrong["code"]) == ("#/cats/2/cat", "twice")
    assert wrong["detail"] == "This cat is named already: name each cat once."
    assert search("LH economy", cats=[cat, MISO, MISO])["results"] == []


def test_airlines_are_listed_by_name(phone: APIClient, depot: Depot) -> None:
    listed = phone.get("/api/v1/airlines").json()["results"]

    assert len(listed) == 32
    assert listed[:2] == [{"code": "A3", "name": "Aegean"}, {"code": "AC", "name": "Air Canada"}]
    assert [one["name"] for one in listed] == sorted((one["name"] for one in listed), key=str.lower)


# The statement and the explanation say the same

FLIGHTS = ("LH", "TK", "AC", "A3", "IB", "AF", "BA", "UA", "TP", "AI", "KL", "DL")
_GENERAL = next(rule for rule in RULES.cabin if rule.airline == "DL" and rule.allowed)
MIXED = Rules(  # what one aircraft, class or shell is told beside another, and what nobody has read again
    [
        *RULES.cabin,
        replace(_GENERAL, version="d", aircraft="767", shell="", length_mm=550, width_mm=420, weight_g=6000),
        replace(_GENERAL, version="e", airline="KL", aircraft="ATR", checked_on=date(2026, 1, 1)),
        replace(_GENERAL, version="f", airline="TP", aircraft="777", height_mm=235),
        replace(_GENERAL, version="g", airline="TK", cabin="business", shell="", height_mm=260),
        replace(_GENERAL, version="h", airline="LH", aircraft="777", shell="", height_mm=260),
    ],
    [
        *RULES.hold,
        replace(RULES.hold[1], version="i", airline="AC", aircraft="ATR", allowed=False),
        replace(RULES.hold[1], version="j", airline="A3", height_mm=470, snub_nosed=True),
        replace(RULES.hold[1], version="k", airline="A3", aircraft="ATR", height_mm=400),
    ],
)


@pytest.fixture
def boxes(depot: Depot) -> dict[str, Box]:
    dice, made = Random(5), {}
    for n in range(60):
        kind = dice.choice([kind for kind in Kind if kind.holds_cats])
        outer = tuple(dice.choice([200, 230, 270, 320, 400, 460, 550, 700]) for _ in range(3))
        variant = stocked(depot, f"BOX-{n:02}", kind, outer, units=0, max_load_g=dice.choice([4400, 7700, 15_000]))
        inner = Size(*(side - 10 for side in outer))
        made[variant.sku] = Box(
            shell=Kind(kind).shell,
            inner=inner,
            outer=Size(*outer),
            weight_g=1200,
            max_load_g=variant.max_load_g,
            for_cars=kind == Kind.CAR_CRATE,
        )
    return made


@pytest.mark.parametrize("seed", range(6))
def test_what_the_statement_finds_is_what_is_explained(boxes: dict[str, Box], seed: int) -> None:
    dice = Random(seed)
    for _ in range(10):
        cats = [CATS[name] for name in dice.sample(sorted(CATS), dice.choice([1, 2]))]
        flights = [
            " ".join(map(dice.choice, (FLIGHTS, ["economy", "business", "hold"], ["", "", "ATR", "777", "767"])))
            for _ in range(2)
        ]
        parties = [cats] if dice.random() < 0.3 else [[cat] for cat in cats]
        asked = [
            {shell: needs(party, leg(flight), shell, MIXED, today=THEN) for shell in Shell}
            for party in parties
            for flight in flights
        ]
        by_hand = {sku: worst(verdict(box, by[box.shell]) for by in asked) for sku, box in boxes.items()}

        found = fitting(asked, Wish(currency="EUR", mode=Mode.BUY), most=100)

        fit = {row["variant"]["sku"] for row in found.rows}
        assert fit == {sku for sku, told in by_hand.items() if not told.is_no}
        places = [list(Answer).index(by_hand[row["variant"]["sku"]].answer) for row in found.rows]
        assert places == sorted(places)
        noes = Counter(told.reason for told in by_hand.values() if told.is_no)
        left_out = Counter[Reason]()
        for one in found.left_out:
            left_out[one.reason] += one.variants
        assert left_out == noes
        first = {
            sku: next((n for n, by in enumerate(asked) if verdict(box, by[box.shell]).is_no), None)
            for sku, box in boxes.items()
        }
        assert {sku: one.asked for one in found.left_out for sku in one.skus}.items() <= first.items()
        assert fitting(asked, Wish(currency="EUR", mode=Mode.BUY), most=100, few=0) == found


def test_what_carries_the_cat_with_little_to_spare_comes_after_what_carries_it_with_ease(
    search: Search, depot: Depot
) -> None:
    stocked(depot, "BAG-A", "soft", (400, 270, 200), max_load_g=4599)
    stocked(depot, "BAG-B", "soft", (400, 270, 200), max_load_g=4600)

    answer = search("LH economy")

    assert [(one["variant"]["sku"], one["answer"]) for one in answer["results"]] == [
        ("BAG-B", "fits"),
        ("BAG-A", "tight"),
    ]


@pytest.mark.parametrize("few", [0, FEW])
@pytest.mark.usefixtures("depot")
def test_looked_up_or_walked_what_fits_comes_by_answer_price_and_sku(depot: Depot, few: int) -> None:
    for n, (price, length) in enumerate([(700, 400), (500, 400), (700, 545), (500, 395), (500, 390), (300, 545)]):
        stocked(depot, f"BAG-{n}", "soft", (length, 270, 200), rates=[(1, price)])
    asked = [{shell: needs([CATS["Miso"]], leg("LH economy"), shell, RULES, today=THEN) for shell in Shell}]
    wish = Wish(currency="EUR", mode=Mode.RENT, days=6, first_on=TODAY)

    pages = [fitting(asked, wish, skip=skip, most=2, few=few).rows for skip in (0, 2, 4)]

    told = [[row["variant"]["sku"] for row in page] for page in pages]
    assert told == [["BAG-1", "BAG-3"], ["BAG-4", "BAG-0"], ["BAG-5", "BAG-2"]]
