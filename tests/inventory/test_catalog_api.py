"""The shop window over HTTP: what is shown, to whom, at which price, and in how many statements."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import AccessToken
from catalog.buffers import blocked_period
from catalog.models import Container, Kind
from core.ids import new_id
from inventory.errors import OutOfStock
from inventory.models import Depot
from inventory.services import Claim, hold
from inventory.states import ReservationKind
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    ContainerImageFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
)
from tests.factories.inventory import (
    DepotClosureFactory,
    DepotFactory,
    DowntimeFactory,
    ReservationFactory,
    StockLevelFactory,
    UnitFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/api/v1/containers"
TODAY = timezone.now().date()


def day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


def days(first: int, last: int) -> dict[str, str]:
    return {"from": day(first), "to": day(last)}


@pytest.fixture
def phone(api: APIClient) -> APIClient:
    """A customer's phone with a valid access token; that its user is in no table shows that nobody asks."""
    token = AccessToken.for_user(User(id=new_id(), email="mia@example.com"))
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return api


@pytest.fixture
def depot() -> Depot:
    return DepotFactory(code="BER")


Get = Callable[..., Any]


@pytest.fixture
def get(phone: APIClient) -> Get:
    def ask(path: str, status: int = 200, **query: Any) -> Any:
        answer = phone.get(path, query)
        assert answer.status_code == status, answer.content
        return answer.json()

    return ask


def names(page: Any) -> list[str]:
    return [container["name"] for container in page["results"]]


def skus(page: Any) -> list[str]:
    return [variant["sku"] for container in page["results"] for variant in container["variants"]]


def pointers(problem: Any) -> list[str]:
    return [error["pointer"] for error in problem["errors"]]


# ------------------------------------------------------------------------------------------------- what is shown


def test_a_container_is_shown_with_images_prices_and_counts(get: Get, depot: Depot, settings: Any):
    container = ContainerFactory(name="Murmur", slug="murmur", brand="Minkaro", description="Quiet.")
    ContainerImageFactory(container=container, alt="Murmur in sage", colour="sage")
    variant = VariantFactory(container=container, sku="MUR-M", offered=True)
    level = StockLevelFactory(variant=variant, depot=depot, on_hand=7, reserved_elsewhere=2)
    UnitFactory.create_batch(3, variant=variant, depot=depot)

    [shown] = get(LIST)["results"]

    assert (shown["slug"], shown["kind"], shown["description"]) == ("murmur", "soft", "Quiet.")
    assert shown["images"] == [
        {"url": f"{settings.PUBLIC_URL}/media/containers/murmur.webp", "alt": "Murmur in sage", "colour": "sage"}
    ]
    [answer] = shown["variants"]
    assert answer["inner"] == {"length_mm": 420, "width_mm": 250, "height_mm": 240}
    assert answer["sale"] == {"price": {"amount": 4990, "currency": "EUR"}}
    assert answer["rental"] == {
        "deposit": {"amount": 4000, "currency": "EUR"},
        "late_fee": {"amount": 600, "currency": "EUR"},
        "min_days": 1,
        "max_days": 60,
        "keep_credit_percent": 50,
        "rates": [
            {"from_days": 1, "per_day": {"amount": 900, "currency": "EUR"}},
            {"from_days": 4, "per_day": {"amount": 700, "currency": "EUR"}},
            {"from_days": 8, "per_day": {"amount": 500, "currency": "EUR"}},
        ],
    }
    counted_at = level.as_of.isoformat().replace("+00:00", "Z")
    assert answer["availability"] == [{"depot": "BER", "sale": 5, "rental": 3, "as_of": counted_at}]


def test_the_fee_for_the_days_asked_is_explained(get: Get, depot: Depot):
    VariantFactory(offered=True)

    [shown] = get(LIST, **days(1, 6))["results"]

    rental = shown["variants"][0]["rental"]
    assert (rental["days"], rental["billed_days"], rental["fee"]) == (6, 8, {"amount": 4000, "currency": "EUR"})


def test_a_rental_that_is_not_offered_for_so_many_days_has_no_fee(get: Get, depot: Depot):
    variant = VariantFactory(approved=True)
    SaleOfferFactory(variant=variant)
    RentalOfferFactory(variant=variant, max_days=5)

    [shown] = get(LIST, **days(1, 6))["results"]

    rental = shown["variants"][0]["rental"]
    assert (rental["days"], rental["billed_days"], rental["fee"]) == (6, None, None)


