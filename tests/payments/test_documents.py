"""Receipts and credit notes: each cent of what was charged, on one piece of paper, once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.models import TaxRate
from orders.models import Charge, ChargeKind, DeliveryRate, Order, OrderLine
from orders.services import cancel_order, expire_orders
from orders.states import OrderStatus
from orders.taxes import Taxed, TaxPart, share_tax
from payments.models import Dispute, Document, DocumentKind, DocumentLine, Payment
from payments.selectors import balance
from payments.services import (
    apply_disputes,
    ask_for_disputed,
    catch_up_on_documents,
    end_deposit,
    issue_documents,
    process_event,
    request_refund,
    write_off_dispute,
)
from payments.services.documents import take_number
from tests.factories.accounts import AddressFactory
from tests.factories.catalog import TaxRateFactory
from tests.jobs import forget_jobs, run_jobs, waiting_jobs
from tests.payments.test_deposits import brought_back, handed_over, rented
from tests.payments.test_disputes import reopened
from tests.shop import Shop


def charge(order: Order, kind: ChargeKind, amount_minor: int, **more: Any) -> Charge:
    return Charge.objects.create(
        order=order, kind=kind, amount_minor=amount_minor, actor="staff:1", **{"reason": "as agreed", **more}
    )


def documents() -> list[tuple[str, int]]:
    return list(Document.objects.values_list("kind", "total_minor"))


def taxes(document: Document) -> list[tuple[int, int, int]]:
    return [(part["rate_bp"], part["gross_minor"], part["tax_minor"]) for part in document.taxes]


def paid_extra(shop: Shop, order: Order) -> None:
    """The customer pays in the app what came later."""
    phone = shop.phone()
    started = phone.post(
        f"/api/v1/orders/{order.number}/payment", {"purpose": "extra"}, headers={"Idempotency-Key": str(uuid4())}
    )
    assert started.status_code == 200
    shop.gateway.confirm(str(Payment.objects.filter(purpose="extra").latest("created_at").provider_ref), "pm_card_visa")
    shop.deliver_webhooks()
    run_jobs()


# When


def test_a_paid_order_gets_a_receipt(shop: Shop) -> None:
    order = shop.paid(shop.sale(2), shop.rental())

    receipt = Document.objects.get()

    assert (receipt.kind, receipt.order) == (DocumentKind.RECEIPT, order)
    assert receipt.number == f"R-{shop.today.year}-000001"
    assert receipt.total_minor == order.total_minor == sum(line.total_minor for line in receipt.lines.all())
    assert taxes(receipt) == [(1900, order.total_minor, order.tax_minor)]
    assert receipt.note.startswith("Paid by card on ")


def test_an_unpaid_order_gets_nothing(shop: Shop) -> None:
    order = shop.order()

    assert issue_documents(order_id=order.pk) == []
    assert not Document.objects.exists()


def test_an_order_that_dies_unpaid_gets_nothing(shop: Shop) -> None:
    order = shop.order()
    cancel_order(order_id=order.pk, actor="customer:1")
    run_jobs()

    assert issue_documents(order_id=order.pk) == []
    assert not Document.objects.exists()


def test_a_cancelled_order_gets_a_receipt_and_a_credit_note_of_all_of_it(shop: Shop) -> None:
    order = shop.paid(shop.sale(2), shop.rental())
    cancel_order(order_id=order.pk, actor="customer:1")
    run_jobs()

    receipt, note = Document.objects.all()

    assert documents() == [("receipt", order.total_minor), ("credit_note", -order.total_minor)]
    assert taxes(note) == [(rate, -gross, -tax) for rate, gross, tax in taxes(receipt)]
    assert note.number == f"C-{shop.today.year}-000001"
    assert note.note == f"Corrects receipt {receipt.number}."


def test_the_documents_do_not_depend_on_when_the_job_ran(shop: Shop) -> None:
    """Paid and cancelled before any was written: the money was here, so both are written all the same."""
    order = shop.order()
    shop.pay(order)
    shop.deliver_webhooks()
    for _, arguments in waiting_jobs("payments.process_event"):
        process_event(**arguments)
    cancel_order(order_id=order.pk, actor="customer:1")
    run_jobs()

    assert documents() == [("receipt", 4990), ("credit_note", -4990)]


def test_an_order_that_expired_and_was_paid_late_gets_one_receipt_of_its_price(shop: Shop) -> None:
    order = shop.order()
    payment = shop.pay(order)
    Order.objects.filter(pk=order.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    expire_orders()
    assert payment.captured_minor == 0
    shop.deliver_webhooks()
    run_jobs()

    order.refresh_from_db()
    assert (order.status, order.charges.count()) == (OrderStatus.CONFIRMED, 3)
    assert documents() == [("receipt", 4990)]
    assert catch_up_on_documents() == 0


def test_what_comes_later_gets_a_receipt_of_its_own_once_it_is_paid(shop: Shop) -> None:
    order = shop.paid(shop.rental())
    charge(order, ChargeKind.LATE_FEE, 1190)
    charge(order, ChargeKind.DAMAGE, 2000)

    assert issue_documents(order_id=order.pk) == []
    paid_extra(shop, order)

    _, receipt = Document.objects.all()
    assert receipt.total_minor == 3190
    assert taxes(receipt) == [(1900, 1190, 190), (0, 2000, 0)]
    assert [line.title for line in receipt.lines.all()] == ["Late fee", "Damage"]


def test_a_credit_is_written_even_while_something_else_is_unpaid(shop: Shop) -> None:
    order = shop.paid(shop.sale(2))
    charge(order, ChargeKind.CLEANING, 3000)
    charge(order, ChargeKind.GOODWILL, -1000)

    issue_documents(order_id=order.pk)

    assert documents() == [("receipt", 9980), ("credit_note", -1000)]


def test_every_refund_of_a_part_gets_a_credit_note(shop: Shop) -> None:
    order = shop.paid(shop.sale(2))
    for amount in (1000, 333, 8647):
        request_refund(payment_id=Payment.objects.get().pk, amount_minor=amount, reason="late", actor="staff:1")
        run_jobs()

    receipt, *notes = Document.objects.all()

    assert [note.total_minor for note in notes] == [-1000, -333, -8647]
    assert sum(tax for note in notes for _, _, tax in taxes(note)) == -taxes(receipt)[0][2] == -order.tax_minor
    assert [note.sequence for note in notes] == [1, 2, 3]


def test_a_credit_that_is_taken_back_brings_its_own_tax_with_it(shop: Shop) -> None:
    """The price is taxed, the compensation beside it is not; a bank keeps the price, and changes its mind."""
    order = shop.paid()
    charge(order, ChargeKind.DAMAGE, 2000)
    paid_extra(shop, order)
    price = Payment.objects.get(purpose="order")
    row = lost(shop, price)
    write_off_dispute(dispute_id=row.pk, reason="The evidence was not enough.", actor="staff:1")
    run_jobs()
    reopened(shop, row)

    hears_that_it_is_won(shop, row)

    *_, note, reversal = Document.objects.all()
    assert len(taxes(note)) == 2
    assert taxes(reversal) == [(rate, -gross, -tax) for rate, gross, tax in taxes(note)]
    assert (note.kind, reversal.kind, reversal.lines.get().title) == ("credit_note", "receipt", "Credit taken back")
    assert sum(tax for paper in Document.objects.all() for _, _, tax in taxes(paper)) == order.tax_minor
    assert order.charges.get(reverses__isnull=False).reverses == order.charges.get(amount_minor=-4990)


def lost(shop: Shop, payment: Payment) -> Dispute:
    opened = shop.gateway.open_dispute(str(payment.provider_ref))
    shop.gateway.close_dispute(opened["id"], won=False)
    shop.deliver_webhooks()
    run_jobs()
    return Dispute.objects.get()


def hears_that_it_is_won(shop: Shop, row: Dispute) -> None:
    shop.gateway.close_dispute(row.provider_ref, won=True)
    shop.deliver_webhooks()
    run_jobs()


def test_writing_documents_again_writes_nothing(shop: Shop) -> None:
    order = shop.paid(shop.sale(), shop.rental())
    before = list(Document.objects.values()), list(DocumentLine.objects.values())

    for _ in range(3):
        assert issue_documents(order_id=order.pk) == []

    assert (list(Document.objects.values()), list(DocumentLine.objects.values())) == before


def test_documents_of_lost_jobs_are_found(shop: Shop) -> None:
    order = shop.paid(shop.rental())
    charge(order, ChargeKind.GOODWILL, -100)
    charge(order, ChargeKind.LATE_FEE, 5000)  # unpaid: no document is missing
    forget_jobs()

    assert catch_up_on_documents() == 1
    run_jobs()

    assert documents() == [("receipt", order.total_minor), ("credit_note", -100)]
    assert catch_up_on_documents() == 0


def test_a_receipt_waits_until_what_is_kept_of_a_hold_has_come(shop: Shop) -> None:
    order = rented(shop)
    charge(order, ChargeKind.DAMAGE, 1500)
    handed_over(order)
    brought_back(order)
    end_deposit(order_id=order.pk)
    assert (balance(order.pk), Payment.objects.get(purpose="deposit").captured_minor) == (0, 0)

    assert (issue_documents(order_id=order.pk), catch_up_on_documents()) == ([], 0)
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()

    assert documents() == [("receipt", order.total_minor), ("receipt", 1500)]


def paid_and_disputed_before_any_receipt(shop: Shop) -> tuple[Order, str, str]:
    """The order, and the gateway's names of its payment and its dispute; every job was lost."""
    order = shop.order()
    payment_ref = str(shop.pay(order).provider_ref)
    shop.deliver_webhooks()
    for _, arguments in waiting_jobs("payments.process_event"):
        process_event(**arguments)
    dispute = shop.gateway.open_dispute(payment_ref)
    apply_disputes(payment_ref=payment_ref)
    forget_jobs()
    assert (documents(), balance(order.pk)) == ([], 4990)
    return order, payment_ref, dispute["id"]


