"""Paying on a page of the gateway's: over real HTTP, from the phone and from the customer's browser."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django import Settings

from inventory.models import Reservation
from orders.models import Charge, ChargeKind, Order
from orders.services import cancel_order, deliver_sale, expire_orders, prepare_sale
from orders.states import OrderStatus
from payments.models import Deposit, GatewayCustomer, Payment, ProviderEvent
from payments.providers.registry import get_provider
from payments.selectors import balance
from payments.services import apply_payment, catch_up, process_event, reconcile_payments
from payments.services.pages import apply_page, keep_page
from payments.states import DepositStatus, EventStatus, PaymentStatus
from sandbox.stripe.sandbox import StripeSandbox
from tests.jobs import forget_jobs, run_jobs
from tests.payments.between import Belated, Interrupted
from tests.payments.loopback import stripe_on_loopback
from tests.payments.money import kept_at_gateway
from tests.payments.test_deposits import rented, returned, settled
from tests.shop import Shop, key

GOOD, DECLINED, ASKS = "4242424242424242", "4000000000009995", "4000002760003184"


@pytest.fixture
def gateway(settings: Settings) -> Iterator[StripeSandbox]:
    with stripe_on_loopback(settings) as sandbox:
        yield sandbox


def ask(shop: Shop, order: Order, via: str = "redirect", **body: Any) -> Any:
    return shop.phone().post(f"/api/v1/orders/{order.number}/payment", {"via": via, **body}, headers=key())


def page_of(shop: Shop, order: Order, **body: Any) -> str:
    answer = ask(shop, order, **body)
    assert answer.status_code == 200, answer.json()
    return str(answer.json()["url"])


def pay(url: str, card: str = GOOD) -> Any:
    """The customer types a card's number into the page. Returns what the page was answered."""
    assert requests.get(url, timeout=5).status_code == 200
    base, _, session = url.rpartition("/c/pay/")
    knob = f"{base}/_sandbox/checkout/sessions/{session}/pay"
    return requests.post(knob, json={"payment_method": card}, timeout=5).json()


def is_shut(url: str) -> bool:
    return requests.get(url, timeout=5).status_code == 404


def news(shop: Shop) -> None:
    shop.deliver_webhooks()
    run_jobs(later=False)


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def intents(shop: Shop, status: str = "succeeded") -> list[Any]:
    return [intent for intent in shop.gateway.recent() if intent["status"] == status]


def sessions(shop: Shop, status: str) -> list[Any]:
    return [session for session in shop.gateway.recent("checkout.session") if session["status"] == status]


def lapse(order: Order) -> None:
    lapsed = timezone.now() - timedelta(seconds=1)
    Order.objects.filter(pk=order.pk).update(expires_at=lapsed)
    Reservation.objects.update(expires_at=lapsed)
    expire_orders()


# Paying


def test_a_customer_pays_on_the_page_and_comes_back(shop: Shop, settings: Settings) -> None:
    settings.PAYMENT_PAID_URL = "https://app.example/paid"
    order = shop.order()

    answer = ask(shop, order).json()
    pay(answer["url"])
    news(shop)

    assert (answer["via"], answer["client_secret"], answer["customer_session"]) == ("redirect", None, None)
    back = requests.get(answer["url"], timeout=5, allow_redirects=False)
    assert (back.status_code, back.headers["Location"]) == (303, f"https://app.example/paid?order={order.number}")
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.CONFIRMED, 0)
    assert set(ProviderEvent.objects.values_list("status", flat=True)) <= {EventStatus.PROCESSED, EventStatus.IGNORED}


@pytest.mark.parametrize("member", ["success_url", "cancel_url", "url", "return_url"])
def test_no_phone_chooses_where_browsers_are_sent(shop: Shop, member: str) -> None:
    answer = ask(shop, shop.order(), **{member: "https://evil.example"})

    assert answer.status_code == 400
    assert not Payment.objects.exists()


def test_a_way_that_is_none_is_refused(shop: Shop) -> None:
    assert ask(shop, shop.order(), via="post").status_code == 400


