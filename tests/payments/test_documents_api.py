"""The papers of an order over HTTP, and what a reader sees on them."""

from io import BytesIO
from typing import Any

import pytest
from django.http import HttpResponse
from pypdf import PdfReader

from orders.models import Charge, ChargeKind, Order
from orders.services import cancel_order
from payments.documents.pdf import draw
from payments.models import Document, DocumentLine
from payments.services import issue_documents
from tests.factories.accounts import AddressFactory, UserFactory
from tests.factories.orders import OrderFactory
from tests.factories.payments import PaymentFactory
from tests.jobs import run_jobs
from tests.shop import Shop


def ask(shop: Shop, order: Order, path: str, **headers: str) -> Any:
    return shop.phone().get(f"/api/v1/orders/{order.number}/{path}", headers=headers)


def read(answer: HttpResponse | bytes) -> tuple[PdfReader, str]:
    """The PDF, and its words with single spaces between."""
    reader = PdfReader(BytesIO(answer if isinstance(answer, bytes) else answer.content))
    return reader, " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def with_charges(count: int, title: str = "") -> Document:
    """A paid order of many charges, as its receipt."""
    order = OrderFactory(confirmed=True, total_minor=count * 100)
    Charge.objects.bulk_create(
        Charge(order=order, kind=ChargeKind.CLEANING, amount_minor=100, reason=title or f"number {n}", actor="clock")
        for n in range(1, count + 1)
    )
    PaymentFactory(order=order, succeeded=True)
    (document,) = issue_documents(order_id=order.pk)
    return document


# What there is


def test_the_receipt_is_a_pdf_with_everything_on_it(shop: Shop) -> None:
    AddressFactory(owner=shop.customer, line1="Hauptstraße 5", postal_code="10115", city="Berlin", country="DE")
    shop.customer.name = "Ελένη Żółć-Шевченко"
    shop.customer.save()
    order = shop.paid(shop.sale(2), shop.rental())

    answer = ask(shop, order, "receipt.pdf")
    reader, text = read(answer)

    receipt = Document.objects.get()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == f'inline; filename="{receipt.number}.pdf"'
    for told in (
        "Cat Travel Logistics",
        "Tax ID DE000000000",
        "Ελένη Żółć-Шевченко",
        "Hauptstraße 5",
        "Germany",
        receipt.number,
        order.number,
        shop.bag.title,
        shop.crate.title,
        "€49.90",
        "€99.80",
        "19 %",
        "Paid by card on",
        "1 of 1",
    ):
        assert told in text
    assert reader.metadata is not None
    assert reader.metadata.title == f"Receipt {receipt.number}"
    assert reader.root_object["/Lang"] == "en"
    assert abs(reader.metadata.creation_date - receipt.issued_at).total_seconds() < 1


def test_a_credit_note_says_what_it_corrects(shop: Shop) -> None:
    order = shop.paid()
    cancel_order(order_id=order.pk, actor="customer:1")
    run_jobs()

    receipt, note = ask(shop, order, "documents").json()
    _, text = read(ask(shop, order, f"documents/{note['number']}.pdf"))

    assert (receipt["kind"], receipt["total"]["amount"]) == ("receipt", 4990)
    assert (note["kind"], note["total"]["amount"]) == ("credit_note", -4990)
    assert note["href"] == f"http://testserver/api/v1/orders/{order.number}/documents/{note['number']}.pdf"
    assert f"Corrects receipt {receipt['number']}." in text
    assert "−€49.90" in text


def test_without_a_receipt_the_answer_says_why(shop: Shop) -> None:
    answer = ask(shop, shop.order(), "receipt.pdf")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["detail"] == "There is no receipt yet: it is written once the order is paid."
    assert ask(shop, Order.objects.get(), "documents").json() == []


def test_a_document_is_found_under_its_own_order_alone(shop: Shop) -> None:
    mine, other = shop.paid(), shop.paid()

    assert ask(shop, mine, f"documents/{other.documents.get().number}.pdf").status_code == 404
    assert ask(shop, mine, f"documents/{mine.documents.get().number}.pdf").status_code == 200


def test_the_receipt_of_an_order_stays_the_first(shop: Shop) -> None:
    order = shop.paid()
    Charge.objects.create(order=order, kind=ChargeKind.GOODWILL, amount_minor=-100, reason="late", actor="staff:1")
    issue_documents(order_id=order.pk)

    assert Document.objects.count() == 2
    assert "Receipt" in read(ask(shop, order, "receipt.pdf"))[1]


def test_nobody_else_reads_it(shop: Shop) -> None:
    order = shop.paid()
    stranger = shop.phone(UserFactory())

    for path in ("receipt.pdf", "documents", f"documents/{order.documents.get().number}.pdf"):
        answer = stranger.get(f"/api/v1/orders/{order.number}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("accept", ["application/pdf", "*/*", "application/json", "application/pdf, */*;q=0.8"])
def test_clients_of_every_kind_get_the_pdf_and_problems_in_json(shop: Shop, accept: str) -> None:
    paid, unpaid = shop.paid(), shop.order()

    assert ask(shop, paid, "receipt.pdf", Accept=accept)["Content-Type"] == "application/pdf"
    refused = ask(shop, unpaid, "receipt.pdf", Accept=accept)
    assert (refused.status_code, refused["Content-Type"]) == (404, "application/problem+json")


def test_a_receipt_costs_the_same_few_statements_however_long_it_is(shop: Shop, django_assert_num_queries: Any) -> None:
    short, long = with_charges(1), with_charges(40)

    for document in (short, long):
        phone = shop.phone(document.order.customer)
        with django_assert_num_queries(3):
            phone.get(f"/api/v1/orders/{document.order.number}/receipt.pdf")


# What is on the paper


@pytest.mark.django_db
def test_the_same_document_is_the_same_bytes() -> None:
    document = with_charges(30)

    again = Document.objects.get(pk=document.pk)

    assert draw(document) == draw(again)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, *range(8, 16), 25, 58])
def test_long_documents_have_numbered_pages_and_lose_no_line(count: int) -> None:
    reader, text = read(draw(with_charges(count)))

    pages = [page.extract_text() for page in reader.pages]
    for number, page in enumerate(pages, start=1):
        assert f"{number} of {len(pages)}" in page
        assert page.count("Description") == 1
    assert [text.count(f"Number {n} ") for n in range(1, count + 1)] == [1] * count
    assert "Paid by card" in pages[-1]
    assert "Number" in pages[-1].replace("Number R-", "")  # the sums never stand alone
    assert len(pages) == 1 or count > 10


@pytest.mark.django_db
def test_a_long_title_is_broken_and_stays_in_its_column() -> None:
    word = "unbreakable" * 25
    _, text = read(draw(with_charges(1, title=word)))

    assert word.capitalize() in text.replace(" ", "")


@pytest.mark.django_db
def test_fonts_are_embedded() -> None:
    reader, _ = read(draw(with_charges(1)))

    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        assert "/FontFile2" in font["/FontDescriptor"]
        assert "+DejaVuSans" in font["/BaseFont"]


@pytest.mark.django_db
def test_documents_add_up_to_their_charges() -> None:
    document = with_charges(7)

    assert document.total_minor == sum(DocumentLine.objects.values_list("charge__amount_minor", flat=True)) == 700
