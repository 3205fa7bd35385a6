"""The stock pages: what is free now, units in the hands of the clerk, and nothing to change where counts come from."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.models import Depot, Downtime, Unit
from inventory.states import UnitStatus
from tests.desk import errors, formset, sit
from tests.factories.accounts import UserFactory
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import (
    DepotClosureFactory,
    DepotFactory,
    DowntimeFactory,
    FeedFactory,
    ReservationFactory,
    StockLevelFactory,
    UnitFactory,
)

pytestmark = pytest.mark.django_db
Desk = Callable[[str], Client]


@pytest.fixture
def desk(client: Client) -> Desk:
    return lambda group: sit(client, group)


@pytest.fixture
def clerk(client: Client) -> Client:
    return sit(client, "clerk")


def page(model: str, action: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:inventory_{model}_{action}", args=args)


def test_every_stock_page_opens(clerk: Client):
    unit = UnitFactory()
    rows = {
        "stocklevel": StockLevelFactory().pk,
        "unit": unit.pk,
        "downtime": DowntimeFactory(unit=unit).pk,
        "reservation": ReservationFactory(rental=("2027-05-01", "2027-05-03")).pk,
        "depot": DepotClosureFactory().depot_id,
        "feed": FeedFactory().pk,
    }

    for model, pk in rows.items():
        for address in (page(model), page(model, "change", pk)):
            assert clerk.get(address).status_code == 200, address


def test_a_stock_level_tells_what_is_free_now(clerk: Client):
    level = StockLevelFactory(on_hand=7, reserved_elsewhere=2)
    ReservationFactory(variant=level.variant, depot=level.depot, quantity=3)
    UnitFactory.create_batch(2, variant=level.variant, depot=level.depot)
    today = timezone.now().date()
    ReservationFactory(variant=level.variant, depot=level.depot, rental=(today, today + timedelta(days=2)))

    shown = clerk.get(page("stocklevel")).content.decode()

    assert "2 of 7" in shown
    assert "1 of 2" in shown


def test_a_level_that_nobody_counted_is_shown_too(clerk: Client):
    StockLevelFactory(on_hand=0, as_of=None)

    shown = clerk.get(page("stocklevel")).content.decode()

    assert "never" in shown


def test_what_is_all_promised_stands_out(clerk: Client):
    level = StockLevelFactory(on_hand=1)
    ReservationFactory(variant=level.variant, depot=level.depot)

    assert "all promised" in clerk.get(page("stocklevel")).content.decode()


@pytest.mark.parametrize("model", ["stocklevel", "unit", "reservation", "depot", "downtime"])
def test_no_list_asks_more_when_it_has_more_rows(clerk: Client, model: str):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            clerk.get(page(model))
        return len(captured)

    def fill() -> None:
        unit = UnitFactory()
        DowntimeFactory(unit=unit)
        DepotClosureFactory(depot=unit.depot)
        ReservationFactory(variant=unit.variant, depot=unit.depot)

    fill()
    statements()
    few = statements()
    for _ in range(8):
        fill()

    assert statements() == few


@pytest.mark.parametrize("model", ["stocklevel", "reservation", "feed"])
def test_counts_and_claims_are_only_looked_at_even_by_a_superuser(client: Client, model: str):
    client.force_login(UserFactory(superuser=True))
    rows = {"stocklevel": StockLevelFactory, "reservation": ReservationFactory, "feed": FeedFactory}
    pk = rows[model]().pk

    assert client.get(page(model, "add")).status_code == 403
    assert client.post(page(model, "change", pk), {}).status_code == 403
    assert client.post(page(model, "delete", pk), {"post": "yes"}).status_code == 403


# --------------------------------------------------------------------------------------------------------- units


def change_unit(client: Client, unit: Unit, *downtimes: dict[str, Any], **fields: Any) -> Any:
    data = {"condition": unit.condition, "status": unit.status, **fields, **formset("downtimes", *downtimes)}
    return client.post(page("unit", "change", unit.pk), data)


def test_a_clerk_puts_a_unit_into_maintenance(clerk: Client):
    unit = UnitFactory()

    answer = change_unit(clerk, unit, status=UnitStatus.MAINTENANCE, condition="C")

    assert answer.status_code == 302, errors(answer)
    unit.refresh_from_db()
    assert (unit.status, unit.condition) == ("maintenance", "C")


@pytest.mark.parametrize(
    ("before", "after"), [("available", "out"), ("available", "sold"), ("out", "available"), ("sold", "available")]
)
def test_what_orders_know_of_a_unit_is_not_set_by_hand(clerk: Client, before: str, after: str):
    unit = UnitFactory(status=before)

    answer = change_unit(clerk, unit, status=after)

    assert "Select a valid choice" in errors(answer)
    assert Unit.objects.get().status == before


def test_a_unit_keeps_its_serial_number_variant_and_depot(clerk: Client):
    unit = UnitFactory(serial="A-1")

    change_unit(clerk, unit, serial="B-2", depot=DepotFactory().pk)

    assert (Unit.objects.get().serial, Unit.objects.get().depot) == ("A-1", unit.depot)


@pytest.mark.parametrize(("query", "found"), [("BER-1", 1), ("MUR-M", 1), ("murmur", 1), ("nothing", 0)])
def test_units_are_found_by_serial_sku_and_container(clerk: Client, query: str, found: int):
    UnitFactory(serial="BER-1", variant=VariantFactory(sku="MUR-M", container__name="Murmur"))
    UnitFactory(serial="XXX-1")

    assert len(clerk.get(page("unit"), {"q": query}).context["cl"].result_list) == found


def test_downtimes_are_typed_first_and_last_day_included(clerk: Client):
    unit = UnitFactory()

    answer = change_unit(clerk, unit, {"start_on": "2027-05-03", "end_on": "2027-05-05", "reason": "Zip."})

    assert answer.status_code == 302, errors(answer)
    period = Downtime.objects.get().period
    assert (period.lower, period.upper) == (date(2027, 5, 3), date(2027, 5, 6))
    assert 'value="2027-05-05"' in clerk.get(page("unit", "change", unit.pk)).content.decode()


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"start_on": "2027-05-05", "end_on": "2027-05-03"}, "cannot be before the first"),
        ({"start_on": "2027-05-05", "end_on": "soon"}, "Enter a valid date"),
        ({"start_on": "2027-05-04", "end_on": "2027-05-09"}, "down on some of these days already"),
    ],
)
def test_a_downtime_that_makes_no_sense_is_explained(clerk: Client, days: dict[str, str], said: str):
    unit = DowntimeFactory(days=("2027-05-03", "2027-05-05")).unit

    answer = clerk.post(page("downtime", "add"), {"unit": unit.pk, "reason": "", **days})

    assert said in str(answer.context["errors"])
    assert Downtime.objects.count() == 1


# -------------------------------------------------------------------------------------------------------- depots


def test_a_depot_is_made_with_its_days(client: Client):
    client.force_login(UserFactory(superuser=True))
    fields = {"code": "BER", "name": "Berlin", "city": "Berlin", "country": "DE", "time_zone": "Europe/Berlin"}

    answer = client.post(
        page("depot", "add"),
        {**fields, "active": "on", "opening_days": ["1", "5"]}
        | formset("closures", {"start_on": "2027-12-24", "end_on": "2027-12-26", "reason": "Christmas"}),
    )

    assert answer.status_code == 302, errors(answer)
    depot = Depot.objects.get()
    assert depot.opening_days == [1, 5]
    assert depot.closures.get().reason == "Christmas"
    assert "Mo, Fr" in client.get(page("depot")).content.decode()


@pytest.mark.parametrize(("field", "value"), [("time_zone", "Berlin"), ("country", "Germany"), ("opening_days", ["9"])])
def test_a_depot_that_is_nowhere_is_refused(client: Client, field: str, value: Any):
    client.force_login(UserFactory(superuser=True))
    fields = {"code": "BER", "name": "Berlin", "city": "Berlin", "country": "DE", "time_zone": "Europe/Berlin"}

    answer = client.post(page("depot", "add"), {**fields, field: value, **formset("closures")})

    assert field in answer.context["adminform"].form.errors


# -------------------------------------------------------------------------------------------------------- rights


@pytest.mark.parametrize("group", ["auditor", "clerk"])
def test_only_superusers_make_depots_and_units(desk: Desk, group: str):
    client = desk(group)

    for model in ("depot", "unit"):
        assert client.get(page(model, "add")).status_code == 403


def test_an_auditor_changes_no_unit(desk: Desk):
    unit = UnitFactory()

    assert change_unit(desk("auditor"), unit, status=UnitStatus.LOST).status_code == 403


@pytest.mark.parametrize("group", ["catalog", "refunds"])
def test_others_see_no_stock(desk: Desk, group: str):
    client = desk(group)

    for model in ("stocklevel", "unit", "downtime", "reservation", "depot", "feed"):
        assert client.get(page(model)).status_code == 403, model