def test_the_page_is_given_again_until_it_is_paid(shop: Shop) -> None:
    order = shop.order()

    assert page_of(shop, order) == page_of(shop, order)
    assert Payment.objects.count() == len(sessions(shop, "open")) == 1


def test_a_declined_card_leaves_the_page_open_and_is_told(shop: Shop) -> None:
    order = shop.order()
    url = page_of(shop, order)

    assert "insufficient funds" in pay(url, DECLINED)["error"]["message"]
    news(shop)

    told = ask(shop, order).json()
    assert (told["url"], told["status"], told["last_error"]["code"]) == (url, "pending", "insufficient_funds")
    pay(url)
    news(shop)
    assert fresh(order).status == OrderStatus.CONFIRMED


def test_the_bank_may_ask_on_the_page(shop: Shop) -> None:
    order = shop.order()
    waiting = pay(page_of(shop, order), ASKS)
    news(shop)
    assert fresh(order).status == OrderStatus.PENDING_PAYMENT

    shop.gateway.complete_3ds(waiting["payment_intent"])
    news(shop)

    assert fresh(order).status == OrderStatus.CONFIRMED


def test_who_asks_again_after_paying_is_told_so(shop: Shop) -> None:
    order = shop.order()
    pay(page_of(shop, order))  # and no event has come yet

    told = ask(shop, order).json()

    assert (told["status"], told["url"], told["order_status"]) == ("succeeded", None, "confirmed")
    assert ask(shop, order).json()["code"] == "transition_not_allowed"


@pytest.mark.parametrize(("days", "held"), [(3, True), (8, False)])
def test_a_deposit_is_secured_on_a_page_and_the_card_kept_when_its_owner_agreed(
    shop: Shop, days: int, *, held: bool
) -> None:
    order = shop.order(shop.rental(0, days - 1))
    pay(page_of(shop, order, save_card=False))
    news(shop)
    assert Deposit.objects.get().status == DepositStatus.UNSECURED
    assert not GatewayCustomer.objects.exclude(card_ref="").exists()

    pay(page_of(shop, order, purpose="deposit"))
    news(shop)

    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert bool(intents(shop, "requires_capture")) == held
    assert GatewayCustomer.objects.exclude(card_ref="").exists()


# One way or the other, never both


@pytest.mark.parametrize("tried", [False, True])
def test_who_turns_to_the_sheet_has_the_page_closed(shop: Shop, *, tried: bool) -> None:
    order = shop.order()
    url = page_of(shop, order)
    if tried:
        pay(url, DECLINED)
        news(shop)

    sheet = ask(shop, order, via="sheet").json()

    assert is_shut(url)
    assert (sheet["via"], sheet["url"]) == ("sheet", None)
    shop.gateway.confirm(sheet["client_secret"].partition("_secret_")[0])
    news(shop)
    assert (fresh(order).status, kept_at_gateway(shop)) == (OrderStatus.CONFIRMED, order.total_minor)


def test_there_and_back_again_leaves_one_way_to_pay(shop: Shop) -> None:
    order = shop.order()
    ways = [ask(shop, order, via=via).json() for via in ("sheet", "redirect", "sheet", "redirect")]

    assert is_shut(ways[1]["url"])
    assert [intent["status"] for intent in shop.gateway.recent()] == ["canceled", "canceled"]
    pay(ways[3]["url"])
    news(shop)
    assert (fresh(order).status, kept_at_gateway(shop)) == (OrderStatus.CONFIRMED, order.total_minor)
    assert sorted(Payment.objects.values_list("status", flat=True)) == ["cancelled"] * 3 + ["succeeded"]


@pytest.mark.parametrize(("first", "then"), [("redirect", "sheet"), ("sheet", "redirect")])
def test_who_paid_one_way_cannot_turn_to_the_other(shop: Shop, first: str, then: str) -> None:
    order = shop.order()
    started = ask(shop, order, via=first).json()
    if first == "redirect":
        pay(started["url"])
    else:
        shop.gateway.confirm(started["client_secret"].partition("_secret_")[0])

    told = ask(shop, order, via=then).json()

    assert (told["status"], told["order_status"]) == ("succeeded", "confirmed")
    assert (told["url"], told["client_secret"]) == (None, None)
    assert (Payment.objects.count(), kept_at_gateway(shop)) == (1, order.total_minor)


