"""The demo shop keeps the rules of a real one: its data fit together, and its pictures can be told apart."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from itertools import combinations, pairwise
from math import ceil
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps, ImageStat

from catalog.checklist import CODES
from config.demo.catalog import (
    ACCESSORIES,
    BUNDLES,
    CATS,
    CHECKLIST,
    CONTAINERS,
    DELIVERY_RATES,
    DEPOTS,
    PART_STOCK,
    PART_UNITS,
    STOCK,
    TAX_RATES,
    UNITS,
)
from config.demo.pictures import as_webp, draw
from config.demo.records import Bundle, Cat, Container, Kind, RentalOffer, Variant

BEDDING_MM = 20
VARIANTS = [variant for container in CONTAINERS for variant in container.variants]
RENTAL_OFFERS = [offer for variant in VARIANTS for offer in variant.rental_offers]
CODES_OF_DEPOTS = {depot.code for depot in DEPOTS}
OUTER_MM = {  # kind: (shortest, longest) outer length, width and height
    "soft": ((400, 460), (250, 280), (200, 280)),
    "hard": ((480, 570), (320, 390), (310, 390)),
    "backpack": ((320, 360), (250, 300), (400, 460)),
    "wheeled": ((460, 560), (310, 370), (400, 460)),
    "car_crate": ((550, 760), (420, 520), (430, 550)),
    "airline_crate": ((605, 810), (410, 550), (430, 590)),
}


def offered(variant: Variant) -> bool:
    return bool(variant.sale_offers or variant.rental_offers)


def hold_minimum(cat: Cat) -> tuple[int, int, int]:
    """The least inner length, width and height for the hold: A + B/2, 2C, D and bedding; a tenth more if snub-nosed."""
    tenths = 11 if cat.snub_nosed else 10
    needs = (cat.length_mm + ceil(cat.elbow_height_mm / 2), 2 * cat.width_mm, cat.height_mm + BEDDING_MM)
    length, width, height = (ceil(need * tenths / 10) for need in needs)
    return length, width, height


def crates_that_hold(cat: Cat) -> list[bool]:
    """For each airline crate on offer, whether the cat is small enough for it."""
    crates = [v for c in CONTAINERS if c.kind == "airline_crate" and c.published for v in c.variants if offered(v)]
    need = hold_minimum(cat)
    return [all(inner >= least for inner, least in zip(v.inner_mm, need, strict=True)) for v in crates]


# the range


def test_the_range_is_large_and_has_all_six_kinds():
    kinds = Counter(container.kind for container in CONTAINERS)

    assert len(CONTAINERS) >= 26
    assert len(VARIANTS) >= 66
    assert set(kinds) == set(get_args(Kind)) - {"accessory"}
    assert min(kinds.values()) >= 4


def test_nothing_is_called_by_the_same_name_twice():
    for names in (
        [container.slug for container in CONTAINERS],
        [container.name for container in CONTAINERS],
        [variant.sku for variant in VARIANTS],
        [(container.slug, v.size, v.colour) for container in CONTAINERS for v in container.variants],
        [unit.serial for unit in UNITS],
        [(level.sku, level.depot) for level in STOCK],
        [depot.code for depot in DEPOTS],
        [(rate.country, rate.tax_class, rate.valid_from) for rate in TAX_RATES],
        [(rate.country, rate.currency) for rate in DELIVERY_RATES],
    ):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: container.slug)
def test_a_container_is_described_in_a_few_sentences_and_says_how_to_care_for_it(container: Container):
    sentences = [part for part in container.description.replace("!", ".").replace("?", ".").split(". ") if part.strip()]

    assert 2 <= len(sentences) <= 4
    assert container.description.endswith(".")
    assert container.care.endswith(".")


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: container.slug)
def test_measures_fit_the_kind_and_the_inside_fits_into_the_outside(container: Container):
    for variant in container.variants:
        assert all(inner < outer for inner, outer in zip(variant.inner_mm, variant.outer_mm, strict=True))
        assert all(inner >= 0.75 * outer for inner, outer in zip(variant.inner_mm, variant.outer_mm, strict=True))
        for outer, (least, most) in zip(variant.outer_mm, OUTER_MM[container.kind], strict=True):
            assert least <= outer <= most
        assert variant.weight_g < variant.max_load_g
        assert 500 <= variant.weight_g <= 12_000
        assert 5_000 <= variant.max_load_g <= 25_000


def test_one_colour_is_one_colour_everywhere():
    shades = {(variant.colour, variant.colour_hex) for variant in VARIANTS}

    assert len(shades) == len({name for name, _ in shades}) == len({code for _, code in shades})


@pytest.mark.parametrize("cat", CATS, ids=lambda cat: cat.name)
def test_every_demo_cat_finds_an_airline_crate(cat: Cat):
    assert any(crates_that_hold(cat))


def test_a_large_cat_does_not_fit_every_airline_crate():
    largest = max(CATS, key=lambda cat: cat.length_mm)

    assert not all(crates_that_hold(largest))


def test_the_first_cat_is_the_worked_example_of_the_sizing_rule():
    assert hold_minimum(CATS[0]) == (530, 320, 300)


def test_there_are_three_cats_and_one_is_snub_nosed():
    assert len(CATS) == 3
    assert [cat.snub_nosed for cat in CATS].count(True) == 1


# approvals


def test_every_offered_variant_is_approved_on_the_whole_checklist():
    for variant in VARIANTS:
        if offered(variant):
            assert variant.approval is not None
            assert variant.approval.result == "approved"
            assert variant.approval.checklist == dict.fromkeys(CODES, True)


def test_some_variants_are_refused_or_not_gone_through_and_nobody_can_have_them():
    refused = [v for v in VARIANTS if v.approval is not None and v.approval.result == "refused"]
    waiting = [v for v in VARIANTS if v.approval is None]

    assert len(refused) >= 2
    assert len(waiting) >= 2
    assert not any(offered(variant) for variant in (*refused, *waiting))
    assert all(v.approval and v.approval.note and set(v.approval.failed) <= CODES for v in refused)
    assert [item.code for item in CHECKLIST] == list(dict.fromkeys(item.code for item in CHECKLIST))


def test_exactly_one_container_is_not_published():
    assert sum(not container.published for container in CONTAINERS) == 1


# offers


def test_most_variants_can_be_bought_and_rented_and_some_only_one_of_the_two():
    ways = Counter((bool(variant.sale_offers), bool(variant.rental_offers)) for variant in VARIANTS if offered(variant))

    assert ways[True, True] > len(VARIANTS) / 2
    assert ways[True, False] >= 3
    assert ways[False, True] >= 3


def test_everything_sold_has_a_price_in_euros_and_some_also_one_in_francs():
    currencies = [[offer.currency for offer in v.sale_offers] for v in VARIANTS if v.sale_offers]

    assert all(currency in (["EUR"], ["EUR", "CHF"]) for currency in currencies)
    assert currencies.count(["EUR", "CHF"]) >= 5
    assert {offer.currency for offer in RENTAL_OFFERS} == {"EUR"}


@pytest.mark.parametrize("offer", RENTAL_OFFERS)
def test_rates_start_on_the_first_day_and_fall_with_the_length(offer: RentalOffer):
    steps = [(rate.from_days, rate.per_day_minor) for rate in offer.rates]

    assert 2 <= len(steps) <= 4
    assert steps[0][0] == 1
    assert all(later > earlier and cheaper < dearer for (earlier, dearer), (later, cheaper) in pairwise(steps))
    assert 1 <= offer.min_days < offer.max_days
    assert offer.late_fee_minor > offer.rates[0].per_day_minor
    assert 0 < offer.keep_credit_percent <= 100


@given(offer=st.sampled_from(RENTAL_OFFERS), days=st.integers(1, 180), more=st.integers(0, 60))
def test_a_longer_rental_never_costs_less(offer: RentalOffer, days: int, more: int):
    assert offer.fee_minor(days) <= offer.fee_minor(days + more)


@given(offer=st.sampled_from(RENTAL_OFFERS), days=st.integers(1, 180))
def test_a_rental_never_costs_more_than_the_entry_of_a_longer_step(offer: RentalOffer, days: int):
    for rate in offer.rates:
        if days <= rate.from_days:
            assert offer.fee_minor(days) <= rate.per_day_minor * rate.from_days


def test_soft_bags_rest_longer_between_two_rentals_than_hard_kennels():
    rest = {
        kind: {o.turnaround_days for c in CONTAINERS if c.kind == kind for v in c.variants for o in v.rental_offers}
        for kind in ("soft", "hard")
    }

    assert min(rest["soft"]) > max(rest["hard"])


def test_a_deposit_never_exceeds_the_price():
    for variant in VARIANTS:
        for sale in (offer for offer in variant.sale_offers if offer.currency == "EUR"):
            assert all(rental.deposit_minor < sale.price_minor for rental in variant.rental_offers)


# depots, stock and units


def test_depots_have_real_time_zones_opening_days_and_closures_in_order():
    for depot in DEPOTS:
        assert ZoneInfo(depot.time_zone).key == depot.time_zone
        assert depot.opening_days == tuple(sorted(set(depot.opening_days)))
        assert set(depot.opening_days) <= set(range(1, 8))
        assert all(closure.start_on <= closure.end_on for closure in depot.closures)
        assert all(a.end_on < b.start_on for a, b in pairwise(depot.closures))


def test_every_offered_variant_has_one_stock_level_at_each_depot():
    pools = {(variant.sku, code) for variant in VARIANTS if offered(variant) for code in CODES_OF_DEPOTS}

    assert {(level.sku, level.depot) for level in STOCK} == pools
    assert all(0 <= level.on_hand <= 25 for level in STOCK)


def test_only_what_is_sold_lies_on_the_shelf_and_it_can_be_sold_out_or_down_to_the_last_one():
    sold = {variant.sku for variant in VARIANTS if variant.sale_offers}
    counts = Counter(level.on_hand for level in STOCK if level.sku in sold)

    assert all(level.on_hand == 0 for level in STOCK if level.sku not in sold)
    assert counts[0] >= 1
    assert counts[1] >= 1
    assert {level.sku for level in STOCK if level.on_hand > 0} == sold


def test_every_rented_variant_has_units_and_one_of_them_can_go_out():
    rented = {variant.sku for variant in VARIANTS if variant.rental_offers}

    assert {unit.sku for unit in UNITS} == rented
    assert {unit.sku for unit in UNITS if unit.depot == "BER" and unit.status == "available"} == rented


def test_units_carry_their_depot_and_variant_in_the_serial():
    for unit in UNITS:
        assert unit.depot in CODES_OF_DEPOTS
        assert unit.serial[:-4] == f"{unit.depot}-{unit.sku}"
        assert unit.serial[-3:].isdigit()


def test_worn_units_are_in_maintenance_and_say_why():
    assert {unit.condition for unit in UNITS} == set("ABCD")
    for unit in UNITS:
        assert (unit.status == "maintenance") == (unit.condition == "D") == bool(unit.note)


def test_every_country_we_are_in_or_deliver_to_has_a_tax_rate_and_a_way_to_deliver():
    taxed = {rate.country for rate in TAX_RATES if rate.valid_from <= date(2026, 1, 1)}
    served = {rate.country for rate in DELIVERY_RATES if rate.currency == "EUR"}

    assert served >= {"DE", "AT", "CH", "GB", "PT", "FR"}
    assert taxed >= served | {depot.country for depot in DEPOTS}
    assert ("CH", "CHF") in {(rate.country, rate.currency) for rate in DELIVERY_RATES}


def test_the_tax_rates_of_today_are_the_published_ones():
    newest = {rate.country: rate.rate_bp for rate in sorted(TAX_RATES, key=lambda rate: rate.valid_from)}

    assert {code: newest[code] for code in ("DE", "CH", "GB", "PT")} == {"DE": 1900, "CH": 810, "GB": 2000, "PT": 2300}


# pictures


@pytest.fixture(scope="module")
def pictures() -> dict[str, Image.Image]:
    """One picture of each container, small enough to compare what an eye would compare."""
    return {c.slug: draw(c, c.variants[0]).resize((48, 36), Image.Resampling.BOX) for c in CONTAINERS}


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures, 0 to 255."""
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)


