"""Closing an account: nothing tells any more who it was, and no cent of the books is missing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.privacy import close_account
from accounts.services import add_address, add_cat, update_profile
from core.errors import NotFound
from orders.models import CalendarFeed, ChargeKind, Order, Quote, Rental
from orders.services import (
    deliver_sale,
    expire_orders,
    extend_rental,
    hand_over_rental,
    prepare_rental,
    prepare_sale,
    take_back_rental,
)
from payments.models import Document, GatewayCustomer, Payment, Refund
from payments.selectors import balance, owed
from payments.services import apply_payment, forget_gateway_customers, process_event, start_payment
from payments.services.collecting import close_payment
from sandbox.stripe.client import InProcessHTTPClient
from tests.core.conftest import stranger_connection, wait_until_somebody_waits_for
from tests.core.test_problems import problem
from tests.factories.accounts import AddressFactory, CatFactory, DeviceFactory, UserFactory
from tests.factories.orders import DeliveryRateFactory, OrderFactory, RentalFactory, SaleLineFactory, waiting_for
from tests.jobs import forget_jobs, run_jobs, waiting_jobs
from tests.payments.between import Denying
from tests.shop import Shop, key

ME = "/api/v1/me"
MEASURES = {"length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4200}
CAT = {"name": "", **MEASURES}
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
    """The tables in which any row still has one of these words: as it is stored, and with what is sealed opened."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            for word in words:
                cursor.execute(f"SELECT 1 FROM {table} t WHERE t::text ILIKE %s LIMIT 1", [f"%{word}%"])
                if cursor.fetchone():
                    found.add(table)
    for model in apps.get_models():
        told = repr(list(model._base_manager.values())).casefold()
        if any(word.casefold() in told for word in words):
            found.add(model._meta.db_table)
    return found


def close(shop: Shop) -> Any:
    return shop.phone().delete(ME)


def test_nothing_in_the_database_tells_who_a_closed_account_was_but_the_receipts(shop: Shop, erika: User) -> None:
    DeliveryRateFactory()
    home = erika.addresses.get().pk
    shop.phone().patch(ME, {"name": HERS[1]}, format="json")
    shop.phone().post(f"{ME}/cats", {**CAT, "name": HERS[2]}, headers=key())
    shop.phone().post(f"{ME}/calendar")
    orders = [shop.paid(shop.sale(), fulfilment="delivery", address_id=home), shop.paid(shop.rental())]
    shop.quote(shop.sale(), fulfilment="delivery", address_id=home)
    DeviceFactory(owner=erika, name=f"{HERS[1]}'s phone")
    place = waiting_for(shop, customer=erika, days=(3, 5))
    log = LogEntry.objects.log_actions(erika.pk, [erika], CHANGE, change_message="", single_object=True)
    assert rows_that_say(*HERS) == {
        *("accounts_user", "accounts_cat", "accounts_address", "accounts_device", "django_admin_log"),
        "core_idempotencykey",
        *("orders_order", "orders_quote", "payments_document"),
    }

    assert close(shop).status_code == 204
    run_jobs()

    assert rows_that_say(HERS[0], HERS[2], HERS[4]) == set()
    assert rows_that_say(*HERS) == {"payments_document"}
    assert not CalendarFeed.objects.exists()
    place.refresh_from_db()
    assert place.status == "withdrawn"
    assert not Quote.objects.filter(order=None).exists()
    log.refresh_from_db()
    assert log.object_repr == "Closed account"
    erika.refresh_from_db()
    assert (str(erika), erika.has_usable_password()) == ("Closed account", False)
    assert [Order.objects.get(pk=order.pk).status for order in orders] == ["cancelled", "cancelled"]


def test_the_numbers_of_parcels_are_forgotten_as_carriers_know_whose_they_are(shop: Shop, erika: User) -> None:
    number = "00340434161094042557"
    order = OrderFactory(completed=True, customer=erika)
    SaleLineFactory(order=order, status="shipped", carrier="DHL", tracking_number=number)
    RentalFactory(
        line__order=order, returned=True, status="closed", carrier="DHL", tracking_number=number,
        return_carrier="DHL", return_tracking_number=number, posted_back_at=timezone.now(),
    )  # fmt: skip
    assert rows_that_say(number) == {"orders_orderline", "orders_rental"}

    assert close(shop).status_code == 204

    assert rows_that_say(number) == set()


