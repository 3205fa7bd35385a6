"""A rule of an airline that changes after the order: who flies is told once, and staff have it in a list."""

from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import User
from catalog.models import Airline, CabinRule, RentalOffer, Variant
from core.errors import InvalidInput
from inventory.errors import OutOfStock
from inventory.models import Reservation
from inventory.services import mirror_changes
from orders.errors import TransitionNotAllowed
from orders.models import Order, Quote, Rental
from orders.services import (
    LineRequest,
    cancel_order,
    prepare_rental,
    recheck_rules,
    settle_fit,
    swap_container,
    swap_options,
)
from tests.factories.accounts import UserFactory
from tests.factories.catalog import VariantFactory
from tests.jobs import run_jobs
from tests.orders.flights import LARGE, MISO, ask, know_airlines, trip
from tests.shop import Shop, key


@pytest.fixture
def shop(shop: Shop) -> Shop:
    return know_airlines(shop)


def paid(shop: Shop, *airlines: str, **told: Any) -> Order:
    """A paid order of the bag for flights on the 11th day."""
    quote = ask(shop, shop.body(shop.sale(), **trip(shop, *airlines), **told))
    placed = shop.phone().post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key()).json()
    return shop.settled(Order.objects.get(number=placed["number"]))


def lufthansa() -> CabinRule:
    return CabinRule.objects.get(airline__code="LH", allowed=True)


def change(valid_from: date, **says: Any) -> CabinRule:
    """Another version of Lufthansa's rule, from this day on."""
    row = lufthansa()
    for name, value in {"valid_from": valid_from, **says}.items():
        setattr(row, name, value)
    row.pk = None
    row.save()
    return row


def answers(order: Order) -> list[str]:
    order.refresh_from_db()
    assert order.trip is not None
    return [fit["answer"] for fit in order.trip["fits"]]


def told_of_flights() -> list[Any]:
    return [message for message in mail.outbox if "What we told about order" in message.subject]


def test_a_new_version_in_force_on_the_day_of_the_flight_is_told_once_with_what_was_and_what_is(shop: Shop) -> None:
    order = paid(shop, "LH")
    change(shop.day(5), height_mm=190)

    assert [str(one) for one in recheck_rules()] == [
        "BAG-1: it fits; now it does not fit. It is too large to go under the seat: 2 cm too high."
    ]
    assert recheck_rules() == []
    run_jobs()

    assert answers(order) == ["too_small"]
    assert order.fit_worse_at is not None
    event = order.events.get(event="recheck_fit")
    assert (event.actor, event.from_status, event.to_status) == ("clock", "confirmed", "confirmed")
    (message,) = told_of_flights()
    assert message.to == [shop.customer.email]
    for words in ("it fits; now it does not fit", "LH on", "free of charge"):
        assert words in message.body, words


def test_a_version_from_a_day_after_the_flight_changes_nothing(shop: Shop) -> None:
    order = paid(shop, "LH")
    change(shop.day(12), height_mm=190)

    assert recheck_rules() == []
    assert answers(order) == ["fits"]


def test_a_rule_that_nobody_reads_for_180_days_makes_it_a_question_for_the_airline(shop: Shop) -> None:
    order = paid(shop, "LH")
    CabinRule.objects.update(checked_on=timezone.now().date() - timedelta(days=181))

    recheck_rules()

    assert answers(order) == ["ask_airline"]


def test_a_rule_that_says_again_what_was_told_takes_the_order_from_the_list_and_a_new_change_is_told_again(
    shop: Shop,
) -> None:
    order = paid(shop, "LH")
    row = lufthansa()
    for height in (190, 230, 180):
        CabinRule.objects.filter(pk=row.pk).update(height_mm=height)
        recheck_rules()
        order.refresh_from_db()
        assert (order.fit_worse_at is not None) == (height < 210)
        run_jobs()

    assert order.events.filter(event="recheck_fit").count() == 2
    assert len(told_of_flights()) == 2


