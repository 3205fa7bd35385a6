"""Mails about orders and money: once for each cause, the same in text and HTML, and nobody's address in a log."""

import re
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from html import escape, unescape
from smtplib import SMTPAuthenticationError, SMTPException, SMTPSenderRefused
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from catalog.models import CabinRule, Container
from inventory import words
from orders.models import CancellationTier, Charge, ChargeKind, DeliveryRate, Order, Quote, Rental
from orders.services import (
    call_off_rental,
    cancel_order,
    close_rental,
    deliver_sale,
    expire_orders,
    extend_rental,
    file_claim,
    hand_over_rental,
    object_to_claim,
    prepare_rental,
    prepare_sale,
    rearrange_rental,
    recheck_rules,
    remind,
    serve_waitlist,
    settle_no_shows,
    shorten_rental,
    swap_container,
    take_back_rental,
    uphold_claim,
)
from orders.services.placing import refuse_order
from payments.models import Deposit, Mail, Payment, Refund
from payments.services import secure_deposit, send_mail, settle_order
from payments.services.letters import write
from payments.services.mailing import mail_soon
from payments.states import RefundStatus
from tests.factories.accounts import AddressFactory, UserFactory
from tests.factories.orders import waiting_for
from tests.jobs import run_jobs, waiting_jobs
from tests.orders.desk import address, desk
from tests.orders.flights import ask, know_airlines, trip
from tests.orders.test_recheck import stocked
from tests.shop import Shop


def settled(shop: Shop) -> None:
    for _ in range(2):
        shop.deliver_webhooks()
        run_jobs()


def mails(kind: Mail.Kind) -> list[mail.EmailMultiAlternatives]:
    """What was sent of this kind, found by the subject of its letter's first words."""
    words = {
        Mail.Kind.ORDER_CONFIRMED: "is confirmed",
        Mail.Kind.ORDER_ENDED: "is cancelled",
        Mail.Kind.REFUND_UNDER_WAY: "on its way back to you",
        Mail.Kind.REFUND_FAILED: "A refund of",
        Mail.Kind.DEPOSIT_SECURED: "is secured",
        Mail.Kind.DEPOSIT_NEEDS_YOU: "Please confirm the deposit",
        Mail.Kind.DEPOSIT_ENDED: "deposit for",
        Mail.Kind.MONEY_REQUESTED: "Please pay",
        Mail.Kind.MONEY_RECEIVED: "We received",
        Mail.Kind.PICKUP_TOMORROW: "begins tomorrow",
        Mail.Kind.RETURN_TOMORROW: "comes back tomorrow",
        Mail.Kind.OVERDUE: "should be back",
        Mail.Kind.KEEP_PROPOSED: "Would you like to keep",
        Mail.Kind.NO_SHOW: "You did not come",
        Mail.Kind.RENTAL_FORFEIT: "has ended",
        Mail.Kind.SHIPPED: "Your parcel",
        Mail.Kind.WAITLIST_OFFER: "What you wait for",
        Mail.Kind.CLAIM_FILED: "Please look at what came back",
        Mail.Kind.CLAIM_DECIDED: "is decided",
        Mail.Kind.RENTAL_REARRANGED: "is on other days",
        Mail.Kind.RENTAL_CALLED_OFF: "is called off",
        Mail.Kind.FIT_WORSE: "What we told about order",
        Mail.Kind.CONTAINER_SWAPPED: "You get another container",
    }[kind]
    return [message for message in mail.outbox if words in message.subject]  # type: ignore[misc]


def visible(html: str) -> str:
    """The words of a mail's card, as a reader sees them."""
    card = html.partition("<h1")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", card.partition(">")[2])).split())