def test_receipts_are_written_while_it_is_known_to_whom(shop: Shop, erika: User) -> None:
    order = shop.order()
    shop.pay(order)
    shop.deliver_webhooks()
    for _, arguments in waiting_jobs("payments.process_event"):
        process_event(**arguments)
    forget_jobs()
    assert not Document.objects.exists()

    close(shop)

    assert [document.customer["name"] for document in Document.objects.all()] == [HERS[1], HERS[1]]


def test_who_has_no_name_is_not_called_by_an_e_mail_address_on_paper(shop: Shop) -> None:
    User.objects.filter(pk=shop.customer.pk).update(name="")
    shop.paid(shop.sale())

    assert Document.objects.get().customer == {"name": "Customer", "address": []}


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


def test_money_that_comes_after_the_closing_goes_back(shop: Shop, erika: User) -> None:
    order = shop.order(shop.rental())
    shop.pay(order)
    shop.lapse(order)
    expire_orders()
    assert close(shop).status_code == 204

    shop.deliver_webhooks()
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()

    order.refresh_from_db()
    assert (order.status, balance(order.pk)) == ("expired", 0)
    assert Refund.objects.get().status == "succeeded"
    assert GatewayCustomer.objects.filter(user=erika).exclude(card_ref="").count() == 0


def test_a_card_is_not_kept_for_who_is_gone(shop: Shop, erika: User) -> None:
    order = shop.order(shop.rental())
    payment = shop.pay(order)
    close(shop)

    apply_payment(provider_ref=str(payment.provider_ref))

    assert GatewayCustomer.objects.get().card_ref == ""


