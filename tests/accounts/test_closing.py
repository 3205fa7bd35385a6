"""Closing an account: nothing tells any more who it was, and no cent of the books is missing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import mail
from django.db import connection
from django.test import Client

from accounts.models import User
from accounts.privacy import close_account
from core.models import IdempotencyKey
from orders.models import ChargeKind, Order, Quote, Rental
from orders.services import hand_over_rental, prepare_rental, take_back_rental
from payments.models import Document, GatewayCustomer, Payment, Refund
from payments.selectors import balance, owed
from payments.services import forget_gateway_customers, start_payment
from tests.core.conftest import stranger_connection, wait_until_somebody_waits_for
from tests.core.test_problems import problem
from tests.factories.accounts import AddressFactory, CatFactory, UserFactory
from tests.factories.orders import DeliveryRateFactory
from tests.jobs import run_jobs
from tests.shop import Shop, key

ME = "/api/v1/me"
HERS = ("erika.mustermann@example.com", "Erika Mustermann", "Sofapfote", "Zwetschgenweg 17", "+49 151 555 0199")


@pytest.fixture
def erika(shop: Shop) -> User:
    """A customer of whom everything is known."""
    shop.customer.email, shop.customer.name = HERS[:2]
    shop.customer.save()
    CatFactory(owner=shop.customer, name=HERS[2])
    AddressFactory(owner=shop.customer, recipient=HERS[1], line1=HERS[3], phone=HERS[4])
    return shop.customer


def rows_that_say(*words: str) -> set[str]:
    """The tables in which any column of any row still has one of these words, whatever its case."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            for word in words:
                cursor.execute(f"SELECT 1 FROM {table} t WHERE t::text ILIKE %s LIMIT 1", [f"%{word}%"])
                if cursor.fetchone():
                    found.add(table)
    return found


def close(shop: Shop) -> Any:
    return shop.phone().delete(ME)


def test_nothing_in_the_database_tells_who_a_closed_account_was_but_the_receipts(shop: Shop, erika: User) -> None:
    shop.phone().patch(ME, {"name": HERS[1]}, format="json")
    order = shop.paid(shop.sale(), shop.rental())
    run_jobs()
    shop.phone().post(f"{ME}/cats", {"name": HERS[2]}, headers=key())
    log = LogEntry.objects.log_actions(erika.pk, [erika], CHANGE, change_message="", single_object=True)
    before = rows_that_say(*HERS)
    assert {"accounts_user", "accounts_cat", "accounts_address", "django_admin_log"} <= before

    assert close(shop).status_code == 204
    run_jobs()

    assert rows_that_say(HERS[0], HERS[2], HERS[4]) == set()
    assert rows_that_say(*HERS) <= {"payments_document"}
    assert not IdempotencyKey.objects.filter(owner=str(erika.pk)).exists()
    assert (Order.objects.exclude(address=None).exists(), Quote.objects.exclude(address=None).exists()) == (
        False,
        False,
    )
    log.refresh_from_db()
    assert log.object_repr == "Closed account"
    assert str(User.objects.get(pk=erika.pk)) == "Closed account"
    order.refresh_from_db()
    assert order.status == "cancelled"


def test_the_address_of_a_delivery_goes_with_its_customer(shop: Shop, erika: User) -> None:
    DeliveryRateFactory()
    order = shop.paid(shop.sale(), fulfilment="delivery", address_id=erika.addresses.get().pk)
    assert order.address["line1"] == HERS[3]

    close(shop)

    order.refresh_from_db()
    assert (order.address, order.quote.address) == (None, None)


def test_no_cent_is_missing_when_its_customer_is_gone(shop: Shop, erika: User) -> None:
    order = shop.paid(shop.sale(), shop.rental())
    paid, charged = Payment.objects.get().captured_minor, order.charges.total()

    close(shop)
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()

    assert (paid, Refund.objects.get().amount_minor, balance(order.pk)) == (charged, charged, 0)
    assert Refund.objects.get().status == "succeeded"
    receipt, note = Document.objects.order_by("id")
    assert (receipt.total_minor, note.total_minor) == (charged, -charged)
    assert receipt.customer["name"] == HERS[1]
    assert note.customer == receipt.customer


def test_nobody_is_written_to_once_the_account_is_closed(shop: Shop, erika: User) -> None:
    shop.paid(shop.sale())
    run_jobs()
    mail.outbox.clear()

    close(shop)
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()

    assert [letter.to for letter in mail.outbox if "shop" not in letter.to[0]] == []