def test_what_is_not_approved_not_published_or_not_offered_is_hidden(get: Get, depot: Depot):
    seen = VariantFactory(offered=True)
    SaleOfferFactory(variant=VariantFactory(container=seen.container))  # never checked
    SaleOfferFactory(variant=VariantFactory(approved=True, container__published=False))
    VariantFactory(approved=True)  # without an offer
    RentalOfferFactory(variant=VariantFactory(approved=True), rates=[])
    once_approved = VariantFactory(offered=True)
    ApprovalFactory(variant=once_approved, refused=True, approved_on="2026-06-01")

    page = get(LIST)

    assert skus(page) == [seen.sku]
    for hidden in Container.objects.exclude(pk=seen.container_id):
        assert get(f"{LIST}/{hidden.slug}", status=404)["code"] == "not_found"


def test_every_active_depot_answers_or_the_one_that_was_asked(get: Get, depot: Depot):
    DepotFactory(code="MUC")
    DepotFactory(code="OLD", active=False)
    VariantFactory(offered=True)

    everywhere = get(LIST)["results"][0]["variants"][0]["availability"]
    in_munich = get(LIST, depot="MUC")["results"][0]["variants"][0]["availability"]

    assert [count["depot"] for count in everywhere] == ["BER", "MUC"]
    assert in_munich == [{"depot": "MUC", "sale": 0, "rental": 0, "as_of": None}]


# ------------------------------------------------------------------------------------------------------- filters


@pytest.fixture
def range_of_three(depot: Depot) -> None:
    """A soft bag to buy at 49.90, a backpack to rent at 9.00 to 5.00 a day, a crate for both (120.00; 20.00 a day)."""
    bag = VariantFactory(container=ContainerFactory(name="Alma", kind=Kind.SOFT), sku="ALM-ONE", approved=True)
    SaleOfferFactory(variant=bag, price_minor=4990)
    pack = VariantFactory(
        container=ContainerFactory(name="Bora", kind=Kind.BACKPACK, brand="Windig"), sku="BOR-ONE", approved=True
    )
    RentalOfferFactory(variant=pack, max_days=14)
    crate = VariantFactory(
        container=ContainerFactory(name="Citadel", kind=Kind.AIRLINE_CRATE, description="For the 100 % anxious_cat."),
        sku="CIT-ONE",
        approved=True,
    )
    SaleOfferFactory(variant=crate, price_minor=12000)
    RentalOfferFactory(variant=crate, rates=[(1, 2000)], min_days=3)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Alma", "Bora", "Citadel"]),
        ({"search": "alma"}, ["Alma"]),
        ({"search": "WINDIG bora"}, ["Bora"]),
        ({"search": "windig alma"}, []),
        ({"search": "cit-one"}, ["Citadel"]),
        ({"search": "backpack"}, ["Bora"]),
        ({"search": "100 %"}, ["Citadel"]),
        ({"search": "s_cat"}, ["Citadel"]),
        ({"search": "quie_"}, []),  # not a wildcard
        ({"search": "' OR 1=1 --"}, []),
        ({"kind": "soft"}, ["Alma"]),
        ({"kind": ["soft", "backpack"]}, ["Alma", "Bora"]),
        ({"mode": "buy"}, ["Alma", "Citadel"]),
        ({"mode": "rent"}, ["Bora", "Citadel"]),
        ({"mode": "rent", **days(1, 2)}, ["Bora"]),
        ({"mode": "rent", **days(1, 20)}, ["Citadel"]),
        ({"mode": "rent", "max_price": 500}, ["Bora"]),
        ({"mode": "rent", "max_price": 499}, []),
        ({"mode": "rent", "max_price": 2800, **days(1, 4)}, ["Bora"]),
        ({"mode": "rent", "max_price": 2799, **days(1, 4)}, []),
        ({"mode": "rent", "max_price": 8000, **days(1, 4)}, ["Bora", "Citadel"]),
        ({"mode": "buy", "max_price": 4990}, ["Alma"]),
        ({"max_price": 4990}, ["Alma", "Bora", "Citadel"]),
        ({"currency": "CHF"}, []),
        ({"ordering": "-name"}, ["Citadel", "Bora", "Alma"]),
        ({"ordering": "newest"}, ["Citadel", "Bora", "Alma"]),
        ({"ordering": "price"}, ["Bora", "Citadel", "Alma"]),
        ({"ordering": "price", "mode": "buy"}, ["Alma", "Citadel"]),
        ({"ordering": "-price", "mode": "rent", **days(1, 4)}, ["Citadel", "Bora"]),
        ({"search": "", "depot": "BER"}, ["Alma", "Bora", "Citadel"]),
    ],
)
@pytest.mark.usefixtures("range_of_three")
def test_filters_and_orderings(get: Get, query: dict[str, Any], expected: list[str]):
    assert names(get(LIST, **query)) == expected