def test_a_page_of_another_amount_is_closed_for_one_of_what_is_owed(shop: Shop) -> None:
    order = shop.paid()
    charge(order, 1000)
    old = page_of(shop, order, purpose="extra")
    charge(order, 500)

    new = page_of(shop, order, purpose="extra")

    assert is_shut(old)
    pay(new)
    news(shop)
    assert balance(order.pk) == 0
    assert kept_at_gateway(shop) == order.total_minor + 1500


def test_a_page_ends_when_nothing_is_owed_any_more(shop: Shop) -> None:
    order = shop.paid()
    charge(order, 1000)
    url = page_of(shop, order, purpose="extra")
    charge(order, -1000)

    assert ask(shop, order, purpose="extra").json()["code"] == "nothing_to_pay"
    assert is_shut(url)


def charge(order: Order, minor: int) -> Charge:
    return Charge.objects.create(
        order=order, kind=ChargeKind.DAMAGE, amount_minor=minor, reason="torn", actor="staff:1"
    )


@pytest.mark.parametrize("order_of_things", [Interrupted, Belated])
def test_what_is_closed_on_the_way_to_its_phone_is_seen_by_nobody(
    shop: Shop, settings: Settings, order_of_things: Any
) -> None:
    """Another phone asks for the sheet just before or after the gateway makes the page."""
    order = shop.order()
    get_provider().create_customer(key=str(order.customer_id), user_id=order.customer_id)
    GatewayCustomer.objects.create(user=shop.customer, provider_ref=shop.gateway.recent("customer")[0]["id"])
    secrets: list[str] = []

    def another_phone() -> None:
        secrets.append(ask(shop, order, via="sheet").json()["client_secret"])

    settings.STRIPE_HTTP_CLIENT = order_of_things(shop.gateway, another_phone)
    late = ask(shop, order)

    assert (late.status_code, late.json()["code"]) == (503, "payment_provider_unavailable")
    assert sessions(shop, "open") == []
    shop.gateway.confirm(secrets[0].partition("_secret_")[0])
    news(shop)
    assert (fresh(order).status, kept_at_gateway(shop)) == (OrderStatus.CONFIRMED, order.total_minor)


# Orders that die, pages that end


def test_the_page_lasts_no_longer_than_it_must(shop: Shop, settings: Settings) -> None:
    page_of(shop, shop.order())
    short = sessions(shop, "open")[0]
    settings.HOLD_EXTENSION = timedelta(hours=3)
    patient = shop.order()
    page_of(shop, patient)
    long = sessions(shop, "open")[0]

    assert 30 * 60 <= short["expires_at"] - short["created"] <= 36 * 60  # the gateway's least, and a little
    assert long["expires_at"] == int(fresh(patient).expires_at.timestamp())  # type: ignore[union-attr]


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_dead_orders_page_is_closed(shop: Shop, end: str) -> None:
    order = shop.order()
    url = page_of(shop, order)

    if end == "expired":
        lapse(order)
    else:
        cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()

    assert is_shut(url)
    assert (fresh(order).status, Payment.objects.get().status) == (end, PaymentStatus.CANCELLED)
    news(shop)
    assert Payment.objects.get().status == PaymentStatus.CANCELLED


def test_money_that_came_on_the_page_of_a_dead_order_goes_back(shop: Shop) -> None:
    order = shop.order()
    url = page_of(shop, order)
    pay(url)
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()
    news(shop)

    assert (fresh(order).status, balance(order.pk), kept_at_gateway(shop)) == (OrderStatus.CANCELLED, 0, 0)


def test_late_money_of_a_page_wins_the_stock_anew(shop: Shop) -> None:
    order = shop.order()
    pay(page_of(shop, order))
    lapse(order)
    run_jobs()

    assert (fresh(order).status, kept_at_gateway(shop)) == (OrderStatus.CONFIRMED, order.total_minor)