def returned(order: Order) -> None:
    rental = Rental.objects.get(line__order=order)
    prepare_rental(rental_id=rental.pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1")
    run_jobs()
    take_back_rental(rental_id=rental.pk, actor="staff:1", condition="B")
    close_rental(rental_id=rental.pk, actor="staff:1")


def test_a_paid_order_is_confirmed_by_mail_with_what_where_and_how_much(shop: Shop) -> None:
    order = shop.paid(shop.sale(2), shop.rental(10, 12))

    (message,) = mails(Mail.Kind.ORDER_CONFIRMED)
    assert message.to == [shop.customer.email]
    assert order.number in message.subject
    for told in ("Pick it up at", "€99.80", "€27.00", "A deposit of €40.00 is held on your card"):
        assert told in message.body, told


def test_the_lines_of_a_delivered_order_add_up_to_its_total(shop: Shop) -> None:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    address = AddressFactory(owner=shop.customer, country="DE")
    shop.paid(shop.sale(), fulfilment="delivery", address_id=address.pk)

    (message,) = mails(Mail.Kind.ORDER_CONFIRMED)
    _, told = message.body.split("We bring it to the address that you gave us.")
    assert re.findall(r"€[\d.]+", told) == ["€49.90", "€6.90", "€56.80"]


def test_staff_find_a_refund_that_failed_by_the_link_in_their_mail(
    shop: Shop, settings: Settings, admin_client: Client
) -> None:
    settings.PUBLIC_URL, settings.STAFF_EMAIL = "https://shop.example.com", "staff@example.com"
    order = shop.paid(shop.sale())
    cancel_order(order_id=order.pk, actor="customer:1")
    settled(shop)
    shop.gateway.fail_refund(str(Refund.objects.get().provider_ref))
    settled(shop)

    (message,) = mails(Mail.Kind.REFUND_FAILED)
    (path,) = re.findall(r"https://shop\.example\.com(/\S+)", message.body)
    assert message.to == ["staff@example.com"]
    assert admin_client.get(path).status_code == 200


def test_text_and_html_say_the_same(shop: Shop, settings: Settings) -> None:
    everything_that_is_mailed(shop, settings)

    assert {kind: missing for kind in Mail.Kind if (missing := said_in_html_alone(mails(kind)[0]))} == {}


def said_in_html_alone(message: mail.EmailMultiAlternatives) -> list[str]:
    (html, _type) = message.alternatives[0]
    words = visible(str(html)).replace(",", "")
    text = " ".join(message.body.replace(":", " ").replace(",", "").split())
    return [word for word in words.replace(":", " ").split() if word not in text]


def everything_that_is_mailed(shop: Shop, settings: Settings) -> None:
    """One order that causes a mail of nearly every kind, and one that is never paid."""
    settings.STAFF_EMAIL = "staff@example.com"
    cancel_order(order_id=shop.order(customer=UserFactory()).pk, actor="customer:x")
    order = shop.paid(shop.rental(0, 2))
    settled(shop)
    deposit = Deposit.objects.get()
    shop.gateway.expire_hold(str(deposit.provider_ref))
    settled(shop)
    secure_deposit(deposit_id=deposit.pk)
    settled(shop)
    damage = order.deposit_minor + 2000
    Charge.objects.create(order=order, kind=ChargeKind.DAMAGE, amount_minor=damage, reason="crushed", actor="staff:1")
    returned(order)
    torn(order)
    shop.gateway.fail_next("POST /v1/payment_intents", "decline", decline_code="insufficient_funds")
    settled(shop)
    extra = Payment.objects.get(purpose=Payment.Purpose.EXTRA)
    shop.gateway.confirm(str(extra.provider_ref), "pm_card_visa")
    settled(shop)
    paid = Payment.objects.get(purpose=Payment.Purpose.ORDER)
    shop.gateway.dashboard_refund(str(paid.provider_ref), 500)
    settled(shop)
    shop.gateway.fail_refund(str(Refund.objects.get().provider_ref))
    settled(shop)
    parcel_and_waitlist(shop)
    days_that_cannot_be_kept(shop)
    an_airline_changes_its_rules(shop)
    days_go_by(shop)


def torn(order: Order) -> None:
    """Claimed, objected to, and upheld."""
    rental = Rental.objects.get(line__order=order)
    claim = file_claim(
        rental_id=rental.pk, kind=ChargeKind.CLEANING, amount_minor=100, reason="Full of hair.", actor="staff:1"
    )
    run_jobs(later=False)
    object_to_claim(claim_id=claim.pk, text="It is a cat.", actor="customer:1")
    uphold_claim(claim_id=claim.pk, note="It is a carrier.", actor="staff:1")


def parcel_and_waitlist(shop: Shop) -> None:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    home = AddressFactory(owner=shop.customer, country="DE")
    line = shop.paid(shop.sale(), fulfilment="delivery", address_id=home.pk).lines.get()
    prepare_sale(line_id=line.pk, actor="staff:1")
    deliver_sale(line_id=line.pk, actor="staff:1", carrier="DHL", tracking_number="00340434")
    waiting_for(shop)
    for _ in range(2):
        serve_waitlist()
        settled(shop)


def an_airline_changes_its_rules(shop: Shop) -> None:
    know_airlines(shop)
    stocked(shop, "SMALL-1")
    quote = ask(shop, shop.body(shop.sale(), **trip(shop, "LH")))
    order = shop.settled(shop.place(Quote.objects.get(pk=quote["id"])))
    CabinRule.objects.update(allowed=False)
    recheck_rules()
    settled(shop)
    swap_container(line_id=order.lines.get().pk, sku="SMALL-1", actor="staff:1", note="agreed")
    settled(shop)


def days_that_cannot_be_kept(shop: Shop) -> None:
    order = shop.paid(shop.rental(60, 62), shop.rental(70, 72))
    first, second = Rental.objects.filter(line__order=order).order_by("start_on")
    rearrange_rental(
        rental_id=first.pk, start_on=shop.day(61), end_on=shop.day(63), note="We are closed then.", actor="staff:1"
    )
    call_off_rental(rental_id=second.pk, note="We are closed then.", actor="staff:1")
    settled(shop)


def days_go_by(shop: Shop) -> None:
    """One rental is fetched and not brought back, another is not even fetched."""
    fetched = shop.ready(shop.rental(10, 12)).lines.get().rentals.get()
    shop.ready(shop.rental(10, 12))
    zone = ZoneInfo(shop.depot.time_zone)
    noons = {day: datetime.combine(shop.day(day), time(13), zone) for day in (9, 10, 11, 13, 20)}
    for day, noon in noons.items():
        with time_machine.travel(noon):
            if day == 10:
                prepare_rental(rental_id=fetched.pk, actor="staff:1")
                hand_over_rental(rental_id=fetched.pk, actor="staff:1")
            remind()
            settle_no_shows()
            run_jobs(later=False)


def test_every_kind_is_sent_once_whatever_repeats(shop: Shop, settings: Settings) -> None:
    everything_that_is_mailed(shop, settings)
    sent = len(mail.outbox)
    assert set(Mail.objects.values_list("kind", flat=True)) == set(Mail.Kind.values)

    for told in list(Mail.objects.all()):
        assert send_mail(kind=Mail.Kind(told.kind), order_id=str(told.order_id), about=told.cause) is False

    assert len(mail.outbox) == sent == Mail.objects.count()


def ended(shop: Shop) -> list[str]:
    """The subjects of what is sent once everything has settled."""
    mail.outbox.clear()
    settled(shop)
    return [message.subject for message in mail.outbox]


def test_who_cancels_what_was_never_paid_hears_that_nothing_was_charged(shop: Shop) -> None:
    order = shop.order()
    cancel_order(order_id=order.pk, actor="customer:x")

    assert ended(shop) == [f"Your order {order.number} is cancelled"]
    assert "You were charged nothing." in " ".join(mail.outbox[0].body.split())
    settle_order(order_id=order.pk)
    assert ended(shop) == []


def test_who_did_not_pay_in_time_hears_that_the_order_has_expired(shop: Shop) -> None:
    order = shop.order()
    Order.objects.update(expires_at=timezone.now())
    expire_orders()

    assert ended(shop) == [f"Your order {order.number} has expired"]
    assert "is free again" in mail.outbox[0].body


def test_who_was_refused_by_the_warehouse_hears_of_it(shop: Shop) -> None:
    order = shop.order()
    Order.objects.update(status="reserving")
    refuse_order(order_id=order.pk, note="sold", detail="It is gone.", lines=[])

    assert ended(shop) == [f"We could not get your order {order.number}"]


def test_whose_money_goes_back_hears_only_of_that(shop: Shop) -> None:
    order = shop.paid()
    cancel_order(order_id=order.pk, actor="customer:x")

    assert ended(shop) == ["€49.90 is on its way back to you"]


def test_whose_bank_holds_the_money_hears_who_decides(shop: Shop) -> None:
    order = shop.paid()
    shop.gateway.open_dispute(str(Payment.objects.get().provider_ref))
    settled(shop)
    cancel_order(order_id=order.pk, actor="customer:x")

    assert ended(shop) == [f"Your order {order.number} is cancelled"]
    assert "Your bank decides about what you paid" in " ".join(mail.outbox[0].body.split())


def test_who_cancels_too_late_for_any_credit_hears_what_stays_charged(shop: Shop) -> None:
    CancellationTier.objects.create(hours=9000, percent=100)
    order = shop.paid(shop.rental(10, 12))
    cancel_order(order_id=order.pk, actor="customer:x")

    assert ended(shop) == [f"Your order {order.number} is cancelled"]
    assert "€27.00 stays charged" in " ".join(mail.outbox[-1].body.split())


def test_what_ended_long_ago_is_no_news(shop: Shop) -> None:
    order = shop.order()
    cancel_order(order_id=order.pk, actor="customer:x")

    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert write(Mail.Kind.ORDER_ENDED, Order.objects.get(), f"{order.pk}:cancelled") is None
    assert write(Mail.Kind.ORDER_ENDED, Order.objects.get(), f"{order.pk}:expired") is None
    assert write(Mail.Kind.ORDER_ENDED, Order.objects.get(), f"{order.pk}:cancelled") is not None


def test_both_versions_end_with_who_the_shop_is_and_where(shop: Shop, settings: Settings) -> None:
    settings.SHOP_NAME, settings.SHOP_ADDRESS = "Minka", ["Katzensteig 7", "10999 Berlin"]
    shop.paid()

    (message,) = mails(Mail.Kind.ORDER_CONFIRMED)

    assert message.body.endswith("\n-- \nMinka\nKatzensteig 7\n10999 Berlin\n")
    assert "Minka, Katzensteig 7, 10999 Berlin" in str(message.alternatives[0][0])


# What staff see of it


def test_staff_find_the_mails_of_an_order_and_read_what_they_say(shop: Shop) -> None:
    order, other = shop.paid(), shop.paid(customer=UserFactory())
    clerk, sent = desk("clerk"), Mail.objects.get(order=order)

    listed = clerk.get(address("payments_mail_changelist"), {"q": order.number}).content.decode()
    page = clerk.get(address("payments_mail_change", sent)).content.decode()

    assert (order.number in listed, other.number in listed) == (True, False)
    assert f"Your order {order.number} is confirmed" in page
    assert "everything in it is set aside for you" in page
    assert escape('<h1 style="') in page  # the letter itself, in a frame that runs nothing
    assert '<iframe class="letter" sandbox ' in page


def test_a_mail_that_would_say_nothing_now_says_so(shop: Shop) -> None:
    order = shop.order()
    cancel_order(order_id=order.pk, actor="customer:x")
    settled(shop)

    with time_machine.travel(timezone.now() + timedelta(days=3)):
        page = desk("clerk").get(address("payments_mail_change", Mail.objects.get()))

    assert "nothing would be written now" in page.content.decode()


def test_nobody_changes_a_mail(shop: Shop) -> None:
    shop.paid()
    sent, boss = Mail.objects.get(), desk("boss")

    for page in (address("payments_mail_add"), address("payments_mail_delete", sent)):
        assert boss.post(page, {"post": "yes"}).status_code == 403
    assert boss.post(address("payments_mail_change", sent), {"kind": "refund_failed"}).status_code == 403
    assert desk("catalog").get(address("payments_mail_change", sent)).status_code == 403
    assert Mail.objects.get().kind == Mail.Kind.ORDER_CONFIRMED


def test_the_list_of_mails_costs_the_same_however_long_it_is(shop: Shop, django_assert_num_queries: Any) -> None:
    order, auditor = shop.paid(), desk("auditor")
    list_ = address("payments_mail_changelist")
    auditor.get(list_)
    with CaptureQueriesContext(connection) as one:
        auditor.get(list_)
    for n in range(20):
        Mail.objects.create(kind=Mail.Kind.MONEY_RECEIVED, cause=str(n), order=order)

    with django_assert_num_queries(len(one)):
        auditor.get(list_)


def test_what_is_cancelled_is_told_with_the_money_that_goes_back(shop: Shop) -> None:
    order = shop.paid(shop.sale())
    cancel_order(order_id=order.pk, actor="customer:1")
    settled(shop)

    (message,) = mails(Mail.Kind.REFUND_UNDER_WAY)
    assert "€49.90 is on its way back" in message.body
    assert "Order cancelled" in message.body or "order cancelled" in message.body


def test_whoever_brings_it_back_early_reads_why_money_comes_back(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 6))
    rental = prepare_rental(rental_id=Rental.objects.get().pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1")
    settled(shop)
    mail.outbox.clear()

    shorten_rental(rental_id=rental.pk, end_on=shop.day(2), actor="customer:1")
    settled(shop)

    (message,) = mails(Mail.Kind.REFUND_UNDER_WAY)
    back = f"back on {words.day(shop.day(2))} already"
    assert back in message.body.lower() or back in message.body
    assert "paid more than was owed" not in message.body
    assert Refund.objects.get(payment__order=order).reason == back


def test_what_was_paid_twice_is_not_explained_by_an_older_credit(shop: Shop) -> None:
    order = shop.paid(shop.sale())
    Charge.objects.create(order=order, kind=ChargeKind.GOODWILL, amount_minor=-500, reason="a scratch", actor="staff:1")
    settle_order(order_id=order.pk)
    settled(shop)
    more = {name: F(name) + 700 for name in ("amount_minor", "captured_minor")}
    Payment.objects.filter(order=order).update(**more)

    settle_order(order_id=order.pk)

    assert sorted(Refund.objects.values_list("amount_minor", "reason")) == [
        (500, "a scratch"),
        (700, "paid more than was owed"),
    ]


def test_one_credit_that_goes_back_of_two_payments_is_told_in_one_mail_that_names_both(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))  # 27.00
    extend_rental(rental_id=Rental.objects.get().pk, end_on=shop.day(16), actor="customer:1")  # 13.00 more
    settled(shop)
    assert [payment.captured_minor for payment in order.payments.order_by("created_at")] == [2700, 1300]
    mail.outbox.clear()

    cancel_order(order_id=order.pk, actor="customer:1")
    settled(shop)

    assert Refund.objects.filter(status="succeeded").count() == 2
    (message,) = mails(Mail.Kind.REFUND_UNDER_WAY)
    assert "€40.00 is on its way back" in message.body
    for part in ("Of €27.00 paid on", "Of €13.00 paid on"):
        assert part in message.body
    Refund.objects.filter(amount_minor=1300).update(status="failed")
    (left,) = Refund.objects.filter(told_with=None)
    told = write(Mail.Kind.REFUND_UNDER_WAY, order, str(left.pk))
    assert told is not None
    assert told.headline == "€27.00 is on its way back."  # what failed goes back another way