def test_the_gateway_forgets_the_customer_once_nothing_can_be_paid_any_more(shop: Shop, erika: User) -> None:
    shop.paid(shop.rental())
    start_payment(order_id=shop.order().pk, customer_id=erika.pk)
    customer = GatewayCustomer.objects.get()
    assert customer.card_ref

    close(shop)

    customer.refresh_from_db()
    assert customer.card_ref == ""  # nothing is charged any more
    assert forget_gateway_customers() == 0  # a second order's payment is still open
    run_jobs()

    assert not GatewayCustomer.objects.exists()
    assert shop.gateway.retrieve(customer.provider_ref)["deleted"] is True
    assert forget_gateway_customers() == 0


def test_an_account_is_not_closed_while_a_carrier_is_out(shop: Shop, erika: User) -> None:
    order = shop.ready(shop.rental())
    rental = prepare_rental(rental_id=Rental.objects.get().pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1", note="early")

    refused = close(shop)

    told = problem(refused)
    assert (refused.status_code, told["code"]) == (409, "account_in_use")
    assert told["reasons"] == [
        f"Order {order.number}: something is still out, or not looked at yet; bring it back first."
    ]
    erika.refresh_from_db()
    assert (erika.email, erika.cats.count(), erika.is_active) == (HERS[0], 1, True)

    take_back_rental(rental_id=rental.pk, actor="staff:1", condition="A")
    assert problem(close(shop))["code"] == "account_in_use"  # until somebody has looked at it


def test_an_account_is_not_closed_while_its_customer_owes_money(shop: Shop, erika: User) -> None:
    order = shop.paid(shop.sale())
    order.charges.create(kind=ChargeKind.DAMAGE, amount_minor=1250, reason="torn", actor="staff:1")

    assert problem(close(shop))["reasons"] == [f"Order {order.number}: €12.50 is still owed; pay it first."]


def test_a_closed_account_opens_no_door(shop: Shop, erika: User) -> None:
    session = (
        Client()
        .post("/api/v1/auth/register", {"email": "mia@example.com", "password": "a long walk home"}, "application/json")
        .json()
    )
    hers = {"Authorization": f"Bearer {session['access_token']}"}
    assert Client().delete(ME, headers=hers).status_code == 204

    again = Client().delete(ME, headers=hers)
    renewed = Client().post("/api/v1/auth/refresh", {"refresh_token": session["refresh_token"]}, "application/json")
    asked = Client().get(ME, headers=hers)

    assert (again.status_code, renewed.status_code, asked.status_code) == (401, 401, 401)
    fresh = {"email": "mia@example.com", "password": "a long walk home"}
    assert Client().post("/api/v1/auth/token", fresh, "application/json").status_code == 401
    assert Client().post("/api/v1/auth/register", fresh, "application/json").status_code == 201  # as somebody new


def test_closing_again_changes_nothing(shop: Shop, erika: User) -> None:
    first = close_account(user_id=erika.pk)

    assert close_account(user_id=erika.pk).closed_at == first.closed_at


def test_the_account_of_staff_is_not_closed_by_itself(shop: Shop, erika: User) -> None:
    User.objects.filter(pk=erika.pk).update(is_staff=True)

    assert problem(close(shop))["code"] == "staff_account"


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_being_placed_is_seen_by_the_closing(shop: Shop) -> None:
    quote = shop.quote(shop.rental())
    with stranger_connection() as somebody_else, ThreadPoolExecutor(1) as threads:
        somebody_else.execute("SELECT 1 FROM orders_quote WHERE id = %s FOR UPDATE", [quote.pk])  # as place_order

        def closing() -> None:
            try:
                close_account(user_id=shop.customer.pk)
            finally:
                connection.close()

        done = threads.submit(closing)
        wait_until_somebody_waits_for(somebody_else)
        assert not done.done()
        somebody_else.rollback()
        done.result()

    assert not Quote.objects.filter(pk=quote.pk).exists()


def test_what_the_shop_knows_can_be_taken_along(shop: Shop, erika: User) -> None:
    order = shop.paid(shop.sale(), shop.rental())
    run_jobs()
    somebody_else = UserFactory()

    answer = shop.phone().get(f"{ME}/export")

    told = answer.json()
    assert answer["Content-Disposition"] == 'attachment; filename="cat-travel.json"'
    assert told["profile"]["email"] == HERS[0]
    assert [cat["name"] for cat in told["cats"]] == [HERS[2]]
    assert told["addresses"][0]["line1"] == HERS[3]
    assert [row["number"] for row in told["orders"]] == [order.number]
    (statement,) = told["statements"]
    assert sum(entry["amount_minor"] for entry in statement["entries"]) == owed(order.pk) == 0
    assert statement["documents"][0]["total_minor"] == order.total_minor
    assert somebody_else.email not in answer.content.decode()