def test_only_the_variants_within_the_price_are_shown(get: Get, depot: Depot):
    container = ContainerFactory()
    for sku, price in (("AAA-CHEAP", 1000), ("AAA-DEAR", 9000)):
        SaleOfferFactory(variant=VariantFactory(container=container, sku=sku, approved=True), price_minor=price)

    assert skus(get(LIST, max_price=5000)) == ["AAA-CHEAP"]


def test_offers_in_another_currency_are_shown_in_that_currency_only(get: Get, depot: Depot):
    variant = VariantFactory(approved=True)
    SaleOfferFactory(variant=variant, currency="EUR")
    SaleOfferFactory(variant=variant, currency="JPY", price_minor=8000)

    assert get(LIST, currency="JPY")["results"][0]["variants"][0]["sale"]["price"] == {
        "amount": 8000,
        "currency": "JPY",
    }
    assert get(LIST, currency="USD")["results"] == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"colour": "red"}, ["#/colour"]),
        ({"kind": "spaceship"}, ["#/kind"]),
        ({"mode": "steal"}, ["#/mode"]),
        ({"ordering": "weight"}, ["#/ordering"]),
        ({"ordering": "id"}, ["#/ordering"]),
        ({"depot": "NOWHERE"}, ["#/depot"]),
        ({"depot": "OLD"}, ["#/depot"]),
        ({"depot": "x" * 40}, ["#/depot"]),
        ({"currency": "cats"}, ["#/currency"]),
        ({"currency": "eur"}, ["#/currency"]),
        ({"max_price": "-1"}, ["#/max_price"]),
        ({"max_price": "cheap"}, ["#/max_price"]),
        ({"max_price": "9" * 40}, ["#/max_price"]),
        ({"page_size": "0"}, ["#/page_size"]),
        ({"page_size": "101"}, ["#/page_size"]),
        ({"cursor": "bm9uc2Vuc2U="}, ["#/cursor"]),
        ({"cursor": "x" * 5000}, ["#/cursor"]),
        ({"search": "a\x00b"}, ["#/search"]),
        ({"search": "x" * 101}, ["#/search"]),
        ({"from": day(1)}, ["#/to"]),
        ({"to": day(1)}, ["#/from"]),
        ({"from": "tomorrow", "to": day(1)}, ["#/from"]),
        ({"from": "2027-02-30", "to": "2027-03-02"}, ["#/from"]),
        (days(-2, 1), ["#/from"]),
        (days(3, 2), ["#/to"]),
        (days(1, 181), ["#/to"]),
        ({"from": "2027-01-01", "to": "9999-12-31"}, ["#/to"]),
        ({"kind": "spaceship", "page_size": "x"}, ["#/kind", "#/page_size"]),
    ],
)
@pytest.mark.usefixtures("depot")
def test_what_makes_no_sense_is_refused_field_by_field(get: Get, query: dict[str, Any], wrong: list[str]):
    DepotFactory(code="OLD", active=False)

    problem = get(LIST, status=400, **query)

    assert problem["code"] == "invalid_input"
    assert pointers(problem) == wrong


def test_the_longest_days_that_may_be_asked(get: Get, depot: Depot):
    assert get(LIST, **days(0, 179))["results"] == []


# -------------------------------------------------------------------------------------------------------- counts


@pytest.fixture
def pool(depot: Depot) -> Any:
    """One unit, rented with one day of preparation and two of turnaround."""
    variant = VariantFactory(approved=True, sku="POO-ONE", container__slug="pool")
    RentalOfferFactory(variant=variant, prep_days=1, turnaround_days=2)
    UnitFactory(variant=variant, depot=depot)
    return variant