def test_nothing_is_sent_of_what_was_rolled_back(shop: Shop) -> None:
    order = shop.order(shop.sale())

    @transaction.atomic
    def fail() -> None:
        mail_soon(Mail.Kind.ORDER_CONFIRMED, order_id=order.pk, about=order.pk)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    run_jobs()

    assert mail.outbox == []


def test_nobody_writes_to_a_closed_account(shop: Shop) -> None:
    order = shop.order(shop.sale())
    shop.customer.is_active = False
    shop.customer.save(update_fields=["is_active"])

    assert send_mail(kind=Mail.Kind.ORDER_CONFIRMED, order_id=str(order.pk), about=str(order.pk)) is False

    assert mail.outbox == []


def test_a_deposit_that_was_secured_meanwhile_is_asked_for_no_more(shop: Shop) -> None:
    order = shop.ready(shop.rental())
    about = f"{Deposit.objects.get().pk}:card_declined:"

    assert write(Mail.Kind.DEPOSIT_NEEDS_YOU, order, about) is None


def test_a_deposit_that_is_secured_anew_is_told_anew(shop: Shop) -> None:
    shop.ready(shop.rental(0, 2))
    deposit = Deposit.objects.get()
    shop.gateway.expire_hold(str(deposit.provider_ref))
    settled(shop)
    secure_deposit(deposit_id=deposit.pk)
    settled(shop)

    assert (len(mails(Mail.Kind.DEPOSIT_NEEDS_YOU)), len(mails(Mail.Kind.DEPOSIT_SECURED))) == (1, 2)


