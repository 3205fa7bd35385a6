"""The stock pages: what is free now, units in the hands of the clerk, and nothing to change where counts come from."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from core.time import today_in
from inventory.models import Depot, Downtime, Reservation, Unit
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
from tests.factories.orders import RentalFactory
from tests.orders.desk import said

pytestmark = pytest.mark.django_db
Desk = Callable[[str], Client]


@pytest.fixture
def desk(client: Client) -> Desk:
    return lambda group: sit(client, group)


@pytest.fixture
def clerk(client: Client) -> Client:
    return sit(client, "clerk")


def plain(answer: Any) -> str:
    """What was said, without its links."""
    return strip_tags(said(answer))


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


def test_what_is_free_today_is_asked_for_the_day_of_each_depot(client: Client):
    """When it is past noon in London it is tomorrow in Auckland, where a unit leaves on that day."""
    noon = timezone.now().replace(hour=13)
    tomorrow = noon.date() + timedelta(days=1)
    far = UnitFactory(depot__time_zone="Pacific/Auckland")
    near = UnitFactory(depot__time_zone="Europe/London")
    for unit in (far, near):
        ReservationFactory(
            variant=unit.variant, depot=unit.depot, rental=(tomorrow, tomorrow + timedelta(days=1)), committed=True
        )

    with time_machine.travel(noon, tick=False):
        rows = sit(client, "clerk").get(page("stocklevel")).context["cl"].result_list

    assert {row.depot_id: row.units_free for row in rows} == {far.depot_id: 0, near.depot_id: 1}


def test_what_is_all_promised_stands_out(clerk: Client):
    level = StockLevelFactory(on_hand=1)
    ReservationFactory(variant=level.variant, depot=level.depot)

    assert "all promised" in clerk.get(page("stocklevel")).content.decode()


def test_a_reservation_is_told_in_words(clerk: Client):
    rental = RentalFactory(line__order__confirmed=True)
    Reservation.objects.update(period=DateRange(date(2027, 11, 26), date(2027, 12, 5)), provider_state="local")
    ReservationFactory(quantity=2)

    for shown in (clerk.get(page("reservation")), clerk.get(page("reservation", "change", rental.reservation_id))):
        text = shown.content.decode()
        assert "26 Nov – 4 Dec 2027" in text
        assert "keeps no dates" in text
        assert reverse("admin:orders_order_change", args=[rental.line.order_id]) in text
        assert rental.line.order.number in text
    assert "2 pieces" in clerk.get(page("reservation")).content.decode()


def test_rows_are_called_what_people_call_them():
    level = StockLevelFactory(variant__sku="MUR-M", depot__code="BER")

    assert str(level) == "MUR-M at BER"
    assert str(ReservationFactory(rental=("2027-11-26", "2027-12-05"))) == "Rental, 26 Nov – 4 Dec 2027"
    assert str(ReservationFactory(quantity=2)) == "Sale of 2 pieces"
    assert str(DowntimeFactory(days=("2027-12-30", "2028-01-03"))) == "30 Dec 2027 – 2 Jan 2028"
    assert str(DepotClosureFactory(start_on=date(2027, 12, 24), end_on=date(2027, 12, 24))) == "closed 24 Dec 2027"


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
        ReservationFactory(variant=unit.variant, depot=unit.depot, misfit_at=timezone.now())
        RentalFactory(line__order__confirmed=True)

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


@pytest.mark.parametrize(("model", "factory"), [("depot", DepotFactory), ("downtime", DowntimeFactory)])
def test_the_history_of_what_staff_change_begins_with_what_happened_last(
    client: Client, model: str, factory: Callable[[], Any]
):
    user, row = UserFactory(superuser=True), factory()
    client.force_login(user)
    for words in ("Opened.", "Moved."):
        LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=words, single_object=True)

    shown = strip_tags(client.get(page(model, "history", row.pk)).content.decode())

    assert 0 < shown.index("Moved.") < shown.index("Opened.")


def test_the_feed_tells_how_far_it_was_read(client: Client):
    client.force_login(UserFactory(superuser=True))
    feed = FeedFactory(cursor="page-7", read_at=timezone.now() - timedelta(minutes=3))

    shown = strip_tags(client.get(page("feed", "change", feed.pk)).content.decode())

    assert "page-7" in shown
    assert "3\xa0minutes ago" in shown


# --------------------------------------------------------------------------------------------------------- units


@pytest.mark.parametrize(("query", "found"), [("BER-1", 1), ("MUR-M", 1), ("murmur", 1), ("nothing", 0)])
def test_units_are_found_by_serial_sku_and_container(clerk: Client, query: str, found: int):
    UnitFactory(serial="BER-1", variant=VariantFactory(sku="MUR-M", container__name="Murmur"))
    UnitFactory(serial="XXX-1")

    assert len(clerk.get(page("unit"), {"q": query}).context["cl"].result_list) == found


@pytest.mark.parametrize(
    ("model", "asked", "found"),
    [
        ("unit", {"status": "lost"}, 1),
        ("unit", {"status": ""}, 2),
        ("reservation", {"status": "committed"}, 1),
        ("reservation", {"theirs": "refused"}, 1),
        ("reservation", {"theirs": "local"}, 0),
    ],
)
def test_lists_are_narrowed_by_the_words_that_they_show(clerk: Client, model: str, asked: dict[str, str], found: int):
    UnitFactory()
    UnitFactory(status=UnitStatus.LOST)
    ReservationFactory()
    ReservationFactory(committed=True, provider_state="refused")

    assert len(clerk.get(page(model), asked).context["cl"].result_list) == found


def test_downtimes_are_typed_first_and_last_day_included(clerk: Client):
    unit = UnitFactory()

    answer = clerk.post(
        page("downtime", "add"), {"unit": unit.pk, "start_on": "2027-05-03", "end_on": "2027-05-05", "reason": "Zip."}
    )

    assert answer.status_code == 302, answer.context["errors"]
    downtime = Downtime.objects.get()
    assert (downtime.period.lower, downtime.period.upper) == (date(2027, 5, 3), date(2027, 5, 6))
    assert 'value="2027-05-05"' in clerk.get(page("downtime", "change", downtime.pk)).content.decode()
    assert "3 – 5 May 2027" in clerk.get(page("unit", "change", unit.pk)).content.decode()


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"start_on": "2027-05-05", "end_on": "2027-05-03"}, "cannot be before the first"),
        ({"start_on": "2027-05-05", "end_on": "soon"}, "Enter a valid date"),
        ({"start_on": "2027-05-04", "end_on": "2027-05-09"}, "down on some of these days already"),
        ({"start_on": "2027-05-04", "end_on": "9999-12-31"}, "at most five years from now"),
    ],
)
def test_a_downtime_that_makes_no_sense_is_explained(clerk: Client, days: dict[str, str], said: str):
    unit = DowntimeFactory(days=("2027-05-03", "2027-05-05")).unit

    answer = clerk.post(page("downtime", "add"), {"unit": unit.pk, "reason": "", **days})

    assert said in str(answer.context["errors"])
    assert Downtime.objects.count() == 1


def test_a_downtime_that_grows_over_another_is_explained_too(clerk: Client):
    unit = DowntimeFactory(days=("2027-05-10", "2027-05-12")).unit
    first = DowntimeFactory(unit=unit, days=("2027-05-03", "2027-05-05"))

    answer = clerk.post(
        page("downtime", "change", first.pk), {"start_on": "2027-05-03", "end_on": "2027-05-10", "reason": ""}
    )

    assert "down on some of these days already" in str(answer.context["errors"])


# -------------------------------------------------------------------------------------------------------- depots


def test_a_depot_is_made_with_its_days(client: Client):
    client.force_login(UserFactory(superuser=True))
    fields = {"code": "BER", "name": "Berlin", "city": "Berlin", "country": "DE", "time_zone": "Europe/Berlin"}
    empty = client.get(page("depot", "add")).context["adminform"].form
    assert empty["opening_days"].initial == [1, 2, 3, 4, 5, 6, 7]  # a new one opens, unless somebody says no

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


def depot_form(depot: Depot, **more: Any) -> dict[str, Any]:
    fields = {name: getattr(depot, name) for name in ("name", "street", "postal_code", "city", "country", "time_zone")}
    return {**fields, "active": "on", "opening_days": ["1", "2", "3", "4", "5", "6", "7"], **more}


def test_a_depot_keeps_its_code_as_the_inventory_system_knows_it_by_that(client: Client):
    client.force_login(UserFactory(superuser=True))
    depot = DepotFactory(code="BER")

    answer = client.post(page("depot", "change", depot.pk), depot_form(depot, code="HAM", **formset("closures")))

    assert answer.status_code == 302, errors(answer)
    assert Depot.objects.get().code == "BER"


@pytest.mark.parametrize("closes", ["a closure", "a weekday"])
def test_rentals_that_meet_a_day_just_closed_are_named(client: Client, closes: str):
    client.force_login(UserFactory(superuser=True))
    depot = DepotFactory()
    today = today_in(depot.time_zone)
    hit, missed = (
        RentalFactory(line__order__depot=depot, line__order__confirmed=True, days=days) for days in [(3, 9), (4, 8)]
    )
    day = today + timedelta(days=3)
    closure = {"start_on": day, "end_on": day, "reason": ""}
    open_days = [str(n) for n in range(1, 8) if n != day.isoweekday()]
    change = (
        formset("closures", closure) if closes == "a closure" else {**formset("closures"), "opening_days": open_days}
    )

    answer = client.post(page("depot", "change", depot.pk), depot_form(depot, **change))

    assert answer.status_code == 302, errors(answer)
    assert f"1 rental is to be handed over or taken back on a day that is closed now: {hit.line.order.number}" in plain(
        answer
    )
    assert missed.line.order.number not in plain(answer)
    assert "/admin/orders/rental/?work=disrupted" in said(answer)


def test_a_depot_that_is_taken_out_of_use_tells_how_many_rentals_it_still_has(client: Client):
    client.force_login(UserFactory(superuser=True))
    depot = DepotFactory()
    RentalFactory.create_batch(2, line__order__depot=depot, line__order__confirmed=True)

    answer = client.post(page("depot", "change", depot.pk), depot_form(depot, active="", **formset("closures")))

    assert answer.status_code == 302, errors(answer)
    assert "2 rentals are still to be handed over or taken back at this depot." in said(answer)
    assert "/admin/orders/rental/?work=disrupted" in said(answer)


def test_a_closure_that_meets_nobody_is_saved_in_silence(client: Client):
    client.force_login(UserFactory(superuser=True))
    depot = DepotFactory()
    RentalFactory(line__order__depot=depot, line__order__confirmed=True, days=(3, 9))
    over = RentalFactory(line__order__depot=depot, line__order__confirmed=True, days=(12, 14)).reservation
    Reservation.objects.filter(pk=over.pk).update(status="released")
    days = [today_in(depot.time_zone) + timedelta(days=n) for n in (4, 12)]
    closures = formset("closures", *({"start_on": day, "end_on": day, "reason": ""} for day in days))

    answer = client.post(page("depot", "change", depot.pk), depot_form(depot, **closures))

    assert "closed now" not in said(answer)


# -------------------------------------------------------------------------------------------------------- rights


@pytest.mark.parametrize("group", ["auditor", "clerk"])
def test_only_superusers_make_depots_and_units(desk: Desk, group: str):
    client = desk(group)

    for model in ("depot", "unit"):
        assert client.get(page(model, "add")).status_code == 403


def test_an_auditor_changes_no_unit(desk: Desk):
    unit = UnitFactory()

    client = desk("auditor")

    assert "Lost" not in client.get(page("unit", "change", unit.pk)).content.decode()
    assert client.post(page("unit", "lose", unit.pk), {"note": ""}).status_code == 403
    assert Unit.objects.get().status == UnitStatus.AVAILABLE


@pytest.mark.parametrize("group", ["catalog", "refunds"])
def test_others_see_no_stock(desk: Desk, group: str):
    client = desk(group)

    for model in ("stocklevel", "unit", "downtime", "reservation", "depot", "feed"):
        assert client.get(page(model)).status_code == 403, model
