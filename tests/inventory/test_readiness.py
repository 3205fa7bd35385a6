"""From a new container to its first sale or rental: what is missing is said, where it is mended, until nothing is."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Container, RentalRate, Variant, shop_today
from inventory.models import Depot
from inventory.readiness import Stage, at_stage, readiness
from inventory.services import mirror_changes
from inventory.states import UnitStatus
from sandbox.inventory.server import Sandbox
from tests.desk import as_shown, sit
from tests.factories.accounts import UserFactory
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    ContainerImageFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
    accessory,
    bundle,
)
from tests.factories.inventory import COUNTED_AT, DepotFactory, FeedFactory, StockLevelFactory, UnitFactory

pytestmark = pytest.mark.django_db
NEXT_MONTH = timedelta(days=30)
UNKNOWN = "The warehouse has nothing under this SKU at our depots: it has to spell the SKU and the depot as we do"


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(UserFactory(staff=True, is_superuser=True))
    return client


def told(client: Client, row: Container | Variant) -> dict[str, str]:
    """{what the card says is missing: where its first link leads}, and its title."""
    page = client.get(reverse(f"admin:catalog_{row._meta.model_name}_change", args=[row.pk])).content.decode()
    card = page[page.index('<section class="bo-card ready') :]
    card = card[: card.index("</section>")]
    lines = re.findall(r"<li>(.*?)</li>", card.partition("What would make it nicer")[0], re.DOTALL)
    links = [re.search(r'href="(.*?)"', line) for line in lines]
    said = [unescape(re.sub(r"<.*?>", "", line)).strip() for line in lines]
    title = re.search(r"<h3>(.*?)</h3>", card)
    assert title is not None
    return {"": title[1]} | {text: unescape(found[1]) if found else "" for text, found in zip(said, links, strict=True)}


def nicer(client: Client, container: Container) -> list[str]:
    page = client.get(reverse("admin:catalog_container_change", args=[container.pk])).content.decode()
    card = page[page.index('<section class="bo-card ready') :].partition("</section>")[0]
    lines = re.findall(r"<li>(.*?)</li>", card.partition("What would make it nicer")[2], re.DOTALL)
    return [unescape(re.sub(r"<.*?>", "", line)) for line in lines]


def stages() -> dict[str, Stage]:
    return {row.name: stage for stage in Stage for row in at_stage(Container.objects.all(), stage)}


def stocked(variant: Variant, depot: Depot, *, pieces: int = 0, units: int = 0) -> None:
    """As the warehouse told it."""
    StockLevelFactory(variant=variant, depot=depot, on_hand=pieces)
    UnitFactory.create_batch(units, variant=variant, depot=depot, as_of=COUNTED_AT)


def test_a_new_container_is_led_to_its_first_customers_step_by_step(owner: Client, ims: Sandbox):
    container = ContainerFactory(name="Cave", published=False)
    draft = "It is a draft: publish it when all else is done"
    publish = f"/admin/catalog/container/{container.pk}/change/#id_published"
    assert told(owner, container) == {
        "": "Customers cannot have it yet",
        "It has no variant: add one for each size and colour": f"/admin/catalog/variant/add/?container={container.pk}",
        draft: publish,
    }

    variant = VariantFactory(container=container, sku="CAVE-M")
    assert "There is no depot in use" in told(owner, variant)

    depot = DepotFactory(code="BER")
    page = f"/admin/catalog/variant/{variant.pk}"
    not_asked = "The warehouse was not asked about it yet; a running worker does that every ten seconds"
    assert told(owner, variant) == {
        "": "Customers cannot have it yet",
        "Not checked against our list": f"{page}/inspect/",
        "No price, neither to buy nor to rent": f"{page}/change/#sale_offers-group",
        not_asked: "/admin/inventory/feed/",
        draft: publish,
    }
    assert list(told(owner, container))[1] == "Not checked against our list: CAVE-M"
    as_the_app_shows = owner.get(reverse("admin:catalog_container_app", args=[container.pk])).text
    assert "Customers cannot have it yet" in as_the_app_shows

    ApprovalFactory(variant=variant)
    SaleOfferFactory(variant=variant)
    rent = RentalOfferFactory(variant=variant, rates=[])
    mirror_changes()
    no_rates = f"/admin/catalog/rentaloffer/{rent.pk}/change/"
    assert told(owner, variant) == {
        "": "Customers cannot have it yet",
        "The rental offer has no price a day": no_rates,
        UNKNOWN: "/admin/inventory/feed/",
        draft: publish,
    }

    RentalRate.objects.create(offer=rent, from_days=1, per_day_minor=900)
    ims.store.receive("CAVE-M", "BER", 3)
    UnitFactory(variant=variant, depot=depot, serial="CAVE-M-1")  # typed here
    mirror_changes()
    units = "For rent, but the warehouse knows none of its units by serial number"
    assert list(told(owner, variant))[1:] == [units, draft]
    assert told(owner, variant)[units] == "/admin/inventory/unit/?q=CAVE-M"
    assert stages() == {"Cave": Stage.MISSING}

    ims.store.add_units("CAVE-M", "BER", ["CAVE-M-1"], "A")
    mirror_changes()
    assert told(owner, container)[""] == "Ready to be published"
    assert stages() == {"Cave": Stage.READY}

    container.published = True
    container.save()
    assert told(owner, container) == {"": "Customers can buy it and rent it"}
    assert told(owner, variant) == {"": "Customers can buy it and rent it"}
    assert stages() == {"Cave": Stage.LIVE}


def test_prices_that_customers_cannot_pay_yet_or_any_more_are_told():
    depot, today = DepotFactory(), shop_today()
    later, over, swiss, both = (
        VariantFactory(sku=f"COC-{name}", approved=True) for name in ("LATER", "OVER", "CHF", "BOTH")
    )
    for variant in (later, over, swiss, both):
        stocked(variant, depot, pieces=1, units=1)
    SaleOfferFactory(variant=later, valid_from=today + NEXT_MONTH)
    SaleOfferFactory(variant=over, valid_until=today)
    SaleOfferFactory(variant=swiss, currency="CHF")
    SaleOfferFactory(variant=both, valid_from=today + NEXT_MONTH)
    RentalOfferFactory(variant=both)

    found = {row.sku: row for variant in (later, over, swiss, both) for row in readiness(variant.container_id)}

    assert found["COC-LATER"].buy.begins_on == today + NEXT_MONTH
    assert not found["COC-LATER"].buy.can
    assert found["COC-OVER"].ended_on == today
    assert found["COC-OVER"].is_settled
    assert found["COC-CHF"].buy.currencies == ["CHF"]
    assert found["COC-CHF"].buy.can
    assert (found["COC-BOTH"].buy.can, found["COC-BOTH"].rent.can) == (False, True)
    assert stages() == {
        later.container.name: Stage.MISSING, swiss.container.name: Stage.LIVE, both.container.name: Stage.LIVE,
    }  # fmt: skip


def test_stock_counts_where_customers_can_have_it():
    open_, idle, shut = DepotFactory(), DepotFactory(active=False), DepotFactory(opening_days=[])
    sold, out, elsewhere, gone, shut_in = (VariantFactory(offered=True) for _ in range(5))
    stocked(shut_in, shut, pieces=1, units=1)
    stocked(sold, open_, pieces=1, units=0)
    stocked(out, open_, pieces=1)
    UnitFactory(variant=out, depot=open_, status=UnitStatus.OUT, as_of=COUNTED_AT)
    stocked(elsewhere, idle, pieces=5, units=2)
    stocked(gone, open_, pieces=1)
    UnitFactory(variant=gone, depot=open_, status=UnitStatus.LOST, as_of=COUNTED_AT)

    ways = {}
    for variant in (sold, out, elsewhere, gone, shut_in):
        (row,) = readiness(variant.container_id)
        ways[variant] = (row.buy.can, row.rent.can, row.rent.idle)

    assert ways == {
        sold: (True, False, 0), out: (True, True, 0), elsewhere: (False, False, 1), gone: (True, False, 0),
        shut_in: (True, False, 1),
    }  # fmt: skip


def test_a_bundle_is_ready_where_a_depot_has_enough_of_all_its_parts(owner: Client):
    crate, bowl, pad = VariantFactory(sku="CRATE-9", offered=True), accessory(sku="BOWL-9"), accessory(sku="PAD-9")
    whole = bundle(crate, bowl, used_up=[pad], sku="SET-9")
    here, there = DepotFactory(), DepotFactory()
    FeedFactory(newest_variant=whole.pk)
    stocked(crate, here, pieces=1, units=1)
    stocked(pad, there, pieces=1)

    said = told(owner, whole)
    assert said[UNKNOWN.replace("this SKU", "the SKU of its part BOWL-9")]

    stocked(bowl, here, units=1)
    assert "For rent, but no depot has enough of all its parts" in told(owner, whole)

    stocked(pad, here, pieces=1)
    (row,) = [row for row in readiness(whole.container_id) if row.sku == "SET-9"]
    assert (row.buy.can, row.rent.can) == (False, True)  # no bowl is counted to be sold
    parts = {row.sku: row for row in readiness(bowl.container_id)}
    assert parts["BOWL-9"].is_part


def test_of_what_is_had_as_a_part_only_nothing_is_missing(owner: Client):
    pad = accessory(sku="PAD-9")
    bundle(VariantFactory(), pad, sku="SET-9")
    unchecked = f"{reverse('admin:catalog_variant_changelist')}?approval=none"

    assert told(owner, pad) == {"": "Customers have it as a part of bundles"}
    assert told(owner, pad.container) == {"": "Customers have it as a part of bundles"}
    assert "PAD-9" not in owner.get(unchecked).content.decode()

    SaleOfferFactory(variant=pad)

    assert "Not checked against our list" in told(owner, pad)
    assert "PAD-9" in owner.get(unchecked).content.decode()


def test_what_somebody_decided_keeps_no_container_from_being_ready():
    container, depot = ContainerFactory(name="Decided"), DepotFactory()
    stocked(VariantFactory(container=container, offered=True), depot, pieces=1, units=1)
    ApprovalFactory(variant=VariantFactory(container=container), refused=True)
    SaleOfferFactory(variant=VariantFactory(container=container, approved=True), valid_until=date(2026, 1, 1))
    assert stages() == {"Decided": Stage.LIVE}

    VariantFactory(container=container)

    assert stages() == {"Decided": Stage.MISSING}


def test_pictures_texts_and_languages_that_are_missing_keep_nobody_from_it_but_are_told(owner: Client):
    container = ContainerFactory(description="A quiet bag.", description_de="Eine leise Tasche.")
    assert nicer(owner, container) == ["No picture", "Not translated: description (Français, Español)"]

    ContainerImageFactory(container=container, alt="")

    assert nicer(owner, container)[0] == "1 picture without a text for people who cannot see"


def test_a_link_is_shown_to_who_may_follow_it(client: Client):
    variant = VariantFactory(offered=True)
    DepotFactory()
    FeedFactory(newest_variant=variant.pk)

    assert told(sit(client, "catalog"), variant)[UNKNOWN] == ""
    assert told(sit(client, "clerk"), variant)[UNKNOWN] == "/admin/inventory/feed/"


def test_a_page_that_refuses_tells_of_the_variant_as_it_is_not_as_it_was_typed(owner: Client):
    """Moved to another container, and without a SKU."""
    variant, other = VariantFactory(offered=True), ContainerFactory(published=False)
    address = reverse("admin:catalog_variant_change", args=[variant.pk])

    answer = owner.post(address, as_shown(owner.get(address)) | {"container": other.pk, "sku": ""})

    assert answer.status_code == 200
    assert "Customers cannot have it yet" in answer.text
    assert "It is a draft" not in answer.text


def test_neither_pages_nor_list_ask_more_where_there_is_more(owner: Client):
    def statements(address: str) -> int:
        owner.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert owner.get(address).status_code == 200
        return len(captured)

    container, depot = ContainerFactory(), DepotFactory()
    FeedFactory(newest_variant=10**9)
    stocked(VariantFactory(container=container, offered=True), depot, pieces=1, units=1)
    pages: list[Any] = [f"/admin/catalog/container/?ready={stage}" for stage in Stage]
    pages += [reverse("admin:catalog_container_change", args=[container.pk])]
    few = [statements(address) for address in pages]
    for _ in range(4):
        stocked(VariantFactory(container=container, offered=True), DepotFactory(), pieces=1, units=1)
        VariantFactory(container=container)
        stocked(VariantFactory(offered=True), depot, pieces=1, units=1)

    assert [statements(address) for address in pages] == few
    with CaptureQueriesContext(connection) as captured:
        assert len(readiness(container.pk)) == 9
    assert len(captured) == 1


def test_an_address_that_asks_for_no_stage_there_is_shows_all(owner: Client):
    ContainerFactory(name="Anyone")

    assert "Anyone" in owner.get("/admin/catalog/container/?ready=nonsense").content.decode()