def test_a_deposit_of_a_cancelled_order_is_given_back_without_thanks_for_a_return(shop: Shop) -> None:
    order = shop.ready(shop.rental(10, 12))
    cancel_order(order_id=order.pk, actor="customer:1")
    settled(shop)

    (message,) = [sent for sent in mail.outbox if "is yours again" in sent.subject]
    assert "€40.00" in message.body
    assert "is no longer held on your card" in " ".join(message.body.split())
    assert "back and looked at" not in message.body
    assert "Thank you" not in message.body


def test_a_refund_that_failed_before_its_mail_was_sent_is_not_told_as_on_its_way(shop: Shop) -> None:
    order = shop.paid(shop.sale())
    cancel_order(order_id=order.pk, actor="customer:1")
    settled(shop)
    refund = Refund.objects.get()
    assert write(Mail.Kind.REFUND_UNDER_WAY, order, str(refund.pk)) is not None

    shop.gateway.fail_refund(str(refund.provider_ref))
    settled(shop)

    assert Refund.objects.get().status == RefundStatus.FAILED
    assert write(Mail.Kind.REFUND_UNDER_WAY, order, str(refund.pk)) is None


def test_a_second_job_of_a_cause_waits_until_the_first_has_ended(shop: Shop) -> None:
    order = shop.order(shop.sale())

    def ask() -> None:
        mail_soon(Mail.Kind.ORDER_CONFIRMED, order_id=order.pk, about=order.pk)

    def fetch() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
            worker = cursor.fetchone()
            cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(ARRAY['mail'], %s)", worker)
            return [pk for (pk,) in cursor.fetchall() if pk is not None]

    ask()
    assert len(fetch()) == 1  # one sends
    ask()

    assert len(waiting_jobs("send_mail")) == 1
    assert fetch() == []