def free(page: Any) -> int:
    count: int = page["results"][0]["variants"][0]["availability"][0]["rental"]
    return count


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (10, 12, 0),
        (8, 12, 0),
        (5, 7, 1),  # blocks day 4 to 9: the next booking's begins on day 10
        (5, 8, 0),
        (14, 16, 0),  # day 13 is still the turnaround of the booking; the preparation of day 14 needs it
        (15, 16, 1),
    ],
)
def test_the_buffers_shown_are_those_that_a_booking_blocks(get: Get, pool: Any, first: int, last: int, expected: int):
    depot = Depot.objects.get()
    ReservationFactory(variant=pool, depot=depot, rental=(day(10), day(14)), committed=True)

    assert free(get(LIST, **days(first, last))) == expected


@pytest.mark.parametrize("first", range(3, 17))
def test_what_is_shown_as_free_can_be_held_and_nothing_else(get: Get, depot: Depot, pool: Any, first: int):
    ReservationFactory(variant=pool, depot=depot, rental=(day(8), day(11)), committed=True)
    start_on = TODAY + timedelta(days=first)
    blocked = blocked_period(start_on, start_on + timedelta(days=1), prep_days=1, turnaround_days=2)
    claim = Claim(pool.pk, depot.pk, ReservationKind.RENTAL, 1, blocked)

    shown = free(get(LIST, **days(first, first + 1)))

    with nullcontext() if shown else pytest.raises(OutOfStock):
        hold(claims=[claim], expires_at=timezone.now() + timedelta(minutes=15))


def test_each_variant_keeps_to_its_own_buffers_beside_others_with_wider_ones(get: Get, depot: Depot, pool: Any):
    careful = VariantFactory(approved=True, container=pool.container, sku="ZZZ-CAREFUL", outer_length_mm=900)
    RentalOfferFactory(variant=careful, prep_days=9, turnaround_days=14)
    UnitFactory(variant=careful, depot=depot)
    for variant in (pool, careful):
        ReservationFactory(variant=variant, depot=depot, rental=(day(20), day(21)), committed=True)

    [shown] = get(LIST, **days(15, 17))["results"]

    assert [variant["availability"][0]["rental"] for variant in shown["variants"]] == [1, 0]


def test_a_hold_counts_until_it_lapses(get: Get, depot: Depot, pool: Any):
    ReservationFactory(variant=pool, depot=depot, rental=(day(5), day(9)), lapsed=True)
    assert free(get(LIST, **days(5, 6))) == 1

    ReservationFactory(variant=pool, depot=depot, rental=(day(5), day(9)))
    assert free(get(LIST, **days(5, 6))) == 0


def test_without_days_the_counts_are_those_of_today(get: Get, depot: Depot, pool: Any):
    assert free(get(LIST)) == 1

    DowntimeFactory(unit=pool.units.get(), days=(day(0), day(1)))

    assert free(get(LIST)) == 0


def test_what_is_not_offered_one_way_counts_nothing_that_way(get: Get, depot: Depot, pool: Any):
    StockLevelFactory._meta.model.objects.update(on_hand=9)

    [shown] = get(LIST)["results"]

    assert shown["variants"][0]["sale"] is None
    assert shown["variants"][0]["availability"][0]["sale"] == 0


# ---------------------------------------------------------------------------------------------------------- pages


def walk(get: Get, **query: Any) -> list[str]:
    page, seen = get(LIST, **query), []
    while True:
        seen += names(page)
        if page["next"] is None:
            return seen
        page = get(page["next"])


@pytest.mark.parametrize("ordering", ["name", "-name", "price", "-price", "newest"])
def test_pages_hold_every_container_once_even_where_values_tie(get: Get, depot: Depot, ordering: str):
    containers = ContainerFactory.create_batch(7)
    for number, container in enumerate(containers):
        Container.objects.filter(pk=container.pk).update(name=f"Twin {number // 4}", created_at=timezone.now())
        VariantFactory(container=container, offered=True)
    everything = names(get(LIST, ordering=ordering))

    assert len(everything) == 7
    assert walk(get, ordering=ordering, page_size=2) == everything


def test_pages_lead_back_the_way_they_came(get: Get, depot: Depot):
    for _ in range(5):
        VariantFactory(offered=True)
    first = get(LIST, page_size=2)
    second = get(first["next"])
    third = get(second["next"])

    assert third["next"] is None
    assert names(get(third["previous"])) == names(second)
    assert get(get(third["previous"])["previous"]) == {**first, "previous": None}


