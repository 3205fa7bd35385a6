"""The conformance suite of payment adapters itself: every promise in it is broken here by some adapter, which must not
pass; and the protocol has no word of any gateway's."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import pytest

from payments.providers import base
from payments.providers.base import (
    EventRejected,
    KeySpent,
    NewPage,
    NewPayment,
    Notice,
    PaymentProvider,
    ProviderRefused,
    ProviderUnavailable,
    RemoteDispute,
    RemotePage,
    RemotePayment,
    RemoteRefund,
    RemoteStatus,
    Topic,
    UnknownPayment,
)
from tests.contracts import test_payment_provider as promises
from tests.contracts.gateways import memory_gateway, new_payment


class Broken:
    """Sound in everything that a subclass does not break."""

    def __init__(self, inner: PaymentProvider) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


# Payments


class Decimal(Broken):
    """Thinks that all money has cents."""

    def create_payment(self, new: NewPayment) -> RemotePayment:
        made = self.inner.create_payment(new)
        return replace(made, amount_minor=made.amount_minor * 100) if new.currency == "JPY" else made


class Forgetful(Broken):
    """Makes something new at every repeat."""

    def __init__(self, inner: PaymentProvider) -> None:
        super().__init__(inner)
        self.asked = 0

    def _fresh(self, key: str) -> str:
        self.asked += 1
        return f"{key}-{self.asked}"

    def create_payment(self, new: NewPayment) -> RemotePayment:
        return self.inner.create_payment(replace(new, key=self._fresh(new.key)))

    def charge_card(self, new: NewPayment, *, card_ref: str) -> RemotePayment:
        return self.inner.charge_card(replace(new, key=self._fresh(new.key)), card_ref=card_ref)

    def open_page(self, new: NewPayment, page: NewPage) -> RemotePage:
        return self.inner.open_page(replace(new, key=self._fresh(new.key)), page)

    def create_customer(self, *, key: str, user_id: UUID) -> str:
        return self.inner.create_customer(key=self._fresh(key), user_id=user_id)

    def refund(self, *, key: str, **asked: Any) -> RemoteRefund:
        return self.inner.refund(key=self._fresh(key), **asked)


class Clinging(Broken):
    """Says that it forgot a customer, and keeps the card."""

    def forget_customer(self, ref: str) -> None:
        """Nothing."""


class Rigid(Broken):
    """Answers a key with what it stood for first, whatever is asked."""

    def __init__(self, inner: PaymentProvider) -> None:
        super().__init__(inner)
        self.first: dict[str, RemotePayment] = {}

    def create_payment(self, new: NewPayment) -> RemotePayment:
        if new.key not in self.first:
            self.first[new.key] = self.inner.create_payment(new)
        return self.first[new.key]


class Vague(Broken):
    """Says no where it should say that it does not know."""

    def get_payment(self, ref: str) -> RemotePayment:
        try:
            return self.inner.get_payment(ref)
        except UnknownPayment as error:
            raise ProviderRefused(str(error), code="payment_refused") from None


class Stale(Broken):
    """Remembers payments as they were made."""

    def __init__(self, inner: PaymentProvider) -> None:
        super().__init__(inner)
        self.made: dict[str, RemotePayment] = {}

    def create_payment(self, new: NewPayment) -> RemotePayment:
        made = self.inner.create_payment(new)
        return self.made.setdefault(made.ref, made)

    def get_payment(self, ref: str) -> RemotePayment:
        return self.made.get(ref) or self.inner.get_payment(ref)


class Raw(Broken):
    """Hands the bank's own words on."""

    def get_payment(self, ref: str) -> RemotePayment:
        told = self.inner.get_payment(ref)
        return replace(told, last_error=told.last_error and f"05 {told.last_error.upper()}")


class Strict(Broken):
    """Takes the bank's no for an error."""

    def charge_card(self, new: NewPayment, *, card_ref: str) -> RemotePayment:
        made = self.inner.charge_card(new, card_ref=card_ref)
        if made.last_error:
            raise ProviderRefused(made.last_error, code=made.last_error)
        return made


# Holds and ends


class Greedy(Broken):
    """Takes at once what was only to be held."""

    def get_payment(self, ref: str) -> RemotePayment:
        told = self.inner.get_payment(ref)
        if told.status == RemoteStatus.AUTHORISED:
            return self.inner.capture(key=ref, ref=ref, amount_minor=told.amount_minor)
        return told