def test_what_people_typed_is_shown_as_they_typed_it_and_never_runs(shop: Shop) -> None:
    Container.objects.update(name='<script>alert("mia")</script>\r\nBcc: all@example.com')

    shop.paid(shop.sale())

    (message,) = mails(Mail.Kind.ORDER_CONFIRMED)
    html = str(message.alternatives[0][0])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "\n" not in message.subject
    assert '<script>alert("mia")</script>' in message.body


# A mail server


class MailServer:
    """Answers RCPT with the replies it was given, one after the other, then with 250; keeps what it accepted.

    login, sender: what it answers to AUTH and MAIL, always.
    """

    def __init__(self, *replies: str, login: str = "235 ok", sender: str = "250 ok") -> None:
        self.replies, self.accepted = list(replies), 0
        self.login, self.sender = login, sender
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as wire:
                self._talk(wire)

    def _talk(self, wire: object) -> None:
        def say(line: str) -> None:
            wire.write(f"{line}\r\n".encode())  # type: ignore[attr-defined]
            wire.flush()  # type: ignore[attr-defined]

        say("220 test")
        for raw in wire:  # type: ignore[attr-defined]
            word = raw[:4].upper()
            if word == b"RCPT":
                say(self.replies.pop(0) if self.replies else "250 ok")
            elif word == b"DATA":
                say("354 go on")
                for line in wire:  # type: ignore[attr-defined]
                    if line == b".\r\n":
                        break
                self.accepted += 1
                say("250 ok")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                known = {b"EHLO": "250-test\r\n250 AUTH PLAIN", b"AUTH": self.login, b"MAIL": self.sender}
                say(known.get(word, "250 ok"))