def test_one_customer_whom_the_gateway_keeps_does_not_keep_the_others(
    shop: Shop, erika: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for user in (erika, UserFactory()):
        start_payment(order_id=shop.order(customer=user).pk, customer_id=user.pk)
        close_account(user_id=user.pk)
    for payment in Payment.objects.all():
        close_payment(payment)
    settings.STRIPE_HTTP_CLIENT = Denying(shop.gateway, 400)

    assert forget_gateway_customers() == 0

    assert caplog.text.count("gateway_customer_not_forgotten") == 2  # both were asked for
    settings.STRIPE_HTTP_CLIENT = InProcessHTTPClient(shop.gateway)
    assert forget_gateway_customers() == 2


def test_an_account_is_not_closed_while_a_carrier_is_out(shop: Shop, erika: User) -> None:
    order = shop.ready(shop.rental())
    rental = prepare_rental(rental_id=Rental.objects.get().pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1", note="early")

    refused = close(shop)

    told = problem(refused)
    assert (refused.status_code, told["code"]) == (409, "account_in_use")
    assert told["reasons"] == [f"Order {order.number}: something is still out; it has to be here first."]
    erika.refresh_from_db()
    assert (erika.email, erika.cats.count(), erika.is_active) == (HERS[0], 1, True)

    take_back_rental(rental_id=rental.pk, actor="staff:1", condition="A")
    assert problem(close(shop))["code"] == "account_in_use"  # until somebody has looked at it


def test_what_waits_at_the_depot_is_not_to_be_brought_back(shop: Shop, erika: User) -> None:
    order = shop.paid(shop.sale(), shop.sale())
    line = order.lines.earliest("position")
    prepare_sale(line_id=line.pk, actor="staff:1")
    deliver_sale(line_id=line.pk, actor="staff:1")

    (reason,) = problem(close(shop))["reasons"]

    assert reason.endswith("a part of it still waits for you at the depot; fetch it, or ask us to call it off.")


def collected(shop: Shop) -> Order:
    order = shop.paid(shop.sale())
    prepare_sale(line_id=order.lines.get().pk, actor="staff:1")
    deliver_sale(line_id=order.lines.get().pk, actor="staff:1")
    return order


def test_an_account_is_not_closed_while_its_customer_owes_money(shop: Shop, erika: User) -> None:
    order = collected(shop)
    order.charges.create(kind=ChargeKind.DAMAGE, amount_minor=1250, reason="torn", actor="staff:1")

    assert problem(close(shop))["reasons"] == [f"Order {order.number}: €12.50 is still owed; pay it first."]


def test_what_is_credited_with_the_account_need_not_be_paid_first(shop: Shop, erika: User) -> None:
    order = shop.paid(shop.rental(10, 12))
    extend_rental(rental_id=Rental.objects.get().pk, end_on=shop.day(16), actor="customer:1")
    assert owed(order.pk) > 0

    assert close(shop).status_code == 204


def test_an_account_is_not_closed_while_its_bank_asks_money_back(shop: Shop, erika: User) -> None:
    order = collected(shop)
    shop.gateway.open_dispute(str(Payment.objects.get().provider_ref))
    shop.deliver_webhooks()
    run_jobs()
    assert owed(order.pk) == 0

    (reason,) = problem(close(shop))["reasons"]

    assert reason == f"Order {order.number}: your bank has not decided yet about money that it asked back."


def test_an_account_is_not_closed_while_its_money_cannot_be_given_back(shop: Shop, erika: User) -> None:
    order = shop.order(shop.sale())
    shop.pay(order, "pm_card_refundFail")
    shop.deliver_webhooks()
    run_jobs()
    shop.phone().post(f"/api/v1/orders/{order.number}/cancel", {"reason": ""}, headers=key())
    for _ in range(2):
        run_jobs()
        shop.deliver_webhooks()
    run_jobs()

    (reason,) = problem(close(shop))["reasons"]

    assert reason.endswith("money could not be given back to your card; tell us where it shall go.")


@pytest.mark.parametrize(
    "write",
    [
        lambda user: update_profile(user_id=user.pk, name=HERS[1]),
        lambda user: add_cat(owner=user, name=HERS[2], **MEASURES),
        lambda user: add_address(owner=user, recipient=HERS[1], line1="x", postal_code="10115", city="x", country="DE"),
    ],
)
def test_nothing_is_written_into_a_closed_account(shop: Shop, erika: User, write: Callable[[User], object]) -> None:
    """As a request does that had been let in before and waited."""
    close_account(user_id=erika.pk)

    with pytest.raises(NotFound):
        write(erika)

    assert rows_that_say(*HERS) == set()


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
    shop.quote()
    somebody_else = UserFactory()

    answer = shop.phone().get(f"{ME}/export")

    told = answer.json()
    assert answer["Content-Disposition"] == 'attachment; filename="cat-travel.json"'
    assert told["profile"]["email"] == HERS[0]
    assert [cat["name"] for cat in told["cats"]] == [HERS[2]]
    assert told["addresses"][0]["line1"] == HERS[3]
    assert [row["number"] for row in told["orders"]] == [order.number]
    assert [row["event"] for row in told["orders"][0]["history"]][:1] == ["place"]
    assert sum(row["amount_minor"] for row in told["charges"]) == order.total_minor
    assert [row["captured_minor"] for row in told["payments"]] == [order.total_minor]
    assert [row["status"] for row in told["deposits"]] == ["planned"]
    assert told["documents"][0]["total_minor"] == order.total_minor
    assert (len(told["quotes"]), told["card_is_kept"]) == (1, True)
    assert somebody_else.email not in answer.content.decode()


def test_an_export_costs_the_same_however_much_there_is(shop: Shop, erika: User) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert shop.phone().get(f"{ME}/export").status_code == 200
        return len(captured)

    shop.paid(shop.sale(), shop.rental())
    shop.quote()
    few = statements()
    for _ in range(2):
        shop.paid(shop.sale(), shop.rental())
        shop.quote()

    assert statements() == few


def test_a_closed_account_is_not_exported(shop: Shop, erika: User) -> None:
    phone = shop.phone()
    close_account(user_id=erika.pk)

    assert phone.get(f"{ME}/export").status_code == 401