@pytest.mark.parametrize("tried", [False, True])
def test_a_page_that_ran_out_makes_room_for_another(shop: Shop, *, tried: bool) -> None:
    order = shop.order()
    url = page_of(shop, order)
    if tried:
        pay(url, DECLINED)
    shop.gateway.expire_checkout(url.rpartition("/")[2])
    news(shop)
    assert Payment.objects.get().status == PaymentStatus.CANCELLED

    pay(page_of(shop, order))
    news(shop)

    assert fresh(order).status == OrderStatus.CONFIRMED


def test_a_page_that_ran_out_unheard_makes_room_for_another(shop: Shop) -> None:
    order = shop.order()
    url = page_of(shop, order)
    shop.gateway.expire_checkout(url.rpartition("/")[2])

    assert page_of(shop, order) != url
    assert sorted(Payment.objects.values_list("status", flat=True)) == ["cancelled", "pending"]


def test_an_order_that_dies_while_the_gateway_makes_its_page_shows_none(shop: Shop, settings: Settings) -> None:
    order = shop.order()
    settings.STRIPE_HTTP_CLIENT = Interrupted(shop.gateway, partial(cancel_order, order_id=order.pk, actor="x"))
    answer = ask(shop, order)

    assert answer.json()["code"] == "transition_not_allowed"
    run_jobs()
    assert sessions(shop, "open") == []


# What is lost, twice, and out of order


def test_lost_webhooks_are_caught_up_with(shop: Shop) -> None:
    order = shop.order()
    url = page_of(shop, order)
    shop.gateway.set_webhooks(mode="drop")
    pay(url)

    catch_up(young=timedelta(hours=1), older_than=timedelta(0))
    run_jobs(later=False)

    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.CONFIRMED, 0)


def test_a_page_that_ended_unheard_is_caught_up_with(shop: Shop) -> None:
    url = page_of(shop, shop.order())
    shop.gateway.set_webhooks(mode="drop")
    shop.gateway.expire_checkout(url.rpartition("/")[2])

    catch_up(young=timedelta(hours=1), older_than=timedelta(0))
    run_jobs(later=False)

    assert Payment.objects.get().status == PaymentStatus.CANCELLED


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("card", [GOOD, DECLINED])
def test_each_event_may_come_twice_and_in_any_order(shop: Shop, card: str, *, backwards: bool) -> None:
    order = shop.order()
    url = page_of(shop, order)
    pay(url, card)
    if card == DECLINED:
        shop.gateway.expire_checkout(url.rpartition("/")[2])
    shop.gateway.set_webhooks(duplicate=1, reverse=backwards)
    news(shop)
    before = list(Payment.objects.values("status", "captured_minor", "provider_ref"))

    for event in ProviderEvent.objects.order_by("-pk" if backwards else "pk"):
        ProviderEvent.objects.filter(pk=event.pk).update(status=EventStatus.RECEIVED)
        process_event(event_id=event.pk)

    assert list(Payment.objects.values("status", "captured_minor", "provider_ref")) == before
    assert before[0]["status"] == ("succeeded" if card == GOOD else "cancelled")
    assert fresh(order).status == ("confirmed" if card == GOOD else "pending_payment")


def test_a_page_that_is_none_of_ours_changes_nothing(shop: Shop) -> None:
    page_of(shop, shop.order())
    ours = Payment.objects.get()
    Payment.objects.update(page_ref="cs_of_another")
    shop.gateway.expire_checkout(str(ours.page_ref))
    news(shop)

    assert Payment.objects.get().status == PaymentStatus.PENDING
    assert ProviderEvent.objects.get(kind="checkout.session.expired").status == EventStatus.IGNORED


@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_an_answer_that_was_lost_leaves_one_page_that_is_seen(shop: Shop, fault: str) -> None:
    order = shop.order()
    shop.gateway.fail_next("POST /v1/checkout/sessions", fault)
    assert ask(shop, order).status_code == 503

    pay(page_of(shop, order))
    news(shop)

    assert (fresh(order).status, kept_at_gateway(shop)) == (OrderStatus.CONFIRMED, order.total_minor)
    assert Payment.objects.count() == 1