def pairs(pictures: dict[str, Image.Image]) -> Iterator[tuple[str, str]]:
    return combinations(pictures, 2)


def test_no_two_containers_look_alike(pictures: dict[str, Image.Image]):
    alike = [(a, b) for a, b in pairs(pictures) if difference(pictures[a], pictures[b]) < 7]

    assert alike == []


def test_containers_differ_in_shape_and_not_only_in_colour(pictures: dict[str, Image.Image]):
    shapes = {slug: ImageOps.autocontrast(picture.convert("L")) for slug, picture in pictures.items()}

    alike = [(a, b) for a, b in pairs(shapes) if difference(shapes[a], shapes[b]) < 7]

    assert alike == []


def test_a_picture_shows_the_colour_of_its_variant():
    container = next(c for c in CONTAINERS if c.slug == "pawlinder-orbit")
    midnight, tangerine = (draw(container, variant).reduce(25) for variant in container.variants)

    assert difference(midnight, tangerine) > 15


def test_the_same_picture_is_drawn_on_every_run():
    container = CONTAINERS[0]

    first, second = (as_webp(draw(container, container.variants[0])) for _ in range(2))

    assert first == second


def test_a_picture_is_a_small_webp_of_1200_by_900():
    container = CONTAINERS[-1]

    data = as_webp(draw(container, container.variants[0]))

    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.size, image.mode) == ("WEBP", (1200, 900), "RGB")
    assert len(data) < 150_000