class Whole(Broken):
    """Captures all or nothing."""

    def capture(self, *, key: str, ref: str, amount_minor: int) -> RemotePayment:
        return self.inner.capture(key=key, ref=ref, amount_minor=self.inner.get_payment(ref).amount_minor)


class Boastful(Broken):
    """Says that it captured what it was asked to."""

    def capture(self, *, key: str, ref: str, amount_minor: int) -> RemotePayment:
        told = self.inner.capture(key=key, ref=ref, amount_minor=amount_minor)
        return replace(told, status=RemoteStatus.SUCCEEDED, captured_minor=amount_minor)


class Polite(Broken):
    """Says that it cancelled, and lets the customer pay."""

    def cancel_payment(self, ref: str) -> RemotePayment:
        return replace(self.inner.get_payment(ref), status=RemoteStatus.CANCELLED, captured_minor=0)


class Keeper(Broken):
    """Does not let a hold go."""

    def cancel_payment(self, ref: str) -> RemotePayment:
        told = self.inner.get_payment(ref)
        return told if told.status == RemoteStatus.AUTHORISED else self.inner.cancel_payment(ref)


# Pages


class Eager(Broken):
    """Makes the payment before anybody tries to pay."""

    def open_page(self, new: NewPayment, page: NewPage) -> RemotePage:
        return replace(self.inner.open_page(new, page), payment_ref=self.inner.create_payment(new).ref)


class Anonymous(Broken):
    """Does not say whose payment it is that is made on a page."""

    def open_page(self, new: NewPayment, page: NewPage) -> RemotePage:
        return self.inner.open_page(replace(new, payment_id=UUID(int=0)), page)


class Rash(Broken):
    """Takes a page on which somebody tried for one that is over."""

    def get_page(self, ref: str) -> RemotePage:
        told = self.inner.get_page(ref)
        return replace(told, is_open=told.is_open and not told.payment_ref)


class Ajar(Broken):
    """Says that the page is closed, and lets the customer pay."""

    def close_page(self, ref: str) -> RemotePage:
        return replace(self.inner.get_page(ref), is_open=False, url="")


class Discreet(Broken):
    """Does not tell what was paid on a page that it was to close."""

    def close_page(self, ref: str) -> RemotePage:
        return replace(self.inner.close_page(ref), payment_ref="")


class Carefree(Broken):
    """A page that is not there is one that has ended."""

    def get_page(self, ref: str) -> RemotePage:
        try:
            return self.inner.get_page(ref)
        except UnknownPayment:
            return RemotePage(ref, is_open=False)


# Refunds


class Lumping(Broken):
    """Tells only the last refund, and of nobody's else."""

    def refunds_of(self, payment_ref: str) -> Sequence[RemoteRefund]:
        return [refund for refund in self.inner.refunds_of(payment_ref) if refund.refund_id][-1:]


class Agreeable(Broken):
    """Never says no to a refund."""

    def refund(self, *, payment_ref: str, amount_minor: int, refund_id: UUID, **asked: Any) -> RemoteRefund:
        try:
            return self.inner.refund(payment_ref=payment_ref, amount_minor=amount_minor, refund_id=refund_id, **asked)
        except UnknownPayment:
            raise
        except ProviderRefused:
            return RemoteRefund("thin air", payment_ref, RemoteStatus.SUCCEEDED, amount_minor, refund_id)


class Optimist(Broken):
    """A refund that was made has arrived."""

    def refunds_of(self, payment_ref: str) -> Sequence[RemoteRefund]:
        return [replace(r, status=RemoteStatus.SUCCEEDED, failure="") for r in self.inner.refunds_of(payment_ref)]


# What goes wrong


class Swallowing(Broken):
    """Takes silence for an empty answer."""

    def _or(self, call: Callable[[], Any], nothing: Any) -> Any:
        try:
            return call()
        except ProviderUnavailable:
            return nothing

    def refunds_of(self, payment_ref: str) -> Sequence[RemoteRefund]:
        return self._or(lambda: self.inner.refunds_of(payment_ref), [])


class Sturdy(Broken):
    """Takes a key that was spent on an error for a no."""

    def refund(self, **asked: Any) -> RemoteRefund:
        try:
            return self.inner.refund(**asked)
        except KeySpent as error:
            raise ProviderRefused(str(error), code="payment_refused") from None


# Lists and disputes


class OnePage(Broken):
    """Reads one page."""

    def payments_since(self, moment: datetime) -> Iterator[RemotePayment]:
        return islice(self.inner.payments_since(moment), 100)