def test_a_page_asked_for_again_much_later_lasts_long_enough(shop: Shop) -> None:
    order = shop.order()
    shop.gateway.fail_next("POST /v1/checkout/sessions", "500_before")
    assert ask(shop, order).status_code == 503
    Payment.objects.update(page_ends_at=timezone.now() + timedelta(minutes=29))

    pay(page_of(shop, order))
    news(shop)

    assert fresh(order).status == OrderStatus.CONFIRMED


# Comparing with the gateway


def test_money_of_a_page_nobody_heard_of_is_found_and_repaired(shop: Shop, settings: Settings) -> None:
    settings.PAYMENTS_SETTLE = 0
    order = shop.order()
    url = page_of(shop, order)
    shop.gateway.set_webhooks(mode="drop")
    pay(url)
    forget_jobs()

    report = reconcile_payments(since=timezone.now() - timedelta(days=1), repair=True)

    assert [(f.what, f.difference, f.result) for f in report.findings] == [("payment", "missing_here", "repaired")]
    assert fresh(order).status == OrderStatus.CONFIRMED


def test_a_page_that_ended_unheard_is_found_and_an_open_one_is_no_difference(shop: Shop, settings: Settings) -> None:
    settings.PAYMENTS_SETTLE = 0
    url = page_of(shop, shop.order())
    page_of(shop, shop.order())
    shop.gateway.set_webhooks(mode="drop")
    shop.gateway.expire_checkout(url.rpartition("/")[2])

    report = reconcile_payments(since=timezone.now() - timedelta(days=1), repair=True)

    assert [(f.what, f.difference, f.result) for f in report.findings] == [("payment", "status", "repaired")]
    assert sorted(Payment.objects.values_list("status", flat=True)) == ["cancelled", "pending"]


def test_a_page_that_the_gateway_does_not_have_is_left_to_a_person(shop: Shop, settings: Settings) -> None:
    settings.PAYMENTS_SETTLE = 0
    page_of(shop, shop.order())
    Payment.objects.update(page_ref="cs_nowhere")

    report = reconcile_payments(since=timezone.now() - timedelta(days=1), repair=True)

    assert [(f.ref, f.difference, f.repair) for f in report.findings] == [("cs_nowhere", "missing_there", "by_hand")]


def test_reading_and_keeping_a_page_twice_changes_nothing(shop: Shop) -> None:
    page_of(shop, shop.order())
    payment = Payment.objects.get()
    page = get_provider().get_page(str(payment.page_ref))

    keep_page(payment_id=payment.pk, page=page)
    apply_page(page_ref=page.ref)

    assert Payment.objects.get().status == PaymentStatus.PENDING
    pay(page.url)
    for _ in range(2):
        apply_page(page_ref=page.ref)
        apply_payment(provider_ref=str(Payment.objects.get().provider_ref))
    assert Payment.objects.get().captured_minor == payment.amount_minor


@pytest.mark.parametrize("beyond", [-1000, 700])
def test_what_the_deposit_and_the_kept_card_pay_is_not_asked_for_on_a_page_too(shop: Shop, beyond: int) -> None:
    order = rented(shop)
    charge(order, order.deposit_minor + beyond)
    url = page_of(shop, order, purpose="extra")

    returned(shop, order)
    settled(shop)

    assert is_shut(url)
    assert balance(order.pk) == 0
    assert kept_at_gateway(shop) == order.total_minor + order.deposit_minor + beyond


@pytest.mark.parametrize("tried", [False, True])
def test_a_page_that_its_owner_left_gives_the_kept_card_its_turn(shop: Shop, *, tried: bool) -> None:
    order = shop.order()
    pay(page_of(shop, order, save_card=True))
    news(shop)
    charge(order, 700)
    url = page_of(shop, order, purpose="extra")
    line = order.lines.get()
    prepare_sale(line_id=line.pk, actor="staff:1")
    deliver_sale(line_id=line.pk, actor="staff:1")
    settled(shop)
    assert balance(order.pk) == 700

    if tried:
        pay(url, DECLINED)
    shop.gateway.expire_checkout(url.rpartition("/")[2])
    news(shop)
    assert balance(order.pk) == 700  # they may be turning to the sheet
    settled(shop)

    assert (balance(order.pk), kept_at_gateway(shop)) == (0, order.total_minor + 700)
