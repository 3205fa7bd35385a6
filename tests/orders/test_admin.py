"""The staff pages of orders: found quickly, told completely, moved only by steps that ask first."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from inventory.models import Unit
from inventory.states import UnitStatus
from orders.models import DeliveryRate, Fulfilment, Order, OrderLine, Rental
from orders.states import OrderStatus, RentalStatus, SaleStatus
from tests.factories.accounts import AddressFactory, UserFactory
from tests.factories.inventory import UnitFactory
from tests.factories.orders import (
    ChargeFactory,
    DeliveryRateFactory,
    OrderEventFactory,
    OrderFactory,
    QuoteFactory,
    RentalFactory,
    RentalLineFactory,
    SaleLineFactory,
)
from tests.orders.desk import address, desk, desk_of, said, who
from tests.shop import Shop

pytestmark = pytest.mark.django_db

STEPS = ("prepare", "hand_over", "take_back", "inspect")
FINISHED = {"prepare": {}, "hand_over": {"early": "on"}, "take_back": {"condition": "B"}, "inspect": {"fit": "yes"}}


def scanned(rental: Rental) -> dict[str, str]:
    """What a clerk fills in who hands over the unit that stands ready."""
    unit = Rental.objects.select_related("unit").get(pk=rental.pk).unit
    return {"serial": unit.serial if unit else "", "condition": "A", "note": "All points are in order."}


@pytest.fixture
def boss() -> Client:
    return desk("boss")


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        text_of(client.get(url))
    return len(captured)


def step(client: Client, name: str, part: Any, **typed: Any) -> Any:
    kind = "orderline" if isinstance(part, OrderLine) else "rental"
    return client.post(address(f"orders_{kind}_{name}", part), typed)


def walk(client: Client, rental: Rental, *steps: str) -> Rental:
    for name in steps:
        typed = FINISHED[name] | (scanned(rental) if name == "hand_over" else {})
        assert step(client, name, rental, **typed).status_code == 302
    return Rental.objects.get(pk=rental.pk)


# The pages


def test_every_list_and_every_page_opens(boss: Client) -> None:
    order = OrderFactory(confirmed=True)
    rental, line = RentalFactory(line__order=order), SaleLineFactory(order=order)
    pages = [("order", order), ("rental", rental), ("orderline", line), ("quote", order.quote)]
    pages.append(("deliveryrate", DeliveryRateFactory()))

    for model, row in pages:
        assert boss.get(address(f"orders_{model}_changelist")).status_code == 200
        assert boss.get(address(f"orders_{model}_change", row)).status_code == 200
        assert boss.get(address(f"orders_{model}_history", row)).status_code == 200


def test_an_empty_shop_has_pages_too(boss: Client) -> None:
    for model in ("order", "rental", "orderline", "quote", "deliveryrate"):
        assert boss.get(address(f"orders_{model}_changelist")).status_code == 200


@pytest.mark.parametrize("model", ["order", "rental", "orderline", "quote"])
def test_a_list_costs_the_same_however_long_it_is(boss: Client, model: str) -> None:
    def more(count: int) -> None:
        for _ in range(count):
            order = OrderFactory(confirmed=True)
            RentalFactory(line__order=order, out=True, days=(-5, -2))
            SaleLineFactory(order=order)

    more(3)
    url = address(f"orders_{model}_changelist")
    queries(boss, url)  # what is asked once only: content types, the session
    few = queries(boss, url)
    more(27)

    assert queries(boss, url) == few <= 12


def test_an_order_page_costs_the_same_however_much_happened(boss: Client) -> None:
    order = OrderFactory(confirmed=True)
    url = address("orders_order_change", order)

    def more(count: int) -> None:
        for _ in range(count):
            RentalFactory(line__order=order, out=True)
            ChargeFactory(order=order, actor=f"staff:{UserFactory().pk}")
            OrderEventFactory(order=order, actor=f"staff:{UserFactory().pk}")

    more(1)
    queries(boss, url)
    few = queries(boss, url)
    more(5)

    assert queries(boss, url) == few <= 22


def test_an_order_is_found_by_its_number_its_customer_and_a_sku(boss: Client) -> None:
    mine = OrderFactory(customer__email="mia@example.com", confirmed=True)
    other = OrderFactory()
    SaleLineFactory(order=mine, variant__sku="CABIN-9")
    SaleLineFactory(order=mine, variant__sku="CABIN-10")

    for asked in (mine.number, mine.number[-4:].lower(), "MIA@example", "cabin-"):
        found = text_of(boss.get(address("orders_order_changelist"), {"q": asked}))
        assert (found.count(f"/order/{mine.pk}/change/"), other.number in found) == (1, False), asked


def test_orders_are_filtered_by_status_depot_fulfilment_and_day(boss: Client) -> None:
    paid = OrderFactory(confirmed=True, fulfilment=Fulfilment.DELIVERY)
    unpaid = OrderFactory()
    today = f"{paid.placed_at:%Y-%m-%d}"

    for query, expected in [
        ({"status__exact": "confirmed"}, (True, False)),
        ({"depot__id__exact": paid.depot_id}, (True, False)),
        ({"fulfilment__exact": "delivery"}, (True, False)),
        ({"placed_at_from": today, "placed_at_to": today}, (True, True)),
        ({"placed_at_to": "2020-01-01"}, (False, False)),
        ({"placed_at_from": "nonsense"}, (True, True)),
    ]:
        found = text_of(boss.get(address("orders_order_changelist"), query))
        assert (paid.number in found, unpaid.number in found) == expected, query


def test_money_is_shown_in_the_currency_of_its_order(boss: Client) -> None:
    OrderFactory(currency="EUR", total_minor=4990)
    OrderFactory(currency="JPY", total_minor=4990)

    shown = text_of(boss.get(address("orders_order_changelist")))

    assert "€49.90" in shown
    assert "¥4,990" in shown


def test_only_an_unpaid_order_shows_until_when_it_can_be_paid(boss: Client) -> None:
    unpaid, paid = OrderFactory(), OrderFactory(confirmed=True)

    assert "Pay until" in text_of(boss.get(address("orders_order_change", unpaid)))
    assert "Pay until" not in text_of(boss.get(address("orders_order_change", paid)))


def test_the_page_of_an_order_tells_everything(boss: Client, shop: Shop) -> None:
    DeliveryRateFactory(amount_minor=690)
    home = AddressFactory(owner=shop.customer)
    order = shop.paid(shop.sale(2), shop.rental(), fulfilment="delivery", address_id=home.pk)

    page = text_of(boss.get(address("orders_order_change", order)))

    for told in (
        order.number,
        "Minkaro",
        "BAG-1",
        "CRATE-1",
        "7 days, no unit yet",
        "€99.80",  # two bags
        "€40.00",  # seven days at the price of eight
        "€6.90",  # the delivery
        "€146.70",
        "Lindenweg 7",
        "Held by the warehouse",
        "Paid",
        "Payment gateway",
        escape(str(shop.customer)),
        f"/admin/payments/payment/?q={order.number}",
    ):
        assert told in page, told


def test_nothing_of_an_order_is_added_changed_or_deleted_by_a_form(boss: Client) -> None:
    order = OrderFactory(confirmed=True)
    rows = {"order": order, "rental": RentalFactory(line__order=order), "orderline": SaleLineFactory(order=order)}
    rows["quote"] = QuoteFactory()

    for model, row in rows.items():
        page = address(f"orders_{model}_change", row)
        assert boss.post(page, {"status": "cancelled"}).status_code == 403
        assert boss.post(address(f"orders_{model}_delete", row), {"post": "yes"}).status_code == 403
        assert boss.get(address(f"orders_{model}_add")).status_code == 403
        listed = text_of(boss.get(address(f"orders_{model}_changelist")))
        assert "delete_selected" not in listed
        boss.post(
            address(f"orders_{model}_changelist"),
            {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"},
        )
        row.refresh_from_db()


# Cancelling


def test_an_order_is_cancelled_with_a_reason_that_its_history_keeps(boss: Client, shop: Shop) -> None:
    order = shop.order()
    asked = text_of(boss.get(address("orders_order_cancel", order)))

    response = boss.post(address("orders_order_cancel", order), {"reason": "Asked for on the phone."})

    order.refresh_from_db()
    event = order.events.get(event="cancel", subject="")
    assert order.status == OrderStatus.CANCELLED
    assert (event.note, event.actor) == ("Asked for on the phone.", who(boss))
    assert order.number in said(response)
    assert "cannot be undone" in asked
    assert order.charges.total() == 0


def test_an_order_is_not_cancelled_without_a_reason_nor_by_looking(boss: Client) -> None:
    order = OrderFactory()

    looked = boss.get(address("orders_order_cancel", order))
    sent = boss.post(address("orders_order_cancel", order), {"reason": "  "})

    order.refresh_from_db()
    assert (looked.status_code, order.status) == (200, OrderStatus.PENDING_PAYMENT)
    assert "This field is required." in text_of(sent)


def test_a_refusal_is_said_beside_what_was_typed(boss: Client, shop: Shop) -> None:
    order = shop.ready(shop.sale(), shop.rental())
    walk(boss, Rental.objects.get(), "prepare", "hand_over")

    answer = boss.post(address("orders_order_cancel", order), {"reason": "Changed their mind."})

    order.refresh_from_db()
    assert order.status == OrderStatus.CONFIRMED
    assert "Something of this order was handed over" in text_of(answer)
    assert "Changed their mind." in text_of(answer)


def test_selected_orders_are_cancelled_together_and_each_refusal_is_said(boss: Client, shop: Shop) -> None:
    first, second, over = shop.order(), shop.order(), OrderFactory(completed=True)
    chosen = {"action": "cancel_selected", "_selected_action": [first.pk, second.pk, over.pk]}
    url = address("orders_order_changelist")

    asked = text_of(boss.post(url, chosen))
    unchanged = Order.objects.filter(status=OrderStatus.CANCELLED).count()
    boss.post(url, {**chosen, "reason": ""})
    answer = boss.post(url, {**chosen, "reason": "The depot is flooded."})

    assert "Cancel 3 orders?" in asked
    assert unchanged == 0
    assert set(Order.objects.filter(status=OrderStatus.CANCELLED)) == {first, second}
    assert f"{over.number}: Cannot cancel what is completed." in said(answer)


# The counter: rentals


def test_a_rental_goes_from_the_shelf_to_the_customer_and_back(boss: Client, shop: Shop) -> None:
    order = shop.ready(shop.rental())
    rental = Rental.objects.get()

    ready = walk(boss, rental, "prepare")
    assert (ready.status, ready.unit.serial) == (RentalStatus.READY, "CRATE-1-1")
    out = walk(boss, rental, "hand_over")
    assert (out.status, Unit.objects.get(serial="CRATE-1-1").status) == (RentalStatus.OUT, UnitStatus.OUT)
    step(boss, "take_back", rental, condition="C", note="A claw mark on the door.")
    report = Rental.objects.get().condition_report
    assert (report["handed_over_condition"], report["returned_condition"]) == ("A", "C")
    assert report["returned_note"] == "A claw mark on the door."
    closed = walk(boss, rental, "inspect")
    assert (closed.status, Unit.objects.get(serial="CRATE-1-1").status) == (RentalStatus.CLOSED, UnitStatus.AVAILABLE)

    steps = order.events.filter(subject=f"rental {rental.pk}").values_list("event", "actor")
    assert list(steps) == [(event, who(boss)) for event in ("prepare", "hand_over", "take_back", "close")]
    page = text_of(boss.get(address("orders_rental_change", rental)))
    for told in ("Prepared", "Handed over", "Taken back", "Inspected and closed", "C: clear traces", "A claw mark"):
        assert told in page


def test_the_clerk_chooses_the_unit_by_its_serial(boss: Client, shop: Shop) -> None:
    shop.ready(shop.rental())
    rental = Rental.objects.get()
    offered = text_of(boss.get(address("orders_rental_prepare", rental)))

    response = step(boss, "prepare", rental, serial=" CRATE-1-3 ")

    assert "CRATE-1-2" in offered
    assert Rental.objects.get().unit.serial == "CRATE-1-3"
    assert "CRATE-1-3 is set aside" in said(response)


def test_the_clerk_puts_a_wrong_unit_back_and_chooses_another(boss: Client, shop: Shop) -> None:
    shop.ready(shop.rental())
    rental = Rental.objects.get()
    step(boss, "prepare", rental, serial="CRATE-1-3")
    assert address("orders_rental_put_back", rental) in text_of(boss.get(address("orders_rental_change", rental)))

    response = step(boss, "put_back", rental, note="wrong colour")

    assert "CRATE-1-3 is free again" in said(response)
    assert Rental.objects.get().status == RentalStatus.BOOKED
    page = text_of(boss.get(address("orders_rental_change", rental)))
    assert "Put back" in page
    assert address("orders_rental_put_back", rental) not in page


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("prepare", {"serial": "NO-SUCH"}, "There is no unit NO-SUCH."),
        (
            "hand_over",
            {"serial": "X", "condition": "A", "early": "on"},
            "Cannot hand over what is booked.",
        ),
        ("take_back", {"condition": "A"}, "Cannot take back what is booked."),
        ("take_back", {"condition": "E"}, "E is not one of the available choices."),
        ("take_back", {}, "Say in which condition it came back."),
        ("inspect", {"fit": "yes"}, "Cannot close what is booked."),
        ("inspect", {}, "Say what becomes of the unit."),
    ],
)
def test_a_step_that_cannot_be_taken_says_why(boss: Client, shop: Shop, name: str, typed: Any, told: str) -> None:
    shop.ready(shop.rental())

    answer = step(boss, name, Rental.objects.get(), **typed)

    assert escape(told) in text_of(answer)
    assert Rental.objects.get().status == RentalStatus.BOOKED


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ({"variant__sku": "OTHER-1"}, "X-1 is another thing: OTHER-1."),
        ({"depot__code": "MUC"}, "X-1 is at another depot: Depot MUC."),
        ({"status": UnitStatus.MAINTENANCE}, "X-1 is not on the shelf: maintenance."),
    ],
)
def test_a_unit_that_does_not_fit_a_rental_says_why(boss: Client, shop: Shop, unit: Any, told: str) -> None:
    shop.ready(shop.rental())
    here = {"variant": shop.crate} if "variant__sku" not in unit else {}
    there = {"depot": shop.depot} if "depot__code" not in unit else {}
    UnitFactory(serial="X-1", **here, **there, **unit)

    assert told in text_of(step(boss, "prepare", Rental.objects.get(), serial="X-1"))


def test_a_unit_that_is_promised_to_another_rental_is_called_so(boss: Client, shop: Shop) -> None:
    first, second = shop.ready(shop.rental()), shop.paid(shop.rental())
    step(boss, "prepare", Rental.objects.get(line__order=first), serial="CRATE-1-2")

    told = text_of(step(boss, "prepare", Rental.objects.get(line__order=second), serial="CRATE-1-2"))

    assert "CRATE-1-2 is down or stands ready for somebody else on these days." in told


@pytest.mark.parametrize("name", ["hand_over", "put_back", "take_back", "inspect"])
def test_a_step_that_cannot_be_taken_is_not_asked_about(boss: Client, name: str) -> None:
    rental = RentalFactory()

    answer = boss.get(address(f"orders_rental_{name}", rental))

    assert answer["Location"] == address("orders_rental_change", rental)
    assert said(answer) == "That cannot be done now: it is booked."


def test_handing_over_before_the_rental_begins_must_be_meant(boss: Client) -> None:
    ahead, today = RentalFactory(ready=True, days=(3, 9)), RentalFactory(ready=True, days=(0, 9))
    url = address("orders_rental_hand_over", ahead)

    asked, refused = text_of(boss.get(url)), text_of(boss.post(url, scanned(ahead)))
    meant = boss.post(url, scanned(ahead) | {"early": "on"})
    due = boss.post(address("orders_rental_hand_over", today), scanned(today))

    assert "Yes, 3 days before the rental begins" in asked
    assert "The rental has not begun." in refused
    assert (meant.status_code, due.status_code) == (302, 302)


def test_a_sale_of_several_pieces_says_what_one_costs_and_what_all_cost(boss: Client) -> None:
    page = text_of(boss.get(address("orders_orderline_change", SaleLineFactory(quantity=2))))

    for told in ("Price of one", "€49.90", "Together", "€99.80"):
        assert told in page


def test_every_history_begins_with_what_happened_last(boss: Client) -> None:
    rental = RentalFactory(ready=True, days=(0, 3))
    walk(boss, rental, "hand_over", "take_back")

    page = text_of(boss.get(address("orders_rental_change", rental)))
    log = text_of(boss.get(address("orders_rental_history", rental)))

    assert page.index("<b>Taken back</b>") < page.index("<b>Handed over</b>")
    assert log.index("and goes to cleaning") < log.index(" is with ")


def test_a_quote_is_called_by_its_day_and_price(boss: Client) -> None:
    quote = QuoteFactory()

    page = text_of(boss.get(address("orders_quote_change", quote)))

    assert "for €49.90" in page
    assert str(quote.pk) not in page.partition("<body")[2].partition("content-main")[0].replace(f"/{quote.pk}/", "")


def test_a_unit_that_needs_work_goes_to_maintenance(boss: Client, shop: Shop) -> None:
    shop.ready(shop.rental())
    rental = walk(boss, Rental.objects.get(), "prepare", "hand_over", "take_back")

    step(boss, "inspect", rental, fit="no", note="The latch is loose.")

    assert Unit.objects.get(serial="CRATE-1-1").status == UnitStatus.MAINTENANCE


def test_a_step_returns_to_where_it_was_asked_for_and_nowhere_else(boss: Client, shop: Shop) -> None:
    order = shop.ready(shop.rental(), shop.rental())
    one, two = Rental.objects.all()
    listed = "http://testserver" + address("orders_order_change", order)

    asked = text_of(boss.get(address("orders_rental_prepare", one), headers={"Referer": listed}))
    ours = step(boss, "prepare", one, next=listed)
    theirs = step(boss, "prepare", two, next="https://evil.example/")

    assert f'name="next" value="{listed}"' in asked
    assert ours["Location"] == listed
    assert theirs["Location"] == address("orders_rental_change", two)


@pytest.mark.parametrize(
    ("work", "held"),
    [
        ("", {"today", "ahead", "due", "overdue", "inspect"}),
        ("today", {"today"}),
        ("ahead", {"ahead"}),
        ("due", {"due"}),
        ("overdue", {"overdue"}),
        ("inspect", {"inspect"}),
        ("all", {"today", "ahead", "due", "overdue", "inspect", "closed", "unpaid"}),
    ],
)
def test_the_worklists_hold_what_is_to_be_done(boss: Client, work: str, held: set[str]) -> None:
    rentals = {
        "today": RentalFactory(days=(0, 3), ready=True),
        "ahead": RentalFactory(days=(2, 5)),
        "due": RentalFactory(days=(-3, 0), out=True),
        "overdue": RentalFactory(days=(-5, -2), out=True),
        "inspect": RentalFactory(days=(-5, -1), returned=True),
        "closed": RentalFactory(days=(-9, -5), status=RentalStatus.CLOSED),
        "unpaid": RentalFactory(days=(0, 3), line=RentalLineFactory(order=OrderFactory())),
    }

    shown = text_of(boss.get(address("orders_rental_changelist"), {"work": work} if work else {}))

    assert {name for name, rental in rentals.items() if f"/rental/{rental.pk}/change/" in shown} == held


def test_the_worklist_names_the_next_step_and_says_what_is_late(boss: Client) -> None:
    booked, out = RentalFactory(days=(0, 3)), RentalFactory(days=(-5, -2), out=True)

    shown = text_of(boss.get(address("orders_rental_changelist")))

    assert address("orders_rental_prepare", booked) in shown
    assert address("orders_rental_take_back", out) in shown
    assert address("orders_rental_hand_over", booked) not in shown
    assert "Overdue 2 days" in shown


def test_a_rental_is_found_by_its_unit_and_its_order_even_when_it_is_over(boss: Client) -> None:
    over = RentalFactory(days=(-9, -5), status=RentalStatus.CLOSED, with_unit=True)
    RentalFactory(days=(0, 3))

    for asked in (over.unit.serial, over.line.order.number):
        found = text_of(boss.get(address("orders_rental_changelist"), {"q": asked}))
        assert f"/rental/{over.pk}/change/" in found


# The counter: sales


def test_a_sale_is_packed_and_collected(boss: Client, shop: Shop) -> None:
    order = shop.paid()
    line = OrderLine.objects.get()

    step(boss, "pack", line)
    packed = OrderLine.objects.get().status
    response = step(boss, "deliver", line, note="Showed the number.")

    assert (packed, OrderLine.objects.get().status) == (SaleStatus.READY, SaleStatus.COLLECTED)
    assert order.events.get(event="collect").note == "Showed the number."
    assert "was handed over" in said(response)


def test_a_delivery_is_shipped(boss: Client, shop: Shop) -> None:
    DeliveryRateFactory()
    home = AddressFactory(owner=shop.customer)
    shop.paid(fulfilment="delivery", address_id=home.pk)
    line = OrderLine.objects.get()
    step(boss, "pack", line)

    asked = text_of(boss.get(address("orders_orderline_deliver", line)))
    step(boss, "deliver", line, note="Tracking 1Z 999")

    assert "Ship 1" in asked
    assert OrderLine.objects.get().status == SaleStatus.SHIPPED


def test_the_sales_list_leaves_rentals_out(boss: Client) -> None:
    sale, rental = SaleLineFactory(), RentalFactory()

    shown = text_of(boss.get(address("orders_orderline_changelist"), {"work": "all"}))

    assert f"/orderline/{sale.pk}/change/" in shown
    assert str(rental.line_id) not in shown


# Rights


@pytest.mark.parametrize(
    ("group", "opens", "handles", "cancels"),
    [
        ("clerk", 200, True, True),
        ("refunds", 200, False, False),
        ("auditor", 200, False, False),
        ("catalog", 403, False, False),
    ],
)
def test_each_group_sees_and_does_what_it_may(group: str, opens: int, handles: bool, cancels: bool) -> None:
    order = OrderFactory(confirmed=True)
    rental, sale = RentalFactory(line__order=order), SaleLineFactory(order=order)
    who_asks = desk(group)

    page = who_asks.get(address("orders_order_change", order))
    listed = who_asks.get(address("orders_order_changelist"))
    shown = page.content.decode() + listed.content.decode()
    work = who_asks.get(address("orders_rental_changelist")).content.decode()

    assert (page.status_code, listed.status_code) == (opens, opens)
    assert (address("orders_order_cancel", order) in shown) is cancels
    assert ("cancel_selected" in shown) is cancels
    for button in (address("orders_rental_prepare", rental), address("orders_orderline_pack", sale)):
        assert (button in shown) is handles
    assert (address("orders_rental_prepare", rental) in work) is handles


@pytest.mark.parametrize("group", ["refunds", "auditor", "catalog"])
def test_a_step_cannot_be_forced_by_who_may_not_take_it(group: str) -> None:
    order = OrderFactory(confirmed=True)
    rental, sale = RentalFactory(line__order=order), SaleLineFactory(order=order)
    who_asks = desk(group)

    answers = [step(who_asks, name, rental, **FINISHED[name]).status_code for name in STEPS]
    answers += [step(who_asks, name, sale).status_code for name in ("pack", "deliver")]
    answers.append(who_asks.post(address("orders_order_cancel", order), {"reason": "x"}).status_code)
    chosen = {"action": "cancel_selected", "_selected_action": order.pk, "reason": "x"}
    who_asks.post(address("orders_order_changelist"), chosen)

    assert answers == [403] * 7
    assert Order.objects.get().status == OrderStatus.CONFIRMED
    assert Rental.objects.get().status == RentalStatus.BOOKED


def test_customers_and_strangers_are_sent_to_the_login() -> None:
    order = OrderFactory()

    for client in (Client(), desk_of(UserFactory())):
        for name in ("orders_order_change", "orders_order_cancel"):
            answer = client.post(address(name, order), {"reason": "x"})
            assert answer["Location"].startswith(address("login"))
    assert Order.objects.get().status == OrderStatus.PENDING_PAYMENT


def test_a_clerk_takes_the_steps(shop: Shop) -> None:
    clerk = desk("clerk")
    order = shop.ready(shop.rental())

    walk(clerk, Rental.objects.get(), *STEPS)

    assert order.events.get(event="close").actor == who(clerk)


def test_a_step_about_nothing_is_not_found(boss: Client) -> None:
    for nothing in ("00000000-0000-7000-8000-000000000000", "no-id"):
        assert boss.get(address("orders_order_cancel", nothing)).status_code == 404


# Delivery rates


def test_a_delivery_rate_is_typed_as_a_decimal(boss: Client) -> None:
    sent = {"country": "de", "currency": "eur", "amount_minor": "4,90", "out_days": "1", "back_days": "3"}

    assert boss.post(address("orders_deliveryrate_add"), sent).status_code == 302

    rate = DeliveryRate.objects.get()
    assert (rate.out_days, rate.back_days, rate.takes_returns) == (1, 3, False)
    assert (rate.country, rate.currency, rate.amount_minor) == ("DE", "EUR", 490)
    assert "€4.90" in text_of(boss.get(address("orders_deliveryrate_changelist")))
    assert 'value="4.90"' in text_of(boss.get(address("orders_deliveryrate_change", rate)))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"country": "Germany"}, "at most 2 characters"),
        ({"country": "1"}, "Use an ISO 3166 two-letter code such as DE."),
        ({"currency": "EUX"}, "not an ISO 4217 currency code"),
        ({"amount_minor": "4.999"}, "EUR has 2 decimals, not more."),
        ({"amount_minor": "-1"}, "An amount cannot be less than nothing."),
    ],
)
def test_a_wrong_delivery_rate_is_explained(boss: Client, typed: dict[str, str], told: str) -> None:
    sent = {"country": "DE", "currency": "EUR", "amount_minor": "4.90", **typed}

    assert told in text_of(boss.post(address("orders_deliveryrate_add"), sent))
    assert not DeliveryRate.objects.exists()