class Timeless(Broken):
    """Lists everything there ever was, oldest first."""

    def refunds_since(self, moment: datetime) -> Iterator[RemoteRefund]:
        return iter(list(self.inner.refunds_since(datetime.fromtimestamp(0, moment.tzinfo)))[::-1])


class Deaf(Broken):
    """Hears of no dispute."""

    def disputes_of(self, payment_ref: str) -> Sequence[RemoteDispute]:
        return []


class Pessimist(Broken):
    """What a bank asks about is gone, and stays so."""

    def disputes_of(self, payment_ref: str) -> Sequence[RemoteDispute]:
        return [
            replace(d, withdrawn_minor=d.amount_minor, is_refundable=False) for d in self.inner.disputes_of(payment_ref)
        ]


# Events


class Chatty(Broken):
    """Says of every event that it is about a payment."""

    def parse_event(self, **sent: Any) -> Notice:
        return replace(self.inner.parse_event(**sent), topic=Topic.PAYMENT)


class Hasty(Broken):
    """Knows only the newest secret: forgets the old one before everybody else does."""

    def __init__(self, inner: PaymentProvider) -> None:
        super().__init__(inner)
        inner.secrets = inner.secrets[:1]  # type: ignore[attr-defined]


class Gullible(Broken):
    """Believes whatever is posted."""

    def parse_event(self, *, body: bytes, signature: str) -> Notice:
        try:
            return self.inner.parse_event(body=body, signature=signature)
        except EventRejected:
            return Notice("1", "anything", Topic.OTHER, "")


Promise = Callable[..., None]
BROKEN_BY: Mapping[Promise, tuple[type[Broken], dict[str, Any]]] = {
    promises.test_a_payment_is_what_was_asked_for: (Decimal, {}),
    promises.test_the_same_key_is_the_same_payment: (Forgetful, {}),
    promises.test_a_key_cannot_stand_for_another_payment: (Rigid, {}),
    promises.test_what_the_gateway_never_had_is_unknown: (Vague, {}),
    promises.test_a_paid_payment_is_captured_in_full: (Stale, {}),
    promises.test_a_decline_leaves_it_pending_with_a_stable_code_and_may_be_tried_again: (Raw, {}),
    promises.test_a_page_has_no_payment_until_somebody_tries: (Eager, {}),
    promises.test_the_same_key_is_the_same_page: (Forgetful, {}),
    promises.test_a_key_cannot_stand_for_a_page_of_another_amount: (Forgetful, {}),
    promises.test_a_page_whose_answer_was_lost_is_had_by_asking_again_under_the_same_key: (Forgetful, {}),
    promises.test_what_is_paid_on_a_page_is_our_payment_and_ends_the_page: (Anonymous, {}),
    promises.test_a_decline_on_a_page_leaves_it_open_for_another_card: (Rash, {}),
    promises.test_a_hold_is_placed_on_a_page_too: (Greedy, {}),
    promises.test_nobody_pays_on_a_closed_page: (Ajar, {"tried": False}),
    promises.test_closing_a_page_tells_its_payment_when_the_customer_was_quicker: (Discreet, {}),
    promises.test_a_page_that_the_gateway_never_had_is_unknown: (Carefree, {}),
    promises.test_a_page_that_is_used_or_ends_is_told: (Chatty, {}),
    promises.test_a_kept_card_is_charged_without_its_owner_and_once_for_each_key: (Forgetful, {}),
    promises.test_a_banks_no_to_a_kept_card_is_an_answer: (Strict, {}),
    promises.test_a_customer_is_one_for_each_key_and_a_session_is_a_secret_of_its_own: (Forgetful, {}),
    promises.test_a_forgotten_customer_is_charged_no_more_and_money_still_goes_back: (Clinging, {}),
    promises.test_a_hold_takes_nothing_and_says_how_long_it_lasts: (Greedy, {}),
    promises.test_a_part_of_a_hold_is_captured_and_the_rest_let_go: (Whole, {}),
    promises.test_a_hold_is_captured_once: (Boastful, {}),
    promises.test_no_more_is_captured_than_is_held: (Whole, {}),
    promises.test_a_hold_that_runs_out_is_cancelled: (Boastful, {}),
    promises.test_a_cancelled_payment_cannot_be_paid: (Polite, {}),
    promises.test_cancelling_tells_how_it_ended_when_the_customer_was_quicker: (Polite, {}),
    promises.test_cancelling_lets_a_hold_go: (Keeper, {}),
    promises.test_money_goes_back_in_parts_and_every_part_is_listed: (Lumping, {}),
    promises.test_the_same_key_gives_back_once: (Forgetful, {}),
    promises.test_more_than_is_left_is_refused: (Agreeable, {"amount": 4001}),
    promises.test_what_was_not_paid_cannot_be_given_back: (Agreeable, {}),
    promises.test_a_refund_that_fails_is_told_and_may_be_made_anew: (Optimist, {}),
    promises.test_a_refund_made_by_hand_is_listed_and_is_none_of_ours: (Lumping, {}),
    promises.test_a_lost_answer_is_had_by_asking_again_under_the_same_key: (Forgetful, {}),
    promises.test_a_refund_whose_answer_was_lost_is_found_and_not_made_twice: (Forgetful, {}),
    promises.test_a_key_that_was_spent_on_an_error_says_so_and_what_was_done_is_found: (Sturdy, {}),
    promises.test_a_gateway_that_is_away_is_unavailable_and_never_empty: (Swallowing, {"call": "refunds_of"}),
    promises.test_everything_since_a_moment_is_listed_newest_first_to_the_end: (OnePage, {}),
    promises.test_refunds_of_whatever_payment_are_listed_since_a_moment: (Timeless, {}),
    promises.test_a_dispute_tells_what_the_bank_took_and_until_when_it_waits: (Deaf, {}),
    promises.test_a_decided_dispute_gives_the_money_back_or_keeps_it: (Pessimist, {"won": True, "kept": 0}),
    promises.test_an_inquiry_takes_nothing: (Pessimist, {}),
    promises.test_the_rest_of_a_payment_is_given_back_once_a_dispute_of_a_part_is_decided: (Pessimist, {"won": False}),
    promises.test_of_a_payment_whose_dispute_was_lost_in_full_nothing_is_given_back: (Agreeable, {}),
    promises.test_what_a_bank_took_is_not_given_back_too: (Agreeable, {}),
    promises.test_an_event_only_names_what_to_read_again_and_is_the_same_each_time: (Chatty, {}),
    promises.test_the_new_secret_and_the_old_one_are_accepted: (Hasty, {"secret": "old"}),
    promises.test_what_nobody_signed_just_so_and_just_now_is_rejected: (Gullible, {"how": "tampered"}),
    promises.test_what_is_signed_and_no_event_is_rejected: (Gullible, {"body": b"[]"}),
}
ABOUT_THE_SUITE = {promises.test_with_a_key_of_its_test_mode_the_real_gateway_keeps_all_this_too}
NOT_KEPT = (AssertionError, pytest.fail.Exception, base.ProviderError, ValueError)