def test_rows_added_meanwhile_neither_double_nor_hide_any(get: Get, depot: Depot):
    before = [VariantFactory(offered=True, container__name=f"M{n}").container.name for n in range(4)]
    first = get(LIST, page_size=2)

    VariantFactory(offered=True, container__name="A0")
    VariantFactory(offered=True, container__name="M0", container__slug="another-m0")
    VariantFactory(offered=True, container__name="Z9")

    assert names(first) + names(get(first["next"])) == before


def test_a_cursor_belongs_to_its_ordering(get: Get, depot: Depot):
    for _ in range(3):
        VariantFactory(offered=True)
    address = get(LIST, page_size=2, ordering="newest")["next"]

    assert pointers(get(address.replace("newest", "price"), status=400)) == ["#/cursor"]


# ------------------------------------------------------------------------------------------------ asking cheaply


def assortment(containers: int) -> None:
    depots = [*Depot.objects.all(), *DepotFactory.create_batch(2)]
    for _ in range(containers):
        container = ContainerFactory()
        ContainerImageFactory.create_batch(2, container=container)
        for variant in VariantFactory.create_batch(2, container=container, offered=True):
            for depot in depots:
                UnitFactory(variant=variant, depot=depot)
            ReservationFactory(variant=variant, depot=depots[0], rental=(day(1), day(9)))


@pytest.mark.parametrize("containers", [5, 50])
@pytest.mark.parametrize("query", [{}, {**days(2, 8), "mode": "rent", "ordering": "price", "search": "cocoon"}])
def test_a_page_takes_three_statements_whatever_its_size(
    get: Get, depot: Depot, containers: int, query: dict[str, Any], django_assert_num_queries: Any
):
    assortment(containers)

    with django_assert_num_queries(3):
        page = get(LIST, page_size=100, **query)

    assert len(page["results"]) == containers


@pytest.mark.parametrize("variants", [1, 12])
def test_a_detail_takes_at_most_four_statements(get: Get, depot: Depot, variants: int):
    container = ContainerFactory(slug="one")
    VariantFactory.create_batch(variants, container=container, offered=True)

    with CaptureQueriesContext(connection) as statements:
        shown = get(f"{LIST}/one", **days(1, 3))

    assert len(shown["variants"]) == variants
    assert len(statements) == 3


@pytest.mark.parametrize("path", ["containers", "containers/pool", "depots", "categories"])
def test_what_did_not_change_is_not_sent_again(phone: APIClient, depot: Depot, pool: Any, path: str):
    first = phone.get(f"/api/v1/{path}")

    again = phone.get(f"/api/v1/{path}", headers={"If-None-Match": first["ETag"]})
    Container.objects.update(published=False)
    Depot.objects.update(name="Elsewhere")
    changed = phone.get(f"/api/v1/{path}", headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert changed.status_code in {200, 404}


@pytest.mark.parametrize(
    "path", ["containers", "containers/pool", "containers/pool/calendar", "availability", "depots", "categories"]
)
def test_every_page_of_the_window_needs_a_token(api: APIClient, path: str):
    answer = api.get(f"/api/v1/{path}")

    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")


# ----------------------------------------------------------------------------------------- calendar and board


def test_a_calendar_tells_each_day_what_can_be_had(get: Get, depot: Depot, pool: Any):
    ReservationFactory(variant=pool, depot=depot, rental=(day(5), day(8)), committed=True)
    DepotClosureFactory(depot=depot, start_on=TODAY + timedelta(days=2), end_on=TODAY + timedelta(days=3))

    shown = get(f"{LIST}/pool/calendar", depot="BER", **days(1, 10))

    assert (shown["depot"], shown["from"], shown["to"]) == ("BER", day(1), day(10))
    assert shown["closed"] == [day(2), day(3)]
    [variant] = shown["variants"]
    assert (variant["sku"], variant["sale"]) == ("POO-ONE", 0)
    # blocked from day 5 to 7; two days of turnaround must lie before, one of preparation after
    assert variant["rental"] == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]


def test_the_calendar_agrees_with_the_list_for_every_run_of_days(get: Get, depot: Depot, pool: Any):
    ReservationFactory(variant=pool, depot=depot, rental=(day(4), day(6)), committed=True)
    [variant] = get(f"{LIST}/pool/calendar", depot="BER", **days(0, 9))["variants"]

    for first in range(0, 10, 3):
        for last in range(first, 10, 3):
            assert free(get(LIST, **days(first, last))) == min(variant["rental"][first : last + 1])