def test_what_gets_better_is_written_down_and_nobody_is_told(shop: Shop) -> None:
    order = paid(shop, "TK")
    CabinRule.objects.filter(airline__code="TK").update(length_mm=600, width_mm=400)

    assert recheck_rules() == []
    assert answers(order) == ["fits"]
    assert not order.events.filter(event="recheck_fit").exists()


def test_a_flight_that_has_left_is_not_judged_again(shop: Shop) -> None:
    order = paid(shop, "LH")
    trip_of = order.trip
    assert trip_of is not None
    trip_of["legs"].append({**trip_of["legs"][0], "airline": "TK"})
    yesterday = shop.day(-2)
    trip_of["legs"][0]["on"] = yesterday.isoformat()
    trip_of["fits"][0]["verdicts"].append({**trip_of["fits"][0]["verdicts"][0], "leg": 1})
    Order.objects.filter(pk=order.pk).update(trip=trip_of)
    CabinRule.objects.filter(airline__code__in=("LH", "TK")).update(height_mm=100)

    found = recheck_rules()

    assert [one.now["leg"] for one in found] == [1]


@pytest.mark.parametrize("end", ["cancelled", "flown"])
def test_orders_that_are_over_and_flights_that_have_left_are_left_alone(shop: Shop, end: str) -> None:
    order = paid(shop, "LH")
    if end == "cancelled":
        cancel_order(order_id=order.pk, actor="customer:1")
    else:
        Order.objects.filter(pk=order.pk).update(flies_on=shop.day(-2))
    change(shop.day(5), height_mm=190)

    assert recheck_rules() == []


def test_the_command_lists_what_got_worse_and_a_dry_run_changes_nothing(shop: Shop) -> None:
    order = paid(shop, "LH")
    change(shop.day(5), height_mm=190)

    told = StringIO()
    call_command("recheck_rules", "--dry-run", stdout=told)

    assert "1 due; nothing is done." in told.getvalue()
    assert all(word in told.getvalue() for word in (order.number, "BAG-1", "LH", "fits", "too_small"))
    assert answers(order) == ["fits"]
    call_command("recheck_rules", stdout=StringIO())
    assert answers(order) == ["too_small"]


def test_rechecking_costs_the_same_however_many_orders_have_not_changed(shop: Shop) -> None:
    paid(shop, "LH")
    with CaptureQueriesContext(connection) as one:
        recheck_rules()
    for _ in range(3):
        paid(shop, "LH")

    with CaptureQueriesContext(connection) as four:
        recheck_rules()

    assert len(four) == len(one)


def test_staff_see_it_on_the_start_page_and_in_a_list_and_settle_it(shop: Shop, admin_client: Client) -> None:
    order = paid(shop, "LH")
    change(shop.day(5), height_mm=190)
    recheck_rules()
    listed = f"{reverse('admin:orders_order_changelist')}?fit=worse"

    assert "Airline changed its rules" in admin_client.get(reverse("admin:index")).text
    assert order.number in admin_client.get(listed).text
    page = admin_client.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert "Fits less well than told" in page.text
    step = reverse("admin:orders_order_settle_fit", args=[order.pk])
    assert admin_client.post(step, {"note": "They ask the airline."}).status_code == 302

    order.refresh_from_db()
    assert order.fit_worse_at is None
    assert order.events.get(event="settle_fit").note == "They ask the airline."
    admin_client.get(listed)  # which says once that it is settled
    assert order.number not in admin_client.get(listed).text
    with pytest.raises(TransitionNotAllowed):
        settle_fit(order_id=order.pk, actor="staff:1", note="again")