@pytest.mark.parametrize("promise", BROKEN_BY, ids=lambda promise: promise.__name__.removeprefix("test_"))
def test_an_adapter_that_breaks_this_promise_does_not_pass(promise: Promise):
    broken, options = BROKEN_BY[promise]

    with memory_gateway(broken) as gateway, pytest.raises(NOT_KEPT):
        promise(gateway, **options)


@pytest.mark.parametrize("promise", BROKEN_BY, ids=lambda promise: promise.__name__.removeprefix("test_"))
def test_the_same_adapter_unbroken_passes(promise: Promise):
    """So that what does not pass does so for what it breaks."""
    with memory_gateway(Broken) as gateway:
        promise(gateway, **BROKEN_BY[promise][1])


def test_every_promise_of_the_suite_is_broken_by_some_adapter():
    held = {value for name, value in vars(promises).items() if name.startswith("test_")}

    assert held - ABOUT_THE_SUITE == set(BROKEN_BY)


@pytest.mark.parametrize("adapter", sorted({broken for broken, _ in BROKEN_BY.values()}, key=lambda b: b.__name__))
def test_a_broken_adapter_is_sound_in_something_else(adapter: type[Broken]):
    with memory_gateway(adapter) as gateway:
        made = gateway.provider.create_payment(new_payment())

        assert (made.status, made.amount_minor) == (RemoteStatus.PENDING, 5000)
        assert gateway.provider.get_payment(made.ref).order_number == "CT-1"


def test_the_protocol_has_no_word_of_any_gateway():
    told = inspect.getsource(base).lower()

    assert [word for word in ("stripe", "intent", "pi_", "charge.", "webhook_secret", "adyen") if word in told] == []
    assert not re.search(r"^(import|from) (?!collections|dataclasses|datetime|enum|typing|uuid)", told, re.MULTILINE)
