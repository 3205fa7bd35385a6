"""What a quote tells whoever would pay less: only what is free, costs less or the same, and does the same."""

from dataclasses import replace
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from catalog.models import RentalOffer, RentalRate, SaleOffer, Variant
from inventory.models import DepotClosure, Downtime, Unit
from inventory.services import mirror_changes
from tests.factories.catalog import ContainerFactory, SeasonFactory, VariantFactory, bundle
from tests.factories.orders import CouponFactory
from tests.shop import Shop


def cheaper(shop: Shop, *lines: Any, **more: Any) -> Any:
    answer = shop.phone().post("/api/v1/quotes", shop.body(*lines, **more), format="json")
    assert answer.status_code == 201, answer.json()
    return answer.json()["cheaper"]


def longer(shop: Shop, *lines: Any) -> list[Any]:
    return [told["end_on"] for told in cheaper(shop, *lines) if told["kind"] == "longer"]


@pytest.fixture
def rival(shop: Shop) -> Variant:
    """As large, of the same kind: 5 pieces at 39.90, 2 units at 6.00 a day."""
    variant = VariantFactory(sku="RIVAL-1", offered=True)
    SaleOffer.objects.filter(variant=variant).update(price_minor=3990)
    RentalRate.objects.filter(offer__variant=variant, from_days=1).update(per_day_minor=600)
    shop.ims.store.receive("RIVAL-1", "BER", 5)
    shop.ims.store.add_units("RIVAL-1", "BER", ["RIVAL-1-1", "RIVAL-1-2"], "A")
    mirror_changes()
    return variant


def test_the_longest_rental_at_the_same_price_is_told(shop: Shop) -> None:
    [told] = cheaper(shop, shop.rental(10, 15))

    assert (told["line"], told["kind"], told["sku"]) == (0, "longer", "CRATE-1")
    assert told["end_on"] == str(shop.day(17))
    assert told["text"].startswith("8 days cost the same as 6: keep it until ")
    assert (told["price"]["amount"], told["saves"]["amount"]) == (4000, 0)


def test_a_rental_that_costs_more_with_every_day_is_not_told_to_be_longer(shop: Shop) -> None:
    assert longer(shop, shop.rental(10, 11)) == []


def test_what_costs_more_in_its_season_is_not_told_to_be_the_same(shop: Shop) -> None:
    SeasonFactory(start_on=shop.day(17), end_on=shop.day(17), percent=200)

    assert longer(shop, shop.rental(10, 16)) == []


def test_days_on_which_the_depot_is_closed_are_not_proposed(shop: Shop) -> None:
    DepotClosure.objects.create(depot=shop.depot, start_on=shop.day(17), end_on=shop.day(17))

    assert longer(shop, shop.rental(10, 15)) == [str(shop.day(16))]


def test_days_on_which_it_is_not_free_are_not_proposed(shop: Shop) -> None:
    days = DateRange(shop.day(18), shop.day(25))  # the turnaround of a rental until the 17th
    Downtime.objects.bulk_create(Downtime(unit=unit, period=days) for unit in Unit.objects.all())

    assert longer(shop, shop.rental(10, 15)) == [str(shop.day(16))]


def test_what_the_quote_itself_asks_for_later_is_not_free_for_more_days(shop: Shop) -> None:
    lines = shop.rental(10, 15, 3), shop.rental(18, 19)

    assert longer(shop, *lines) == [str(shop.day(16))]


def test_another_container_of_the_kind_that_costs_less_is_told(shop: Shop, rival: Variant) -> None:
    [told] = cheaper(shop, shop.rental(10, 12, 2))

    assert (told["kind"], told["sku"], told["container"]) == ("container", "RIVAL-1", rival.container.slug)
    assert (told["price"]["amount"], told["saves"]["amount"]) == (1800, 2 * 900)
    assert told["text"] == f"{rival.title}, inside as large or larger, costs €18.00 less."


def test_of_a_bundle_only_what_has_all_its_parts_is_cheaper(shop: Shop) -> None:
    whole = shop.offer_set()
    pad, bowl = Variant.objects.get(sku="PAD-1"), Variant.objects.get(sku="BOWL-1")
    container = whole.container
    for sku, parts in (("BARE-1", []), ("LESS-1", [bowl]), ("SAME-1", [bowl, pad])):
        carrier = VariantFactory(sku=f"LEAD-{sku}", container=container, offered=not parts)
        shop.ims.store.receive(carrier.sku, "BER", 5)
        one = bundle(carrier, *parts, sku=sku, container=container) if parts else carrier
        SaleOffer.objects.filter(variant=one).update(price_minor=100)
    mirror_changes()

    told = cheaper(shop, replace(shop.sale(), sku=whole.sku))

    assert [one["sku"] for one in told] == ["SAME-1"]


