"""A price begins on its day, by itself and for everybody; what it was stays known, what has not begun can be undone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from catalog.fit import Shell, needs_of_cats
from catalog.fitting import fitting
from catalog.models import RentalOffer, SaleOffer, Variant
from catalog.price_changes import NewPrice, change_prices, split, withdraw
from catalog.selectors import Mode, Sort, Stretch, Wish, container_detail, shop_window
from orders.services.quotes import LineRequest, QuoteRequest, create_quote
from tests.catalog.test_admin import transfer
from tests.catalog.test_fit import CATS
from tests.desk import formset, sit
from tests.factories.accounts import UserFactory
from tests.factories.catalog import SaleOfferFactory, TaxRateFactory, VariantFactory
from tests.factories.inventory import DepotFactory, StockLevelFactory, UnitFactory

pytestmark = pytest.mark.django_db
TODAY, CHRISTMAS = date(2026, 11, 26), date(2026, 12, 24)
BEFORE, BEGUN = datetime(2026, 12, 23, 23, 59, 59, tzinfo=UTC), datetime(2026, 12, 24, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(datetime(2026, 11, 26, 12, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def variant() -> Variant:
    return VariantFactory(sku="MUR-M", offered=True, container__slug="murmur")


def schedule(variant: Variant, on: date = CHRISTMAS, price_minor: int = 5990, **rental: Any) -> None:
    prices = [NewPrice(variant.sale_offers.in_force().get(), {"price_minor": price_minor})]
    if rental:
        prices.append(NewPrice(variant.rental_offers.in_force().get(), **rental))
    change_prices(on=on, prices=prices, actor=UserFactory(staff=True))


def shown() -> Any:
    return container_detail("murmur", currency="EUR")["offered"][0]


def test_a_price_begins_at_the_start_of_its_day_in_the_shops_zone(variant: Variant, clock: Any):
    schedule(variant, fields={"deposit_minor": 5000}, rates={1: 1200})

    before = shown()
    clock.move_to(BEFORE)
    last = shown()
    clock.move_to(BEGUN)
    begun = shown()

    assert before == last
    assert (last["sale"]["price_minor"], begun["sale"]["price_minor"]) == (4990, 5990)
    assert (last["rental"]["deposit_minor"], begun["rental"]["deposit_minor"]) == (4000, 5000)
    assert [step["per_day_minor"] for step in last["rental"]["steps"]] == [900, 700, 500]
    assert [step["per_day_minor"] for step in begun["rental"]["steps"]] == [1200, 700, 500]
    assert begun["rental"]["late_fee_minor"] == last["rental"]["late_fee_minor"]


def test_the_shops_zone_decides_when_its_day_begins(variant: Variant, clock: Any, settings: Any):
    settings.TIME_ZONE = "Pacific/Auckland"
    schedule(variant)

    clock.move_to(datetime(2026, 12, 23, 10, 59, tzinfo=UTC))
    before = shown()["sale"]["price_minor"]
    clock.move_to(datetime(2026, 12, 23, 11, tzinfo=UTC))

    assert (before, shown()["sale"]["price_minor"]) == (4990, 5990)


def test_the_order_by_price_follows_the_prices_of_the_day(variant: Variant, clock: Any):
    SaleOfferFactory(variant=VariantFactory(approved=True, container__slug="other"), price_minor=5500)
    schedule(variant)
    wish, stretch = Wish(currency="EUR", mode=Mode.BUY), Stretch(by=Sort.PRICE, limit=5)

    before = [row["slug"] for row in shop_window(wish, stretch)]
    clock.move_to(BEGUN)

    assert before == ["murmur", "other"]
    assert [row["slug"] for row in shop_window(wish, stretch)] == ["other", "murmur"]


def test_a_quote_costs_what_is_shown_that_day_and_keeps_it(variant: Variant, clock: Any):
    depot = DepotFactory(code="BER")
    TaxRateFactory()
    StockLevelFactory(variant=variant, depot=depot, on_hand=3)
    UnitFactory(variant=variant, depot=depot)
    schedule(variant, fields={"late_fee_minor": 700}, rates={1: 1200})
    rent = LineRequest("rental", "MUR-M", 1, CHRISTMAS + timedelta(days=3), CHRISTMAS + timedelta(days=4))
    customer = UserFactory()

    def quote() -> Any:
        asked = QuoteRequest("BER", [LineRequest("sale", "MUR-M", 1), rent], "EUR")
        return create_quote(customer_id=customer.pk, request=asked)

    clock.move_to(BEFORE)
    kept = quote()
    clock.move_to(BEGUN)
    new = quote()

    kept.refresh_from_db()
    assert [line["unit_price_minor"] for line in kept.lines] == [4990, 1800]
    assert [line["unit_price_minor"] for line in new.lines] == [5990, 2400]
    assert [quote.lines[1]["rental"]["late_fee_minor"] for quote in (kept, new)] == [600, 700]
    assert [quote.lines[1]["rental"]["keep_price_minor"] for quote in (kept, new)] == [4990, 5990]


def test_several_changes_follow_each_other_and_each_holds_until_the_next(variant: Variant, clock: Any):
    schedule(variant, date(2027, 1, 7), 4490)
    schedule(variant, CHRISTMAS, 3990)

    rows = SaleOffer.objects.order_by("valid_from").values_list("valid_until", "price_minor")

    assert list(rows) == [(CHRISTMAS, 4990), (date(2027, 1, 7), 3990), (None, 4490)]


def test_what_is_so_already_is_no_change(variant: Variant):
    schedule(variant, price_minor=4990, fields={"deposit_minor": 4000}, rates={1: 900})

    assert (SaleOffer.objects.count(), RentalOffer.objects.count()) == (1, 1)


def test_a_day_that_has_begun_is_refused(variant: Variant):
    with pytest.raises(ValidationError, match="has not begun"):
        schedule(variant, TODAY)


def test_what_has_not_begun_is_undone_and_the_price_before_goes_on(variant: Variant, clock: Any):
    schedule(variant)

    withdraw(variant.sale_offers.get(valid_from=CHRISTMAS))
    clock.move_to(BEGUN)

    assert shown()["sale"]["price_minor"] == 4990
    assert variant.sale_offers.get().valid_until is None


def test_what_is_withdrawn_twice_at_once_is_withdrawn_once(variant: Variant):
    schedule(variant)
    both = [variant.sale_offers.get(valid_from=CHRISTMAS) for _ in range(2)]

    for offer in both:
        withdraw(offer)

    [left] = variant.sale_offers.all()
    assert (left.price_minor, left.valid_until) == (4990, None)


def test_what_is_withdrawn_ends_today_and_brings_no_old_price_back(variant: Variant, clock: Any):
    schedule(variant)
    clock.move_to(BEGUN + timedelta(days=2))

    withdraw(variant.sale_offers.in_force().get())

    assert shown()["sale"] is None
    assert list(variant.sale_offers.order_by("valid_from").values_list("price_minor", flat=True)) == [4990, 5990]


def test_two_versions_on_one_day_are_refused_by_the_database(variant: Variant):
    with pytest.raises(IntegrityError, match="sale_offer_one_in_force"), transaction.atomic():
        SaleOfferFactory(variant=variant, valid_from=TODAY)

    SaleOfferFactory(variant=variant, valid_from=TODAY, currency="CHF")


def test_a_change_leaves_behind_what_was_with_its_rates(variant: Variant):
    offer = variant.rental_offers.get()

    split(offer, TODAY)
    offer.rates.update(per_day_minor=1)

    old = variant.rental_offers.get(valid_until=TODAY)
    assert [rate.per_day_minor for rate in old.rates.all()] == [900, 700, 500]
    assert (old.valid_from, offer.valid_from) == (date(2021, 1, 1), TODAY)


# The staff pages.


def page(model: str, action: str, *args: Any) -> str:
    return reverse(f"admin:catalog_{model}_{action}", args=args)


def typed(**changed: Any) -> dict[str, Any]:
    amounts = {"sale_EUR_price_minor": "49.90", "rental_EUR_deposit_minor": "40", "rental_EUR_late_fee_minor": "6"}
    rates = {"rental_EUR_1": "9", "rental_EUR_4": "7", "rental_EUR_8": "5"}
    return amounts | rates | changed


def test_staff_let_a_price_begin_on_a_day_and_see_and_undo_it(staff: Client, variant: Variant):
    address = page("variant", "change", variant.pk)

    first = staff.post(page("variant", "new_prices", variant.pk), {"on": "2026-12-24"})
    answer = staff.post(first["Location"], typed(sale_EUR_price_minor="59,90"))

    new = SaleOffer.objects.get(valid_from=CHRISTMAS)
    undo = page("saleoffer", "delete", new.pk)
    assert answer["Location"] == address
    assert (new.price_minor, new.set_by) == (5990, answer.wsgi_request.user)
    assert RentalOffer.objects.count() == 1
    seen = staff.get(address).content.decode()
    assert "From 24 Dec 2026" in seen
    assert undo in seen
    asked = staff.get(undo)
    for told in (
        "Withdraw the price of MUR-M from 24 Dec 2026",
        "€59.90",
        "€49.90 holds on, as today",
        "Withdraw</button>",
    ):
        assert told in " ".join(asked.text.split()).replace(" </button>", "</button>"), told
    answer = staff.post(undo, dict(asked.context["hidden"]))
    assert answer["Location"] == address
    assert SaleOffer.objects.get().price_minor == 4990
    assert "Withdraw the price of MUR-M" in staff.get(page("variant", "history", variant.pk)).text


def test_a_price_that_began_while_staff_were_asked_is_not_withdrawn(client: Client, variant: Variant, clock: Any):
    schedule(variant)
    undo = page("saleoffer", "delete", SaleOffer.objects.get(valid_from=CHRISTMAS).pk)
    clock.move_to(BEFORE)
    asked = sit(client, "catalog").get(undo).context["hidden"]
    clock.move_to(BEGUN)

    answer = client.post(undo, dict(asked), follow=True)

    assert "This price has begun meanwhile: nothing was withdrawn." in answer.text
    assert variant.sale_offers.in_force().get().price_minor == 5990


def test_an_offer_is_withdrawn_with_every_price_that_is_to_come(staff: Client, variant: Variant, clock: Any):
    schedule(variant, rates={1: 1200})
    rental = page("rentaloffer", "delete", variant.rental_offers.in_force().get().pk)

    asked = staff.get(rental)
    staff.post(rental, dict(asked.context["hidden"]))

    assert "No longer offer MUR-M to rent in EUR" in asked.text
    assert "It cannot be had to rent in EUR" in asked.text
    clock.move_to(BEGUN)
    assert not variant.rental_offers.in_force().exists()
    assert variant.sale_offers.in_force().get().price_minor == 5990


def test_who_may_not_withdraw_is_not_asked(client: Client, variant: Variant):
    schedule(variant)
    clerk, undo = sit(client, "clerk"), page("saleoffer", "delete", SaleOffer.objects.get(valid_from=CHRISTMAS).pk)

    assert (clerk.get(undo).status_code, clerk.post(undo).status_code) == (403, 403)
    assert SaleOffer.objects.filter(valid_from=CHRISTMAS).exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "Change at least one amount."),
        ({"sale_EUR_price_minor": "0"}, "A price must be more than nothing."),
        ({"sale_EUR_price_minor": "59.999"}, "EUR has 2 decimals, not more."),
        ({"rental_EUR_4": "9.50"}, "The rate from day 4 on would never apply: a day costs €9.50"),
    ],
)
def test_a_new_price_that_cannot_be_is_said_to_be_wrong(staff: Client, variant: Variant, changed: Any, said: str):
    answer = staff.post(f"{page('variant', 'new_prices', variant.pk)}?on=2026-12-24", typed(**changed))

    assert answer.status_code == 200
    assert said in str(answer.context["form"].errors)
    assert SaleOffer.objects.count() == 1


def test_a_first_day_that_has_begun_is_refused_before_any_amount_is_asked_for(staff: Client, variant: Variant):
    answer = staff.post(page("variant", "new_prices", variant.pk), {"on": "2026-11-26"})

    assert "Choose a day that has not begun" in str(answer.context["form"].errors)


def test_a_price_is_asked_for_as_it_would_be_on_that_day(staff: Client, variant: Variant):
    schedule(variant)

    told = staff.get(page("variant", "new_prices", variant.pk), {"on": "2027-01-07"}).context["form"]

    assert str(told["sale_EUR_price_minor"].initial) == "59.90"


def test_a_price_that_staff_change_at_once_stays_in_the_history(staff: Client, variant: Variant):
    offer = variant.sale_offers.get()

    data = {"variant": variant.pk, "currency": "EUR", "price_minor": "59.90", "tax_class": "standard"}
    staff.post(page("saleoffer", "change", offer.pk), data)

    old = SaleOffer.objects.get(valid_until=TODAY)
    assert (old.price_minor, SaleOffer.objects.in_force().get().price_minor) == (4990, 5990)
    assert staff.post(page("saleoffer", "change", old.pk), data).status_code == 403
    assert "25 Nov 2026" in staff.get(page("variant", "change", variant.pk)).content.decode()


def test_rates_that_staff_change_at_once_stay_in_the_history(staff: Client, variant: Variant):
    offer = variant.rental_offers.get()
    names = [field.name for field in RentalOffer._meta.fields if field.editable and field.name not in ("id", "variant")]
    data = {"variant": variant.pk} | {name: getattr(offer, name) for name in names}
    data |= {"deposit_minor": "40", "late_fee_minor": "6"}
    rates = [
        {"id": rate.pk, "offer": offer.pk, "from_days": rate.from_days, "per_day_minor": rate.per_day_minor / 100 + 1}
        for rate in offer.rates.all()
    ]

    answer = staff.post(page("rentaloffer", "change", offer.pk), data | formset("rates", *rates, there=3))

    assert answer.status_code == 302
    assert [rate.per_day_minor for rate in RentalOffer.objects.in_force().get().rates.all()] == [1000, 800, 600]
    assert [r.per_day_minor for r in RentalOffer.objects.get(valid_until=TODAY).rates.all()] == [900, 700, 500]


HEAD = "sku,currency,price,tax_class,from\n"


def test_many_prices_of_a_day_are_imported_at_once(staff: Client, variant: Variant):
    SaleOfferFactory(variant=VariantFactory(sku="SLI-M"))

    transfer(staff, "saleoffer", f"{HEAD}MUR-M,EUR,59.90,standard,2026-12-24\nSLI-M,EUR,39.90,standard,\n")

    assert list(variant.sale_offers.order_by("valid_from").values_list("valid_until", "price_minor")) == [
        (CHRISTMAS, 4990),
        (None, 5990),
    ]
    others = SaleOffer.objects.filter(variant__sku="SLI-M").order_by("valid_from")
    assert list(others.values_list("valid_until", "price_minor")) == [(TODAY, 4990), (None, 3990)]


def test_what_was_exported_changes_nothing_when_it_is_imported(staff: Client, variant: Variant):
    schedule(variant)
    split(variant.sale_offers.in_force().get(), TODAY)  # what was before today stays out of the file
    chosen = dict.fromkeys(
        (f"saleofferresource_{n}" for n in ("sku", "currency", "price", "tax_class", "valid_from")), "on"
    )
    file = staff.post(page("saleoffer", "export"), {"format": "0", **chosen}).content.decode()
    before = list(SaleOffer.objects.order_by("pk").values())

    transfer(staff, "saleoffer", file)

    assert file.splitlines() == ["sku,currency,price,tax_class,from", "MUR-M,EUR,49.90,standard,2026-11-26"]
    assert list(SaleOffer.objects.order_by("pk").values()) == before


def test_a_day_that_is_none_is_refused_with_its_row(staff: Client, variant: Variant):
    answer = transfer(staff, "saleoffer", f"{HEAD}MUR-M,EUR,59.90,standard,soon\n")

    assert "is not a day such as 2026-12-31" in answer.content.decode()
    assert SaleOffer.objects.get().price_minor == 4990


def test_what_is_withdrawn_takes_along_what_was_to_follow(variant: Variant, clock: Any):
    schedule(variant)

    withdraw(variant.sale_offers.in_force().get())
    clock.move_to(BEGUN)

    assert not variant.sale_offers.in_force().exists()


def found_for_a_trip() -> list[tuple[int, int]]:
    """What a search for a trip says that it costs to buy, and its deposit."""
    asked = [{shell: [needs_of_cats([CATS["Miso"]])] for shell in Shell}]
    rows = fitting(asked, Wish(currency="EUR", mode=Mode.BUY), most=9).rows
    return [(row["price"], row["variant"]["rental"]["deposit_minor"]) for row in rows]


def test_a_search_for_a_trip_tells_the_price_of_its_day_though_nobody_writes_when_it_begins(
    variant: Variant, clock: Any
):
    (was,) = found_for_a_trip()
    schedule(variant, fields={"deposit_minor": 5000}, rates={1: 1200})

    clock.move_to(BEFORE)
    last = found_for_a_trip()
    clock.move_to(BEGUN)

    assert last == [was]
    assert found_for_a_trip() == [(5990, 5000)]


def test_a_search_for_a_trip_finds_nothing_that_is_withdrawn(variant: Variant):
    withdraw(variant.sale_offers.in_force().get())

    assert found_for_a_trip() == []