def test_what_is_paid_gets_its_receipt_although_a_bank_holds_the_money(shop: Shop) -> None:
    paid_and_disputed_before_any_receipt(shop)

    assert catch_up_on_documents() == 1
    run_jobs()

    assert (documents(), catch_up_on_documents()) == ([("receipt", 4990)], 0)


def test_what_a_customer_is_asked_for_again_is_looked_for_only_once_it_is_paid(shop: Shop) -> None:
    order, payment_ref, dispute_ref = paid_and_disputed_before_any_receipt(shop)
    shop.gateway.close_dispute(dispute_ref, won=False)
    (lost,) = apply_disputes(payment_ref=payment_ref)
    ask_for_disputed(dispute_id=lost.pk, note="", actor="staff:1")

    assert (catch_up_on_documents(), issue_documents(order_id=order.pk)) == (0, [])
    paid_extra(shop, order)

    assert (documents(), catch_up_on_documents()) == ([("receipt", 4990)], 0)


def test_an_order_of_many_receipts_gets_its_credit_note_all_the_same(shop: Shop) -> None:
    order = shop.paid(shop.sale())
    for _ in range(24):
        charge(order, ChargeKind.CLEANING, 100)
        paid_extra(shop, order)
    receipts = list(Document.objects.order_by("sequence").values_list("number", flat=True))
    assert len(receipts) == 25

    charge(order, ChargeKind.GOODWILL, -200)
    (note,) = issue_documents(order_id=order.pk)

    assert note.note == f"Corrects receipts {receipts[0]} to {receipts[-1]}, 25 of this order."


