# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Receipts and credit notes: looked at, and opened as the customer sees them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.backoffice import NOTHING, Card, Page, ReadOnlyAdmin, Table, amount, badge, link, moment, two_lines
from core.money import format_minor
from payments.admin.looks import order_link
from payments.documents.pdf import draw
from payments.models import Document, DocumentKind, DocumentLine


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = ("what", "order_number", "customer_name", "total", "issued", "pdf")
    list_filter = (("kind", ChoicesDropdownFilter), "year")
    search_fields = ("number", "order__number")
    search_help_text = "Number of the document or of its order"
    ordering = ("-id",)  # UUIDv7: newest first, by the primary key
    nothing = "Receipts are written when orders are paid."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        rows: QuerySet[Document] = super().get_queryset(request)
        return rows.select_related("order__depot")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.show_pdf)
        return [path("<path:object_id>/pdf", view, name="payments_document_pdf"), *super().get_urls()]

    def show_pdf(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self.row(request, object_id)
        headers = {"Content-Disposition": f'inline; filename="{document.number}.pdf"'}
        return HttpResponse(draw(document), content_type="application/pdf", headers=headers)

    @display(description="Number", ordering="number")
    def what(self, row: Document) -> SafeString:
        return two_lines(row.number, row.get_kind_display().capitalize())

    @display(description="Order")
    def order_number(self, row: Document) -> SafeString | str:
        return order_link(row.order)

    @display(description="Customer")
    def customer_name(self, row: Document) -> str:
        return str(row.customer["name"])

    @display(description="Total", ordering="total_minor")
    def total(self, row: Document) -> SafeString:
        return amount(row.total_minor, row.currency)

    @display(description="Issued", ordering="id")
    def issued(self, row: Document) -> str:
        return moment(row.issued_at, row.order.depot.time_zone)

    @display(description="")
    def pdf(self, row: Document) -> SafeString:
        return link(pdf_address(row), "PDF")

    def page(self, _request: HttpRequest, obj: Document) -> Page:
        facts = [
            ("Order", order_link(obj.order)),
            ("Issued", moment(obj.issued_at, obj.order.depot.time_zone)),
            ("Customer", obj.customer["name"]),
            ("Address", ", ".join(obj.customer["address"]) or NOTHING),
            ("Seller", obj.seller["name"]),
            ("Note", obj.note or NOTHING),
        ]
        return Page(
            headline=obj.number,
            badges=[kind_badge(obj)],
            subtitle="As it was handed out; it is never changed.",
            figures=[("Total", format_minor(obj.total_minor, obj.currency))],
            main=[
                Card("Lines", table=_lines(obj, list(obj.lines.all())), link=("PDF", pdf_address(obj))),
                Card("Tax included", table=_taxes(obj)),
            ],
            aside=[Card("Document", facts=facts)],
        )


def pdf_address(document: Document) -> str:
    return reverse("admin:payments_document_pdf", args=[document.pk])


def kind_badge(document: Document) -> SafeString:
    tone = "success" if document.kind == DocumentKind.RECEIPT else "info"
    return badge(document.get_kind_display().capitalize(), tone)


def _lines(document: Document, lines: Sequence[DocumentLine]) -> Table:
    cur = document.currency
    rows = [
        (
            two_lines(line.title, line.detail) if line.detail else line.title,
            line.quantity,
            line.days or "",
            amount(line.unit_price_minor, cur),
            ", ".join(f"{part['rate_bp'] / 100:g} %" for part in line.taxes),
            amount(line.total_minor, cur),
        )
        for line in lines
    ]
    total = ("Total", "", "", "", "", amount(document.total_minor, cur))
    return Table(("Description", ">Quantity", ">Days", ">Unit price", ">Tax", ">Total"), rows, total)


def _taxes(document: Document) -> Table:
    cur = document.currency
    rows = [
        (
            f"{part['rate_bp'] / 100:g} %",
            amount(part["gross_minor"] - part["tax_minor"], cur),
            amount(part["tax_minor"], cur),
            amount(part["gross_minor"], cur),
        )
        for part in document.taxes
    ]
    return Table(("Rate", ">Net", ">Tax", ">Gross"), rows)
