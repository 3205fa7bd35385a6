"""What cancelling costs: by the policy of the quote, shown before, to the cent."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from orders.cancellation import Tier, percent_at, retained, tiers_of, until_when
from orders.errors import PriceChanged
from orders.models import CancellationTier, Charge, ChargeKind, Order, Rental
from orders.outlook import cancellation_of
from orders.services import cancel_order, extend_rental, move_rental_days
from orders.states import OrderStatus
from payments.models import Document, Payment
from payments.selectors import balance, unsettled_orders
from payments.services import catch_up, reconcile_payments
from tests.jobs import run_jobs
from tests.orders.test_renting import out
from tests.shop import Shop, key

ME = "customer:1"


def policy(**tiers: int) -> None:
    """policy(h48=100, h24=50): all is credited until 48 hours before, half until 24."""
    for name, percent in tiers.items():
        CancellationTier.objects.create(hours=int(name[1:]), percent=percent)


def before(shop: Shop, offset: int, hours: float) -> datetime:
    """So many hours before a day begins at the depot."""
    return datetime.combine(shop.day(offset), time.min, ZoneInfo(shop.depot.time_zone)) - timedelta(hours=hours)


def settle(shop: Shop) -> None:
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()


@pytest.mark.parametrize(("hours", "percent"), [(49, 100), (48, 100), (47.99, 50), (24, 50), (23, 0), (-5, 0)])
def test_how_long_before_the_first_day_decides_how_much_of_the_rent_is_credited(
    shop: Shop, hours: float, percent: int
) -> None:
    policy(h48=100, h24=50)
    order = shop.paid(shop.sale(), shop.rental(10, 12))

    with time_machine.travel(before(shop, 10, hours), tick=False):
        cancel_order(order_id=order.pk, actor=ME)

    rent = 2700
    assert order.charges.total() == rent * (100 - percent) // 100


def test_what_is_not_credited_stays_paid_and_the_rest_goes_back(shop: Shop) -> None:
    policy(h48=100, h24=50)
    order = shop.paid(shop.sale(), shop.rental(10, 12))

    with time_machine.travel(before(shop, 10, 30)):
        cancel_order(order_id=order.pk, actor=ME)
        settle(shop)

        payment = Payment.objects.get(purpose="order")
        assert (payment.captured_minor, payment.refunded_minor) == (order.total_minor, order.total_minor - 1350)
        assert (balance(order.pk), fresh(order).status) == (0, OrderStatus.CANCELLED)
        assert [*unsettled_orders(since=timezone.now() - timedelta(days=99))] == []
        assert catch_up(young=timedelta(days=99), older_than=timedelta(minutes=-1)) == 0
        assert reconcile_payments(since=timezone.now() - timedelta(days=20)).left == 0


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def test_the_tax_in_what_stays_is_that_of_the_rent(shop: Shop) -> None:
    policy(h48=100, h24=50)
    order = shop.paid(shop.sale(), shop.rental(10, 12))

    with time_machine.travel(before(shop, 10, 30)):
        cancel_order(order_id=order.pk, actor=ME)
        settle(shop)

    credited = Charge.objects.filter(order=order, kind=ChargeKind.CANCELLATION)
    assert {c.line_id: c.amount_minor for c in credited} == {
        line.pk: -line.total_minor if line.kind == "sale" else -1350 for line in order.lines.all()
    }
    note = Document.objects.get(order=order, kind="credit_note")
    assert note.total_minor == -(order.total_minor - 1350)


def test_the_policy_of_the_day_of_the_quote_holds(shop: Shop) -> None:
    policy(h48=100)
    order = shop.paid(shop.rental(10, 12))
    CancellationTier.objects.update(hours=1000, percent=0)

    with time_machine.travel(before(shop, 10, 49)):
        cancel_order(order_id=order.pk, actor=ME)

    assert order.charges.total() == 0


def test_without_a_policy_all_is_credited_until_something_is_handed_over(shop: Shop) -> None:
    order = shop.paid(shop.rental(0, 2))

    cancel_order(order_id=order.pk, actor=ME)

    assert order.charges.total() == 0


def test_what_is_not_paid_yet_costs_nothing_to_cancel(shop: Shop) -> None:
    policy(h9000=0)
    order = shop.order(shop.rental(0, 2))

    cancel_order(order_id=order.pk, actor=ME)

    assert order.charges.total() == 0


def test_staff_may_credit_everything_whatever_the_policy_says(shop: Shop) -> None:
    policy(h9000=100)
    order = shop.paid(shop.rental(10, 12))

    cancel_order(order_id=order.pk, actor="staff:1", in_full=True)

    assert order.charges.total() == 0


def test_the_quote_tells_until_when_how_much_is_credited(shop: Shop) -> None:
    policy(h48=100, h24=50)
    told = shop.phone().post("/api/v1/quotes", shop.body(shop.sale(), shop.rental(10, 12)), format="json").json()

    assert [(datetime.fromisoformat(term["until"]), term["credited_percent"]) for term in told["cancellation"]] == [
        (before(shop, 10, 48), 100),
        (before(shop, 10, 24), 50),
    ]


@pytest.mark.parametrize(
    ("first", "percent", "until", "text"),
    [
        (10, 100, 48, "All of the rent is credited if you cancel until {until}; 50 % until {last}; later nothing."),
        (2, 50, 24, "50 % of the rent is credited if you cancel until {until}; later nothing."),
        (0, 0, None, "The rent is not refundable once it is paid."),
    ],
)
def test_the_quote_tells_which_of_its_terms_holds_now_and_until_when(
    shop: Shop, first: int, percent: int, until: int | None, text: str
) -> None:
    policy(h48=100, h24=50)
    at = None if until is None else before(shop, first, until)

    with time_machine.travel(before(shop, 0, -1), tick=False):  # an hour into today
        told = shop.phone().post("/api/v1/quotes", shop.body(shop.rental(first, 12)), format="json").json()

    now = told["cancellation_now"]
    assert now["credited_percent"] == percent
    assert (now["until"] and datetime.fromisoformat(now["until"])) == at
    last = before(shop, first, 24)
    assert now["text"] == text.format(
        until=f"{at.day} {at:%B %Y, %H:%M}" if at else "", last=f"{last.day} {last:%B %Y, %H:%M}"
    )


def test_the_quote_says_so_where_no_terms_count_or_nothing_is_rented(shop: Shop) -> None:
    bought, rented = (
        shop.phone().post("/api/v1/quotes", shop.body(line), format="json").json()["cancellation_now"]
        for line in (shop.sale(), shop.rental())
    )

    text = "All is credited if you cancel before anything is handed over."
    assert bought == rented == {"credited_percent": 100, "until": None, "text": text}


def test_what_would_be_credited_is_shown_before_it_is_done_and_is_what_is_done(shop: Shop) -> None:
    policy(h48=100, h24=50)
    order = shop.paid(shop.sale(), shop.rental(10, 12))
    half_until = before(shop, 10, 24)

    with time_machine.travel(before(shop, 10, 30)):
        phone = shop.phone()
        told = phone.get(f"/api/v1/orders/{order.number}/cancellation").json()
        assert (told["possible"], told["kept"]["amount"], told["rent_credited_percent"]) == (True, 1350, 50)
        assert datetime.fromisoformat(told["until"]) == half_until
        answer = phone.post(
            f"/api/v1/orders/{order.number}/cancel", {"credit": told["credit"]}, format="json", headers=key()
        )

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert -Charge.objects.filter(order=order, kind="cancellation").total() == told["credit"]["amount"]


def test_who_was_told_another_credit_is_asked_again(shop: Shop) -> None:
    policy(h48=100, h24=50)
    order = shop.paid(shop.rental(10, 12))

    with time_machine.travel(before(shop, 10, 30)):
        with pytest.raises(PriceChanged):
            cancel_order(order_id=order.pk, actor=ME, seen_minor=2700)
        answer = shop.phone().post(
            f"/api/v1/orders/{order.number}/cancel",
            {"credit": {"amount": 2700, "currency": "EUR"}},
            format="json",
            headers=key(),
        )

    assert (answer.status_code, answer.json()["code"]) == (409, "price_changed")
    assert answer.json()["errors"][0]["pointer"] == "#/credit"
    assert fresh(order).status == OrderStatus.CONFIRMED


def test_goodwill_given_before_is_not_given_twice(shop: Shop) -> None:
    policy(h9000=0)
    order = shop.paid(shop.rental(10, 12))
    Charge.objects.create(order=order, kind=ChargeKind.GOODWILL, amount_minor=-2000, actor="staff:1")

    cancel_order(order_id=order.pk, actor=ME)

    assert order.charges.total() == 700  # not 2700: the 20.00 stay theirs


def test_of_a_line_no_more_is_kept_than_is_still_charged_for_it(shop: Shop) -> None:
    policy(h9000=0)
    order = shop.paid(shop.sale(), shop.rental(10, 12))  # 49.90 and 27.00
    Charge.objects.create(order=order, kind=ChargeKind.GOODWILL, amount_minor=-2000, actor="staff:1")
    kept = 2700 - round(2000 * 2700 / (4990 + 2700))

    told = cancellation_of(Order.objects.select_related("quote", "depot").get(pk=order.pk))
    cancel_order(order_id=order.pk, actor=ME)

    assert (told.kept_minor, told.credit_minor) == (kept, 4990 + 2700 - 2000 - kept)
    assert order.charges.total() == kept


def test_days_added_later_are_credited_whole_so_that_nothing_stays_owed(shop: Shop) -> None:
    policy(h9000=0)
    order = shop.paid(shop.rental(10, 12))
    extend_rental(rental_id=Rental.objects.get().pk, end_on=shop.day(16), actor=ME)  # nobody has paid for it yet

    cancel_order(order_id=order.pk, actor=ME)
    settle(shop)

    assert (order.charges.total(), balance(order.pk)) == (2700, 0)
    assert Document.objects.filter(order=order).exists()


TIERS = st.lists(st.builds(Tier, st.integers(0, 500), st.integers(0, 100)), max_size=4, unique_by=lambda t: t.hours)
START = datetime(2027, 5, 3, tzinfo=ZoneInfo("UTC"))


@given(TIERS, st.integers(-100, 600))
def test_the_tier_that_holds_is_the_one_with_the_longest_notice_that_is_kept(tiers: list[Tier], hours: int) -> None:
    frozen = [{"hours": tier.hours, "percent": tier.percent} for tier in tiers]

    percent = percent_at(tiers_of(frozen), START, START - timedelta(hours=hours))

    kept = [tier for tier in tiers if tier.hours <= hours]
    assert percent == (max(kept, key=lambda t: t.hours).percent if kept else 0 if tiers else 100)


@given(st.integers(0, 10**10), st.integers(0, 100))
def test_what_is_kept_and_what_is_credited_are_the_whole(amount: int, percent: int) -> None:
    assert 0 <= retained(amount, percent) <= amount
    assert retained(amount, 100) == 0
    assert retained(amount, 0) == amount


def test_no_rental_has_no_notice_to_give() -> None:
    assert until_when([Tier(48, 100)], None) == []
    assert percent_at([Tier(48, 0)], None, START) == 100


def test_a_credit_in_another_currency_is_refused_where_it_was_sent(shop: Shop) -> None:
    order, told = shop.paid(shop.rental()), {"credit": {"amount": 5, "currency": "USD"}}

    answer = shop.phone().post(f"/api/v1/orders/{order.number}/cancel", told, format="json", headers=key())

    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/credit/currency"]


def test_moving_there_and_back_changes_nothing_about_what_is_kept(shop: Shop) -> None:
    policy(h72=100, h24=50)
    order = shop.paid(shop.rental(10, 13))
    rental = Rental.objects.get(line__order=order)
    rent = order.charges.total()
    for last in (20, 13):
        move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(last), actor="customer:1")
    order = Order.objects.select_related("quote", "depot").get(pk=order.pk)

    told = cancellation_of(order, now=before(shop, 10, 4))

    assert (told.kept_minor, told.credit_minor) == (rent, 0)


def test_where_cancelling_is_not_possible_nothing_would_be_credited(shop: Shop) -> None:
    order = out(shop).line.order

    told = shop.phone().get(f"/api/v1/orders/{order.number}/cancellation").json()

    assert (told["possible"], told["credit"]["amount"], told["rent_credited_percent"]) == (False, 0, 0)
    assert told["kept"]["amount"] == order.total_minor