def test_a_container_that_is_not_of_the_demo_range_gets_a_picture_too():
    known = CONTAINERS[0]
    stranger = Container(
        slug="somebody-elses-bag",
        name="Bag",
        brand="Somebody",
        kind="wheeled",
        description="",
        care="",
        variants=known.variants,
    )

    assert draw(stranger, known.variants[0]).size == (1200, 900)


# bundles


def test_there_is_a_bundle_for_the_cabin_and_one_for_the_hold():
    assert [bundle.container.kind for bundle in BUNDLES] == ["soft", "airline_crate"]
    assert {accessory.kind for accessory in ACCESSORIES} == {"accessory"}


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.container.slug)
def test_a_bundle_is_led_by_an_offered_container_and_costs_less_than_it_and_a_second_one(bundle: Bundle):
    [whole] = bundle.container.variants
    lead = next(variant for variant in VARIANTS if variant.sku == bundle.parts[0].sku)
    accessories = {variant.sku for accessory in ACCESSORIES for variant in accessory.variants}

    assert offered(lead)
    assert {part.sku for part in bundle.parts[1:]} <= accessories
    assert (whole.inner_mm, whole.outer_mm) == (lead.inner_mm, lead.outer_mm)
    assert lead.sale_offers[0].price_minor < whole.sale_offers[0].price_minor < 2 * lead.sale_offers[0].price_minor


def test_every_part_of_a_bundle_can_be_had_at_each_depot():
    counted = {(level.sku, level.depot) for level in (*STOCK, *PART_STOCK) if level.on_hand}
    there = {(unit.sku, unit.depot) for unit in (*UNITS, *PART_UNITS)}

    for bundle in BUNDLES:
        for part in bundle.parts[1:]:
            for depot in CODES_OF_DEPOTS:
                assert (part.sku, depot) in counted
                assert ((part.sku, depot) in there) is part.comes_back