def test_the_longest_reason_and_the_longest_title_stand_on_a_document(shop: Shop) -> None:
    order = shop.paid(shop.sale())
    line = order.lines.get()
    OrderLine.objects.filter(pk=line.pk).update(title="t" * 300)
    order.charges.create(line=line, kind=ChargeKind.GOODWILL, amount_minor=-100, reason="r" * 300, actor="staff:1")

    (note,) = issue_documents(order_id=order.pk)

    assert note.lines.get().detail == f"R{'r' * 299} · {'t' * 300}"


# What


def test_a_document_keeps_what_it_said(shop: Shop, settings: Any) -> None:
    AddressFactory(owner=shop.customer, line1="Hauptstraße 5", postal_code="10115", city="Berlin", country="DE")
    shop.customer.name = "Ελένη Παπαδοπούλου"
    shop.customer.save()
    settings.SHOP_NAME = "Cats & Co"
    order = shop.paid(shop.sale(2), shop.rental(10, 16))

    shop.customer.addresses.all().delete()
    shop.customer.name = "Somebody Else"
    shop.customer.save()
    settings.SHOP_NAME = "Dogs & Co"
    OrderLine.objects.update(title="Renamed")
    TaxRate.objects.update(rate_bp=2500)
    issue_documents(order_id=order.pk)

    receipt = Document.objects.get()
    sale, rental = receipt.lines.all()
    assert receipt.seller["name"] == "Cats & Co"
    assert receipt.customer == {
        "name": "Ελένη Παπαδοπούλου",
        "address": ["Hauptstraße 5", "10115 Berlin", "Germany"],
    }
    assert (sale.title, sale.quantity, sale.unit_price_minor, sale.days) == (shop.bag.title, 2, 4990, None)
    assert (rental.title, rental.quantity, rental.days) == (shop.crate.title, 1, 7)
    assert str(shop.day(10).year) in rental.detail