def test_days_on_which_a_depot_never_opens_are_closed(get: Get, pool: Any):
    DepotFactory(code="NEVER", opening_days=[])

    assert get(f"{LIST}/pool/calendar", depot="NEVER", **days(0, 2))["closed"] == [day(0), day(1), day(2)]


def test_a_board_answers_for_many_variants_and_names_those_it_does_not_know(get: Get, depot: Depot, pool: Any):
    VariantFactory(sku="HID-DEN")

    board = get("/api/v1/availability", depot="BER", sku=["POO-ONE", "HID-DEN", "NO-SUCH"], **days(1, 3))

    assert [variant["sku"] for variant in board["variants"]] == ["POO-ONE"]
    assert board["variants"][0]["rental"] == [1, 1, 1]
    assert board["unknown"] == ["HID-DEN", "NO-SUCH"]


@pytest.mark.parametrize("count", [1, 60])
def test_calendar_and_board_do_not_grow_with_what_they_show(
    get: Get, depot: Depot, count: int, django_assert_max_num_queries: Any
):
    container = ContainerFactory(slug="many")
    many = [variant.sku for variant in VariantFactory.create_batch(count, container=container, offered=True)]

    with django_assert_max_num_queries(4):
        assert len(get(f"{LIST}/many/calendar", depot="BER", **days(1, 120))["variants"]) == count
    with django_assert_max_num_queries(4):
        assert len(get("/api/v1/availability", depot="BER", sku=many, **days(1, 90))["variants"]) == count


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [
        ("containers/pool/calendar", {}, ["#/depot", "#/from", "#/to"]),
        ("containers/pool/calendar", {"depot": "BER", **days(1, 121)}, ["#/to"]),
        ("containers/pool/calendar", {"depot": "X", **days(1, 2)}, ["#/depot"]),
        ("availability", {"depot": "BER", **days(1, 2)}, ["#/sku"]),
        ("availability", {"depot": "BER", "sku": "A", **days(1, 91)}, ["#/to"]),
        ("availability", {"depot": "BER", "sku": ["A"] * 201, **days(1, 2)}, ["#/sku"]),
        ("depots", {"city": "Berlin"}, ["#/city"]),
        ("categories", {"currency": "?"}, ["#/currency"]),
    ],
)
@pytest.mark.usefixtures("pool")
def test_questions_that_are_too_wide_or_too_vague_are_refused(
    get: Get, path: str, query: dict[str, Any], wrong: list[str]
):
    assert sorted(pointers(get(f"/api/v1/{path}", status=400, **query))) == wrong


# --------------------------------------------------------------------------------------- depots and categories


def test_depots_are_listed_with_their_days_and_coming_closures(get: Get, django_assert_num_queries: Any):
    open_one = DepotFactory(code="BER", name="Berlin Airport", opening_days=[1, 2, 3])
    DepotFactory(code="OLD", active=False)
    DepotClosureFactory(depot=open_one, start_on=TODAY - timedelta(days=9), end_on=TODAY - timedelta(days=8))
    DepotClosureFactory(depot=open_one, start_on=TODAY, end_on=TODAY, reason="Stocktaking")

    with django_assert_num_queries(2):
        [shown] = get("/api/v1/depots")["results"]

    assert (shown["code"], shown["opening_days"], shown["time_zone"]) == ("BER", [1, 2, 3], "Europe/Berlin")
    assert shown["closures"] == [{"from": day(0), "to": day(0), "reason": "Stocktaking"}]


def test_categories_count_what_can_be_had(get: Get, depot: Depot, django_assert_num_queries: Any):
    VariantFactory(offered=True, container__kind=Kind.SOFT)
    VariantFactory(offered=True, container__kind=Kind.SOFT, container__published=False)
    VariantFactory(approved=True, container__kind=Kind.HARD)

    with django_assert_num_queries(1):
        shown = get("/api/v1/categories")["results"]

    assert shown[0] == {"kind": "soft", "label": "Soft bag", "containers": 1}
    assert [(category["kind"], category["containers"]) for category in shown[1:]] == [
        (kind, 0) for kind in Kind.values[1:]
    ]