def test_saving_reading_again_and_importing_a_rule_has_orders_judged_again(shop: Shop, admin_client: Client) -> None:
    def asked() -> int:
        return ProcrastinateJob.objects.filter(task_name="orders.recheck_rules", status="todo").count()

    order = paid(shop, "LH")
    assert asked() == 0
    row = change(shop.day(5), height_mm=190)
    page = reverse("admin:catalog_cabinrule_change", args=[row.pk])
    form = {"note": "", "source": row.source, "checked_on": row.checked_on.isoformat(), "trust": "medium"}

    assert admin_client.post(page, form).status_code == 302

    assert asked() == 1
    run_jobs()
    assert answers(order) == ["too_small"]
    assert asked() == 0
    chosen = {"action": "read_again", "_selected_action": [str(row.pk)]}
    admin_client.post(reverse("admin:catalog_cabinrule_changelist"), chosen)
    assert asked() == 1


def test_who_closed_the_account_is_told_nothing(shop: Shop) -> None:
    order = paid(shop, "LH")
    Order.objects.filter(pk=order.pk).update(trip=None)
    change(shop.day(5), height_mm=190)

    assert recheck_rules() == []
    assert User.objects.filter(pk=shop.customer.pk).exists()


def stocked(shop: Shop, sku: str, **offered: Any) -> Variant:
    """A smaller bag of which there is one piece and one unit."""
    variant = VariantFactory(
        sku=sku, offered=True, container__kind="soft", outer_length_mm=440, outer_width_mm=260, outer_height_mm=180,
        inner_length_mm=430, inner_width_mm=250, inner_height_mm=170, weight_g=900, max_load_g=9000,
    )  # fmt: skip
    RentalOffer.objects.filter(variant=variant).update(prep_days=1, turnaround_days=2, **offered)
    shop.ims.store.receive(sku, "BER", 1)
    shop.ims.store.add_units(sku, "BER", [f"{sku}-1"], "A")
    mirror_changes()
    return variant


def test_a_rental_is_swapped_free_of_charge_for_one_that_fits_and_the_warehouse_hears_of_both(shop: Shop) -> None:
    small = stocked(shop, "SMALL-1", deposit_minor=9900)
    quote = ask(shop, shop.body(shop.rental(10, 16), **trip(shop, "LH")))
    order = shop.settled(shop.place(Quote.objects.get(pk=quote["id"])))
    line, rental = order.lines.get(), Rental.objects.get()
    prepare_rental(rental_id=rental.pk, actor="staff:1")
    charged = order.charges.total()
    change(shop.day(5), height_mm=190)
    recheck_rules()

    options = swap_options(Order.objects.get(pk=order.pk))
    assert [(of.sku, row["variant"]["sku"]) for of, row in options] == [("CRATE-1", "SMALL-1")]
    swap_container(line_id=line.pk, sku="SMALL-1", actor="staff:1", note="agreed on the phone")
    run_jobs()

    order.refresh_from_db()
    line.refresh_from_db()
    rental.refresh_from_db()
    assert (line.variant, line.sku, line.title) == (small, "SMALL-1", small.title)
    assert (rental.status, rental.unit, rental.start_on) == ("booked", None, shop.day(10))
    assert (rental.period.lower, rental.period.upper) == (shop.day(9), shop.day(19))
    assert (order.charges.total(), order.fit_worse_at) == (charged, None)
    assert [claim["id"] for claim in shop.claims_at_ims()] == [str(rental.reservation_id)]
    assert set(Reservation.objects.values_list("variant__sku", "status", "period__startswith")) >= {
        ("SMALL-1", "committed", shop.day(9))
    }
    assert order.events.filter(event="replace", note="agreed on the phone").count() == 1
    told = shop.phone().get(f"/api/v1/orders/{order.number}").json()["lines"][0]
    assert (told["sku"], told["fit"]["answer"]) == ("SMALL-1", "fits")
    (message,) = [message for message in mail.outbox if "You get another container" in message.subject]
    assert small.title in message.body
    assert "its deposit, its fees and what it costs to keep it stay" in " ".join(str(message.body).split())
    assert "agreed on the phone" not in message.body  # is for colleagues


