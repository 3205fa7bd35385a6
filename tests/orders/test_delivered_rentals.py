"""Rentals that are brought by parcel: days in transit are the unit's, not the customer's."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from icalendar import Calendar

from catalog.buffers import Buffers, Transit
from catalog.models import RentalOffer
from core.errors import DomainError, InvalidInput
from inventory.errors import OutOfStock
from inventory.models import Depot, Reservation
from inventory.states import ReservationStatus
from orders.calendar import calendar_of
from orders.disruption import Disruption, with_disruption
from orders.errors import (
    DepositNotSecured,
    DepotClosed,
    ExtensionNotPossible,
    NothingToShow,
    PartlyHandedOver,
    QuoteExpired,
    ShipmentUnsuitable,
)
from orders.models import DeliveryRate, Order, Quote, Rental
from orders.pickup_codes import code_for
from orders.selectors import extension_options, order_answer, quote_answer, rentals_to_come
from orders.services import (
    LineRequest,
    cancel_order,
    extend_rental,
    hand_over_rental,
    move_rental_days,
    place_order,
    prepare_rental,
    remind,
    shorten_rental,
)
from orders.states import OrderStatus, RentalStatus
from payments.models import Deposit, Mail
from payments.selectors import deposits_to_secure
from tests.examples import examples
from tests.factories.accounts import AddressFactory
from tests.factories.inventory import DepotClosureFactory
from tests.jobs import run_jobs
from tests.orders.test_days import CLOCKS
from tests.orders.test_orders_api import CONTROL
from tests.shop import Shop, key

CLERK, ME = "staff:1", "customer:1"
OUT, BACK = 2, 3  # days that a parcel takes


@pytest.fixture
def home(shop: Shop) -> dict[str, Any]:
    """To prepare something takes a day, to clean it another."""
    RentalOffer.objects.update(prep_days=1, turnaround_days=1)
    return shop.delivery(out_days=OUT, back_days=BACK)


def only_rental(order: Order) -> Rental:
    return Rental.objects.select_related("reservation").get(line__order=order)


def on_shelf(shop: Shop, home: dict[str, Any], first: int = 3, last: int = 7) -> Rental:
    """A delivery that stands ready to be posted."""
    return prepare_rental(rental_id=only_rental(shop.ready(shop.rental(first, last), **home)).pk, actor=CLERK)


def shipped(shop: Shop, home: dict[str, Any], first: int = 3, last: int = 7) -> Rental:
    rental = on_shelf(shop, home, first, last)
    with time_machine.travel(noon(shop, first - OUT)):
        return hand_over_rental(rental_id=rental.pk, actor=CLERK, carrier="DHL", tracking_number="00340434")


def noon(shop: Shop, offset: int) -> datetime:
    return datetime.combine(shop.day(offset), time(12, 30), ZoneInfo(shop.depot.time_zone))


def days_of(shop: Shop, row: Reservation | Rental) -> tuple[int, int]:
    """The first and the last day of a claim, counted from today."""
    return (row.period.lower - shop.today).days, (row.period.upper - shop.today).days - 1


def codes(refused: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    return [(error.pointer.rpartition("/")[2], error.code) for error in refused.value.errors]


# The days


def test_a_delivery_bills_the_customers_days_and_blocks_those_of_its_parcels_too(
    shop: Shop, home: dict[str, Any]
) -> None:
    fetched = shop.quote(shop.rental(10, 16)).lines[0]

    order = shop.order(shop.rental(10, 16), **home)

    rental, line = only_rental(order), order.lines.get()
    assert line.total_minor == fetched["total_minor"]
    assert (rental.start_on, rental.end_on) == (shop.day(10), shop.day(16))
    assert rental.post_on == shop.day(10 - OUT)
    assert days_of(shop, rental.reservation) == days_of(shop, rental) == (10 - OUT - 1, 16 + BACK + 1)


def test_a_quote_says_when_it_is_posted_when_it_is_posted_back_and_what_the_way_costs(
    shop: Shop, home: dict[str, Any]
) -> None:
    body = shop.body(shop.rental(10, 16), fulfilment="delivery", address=str(home["address_id"]))

    told = shop.phone().post("/api/v1/quotes", body, format="json").json()

    (line,) = told["lines"]
    assert line["rental"]["transit"] == {
        "out_days": OUT,
        "back_days": BACK,
        "post_on": shop.day(8).isoformat(),
        "post_back_by": shop.day(16).isoformat(),
    }
    assert [text.partition(" ")[0] for text in line["explanation"]][-2:] == ["posted", "to"]
    assert told["delivery_terms"] == "€6.90 for the way to you, and back for what you rent, once for the whole order."
    assert told["deposit_terms"].endswith("the day before it is posted and given back after the return.")


def test_what_is_fetched_knows_nothing_of_parcels(shop: Shop) -> None:
    told = quote_answer(shop.quote(shop.rental(10, 16)))

    assert (told["delivery_terms"], told["lines"][0]["rental"]["transit"]) == ("", None)
    assert only_rental(shop.order(shop.rental(10, 16))).post_on is None


def test_a_later_change_of_the_rate_changes_nothing_for_a_quote(shop: Shop, home: dict[str, Any]) -> None:
    quote = shop.quote(shop.rental(10, 16), **home)
    DeliveryRate.objects.update(out_days=9, back_days=9)

    rental = only_rental(shop.place(quote))

    assert days_of(shop, rental.reservation) == (7, 20)
    assert rental.line.rental_terms.buffers == Buffers(1, 1, Transit(OUT, BACK))


def test_the_first_day_leaves_time_to_prepare_to_post_and_to_bring(shop: Shop, home: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        shop.quote(shop.rental(OUT, 9), **home)

    assert codes(refused) == [("start_on", "too_soon")]
    assert str(shop.day(OUT + 1)) in refused.value.errors[0].detail
    assert shop.quote(shop.rental(OUT + 1, 9), **home).lines[0]["rental"]["leaves_on"] == shop.day(1).isoformat()


def test_a_parcel_is_posted_on_the_last_open_day_that_is_early_enough_and_taken_in_on_the_next(
    shop: Shop, home: dict[str, Any]
) -> None:
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(7), end_on=shop.day(8))
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(19), end_on=shop.day(20))

    rental = only_rental(shop.order(shop.rental(10, 16), **home))

    assert rental.post_on == shop.day(6)
    assert days_of(shop, rental.reservation) == (6 - 1, 21 + 1)


def test_a_depot_may_be_closed_when_a_parcel_arrives_and_when_it_is_posted_back(
    shop: Shop, home: dict[str, Any]
) -> None:
    for day in (10, 16):
        DepotClosureFactory(depot=shop.depot, start_on=shop.day(day), end_on=shop.day(day))

    assert only_rental(shop.order(shop.rental(10, 16), **home)).post_on == shop.day(8)
    with pytest.raises(InvalidInput):
        shop.quote(shop.rental(10, 16))


def test_nothing_is_promised_that_a_closed_depot_could_not_post(shop: Shop, home: dict[str, Any]) -> None:
    Depot.objects.update(opening_days=[])

    with pytest.raises(InvalidInput) as refused:
        shop.quote(shop.rental(40, 44), **home)

    assert codes(refused) == [("start_on", "depot_closed")]


def test_a_depot_that_was_closed_since_on_the_day_of_posting_refuses_the_order(
    shop: Shop, home: dict[str, Any]
) -> None:
    quote = shop.quote(shop.rental(10, 16), **home)
    for day in (8, 16):
        DepotClosureFactory(depot=shop.depot, start_on=shop.day(day), end_on=shop.day(day))

    with pytest.raises(DepotClosed) as refused:
        place_order(customer_id=shop.customer.pk, quote_id=quote.pk)

    assert refused.value.members["closed_on"] == [shop.day(8).isoformat()]


def test_a_quote_is_worth_nothing_once_its_parcel_should_have_left(shop: Shop, home: dict[str, Any]) -> None:
    quote = shop.quote(shop.rental(3, 7), **home)
    tomorrow = datetime.combine(shop.day(2), time(0, 5), ZoneInfo(shop.depot.time_zone))

    with time_machine.travel(tomorrow):
        Quote.objects.update(expires_at=tomorrow + timedelta(minutes=5))
        with pytest.raises(QuoteExpired, match="parcel"):
            place_order(customer_id=shop.customer.pk, quote_id=quote.pk)


def test_days_to_get_used_to_it_come_after_the_parcel(shop: Shop, home: dict[str, Any]) -> None:
    asked = LineRequest("rental", shop.crate.sku, 1, shop.day(12), shop.day(16), acclimatisation_days=2)

    rental = only_rental(shop.order(asked, **home))

    assert (rental.start_on, rental.post_on) == (shop.day(10), shop.day(8))


def test_who_is_next_is_not_promised_what_is_on_its_way(shop: Shop, home: dict[str, Any]) -> None:
    for _ in range(3):
        shop.order(shop.rental(10, 16), **home)

    for first, last in ((4, 5), (22, 23)):
        assert shop.quote(shop.rental(first, last))
    for first, last in ((5, 6), (21, 22)):
        with pytest.raises(OutOfStock):
            shop.quote(shop.rental(first, last))


def test_a_no_names_days_on_which_it_could_be_brought_and_no_waitlist(shop: Shop, home: dict[str, Any]) -> None:
    for _ in range(3):
        shop.order(shop.rental(10, 16))  # each unit is gone from the 9th to the 17th day

    with pytest.raises(OutOfStock) as no:
        shop.quote(shop.rental(12, 13), **home)

    (line,) = no.value.members["lines"]
    assert line["waitlist"] is None
    starts = [date.fromisoformat(days["first_on"]) for days in line["alternatives"]["dates"]]
    assert sorted((start - shop.today).days for start in starts) == [3, 21, 22, 23, 24]
    for start in starts:
        assert shop.quote(LineRequest("rental", "CRATE-1", 1, start, start + timedelta(days=1)), **home)


def test_another_container_is_offered_only_if_it_can_be_brought_in_time(shop: Shop, home: dict[str, Any]) -> None:
    asked = shop.body(shop.rental(10, 12), fulfilment="delivery", address=str(home["address_id"]))

    cheaper = shop.phone().post("/api/v1/quotes", asked, format="json").json()["cheaper"]

    for proposal in cheaper:
        assert proposal["kind"] == "longer"
        assert shop.quote(
            LineRequest("rental", "CRATE-1", 1, shop.day(10), date.fromisoformat(proposal["end_on"])), **home
        )


@pytest.mark.parametrize("where", CLOCKS)
@pytest.mark.parametrize("hour", [0, 11, 23])
def test_days_in_transit_are_the_depots_days_whatever_its_clocks_do(
    shop: Shop, home: dict[str, Any], where: tuple[str, date, date], hour: int
) -> None:
    zone, first, last = where
    Depot.objects.filter(pk=shop.depot.pk).update(time_zone=zone)
    with time_machine.travel(datetime.combine(first - timedelta(days=5), time(hour), UTC), tick=False):
        order = shop.paid(LineRequest("rental", shop.crate.sku, 1, first, last), **home)
        rental, deposit = only_rental(order), order.deposits.get()
        events = Calendar.from_ical(calendar_of(rentals_to_come(shop.customer))).walk("VEVENT")

    assert rental.post_on == first - timedelta(days=OUT)
    assert rental.period.lower == rental.post_on - timedelta(days=1)
    assert rental.period.upper == last + timedelta(days=BACK + 1 + 1)
    posted = datetime.combine(rental.post_on, time(), ZoneInfo(zone))
    assert deposit.due_at == posted.astimezone(UTC) - timedelta(days=1)
    assert [event["dtstart"].dt for event in events] == [first, last]
    assert [str(event["summary"]).partition(" ")[0] for event in events] == ["Parcel", "Post"]
    assert all("location" not in event for event in events)


DAYS = st.integers(0, 30)


@given(
    start=st.dates(date(2027, 1, 1), date(2028, 12, 31)),
    length=st.integers(0, 60),
    buffers=st.builds(Buffers, st.integers(0, 5), st.integers(0, 5), st.builds(Transit, DAYS, DAYS)),
    weekdays=st.sets(st.integers(1, 7), min_size=1),
    closed=st.sets(st.dates(date(2026, 12, 1), date(2029, 3, 1)), max_size=20),
)
def test_a_claim_always_holds_the_billed_days_and_those_of_both_parcels(
    start: date, length: int, buffers: Buffers, weekdays: set[int], closed: set[date]
) -> None:
    def is_closed(day: date) -> bool:
        return day.isoweekday() not in weekdays or day in closed

    assert buffers.transit
    end = start + timedelta(days=length)

    first, free = buffers.blocked(start, end, is_closed)

    posted, back = buffers.leaves_on(start, is_closed), buffers.is_back_on(end, is_closed)
    assert first + timedelta(days=buffers.prep_days) == posted <= start - timedelta(days=buffers.transit.out_days)
    assert back >= end + timedelta(days=buffers.transit.back_days)
    assert free == back + timedelta(days=1 + buffers.turnaround_days)
    assert not is_closed(posted)
    assert not is_closed(back)
    assert buffers.arrives_on(posted, is_closed) <= start
    later = buffers.blocked(start + timedelta(days=1), end + timedelta(days=1), is_closed)
    assert later[0] >= first
    assert later[1] >= free


@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.tuples(st.integers(0, 90), st.integers(0, 12), st.sampled_from(["", "DE", "AT"])),
    closed=st.integers(0, 120),
)
def test_parcels_of_two_orders_never_need_one_unit_on_the_same_day(
    shop: Shop, home: dict[str, Any], asked: tuple[int, int, str], closed: int
) -> None:
    """Three units, more and more orders: what is promised can be served."""
    first, length, country = asked
    DeliveryRate.objects.get_or_create(
        country="AT", currency="EUR", defaults={"amount_minor": 990, "out_days": 4, "back_days": 5}
    )
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(closed), end_on=shop.day(closed))
    to = AddressFactory(owner=shop.customer, country=country) if country else None
    how = {"fulfilment": "delivery", "address_id": to.pk} if to else {}
    with suppress(DomainError):
        shop.order(shop.rental(first, first + length), **how)

    rentals = list(Rental.objects.exclude(status=RentalStatus.CANCELLED).select_related("line", "reservation"))
    for rental in rentals:
        terms, period = rental.line.explanation["rental"], rental.reservation.period
        assert period.lower <= rental.leaves_on <= rental.start_on <= rental.end_on
        assert rental.end_on <= date.fromisoformat(terms["is_back_on"]) < period.upper
    for day in (shop.day(n) for n in range(-10, 130)):
        assert sum(day in rental.reservation.period for rental in rentals) <= 3


def test_a_quote_and_an_order_cost_no_more_statements_than_what_is_fetched(shop: Shop, home: dict[str, Any]) -> None:
    to = {"fulfilment": "delivery", "address": str(home["address_id"])}
    phone = shop.phone()

    def cost(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        with CaptureQueriesContext(connection) as captured:
            answer = phone.post(path, body, format="json", headers=key())
        assert answer.status_code == 201, answer.content
        return sum(not query["sql"].startswith(CONTROL) for query in captured.captured_queries), answer.json()

    quoted, quote = cost("/api/v1/quotes", shop.body(shop.sale(), shop.rental(), **to))
    ordered, _ = cost("/api/v1/orders", {"quote": quote["id"]})

    assert quoted <= 8 + 1  # and who asks
    assert ordered <= 20


# The deposit


@pytest.mark.parametrize(("last", "plan"), [(10, "hold"), (11, "charge")])
def test_a_deposit_is_held_only_if_the_bank_holds_it_until_the_parcel_is_back(
    shop: Shop, home: dict[str, Any], settings: Any, last: int, plan: str
) -> None:
    settings.DEPOSIT_HOLD_DAYS = OUT + 1 + BACK

    assert shop.quote(shop.rental(10, last), **home).deposit_plan == plan
    assert shop.quote(shop.rental(10, last)).deposit_plan == "hold"


def test_a_deposit_is_due_before_the_parcel_leaves(shop: Shop, home: dict[str, Any]) -> None:
    order = shop.paid(shop.rental(10, 12), **home)

    due = order.deposits.get().due_at

    leaves = datetime.combine(shop.day(8), time(), ZoneInfo(shop.depot.time_zone))
    assert due == leaves - timedelta(days=1)
    with time_machine.travel(noon(shop, 6)):
        assert not deposits_to_secure().exists()
    with time_machine.travel(noon(shop, 7)):
        assert list(deposits_to_secure()) == list(Deposit.objects.all())


# Shipping


def test_the_clerk_posts_it_and_the_customer_is_told_who_brings_it(shop: Shop, home: dict[str, Any]) -> None:
    rental = shipped(shop, home)
    run_jobs(later=False)

    order = Order.objects.with_lines().get(pk=rental.line.order_id)
    (told,) = order_answer(order)["lines"][0]["rentals"]
    assert (told["status"], told["post_on"]) == ("out", shop.day(1))
    assert told["shipment"] == {"carrier": "DHL", "tracking_number": "00340434"}
    assert told["return_parcel"] is None
    assert order.events.get(event="ship").subject == f"rental {rental.pk}"
    assert Mail.objects.filter(kind="shipped", cause=str(rental.pk)).count() == 1
    (message,) = [message for message in mail.outbox if "is on its way" in message.subject]
    assert "00340434" in message.body
    assert "post it back" in message.body
    assert Reservation.objects.get(rental=rental).status == ReservationStatus.SHIPPED


def test_nothing_is_posted_whose_deposit_is_not_secured(shop: Shop, home: dict[str, Any]) -> None:
    rental = only_rental(shop.paid(shop.rental(9, 12), **home))
    prepare_rental(rental_id=rental.pk, actor=CLERK)

    with pytest.raises(DepositNotSecured):
        hand_over_rental(rental_id=rental.pk, actor=CLERK, carrier="DHL", tracking_number="1")

    rental.refresh_from_db()
    assert (rental.status, rental.carrier) == (RentalStatus.READY, "")


@pytest.mark.parametrize("told", [{"carrier": "DHL"}, {"tracking_number": "1"}])
def test_a_parcel_has_a_carrier_and_a_number_or_neither(shop: Shop, home: dict[str, Any], told: dict[str, str]) -> None:
    rental = on_shelf(shop, home)

    with pytest.raises(ShipmentUnsuitable):
        hand_over_rental(rental_id=rental.pk, actor=CLERK, **told)
    with time_machine.travel(noon(shop, 1)):
        assert hand_over_rental(rental_id=rental.pk, actor=CLERK).status == RentalStatus.OUT


def test_what_is_fetched_has_no_carrier(shop: Shop) -> None:
    rental = prepare_rental(rental_id=only_rental(shop.ready(shop.rental(0, 2))).pk, actor=CLERK)

    with pytest.raises(ShipmentUnsuitable):
        hand_over_rental(rental_id=rental.pk, actor=CLERK, carrier="DHL", tracking_number="1")

    assert hand_over_rental(rental_id=rental.pk, actor=CLERK).status == RentalStatus.OUT
    assert not Mail.objects.filter(kind="shipped").exists()


def test_there_is_no_code_to_fetch_what_is_brought(shop: Shop, home: dict[str, Any]) -> None:
    order = on_shelf(shop, home).line.order

    with pytest.raises(NothingToShow):
        code_for(Order.objects.with_lines().get(pk=order.pk))


# Cancelling


def test_what_has_not_left_is_cancelled_with_its_delivery(shop: Shop, home: dict[str, Any]) -> None:
    order = on_shelf(shop, home, 10, 16).line.order

    cancel_order(order_id=order.pk, actor=ME)

    assert order.charges.total() == 0


def test_what_was_shipped_is_returned_instead(shop: Shop, home: dict[str, Any]) -> None:
    order = shipped(shop, home).line.order

    with pytest.raises(PartlyHandedOver):
        cancel_order(order_id=order.pk, actor=ME)

    assert Order.objects.get(pk=order.pk).status == OrderStatus.CONFIRMED


# Changing its days


def test_a_longer_rental_keeps_its_way_back(shop: Shop, home: dict[str, Any]) -> None:
    rental = shipped(shop, home, 3, 7)

    longer = extend_rental(rental_id=rental.pk, end_on=shop.day(9), actor=ME)

    assert days_of(shop, longer) == days_of(shop, Reservation.objects.get(rental=rental)) == (0, 9 + BACK + 1)


def test_it_is_offered_for_longer_until_the_next_parcel_must_leave_and_on_closed_days_too(
    shop: Shop, home: dict[str, Any]
) -> None:
    rental = shipped(shop, home, 3, 7)
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(8), end_on=shop.day(8))
    for _ in range(3):
        shop.paid(shop.rental(20, 22), **home)  # prepared on the 17th day, posted on the next

    order = Order.objects.with_lines().get(pk=rental.line.order_id)
    (told,) = extension_options(order)

    assert told["latest_on"] == shop.day(17 - 1 - 1 - BACK)
    assert [option["end_on"] for option in told["options"]] == [shop.day(n) for n in range(8, 13)]
    with pytest.raises(ExtensionNotPossible):
        extend_rental(rental_id=rental.pk, end_on=shop.day(13), actor=ME)


def test_who_posts_it_back_earlier_gives_the_days_after_the_parcel_free(shop: Shop, home: dict[str, Any]) -> None:
    rental, sooner = shipped(shop, home, 3, 17), shop.day(9)
    DepotClosureFactory(depot=shop.depot, start_on=sooner, end_on=sooner)

    with time_machine.travel(noon(shop, 4)):
        shorter = shorten_rental(rental_id=rental.pk, end_on=sooner, actor=ME)

    assert days_of(shop, shorter) == (0, 9 + BACK + 1)


def test_a_rental_that_is_moved_is_posted_on_another_day_and_its_deposit_due_before(
    shop: Shop, home: dict[str, Any]
) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12), **home))
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(18), end_on=shop.day(18))

    move_rental_days(rental_id=rental.pk, start_on=shop.day(20), end_on=shop.day(22), actor=ME)
    run_jobs(later=False)

    rental = only_rental(rental.line.order)
    assert rental.post_on == shop.day(17)
    assert days_of(shop, rental) == days_of(shop, rental.reservation) == (16, 22 + BACK + 1)
    due = datetime.combine(shop.day(16), time(), ZoneInfo(shop.depot.time_zone))
    assert Deposit.objects.get().due_at == due
    with pytest.raises(InvalidInput):
        move_rental_days(rental_id=rental.pk, start_on=shop.day(OUT), end_on=shop.day(4), actor=ME)


# The clock


def test_a_day_before_its_end_the_customer_is_asked_to_post_it_back(shop: Shop, home: dict[str, Any]) -> None:
    shipped(shop, home, 3, 7)
    run_jobs(later=False)
    mail.outbox.clear()

    with time_machine.travel(noon(shop, 6)):
        assert [due.kind for due in remind()] == ["return_tomorrow"]
        run_jobs(later=False)

    (message,) = mail.outbox
    assert "Please post it back by" in message.body
    assert "bring it back" not in message.body


def test_who_did_not_post_it_is_told_to(shop: Shop, home: dict[str, Any]) -> None:
    shipped(shop, home, 3, 7)
    run_jobs(later=False)
    mail.outbox.clear()

    with time_machine.travel(noon(shop, 8)):
        assert "overdue" in [due.kind for due in remind()]
        run_jobs(later=False)

    assert any("should be on its way back" in message.subject for message in mail.outbox)


def test_a_closed_day_matters_when_a_parcel_is_to_be_posted_and_not_when_it_ends(
    shop: Shop, home: dict[str, Any]
) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 16), **home))

    def found() -> str:
        return with_disruption(Rental.objects.all()).get(pk=rental.pk).disruption

    for day in (10, 16):
        DepotClosureFactory(depot=shop.depot, start_on=shop.day(day), end_on=shop.day(day))
    assert found() == ""

    DepotClosureFactory(depot=shop.depot, start_on=shop.day(8), end_on=shop.day(8))
    assert found() == Disruption.FIRST_DAY