def test_another_one_to_buy_is_told_too(shop: Shop, rival: Variant) -> None:
    [told] = cheaper(shop, shop.sale(2))

    assert (told["sku"], told["price"]["amount"], told["saves"]["amount"]) == ("RIVAL-1", 3990, 2000)


@pytest.mark.parametrize(
    "change",
    [
        lambda rival: Variant.objects.filter(pk=rival.pk).update(inner_width_mm=249),
        lambda rival: type(rival.container).objects.filter(pk=rival.container_id).update(kind="hard"),
        lambda rival: RentalRate.objects.filter(offer__variant=rival).update(per_day_minor=900),
        lambda rival: Unit.objects.filter(variant=rival).update(status="lost"),
    ],
    ids=["smaller", "another kind", "not cheaper", "not there"],
)
def test_what_would_not_do_is_not_told(shop: Shop, rival: Variant, change: Any) -> None:
    change(rival)

    assert cheaper(shop, shop.rental(10, 12)) == []


def test_three_are_told_and_of_others_those_that_save_most(shop: Shop, rival: Variant) -> None:
    container = ContainerFactory()
    for n, price in enumerate((1000, 2000, 3000)):
        variant = VariantFactory(sku=f"LESS-{n}", container=container, offered=True)
        SaleOffer.objects.filter(variant=variant).update(price_minor=price)
        shop.ims.store.receive(variant.sku, "BER", 5)
    mirror_changes()

    told = cheaper(shop, shop.sale(), shop.rental(10, 15))

    assert [(one["line"], one["kind"]) for one in told] == [(1, "longer"), (0, "container"), (0, "container")]
    assert [one["sku"] for one in told] == ["CRATE-1", "LESS-0", "LESS-1"]


@pytest.mark.parametrize("coupon", ["", "HALF", "AMOUNT"])
@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("season", [0, 50, -50])
def test_whoever_takes_a_proposal_saves_what_it_says(
    shop: Shop, rival: Variant, coupon: str, ahead: int, season: int
) -> None:
    CouponFactory(code="HALF", percent=50)
    CouponFactory(code="AMOUNT", percent=None, amount_minor=500, currency="EUR")
    RentalOffer.objects.update(acclimatisation_percent=50)
    if season:
        SeasonFactory(start_on=shop.day(11), end_on=shop.day(14), percent=season)
    body = shop.body(shop.sale(), shop.rental(10, 15, 2), coupon=coupon)
    body["lines"][1]["acclimatisation_days"] = ahead

    def quote() -> dict[str, Any]:
        answer = shop.phone().post("/api/v1/quotes", body, format="json")
        assert answer.status_code == 201, answer.json()
        return dict(answer.json())

    first = quote()
    asked = [dict(line) for line in body["lines"]]

    assert {told["kind"] for told in first["cheaper"]} >= {"container"}
    for told in first["cheaper"]:
        body["lines"] = [dict(line) for line in asked]
        body["lines"][told["line"]] |= {"end_on": told["end_on"]} if told["end_on"] else {"sku": told["sku"]}
        then = quote()
        assert first["total"]["amount"] - then["total"]["amount"] == told["saves"]["amount"]
        assert then["lines"][told["line"]]["unit_price"] == told["price"]


def test_what_would_lose_the_coupon_is_not_told(shop: Shop, rival: Variant) -> None:
    CouponFactory(code="LARGE", percent=10, currency="EUR", minimum_minor=4000)

    assert cheaper(shop, shop.sale(), coupon="LARGE") == []  # 39.90 would do without it


def test_what_a_coupon_makes_of_it_is_said_in_words_too(shop: Shop, rival: Variant) -> None:
    CouponFactory(code="HALF", percent=50)

    [told] = cheaper(shop, shop.sale(2), coupon="HALF")

    assert told["text"] == f"{rival.title}, inside as large or larger, costs €10.00 less."


def test_proposals_stay_as_they_were_told(shop: Shop, rival: Variant) -> None:
    quote = shop.phone().post("/api/v1/quotes", shop.body(shop.sale()), format="json").json()
    SaleOffer.objects.filter(variant=rival).update(price_minor=9990)

    assert [told["price"]["amount"] for told in quote["cheaper"]] == [3990]
    assert shop.phone().get(f"/api/v1/quotes/{quote['id']}").json()["cheaper"] == quote["cheaper"]


def test_proposals_cost_two_statements_however_many_lines(
    shop: Shop, rival: Variant, django_assert_max_num_queries: Any
) -> None:
    phone, body = shop.phone(), shop.body(shop.sale(), shop.rental(10, 15), shop.rental(20, 25), shop.rental(40, 41))

    with django_assert_max_num_queries(8):
        answer = phone.post("/api/v1/quotes", body, format="json")

    assert len(answer.json()["cheaper"]) == 3