def options_of(order: Order) -> list[tuple[str, str]]:
    return [(line.sku, row["variant"]["sku"]) for line, row in swap_options(Order.objects.get(pk=order.pk))]


def test_a_container_is_swapped_for_what_fits_the_cat_that_it_was_for_whoever_else_travels(shop: Shop) -> None:
    stocked(shop, "SMALL-1")
    quote = ask(shop, shop.body(shop.sale(), shop.rental(10, 16), **trip(shop, "LH", cats=[MISO, LARGE])))
    order = shop.settled(shop.place(Quote.objects.get(pk=quote["id"])))
    change(shop.day(5), height_mm=190)
    recheck_rules()

    assert options_of(order) == [("BAG-1", "SMALL-1"), ("CRATE-1", "SMALL-1")]


def test_what_fits_need_not_fit_a_flight_that_has_left(shop: Shop) -> None:
    stocked(shop, "SMALL-1")
    quiet = Airline.objects.create(code="QQ", name="Without rules")
    told = trip(shop, "QQ", "LH")
    told["legs"][1]["on"] = shop.day(15).isoformat()
    quote = ask(shop, shop.body(shop.sale(), **told))
    order = shop.settled(shop.place(Quote.objects.get(pk=quote["id"])))
    change(shop.day(0), airline=quiet, allowed=False)
    change(shop.day(5), height_mm=190)

    assert options_of(order) == []
    with time_machine.travel(timezone.now() + timedelta(days=13)):
        assert options_of(order) == [("BAG-1", "SMALL-1")]


def test_rules_that_staff_delete_together_have_orders_judged_again(shop: Shop, admin_client: Client) -> None:
    paid(shop, "LH")
    coming = change(shop.day(5), height_mm=190)
    chosen = {"action": "delete_selected", "_selected_action": [str(coming.pk)], "post": "yes"}

    admin_client.post(reverse("admin:catalog_cabinrule_changelist"), chosen)

    assert not CabinRule.objects.filter(pk=coming.pk).exists()
    assert ProcrastinateJob.objects.filter(task_name="orders.recheck_rules", status="todo").count() == 1


def test_what_was_bought_is_swapped_by_staff_in_the_admin(shop: Shop, admin_client: Client) -> None:
    stocked(shop, "SMALL-1")
    order = paid(shop, "LH")
    change(shop.day(5), height_mm=190)
    recheck_rules()
    step = reverse("admin:orders_order_swap", args=[order.pk])

    assert order.lines.get().title in admin_client.get(step).text
    answer = admin_client.post(step, {"to": f"{order.lines.get().pk} SMALL-1", "note": "agreed"})

    assert answer.status_code == 302
    run_jobs()
    assert order.lines.get().sku == "SMALL-1"
    assert [claim["id"] for claim in shop.claims_at_ims()] == [str(order.lines.get().reservation_id)]
    order.refresh_from_db()
    assert order.fit_worse_at is None


def test_a_swap_takes_nothing_from_anybody_and_needs_a_rule_that_changed(shop: Shop) -> None:
    stocked(shop, "SMALL-1")
    order = paid(shop, "LH")
    line = order.lines.get()
    with pytest.raises(TransitionNotAllowed):
        swap_container(line_id=line.pk, sku="SMALL-1", actor="staff:1", note="no reason")
    change(shop.day(5), height_mm=190)
    recheck_rules()
    shop.order(LineRequest("sale", "SMALL-1", 1), customer=UserFactory())

    with pytest.raises(OutOfStock):
        swap_container(line_id=line.pk, sku="SMALL-1", actor="staff:1", note="agreed")
    with pytest.raises(InvalidInput):
        swap_container(line_id=line.pk, sku="NO-SUCH", actor="staff:1", note="agreed")

    assert order.lines.get().sku == "BAG-1"
    assert Reservation.objects.get(order_line=line).status == "committed"