@pytest.fixture
def order_to_mail(shop: Shop, settings: Settings) -> Order:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = "127.0.0.1", False, False
    return shop.order(shop.sale())


@pytest.fixture
def server(request: pytest.FixtureRequest, settings: Settings) -> Iterator[MailServer]:
    replies = getattr(request, "param", ())
    made = MailServer(**replies) if isinstance(replies, dict) else MailServer(*replies)
    settings.EMAIL_PORT = made.port
    yield made
    made.close()


def send_confirmation(order: Order) -> bool:
    return send_mail(kind=Mail.Kind.ORDER_CONFIRMED, order_id=str(order.pk), about=str(order.pk))


@pytest.mark.parametrize("server", [["451 try again later"]], indirect=True)
def test_a_mail_server_that_is_busy_is_asked_again(order_to_mail: Order, server: MailServer) -> None:
    with pytest.raises(SMTPException):
        send_confirmation(order_to_mail)
    assert not Mail.objects.exists()

    assert send_confirmation(order_to_mail) is True
    assert (server.accepted, Mail.objects.count()) == (1, 1)


@pytest.mark.parametrize("server", [["550 no such mailbox"]], indirect=True)
def test_an_address_that_is_refused_for_good_is_not_tried_again_and_not_logged(
    order_to_mail: Order, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    send_confirmation(order_to_mail)
    send_confirmation(order_to_mail)

    assert server.accepted == 0
    assert order_to_mail.customer.email not in caplog.text
    assert "mail_refused" in caplog.text


@pytest.mark.parametrize(
    ("server", "error"),
    [
        ({"login": "535 5.7.8 wrong password"}, SMTPAuthenticationError),
        ({"sender": "530 5.7.0 log in first"}, SMTPSenderRefused),
        ({"sender": "550 5.7.1 not your address"}, SMTPSenderRefused),
    ],
    indirect=["server"],
)
def test_settings_that_the_mail_server_refuses_lose_no_mail(
    order_to_mail: Order, server: MailServer, settings: Settings, error: type[SMTPException]
) -> None:
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "shop"
    with pytest.raises(error):
        send_confirmation(order_to_mail)
    assert not Mail.objects.exists()

    server.login, server.sender = "235 ok", "250 ok"  # somebody corrected them
    assert send_confirmation(order_to_mail) is True
    assert (server.accepted, Mail.objects.count()) == (1, 1)


def test_a_mail_server_that_is_away_is_asked_again(order_to_mail: Order, settings: Settings) -> None:
    settings.EMAIL_PORT = 9

    with pytest.raises(OSError, match="refused"):
        send_confirmation(order_to_mail)

    assert not Mail.objects.exists()
