"""Pushes: written with what they tell of, sent once for each cause, and never what is not true any more."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Device
from core.http import breaker_of
from orders.models import Order
from payments.models import Mail, Payment, Push
from payments.providers.push import PushUnavailable
from payments.services import forget_old_pushes, send_push
from payments.services.mailing import mail_soon
from payments.services.pushing import TEXTS
from tests.factories.accounts import DeviceFactory, UserFactory
from tests.jobs import run_jobs, waiting_jobs
from tests.payments import push_service
from tests.payments.push_service import PushService
from tests.shop import Shop


@pytest.fixture
def pushes(settings: Settings) -> Iterator[PushService]:
    for name in ("fcm", "google-auth"):
        breaker_of(name).reset()
    with push_service.running() as service:
        settings.PUSH_PROVIDER = "fcm"
        settings.FCM_PROJECT, settings.FCM_ACCOUNT = push_service.PROJECT, push_service.ACCOUNT
        settings.FCM_PRIVATE_KEY = push_service.PRIVATE_KEY
        settings.FCM_URL = settings.FCM_AUTH_URL = service.url
        yield service


def owing(shop: Shop) -> Order:
    """An order of which something is open, and a phone that is to hear of it."""
    order = shop.paid()
    order.charges.create(kind="damage", amount_minor=500, reason="scratched", actor="staff:1")
    DeviceFactory(owner=shop.customer, token="phone-of-mia")
    return order


def ask(order: Order) -> Push:
    """What asks for money does, and the push that it wrote."""
    payment = Payment.objects.get(order=order)
    with transaction.atomic():
        mail_soon(Mail.Kind.MONEY_REQUESTED, order_id=order.pk, about=payment.pk)
    return Push.objects.get()


def test_a_phone_is_told_once_and_neither_a_name_nor_an_amount_is_in_it(shop: Shop, pushes: PushService) -> None:
    order = owing(shop)

    ask(order)
    ask(order)
    run_jobs()
    ask(order)
    run_jobs()

    (message,) = pushes.messages
    title, body = TEXTS[Mail.Kind.MONEY_REQUESTED]
    assert message["token"] == "phone-of-mia"
    assert message["notification"] == {"title": title, "body": body}
    assert message["data"] == {"kind": "money_requested", "order": order.number}
    push = Push.objects.get()
    assert (push.status, push.attempts, push.error) == ("sent", 1, "")
    assert push.sent_at is not None


def test_a_push_lives_and_dies_with_the_transaction_that_wrote_it(shop: Shop, pushes: PushService) -> None:
    order = owing(shop)

    with transaction.atomic():
        ask(order)
        transaction.set_rollback(True)

    assert not Push.objects.exists()
    assert waiting_jobs("payments.send_push") == waiting_jobs("payments.send_mail") == []


def test_every_phone_of_a_customer_is_told_and_nobody_elses(shop: Shop, pushes: PushService) -> None:
    order = owing(shop)
    DeviceFactory(owner=shop.customer, token="tablet-of-mia", platform="android")
    DeviceFactory(token="phone-of-noah")

    with transaction.atomic():
        mail_soon(Mail.Kind.MONEY_REQUESTED, order_id=order.pk, about=Payment.objects.get(order=order).pk)
    run_jobs()

    assert {message["token"] for message in pushes.messages} == {"phone-of-mia", "tablet-of-mia"}


def test_one_access_token_serves_many_messages(shop: Shop, pushes: PushService) -> None:
    order = owing(shop)
    DeviceFactory(owner=shop.customer)

    with transaction.atomic():
        mail_soon(Mail.Kind.MONEY_REQUESTED, order_id=order.pk, about=Payment.objects.get(order=order).pk)
    run_jobs()

    assert (len(pushes.messages), pushes.tokens) == (2, 1)


def test_what_is_not_true_any_more_is_not_sent(shop: Shop, pushes: PushService) -> None:
    order = owing(shop)
    push = ask(order)
    order.charges.create(kind="goodwill", amount_minor=-500, reason="sorry", actor="staff:1")

    assert not send_push(push_id=push.pk)

    push.refresh_from_db()
    assert (push.status, push.attempts, pushes.messages) == ("outdated", 0, [])


def test_what_could_not_be_sent_for_hours_is_no_news(shop: Shop, pushes: PushService) -> None:
    push = ask(owing(shop))

    with time_machine.travel(timezone.now() + timedelta(hours=6, minutes=1)):
        assert not send_push(push_id=push.pk)

    push.refresh_from_db()
    assert push.status == "outdated"


def test_a_phone_that_changed_hands_is_not_told_about_its_former_owner(shop: Shop, pushes: PushService) -> None:
    push = ask(owing(shop))
    Device.objects.update(owner=UserFactory())

    assert not send_push(push_id=push.pk)

    assert pushes.messages == []


@pytest.mark.parametrize(
    "gone", [push_service.UNREGISTERED, push_service.refusal(403, "PERMISSION_DENIED", fcm="SENDER_ID_MISMATCH")]
)
def test_a_phone_without_the_app_is_forgotten(shop: Shop, pushes: PushService, gone: tuple[int, dict]) -> None:
    push = ask(owing(shop))
    pushes.answer = gone

    assert not send_push(push_id=push.pk)

    assert not Device.objects.exists()
    assert not Push.objects.exists()


@pytest.mark.parametrize("away", [push_service.BROKEN, push_service.QUOTA, push_service.NOT_LET_IN])
def test_a_service_that_cannot_take_it_now_is_asked_again(
    shop: Shop, pushes: PushService, away: tuple[int, dict]
) -> None:
    push = ask(owing(shop))
    pushes.answer = away

    with pytest.raises(PushUnavailable) as raised:
        send_push(push_id=push.pk)

    assert raised.value.retry_after == (90 if away == push_service.QUOTA else 0)
    push.refresh_from_db()
    assert (push.status, push.attempts) == ("waiting", 1)
    assert push.error
    pushes.answer = None
    assert send_push(push_id=push.pk)
    push.refresh_from_db()
    assert (push.status, push.attempts, push.error) == ("sent", 2, "")


def test_a_service_account_that_is_not_let_in_forgets_no_phone(shop: Shop, pushes: PushService) -> None:
    push = ask(owing(shop))
    pushes.lets_in = False

    with pytest.raises(PushUnavailable, match="no access token: 400"):
        send_push(push_id=push.pk)

    assert Device.objects.exists()


def test_a_message_that_is_refused_for_good_is_not_tried_again(shop: Shop, pushes: PushService) -> None:
    push = ask(owing(shop))
    pushes.answer = push_service.INVALID

    assert not send_push(push_id=push.pk)
    assert not send_push(push_id=push.pk)

    push.refresh_from_db()
    assert (push.status, push.attempts, push.error) == ("refused", 1, "400 INVALID_ARGUMENT")


def test_without_a_push_service_nothing_is_written(shop: Shop) -> None:
    order = owing(shop)

    with transaction.atomic():
        mail_soon(Mail.Kind.MONEY_REQUESTED, order_id=order.pk, about=Payment.objects.get(order=order).pk)

    assert not Push.objects.exists()
    assert len(waiting_jobs("payments.send_mail")) == 1


def test_at_a_desk_the_log_tells_what_phones_would(shop: Shop, settings: Settings) -> None:
    settings.PUSH_PROVIDER = "console"
    push = ask(owing(shop))

    assert send_push(push_id=push.pk)

    push.refresh_from_db()
    assert push.status == "sent"


def test_what_phones_were_told_is_forgotten_after_ninety_days(shop: Shop, pushes: PushService) -> None:
    ask(owing(shop))

    with time_machine.travel(timezone.now() + timedelta(days=89)):
        assert forget_old_pushes() == 0
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert forget_old_pushes() == 1