def test_name_and_address_are_sealed_in_the_database(shop: Shop) -> None:
    shop.customer.name = "Zdzisława Żółć"
    shop.customer.save()
    shop.paid()

    with connection.cursor() as cursor:
        cursor.execute("SELECT d::text FROM payments_document d")
        stored = cursor.fetchone()[0]

    assert "Zdzis" not in stored
    assert "R-" in stored


def test_delivery_is_on_the_receipt_with_the_tax_that_was_quoted(shop: Shop) -> None:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    TaxRateFactory(tax_class="reduced", rate_bp=700)
    address = AddressFactory(owner=shop.customer, country="DE", line1="Am Deich 1")
    order = shop.paid(shop.sale(), fulfilment="delivery", address_id=address.pk)
    TaxRate.objects.filter(tax_class="standard").update(rate_bp=1900)

    receipt = Document.objects.get()

    assert [(line.title, line.total_minor) for line in receipt.lines.all()][1] == ("Delivery", 690)
    assert taxes(receipt) == [(1900, 5680, order.tax_minor)]
    assert receipt.customer["address"][0] == "Am Deich 1"


# Frozen


@pytest.mark.parametrize("model", [Document, DocumentLine])
def test_a_document_cannot_be_changed_or_deleted(shop: Shop, model: Any) -> None:
    shop.paid()

    for change in (lambda: model.objects.update(total_minor=1), lambda: model.objects.all()._raw_delete("default")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_a_charge_cannot_stand_on_two_documents(shop: Shop) -> None:
    shop.paid()
    line = DocumentLine.objects.get()

    line.pk, line._state.adding = None, True
    with pytest.raises(IntegrityError, match="charge"), transaction.atomic():
        line.save(force_insert=True)


# Numbers


def test_numbers_begin_anew_each_year(shop: Shop) -> None:
    shop.paid()
    shop.paid()
    with transaction.atomic():
        assert take_number(DocumentKind.RECEIPT, 2999) == 1
        assert take_number(DocumentKind.RECEIPT, 2999) == 2
        assert take_number(DocumentKind.CREDIT_NOTE, 2999) == 1
    assert list(Document.objects.values_list("sequence", flat=True)) == [1, 2]


# The tax of a credit

PURE = settings(max_examples=300, derandomize=True, deadline=None)
RATES = st.sampled_from([0, 700, 1900])


@st.composite
def an_orders_amounts(draw: st.DrawFn) -> list[Taxed]:
    """Charges, credits of a part of what is left, and credits taken back, in any order; at the end all is credited."""
    amounts: list[Taxed] = []
    credited: list[int] = []
    left = 0
    for _ in range(draw(st.integers(1, 8))):
        if credited and draw(st.booleans()):
            index = credited.pop(draw(st.integers(0, len(credited) - 1)))
            amounts.append(Taxed(-amounts[index].amount_minor, reverses=index))
            left -= amounts[index].amount_minor
        elif left and draw(st.booleans()):
            credit = draw(st.integers(1, left))
            credited.append(len(amounts))
            amounts.append(Taxed(-credit))
            left -= credit
        else:
            gross, rate = draw(st.integers(1, 10_000)), draw(RATES)
            amounts.append(Taxed(gross, rate, gross * rate // (10_000 + rate)))
            left += gross
    return [*amounts, Taxed(-left)] if left else amounts


@PURE
@given(an_orders_amounts())
def test_the_parts_of_every_amount_add_up_to_it(amounts: list[Taxed]) -> None:
    for amount, parts in zip(amounts, share_tax(amounts), strict=True):
        assert sum(part.gross_minor for part in parts) == amount.amount_minor
        assert all(0 <= part.tax_minor / part.gross_minor <= 1 for part in parts)


@PURE
@given(an_orders_amounts())
def test_what_is_credited_in_full_has_no_tax_left_at_any_rate(amounts: list[Taxed]) -> None:
    left: dict[int, list[int]] = {}
    for parts in share_tax(amounts):
        for part in parts:
            sums = left.setdefault(part.rate_bp, [0, 0])
            sums[0] += part.gross_minor
            sums[1] += part.tax_minor
            assert min(sums) >= 0

    assert all(sums == [0, 0] for sums in left.values())


@PURE
@given(an_orders_amounts(), st.integers(0, 8))
def test_the_tax_of_an_amount_does_not_depend_on_what_comes_after_it(amounts: list[Taxed], until: int) -> None:
    assert share_tax(amounts)[:until] == share_tax(amounts[:until])


def test_a_credit_is_shared_in_proportion() -> None:
    told = share_tax([Taxed(11900, 1900, 1900), Taxed(10700, 700, 700), Taxed(-2260)])

    assert told[2] == [TaxPart(1900, -1190, -190), TaxPart(700, -1070, -70)]


def test_a_credit_of_a_line_has_that_lines_tax_first() -> None:
    bag, crate = OrderLine().pk, OrderLine().pk
    sold = [Taxed(1190, 1900, 190, bag), Taxed(1070, 700, 70, crate)]

    assert share_tax([*sold, Taxed(-500, line_id=crate)])[2] == [TaxPart(700, -500, -33)]
    assert share_tax([*sold, Taxed(-1500, line_id=crate)])[2] == [TaxPart(1900, -430, -69), TaxPart(700, -1070, -70)]


@PURE
@given(an_orders_amounts())
def test_what_takes_a_credit_back_has_the_tax_of_that_credit(amounts: list[Taxed]) -> None:
    told = share_tax(amounts)

    for amount, parts in zip(amounts, told, strict=True):
        if amount.reverses is not None:
            corrected = told[amount.reverses]
            assert parts == [TaxPart(part.rate_bp, -part.gross_minor, -part.tax_minor) for part in corrected]


def test_a_credit_beyond_everything_that_is_taken_back_leaves_nothing() -> None:
    told = share_tax([Taxed(1190, 1900, 190), Taxed(-2000), Taxed(2000, reverses=1), Taxed(-1190)])

    assert told[2] == [TaxPart(1900, 1190, 190), TaxPart(0, 810, 0)]
    assert told[3] == [TaxPart(1900, -1190, -190)]


def test_a_credit_beyond_everything_charged_charged_has_no_tax() -> None:
    assert share_tax([Taxed(1190, 1900, 190), Taxed(-2000)])[1] == [TaxPart(1900, -1190, -190), TaxPart(0, -810, 0)]
