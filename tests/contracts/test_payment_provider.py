"""What every payment adapter must keep, whatever gateway is behind it."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.ids import new_id
from payments.declines import SENTENCES
from payments.providers.base import (
    EventRejected,
    KeySpent,
    ProviderRefused,
    ProviderUnavailable,
    RemoteDisputeStatus,
    RemoteStatus,
    Topic,
    UnknownPayment,
)
from tests.contracts.gateways import GATEWAYS, Gateway, new_page, new_payment

REAL = "stripe-test-mode"
PARAMS = [pytest.param(name, marks=[pytest.mark.enable_socket]) if name == REAL else name for name in GATEWAYS]


@pytest.fixture(params=PARAMS)
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    with GATEWAYS[request.param]() as system:
        yield system


def a_while_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


@pytest.mark.skipif(
    not os.environ.get("STRIPE_TEST_KEY"), reason="STRIPE_TEST_KEY is not set: no real gateway is asked"
)
def test_with_a_key_of_its_test_mode_the_real_gateway_keeps_all_this_too():
    assert REAL in GATEWAYS  # every promise below is then tried with it as well


# Payments


def test_a_payment_is_what_was_asked_for(gateway: Gateway):
    asked = new_payment(amount_minor=1234, currency="JPY", order_number="CT-77")

    made = gateway.provider.create_payment(asked)

    assert (made.amount_minor, made.currency, made.captured_minor) == (1234, "JPY", 0)
    assert (made.payment_id, made.order_number, made.status) == (asked.payment_id, "CT-77", RemoteStatus.PENDING)
    assert made.client_secret
    assert made.made_at is not None
    assert made.made_at > a_while_ago()
    assert gateway.provider.get_payment(made.ref) == made


def test_the_same_key_is_the_same_payment(gateway: Gateway):
    asked = new_payment()

    assert gateway.provider.create_payment(asked).ref == gateway.provider.create_payment(asked).ref
    assert gateway.provider.create_payment(new_payment()).ref != gateway.provider.create_payment(asked).ref


def test_a_key_cannot_stand_for_another_payment(gateway: Gateway):
    gateway.provider.create_payment(new_payment(key=gateway.key("k"), amount_minor=5000))

    with pytest.raises(KeySpent):
        gateway.provider.create_payment(new_payment(key=gateway.key("k"), amount_minor=6000))


def test_what_the_gateway_never_had_is_unknown(gateway: Gateway):
    for call in (
        lambda: gateway.provider.get_payment("none"),
        lambda: gateway.provider.cancel_payment("none"),
        lambda: gateway.provider.capture(key=gateway.key("k"), ref="none", amount_minor=100),
        lambda: gateway.give_back("none", 100),
    ):
        with pytest.raises(UnknownPayment):
            call()


def test_a_paid_payment_is_captured_in_full(gateway: Gateway):
    paid = gateway.paid(5000)

    assert (paid.status, paid.captured_minor, paid.last_error) == (RemoteStatus.SUCCEEDED, 5000, "")


def test_a_decline_leaves_it_pending_with_a_stable_code_and_may_be_tried_again(gateway: Gateway):
    made = gateway.provider.create_payment(new_payment())
    gateway.hands.fail_to_pay(made.ref)

    declined = gateway.provider.get_payment(made.ref)
    assert (declined.status, declined.captured_minor) == (RemoteStatus.PENDING, 0)
    assert declined.last_error == "insufficient_funds"
    assert declined.last_error in SENTENCES
    gateway.hands.pay(made.ref)
    assert gateway.provider.get_payment(made.ref).status == RemoteStatus.SUCCEEDED


# Pages


def test_a_page_has_no_payment_until_somebody_tries(gateway: Gateway):
    opened = gateway.page()

    assert (opened.is_open, opened.payment_ref) == (True, "")
    assert opened.url
    assert gateway.provider.get_page(opened.ref) == opened
    assert list(gateway.provider.payments_since(a_while_ago())) == []
    assert gateway.provider.shortest_page < gateway.provider.longest_page


def test_the_same_key_is_the_same_page(gateway: Gateway):
    asked, page = new_payment(), new_page()

    first, again = (gateway.provider.open_page(asked, page) for _ in range(2))

    assert first == again
    assert gateway.page().ref != first.ref


def test_a_key_cannot_stand_for_a_page_of_another_amount(gateway: Gateway):
    gateway.page(key=gateway.key("k"), amount_minor=5000)

    with pytest.raises(KeySpent):
        gateway.page(key=gateway.key("k"), amount_minor=6000)


def test_a_page_whose_answer_was_lost_is_had_by_asking_again_under_the_same_key(gateway: Gateway):
    asked, page = new_payment(), new_page()
    gateway.hands.lose_next_answer()
    with pytest.raises(ProviderUnavailable):
        gateway.provider.open_page(asked, page)

    assert gateway.provider.open_page(asked, page).ref == gateway.provider.open_page(asked, page).ref


def test_what_is_paid_on_a_page_is_our_payment_and_ends_the_page(gateway: Gateway):
    ours = new_id()
    opened = gateway.page(payment_id=ours, amount_minor=1234, currency="JPY", order_number="CT-77")
    gateway.hands.pay_on_page(opened.ref)

    used = gateway.provider.get_page(opened.ref)
    paid = gateway.provider.get_payment(used.payment_ref)
    assert (used.is_open, used.url) == (False, "")
    assert (paid.status, paid.captured_minor, paid.currency) == (RemoteStatus.SUCCEEDED, 1234, "JPY")
    assert (paid.payment_id, paid.order_number) == (ours, "CT-77")


def test_a_decline_on_a_page_leaves_it_open_for_another_card(gateway: Gateway):
    opened = gateway.page()
    gateway.hands.pay_on_page(opened.ref, good=False)

    tried = gateway.provider.get_page(opened.ref)
    declined = gateway.provider.get_payment(tried.payment_ref)
    assert tried.is_open
    assert (declined.status, declined.last_error) == (RemoteStatus.PENDING, "insufficient_funds")
    gateway.hands.pay_on_page(opened.ref)
    assert gateway.provider.get_page(opened.ref).payment_ref == declined.ref
    assert gateway.provider.get_payment(declined.ref).status == RemoteStatus.SUCCEEDED


def test_a_hold_is_placed_on_a_page_too(gateway: Gateway):
    opened = gateway.page(captures_later=True)
    gateway.hands.pay_on_page(opened.ref)

    used = gateway.provider.get_page(opened.ref)
    held = gateway.provider.get_payment(used.payment_ref)
    assert (used.is_open, held.status, held.captured_minor) == (False, RemoteStatus.AUTHORISED, 0)
    assert gateway.provider.cancel_payment(held.ref).status == RemoteStatus.CANCELLED


@pytest.mark.parametrize("tried", [False, True])
def test_nobody_pays_on_a_closed_page(gateway: Gateway, *, tried: bool):
    opened = gateway.page()
    if tried:
        gateway.hands.pay_on_page(opened.ref, good=False)

    closed, again = (gateway.provider.close_page(opened.ref) for _ in range(2))
    gateway.hands.pay_on_page(opened.ref)

    assert closed == again
    assert (closed.is_open, closed.url, bool(closed.payment_ref)) == (False, "", tried)
    made = list(gateway.provider.payments_since(a_while_ago()))
    assert [each.status for each in made] == [RemoteStatus.CANCELLED] * tried


def test_closing_a_page_tells_its_payment_when_the_customer_was_quicker(gateway: Gateway):
    opened = gateway.page()
    gateway.hands.pay_on_page(opened.ref)

    late = gateway.provider.close_page(opened.ref)

    assert not late.is_open
    assert gateway.provider.get_payment(late.payment_ref).captured_minor == 5000


def test_a_page_that_the_gateway_never_had_is_unknown(gateway: Gateway):
    for call in (gateway.provider.get_page, gateway.provider.close_page):
        with pytest.raises(UnknownPayment):
            call("none")


def test_a_page_that_is_used_or_ends_is_told(gateway: Gateway):
    used, ended = gateway.page(), gateway.page()
    gateway.hands.pay_on_page(used.ref)
    gateway.hands.end_page(ended.ref)

    notices = [gateway.provider.parse_event(body=body, signature=mark) for body, mark in gateway.hands.events()]

    assert {notice.ref for notice in notices if notice.topic == Topic.PAGE} == {used.ref, ended.ref}
    assert not gateway.provider.get_page(ended.ref).is_open


# Kept cards


def test_a_kept_card_is_charged_without_its_owner_and_once_for_each_key(gateway: Gateway):
    customer = gateway.provider.create_customer(key=gateway.key("c"), user_id=uuid4())
    card = gateway.hands.card(customer)
    asked = new_payment(customer_ref=customer)

    first, again = (gateway.provider.charge_card(asked, card_ref=card) for _ in range(2))

    assert (first.status, first.captured_minor) == (RemoteStatus.SUCCEEDED, 5000)
    assert (first.customer_ref, first.card_ref) == (customer, card)
    assert again.ref == first.ref


def test_a_banks_no_to_a_kept_card_is_an_answer(gateway: Gateway):
    customer = gateway.provider.create_customer(key=gateway.key("c"), user_id=uuid4())
    card = gateway.hands.card(customer, good=False)

    no = gateway.provider.charge_card(new_payment(customer_ref=customer), card_ref=card)

    assert (no.status, no.captured_minor, no.last_error) == (RemoteStatus.PENDING, 0, "card_declined")
    assert no.client_secret
    gateway.hands.pay(no.ref)
    assert gateway.provider.get_payment(no.ref).status == RemoteStatus.SUCCEEDED


def test_a_customer_is_one_for_each_key_and_a_session_is_a_secret_of_its_own(gateway: Gateway):
    user = uuid4()
    first, again = (gateway.provider.create_customer(key=str(user), user_id=user) for _ in range(2))

    assert first == again != gateway.provider.create_customer(key=gateway.key("another"), user_id=uuid4())
    assert gateway.provider.open_session(first) != gateway.provider.open_session(first)
    assert gateway.provider.publishable_key


def test_a_forgotten_customer_is_charged_no_more_and_money_still_goes_back(gateway: Gateway):
    customer = gateway.provider.create_customer(key=gateway.key("c"), user_id=uuid4())
    card = gateway.hands.card(customer)
    paid = gateway.provider.charge_card(new_payment(customer_ref=customer), card_ref=card)

    for _ in range(2):
        gateway.provider.forget_customer(customer)

    with pytest.raises(ProviderRefused):
        gateway.provider.charge_card(new_payment(customer_ref=customer), card_ref=card)
    gateway.give_back(paid.ref, paid.captured_minor)
    assert sum(refund.amount_minor for refund in gateway.provider.refunds_of(paid.ref)) == paid.captured_minor


# Holds


def test_a_hold_takes_nothing_and_says_how_long_it_lasts(gateway: Gateway):
    held = gateway.held()

    assert (held.status, held.captured_minor) == (RemoteStatus.AUTHORISED, 0)
    assert held.capture_before is not None
    assert held.capture_before > datetime.now(UTC) + timedelta(days=1)


def test_a_part_of_a_hold_is_captured_and_the_rest_let_go(gateway: Gateway):
    held = gateway.held()

    captured = gateway.provider.capture(key=gateway.key("k"), ref=held.ref, amount_minor=2000)

    assert (captured.status, captured.captured_minor) == (RemoteStatus.SUCCEEDED, 2000)
    assert list(gateway.provider.refunds_of(held.ref)) == []  # what was let go never came


def test_a_hold_is_captured_once(gateway: Gateway):
    held = gateway.held()
    gateway.provider.capture(key=gateway.key("k"), ref=held.ref, amount_minor=2000)

    for key in (gateway.key("k2"), gateway.key("k3")):
        assert gateway.provider.capture(key=key, ref=held.ref, amount_minor=1000).captured_minor == 2000


def test_no_more_is_captured_than_is_held(gateway: Gateway):
    held = gateway.held()

    with pytest.raises(ProviderRefused):
        gateway.provider.capture(key=gateway.key("k"), ref=held.ref, amount_minor=5001)
    assert gateway.provider.get_payment(held.ref).status == RemoteStatus.AUTHORISED


def test_a_hold_that_runs_out_is_cancelled(gateway: Gateway):
    held = gateway.held()
    gateway.hands.expire_hold(held.ref)

    assert gateway.provider.get_payment(held.ref).status == RemoteStatus.CANCELLED
    assert (
        gateway.provider.capture(key=gateway.key("k"), ref=held.ref, amount_minor=5000).status == RemoteStatus.CANCELLED
    )


# Cancelling


def test_a_cancelled_payment_cannot_be_paid(gateway: Gateway):
    made = gateway.provider.create_payment(new_payment())

    for _ in range(2):
        assert gateway.provider.cancel_payment(made.ref).status == RemoteStatus.CANCELLED
    gateway.hands.pay(made.ref)

    assert gateway.provider.get_payment(made.ref).captured_minor == 0


def test_cancelling_tells_how_it_ended_when_the_customer_was_quicker(gateway: Gateway):
    paid = gateway.paid()

    late = gateway.provider.cancel_payment(paid.ref)

    assert (late.status, late.captured_minor) == (RemoteStatus.SUCCEEDED, 5000)


def test_cancelling_lets_a_hold_go(gateway: Gateway):
    held = gateway.held()

    let_go = gateway.provider.cancel_payment(held.ref)

    assert (let_go.status, let_go.captured_minor) == (RemoteStatus.CANCELLED, 0)


# Refunds


def test_money_goes_back_in_parts_and_every_part_is_listed(gateway: Gateway):
    paid, ours = gateway.paid(), [new_id(), new_id()]

    made = [gateway.give_back(paid.ref, amount, refund_id=pk) for amount, pk in zip((2000, 3000), ours, strict=True)]

    assert [(m.amount_minor, m.payment_ref, m.status) for m in made] == [
        (2000, paid.ref, RemoteStatus.SUCCEEDED),
        (3000, paid.ref, RemoteStatus.SUCCEEDED),
    ]
    assert {r.refund_id for r in gateway.provider.refunds_of(paid.ref)} == set(ours)


def test_the_same_key_gives_back_once(gateway: Gateway):
    paid, ours = gateway.paid(), new_id()

    refs = {gateway.give_back(paid.ref, 2000, key=gateway.key("k"), refund_id=ours).ref for _ in range(3)}

    assert len(refs) == len(gateway.provider.refunds_of(paid.ref)) == 1


@pytest.mark.parametrize("amount", [5001, 4001])
def test_more_than_is_left_is_refused(gateway: Gateway, amount: int):
    paid = gateway.paid()
    if amount == 4001:
        gateway.give_back(paid.ref, 1000)

    with pytest.raises(ProviderRefused) as no:
        gateway.give_back(paid.ref, amount)

    assert no.value.code in SENTENCES
    assert sum(r.amount_minor for r in gateway.provider.refunds_of(paid.ref)) <= 1000


def test_what_was_not_paid_cannot_be_given_back(gateway: Gateway):
    made = gateway.provider.create_payment(new_payment())

    with pytest.raises(ProviderRefused):
        gateway.give_back(made.ref, 100)


def test_a_refund_that_fails_is_told_and_may_be_made_anew(gateway: Gateway):
    paid = gateway.paid()
    first = gateway.give_back(paid.ref, 5000)
    gateway.hands.fail_refund(first.ref)

    told = next(iter(gateway.provider.refunds_of(paid.ref)))
    assert (told.status, bool(told.failure)) == (RemoteStatus.FAILED, True)
    assert gateway.give_back(paid.ref, 5000).status == RemoteStatus.SUCCEEDED


def test_a_refund_made_by_hand_is_listed_and_is_none_of_ours(gateway: Gateway):
    paid = gateway.paid()
    gateway.hands.refund_by_hand(paid.ref, 1500)

    assert [(r.amount_minor, r.refund_id) for r in gateway.provider.refunds_of(paid.ref)] == [(1500, None)]


# What goes wrong on the way


def test_a_lost_answer_is_had_by_asking_again_under_the_same_key(gateway: Gateway):
    asked = new_payment()
    gateway.hands.lose_next_answer()
    with pytest.raises(ProviderUnavailable):
        gateway.provider.create_payment(asked)

    made = gateway.provider.create_payment(asked)

    assert [each.ref for each in gateway.provider.payments_since(a_while_ago())] == [made.ref]


def test_a_refund_whose_answer_was_lost_is_found_and_not_made_twice(gateway: Gateway):
    paid, ours = gateway.paid(), new_id()
    gateway.hands.lose_next_answer()
    with pytest.raises(ProviderUnavailable):
        gateway.give_back(paid.ref, 2000, key=gateway.key("k"), refund_id=ours)

    again = gateway.give_back(paid.ref, 2000, key=gateway.key("k"), refund_id=ours)

    assert [(r.ref, r.refund_id) for r in gateway.provider.refunds_of(paid.ref)] == [(again.ref, ours)]


def test_a_key_that_was_spent_on_an_error_says_so_and_what_was_done_is_found(gateway: Gateway):
    paid, ours = gateway.paid(), new_id()
    gateway.hands.break_next_answer()

    for _ in range(2):
        with pytest.raises(KeySpent):
            gateway.give_back(paid.ref, 2000, key=gateway.key("k"), refund_id=ours)

    assert [(r.amount_minor, r.refund_id) for r in gateway.provider.refunds_of(paid.ref)] == [(2000, ours)]


CALLS: dict[str, Callable[[Gateway, str], object]] = {
    "create": lambda g, _: g.provider.create_payment(new_payment()),
    "get": lambda g, ref: g.provider.get_payment(ref),
    "cancel": lambda g, ref: g.provider.cancel_payment(ref),
    "open_page": lambda g, _: g.page(),
    "get_page": lambda g, _: g.provider.get_page("any"),
    "close_page": lambda g, _: g.provider.close_page("any"),
    "capture": lambda g, ref: g.provider.capture(key=g.key("k"), ref=ref, amount_minor=100),
    "refund": lambda g, ref: g.give_back(ref, 100),
    "refunds_of": lambda g, ref: list(g.provider.refunds_of(ref)),
    "disputes_of": lambda g, ref: list(g.provider.disputes_of(ref)),
    "payments_since": lambda g, _: list(g.provider.payments_since(a_while_ago())),
    "refunds_since": lambda g, _: list(g.provider.refunds_since(a_while_ago())),
    "disputes_since": lambda g, _: list(g.provider.disputes_since(a_while_ago())),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_gateway_that_is_away_is_unavailable_and_never_empty(gateway: Gateway, call: str):
    paid = gateway.paid()
    gateway.hands.go_away()

    with pytest.raises(ProviderUnavailable):
        CALLS[call](gateway, paid.ref)


# Lists


def test_everything_since_a_moment_is_listed_newest_first_to_the_end(gateway: Gateway):
    made = [gateway.provider.create_payment(new_payment()).ref for _ in range(103)]

    listed = [each.ref for each in gateway.provider.payments_since(a_while_ago())]

    assert listed[: len(made)] == made[::-1]
    assert list(gateway.provider.payments_since(datetime.now(UTC) + timedelta(hours=1))) == []


def test_refunds_of_whatever_payment_are_listed_since_a_moment(gateway: Gateway):
    first, second = gateway.paid(), gateway.paid()
    gateway.give_back(first.ref, 1000)
    gateway.hands.refund_by_hand(second.ref, 2000)

    listed = list(gateway.provider.refunds_since(a_while_ago()))[:2]

    assert [(r.payment_ref, r.amount_minor) for r in listed] == [(second.ref, 2000), (first.ref, 1000)]
    assert list(gateway.provider.refunds_since(datetime.now(UTC) + timedelta(hours=1))) == []


# Disputes


def test_a_dispute_tells_what_the_bank_took_and_until_when_it_waits(gateway: Gateway):
    paid, other = gateway.paid(), gateway.paid()
    gateway.hands.dispute(paid.ref, 3000)

    (told,) = gateway.provider.disputes_of(paid.ref)

    assert (told.payment_ref, told.amount_minor, told.withdrawn_minor) == (paid.ref, 3000, 3000)
    assert (told.status, told.is_inquiry) == (RemoteDisputeStatus.NEEDS_RESPONSE, False)
    assert (told.currency, bool(told.reason)) == ("EUR", True)
    assert told.evidence_due_at is not None
    assert told.evidence_due_at > told.opened_at > a_while_ago()
    assert list(gateway.provider.disputes_of(other.ref)) == []
    assert list(gateway.provider.disputes_since(a_while_ago())) == [told]


@pytest.mark.parametrize(("won", "kept"), [(True, 0), (False, 3000)])
def test_a_decided_dispute_gives_the_money_back_or_keeps_it(gateway: Gateway, won: bool, kept: int):
    paid = gateway.paid()
    gateway.hands.dispute(paid.ref, 3000)
    gateway.hands.decide(next(iter(gateway.provider.disputes_of(paid.ref))).ref, won=won)

    (told,) = gateway.provider.disputes_of(paid.ref)

    assert (told.status, told.withdrawn_minor) == (
        RemoteDisputeStatus.WON if won else RemoteDisputeStatus.LOST,
        kept,
    )


def test_an_inquiry_takes_nothing(gateway: Gateway):
    paid = gateway.paid()
    gateway.hands.dispute(paid.ref, 3000, inquiry=True)

    (told,) = gateway.provider.disputes_of(paid.ref)

    assert (told.is_inquiry, told.withdrawn_minor, told.is_refundable) == (True, 0, True)


@pytest.mark.parametrize("won", [True, False])
def test_the_rest_of_a_payment_is_given_back_once_a_dispute_of_a_part_is_decided(gateway: Gateway, won: bool):
    paid = gateway.paid()
    gateway.hands.dispute(paid.ref, 3000)
    (opened,) = gateway.provider.disputes_of(paid.ref)
    with pytest.raises(ProviderRefused):
        gateway.give_back(paid.ref, 1000)

    gateway.hands.decide(opened.ref, won=won)

    (decided,) = gateway.provider.disputes_of(paid.ref)
    assert (opened.is_refundable, decided.is_refundable) == (False, True)
    if not won:
        with pytest.raises(ProviderRefused):
            gateway.give_back(paid.ref, 2001)
    assert gateway.give_back(paid.ref, 2000).status == RemoteStatus.SUCCEEDED


def test_of_a_payment_whose_dispute_was_lost_in_full_nothing_is_given_back(gateway: Gateway):
    paid = gateway.paid()
    gateway.hands.dispute(paid.ref, 5000)
    gateway.hands.decide(next(iter(gateway.provider.disputes_of(paid.ref))).ref, won=False)

    assert not next(iter(gateway.provider.disputes_of(paid.ref))).is_refundable
    with pytest.raises(ProviderRefused):
        gateway.give_back(paid.ref, 1)


def test_what_a_bank_took_is_not_given_back_too(gateway: Gateway):
    paid = gateway.paid()
    gateway.hands.dispute(paid.ref, 5000)

    with pytest.raises(ProviderRefused):
        gateway.give_back(paid.ref, 5000)


# Events


def test_an_event_only_names_what_to_read_again_and_is_the_same_each_time(gateway: Gateway):
    paid = gateway.paid()
    gateway.give_back(paid.ref, 1000)
    gateway.hands.dispute(paid.ref, 1000)

    notices = [gateway.provider.parse_event(body=body, signature=mark) for body, mark in gateway.hands.events()]

    about = {notice.topic for notice in notices if notice.ref == paid.ref}
    assert about == {Topic.PAYMENT, Topic.REFUND, Topic.DISPUTE}
    assert {n.ref for n in notices if n.topic != Topic.OTHER} == {paid.ref}
    assert len({n.event_id for n in notices}) == len(notices)
    assert all(n.kind for n in notices)


@pytest.mark.parametrize("secret", ["new", "old"])
def test_the_new_secret_and_the_old_one_are_accepted(gateway: Gateway, secret: str):
    gateway.paid()
    body, _ = gateway.hands.events()[0]

    first, again = (
        gateway.provider.parse_event(body=body, signature=gateway.hands.sign(body, secret=secret)) for _ in range(2)
    )

    assert first.event_id == again.event_id


@pytest.mark.parametrize("how", ["tampered", "stale", "another secret", "missing", "nonsense"])
def test_what_nobody_signed_just_so_and_just_now_is_rejected(gateway: Gateway, how: str):
    gateway.paid()
    body, mark = gateway.hands.events()[0]
    changed = {
        "tampered": (body + b" ", mark),
        "stale": (body, gateway.hands.sign(body, seconds_ago=400)),
        "another secret": (body, gateway.hands.sign(body, secret="guessed")),
        "missing": (body, ""),
        "nonsense": (body, "é=1,,v1="),
    }[how]

    with pytest.raises(EventRejected):
        gateway.provider.parse_event(body=changed[0], signature=changed[1])


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"\xff", b"not JSON"])
def test_what_is_signed_and_no_event_is_rejected(gateway: Gateway, body: bytes):
    with pytest.raises(EventRejected):
        gateway.provider.parse_event(body=body, signature=gateway.hands.sign(body))
