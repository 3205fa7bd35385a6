"""The papers of an order and the history of a customer's money, over HTTP."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import KeysetPagination, money, refuse_parameters, user_id
from core.errors import NotFound
from orders.models import Order
from payments.api.serializers import DocumentOutput, MovementOutput
from payments.documents.pdf import draw
from payments.history import Movements, moved_minor, movement_text
from payments.models import Document, DocumentKind

PDF = "application/pdf"
_NUMBER = "CT-7K3M-9QXP-2RTV"
_DOCUMENT = {
    "kind": "receipt",
    "number": "R-2027-000123",
    "issued_at": "2027-04-20T09:07:41Z",
    "total": {"amount": 6570, "currency": "EUR"},
    "href": f"https://shop.example.com/api/v1/orders/{_NUMBER}/documents/R-2027-000123.pdf",
}
_MOVEMENT = {
    "at": "2027-05-02T07:30:00Z",
    "order": _NUMBER,
    "kind": "hold",
    "status": "secured",
    "amount": {"amount": 0, "currency": "EUR"},
    "text": "35.00 EUR is held on your card until 9 May.",
}
_AS_PDF = {(200, PDF): OpenApiResponse(OpenApiTypes.BINARY, "The same bytes, whenever it is asked for.")}
_A_PDF = OpenApiExample("a PDF", value="%PDF-1.4 …", media_type=PDF, response_only=True, status_codes=["200"])


class PdfRenderer(BaseRenderer):
    """Lets a client ask for application/pdf; what is refused is a JSON problem all the same."""

    media_type = PDF
    format = "pdf"
    charset = None


class _PdfView(APIView):
    renderer_classes = (PdfRenderer, JSONRenderer)

    def answer(self, document: Document) -> HttpResponse:
        name = f'inline; filename="{document.number}.pdf"'
        headers = {"Content-Disposition": name, "Cache-Control": "private, no-cache"}
        return HttpResponse(draw(document), content_type=PDF, headers=headers)


class ReceiptView(_PdfView):
    @extend_schema(
        operation_id="getReceipt",
        tags=["payments"],
        summary="The receipt of an order, as a PDF",
        description="Written once the order is paid. What came later has papers of its own: see listDocuments.",
        responses=_AS_PDF,
        examples=[_A_PDF],
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        order = get_object_or_404(Order.objects.visible_to(request.user), number=number)
        refuse_parameters(request)
        receipts = order.documents.filter(kind=DocumentKind.RECEIPT).select_related("order").prefetch_related("lines")
        receipt = receipts.order_by("id").first()
        if receipt is None:
            raise NotFound("There is no receipt yet: it is written once the order is paid.")
        return self.answer(receipt)


class DocumentsView(APIView):
    @extend_schema(
        operation_id="listDocuments",
        tags=["payments"],
        summary="The receipts and credit notes of an order, oldest first",
        responses=DocumentOutput(many=True),
        examples=[OpenApiExample("answer", value=_DOCUMENT, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request, number: str) -> Response:
        order = get_object_or_404(Order.objects.visible_to(request.user), number=number)
        refuse_parameters(request)
        return Response([self._answer(request, document) for document in order.documents.all()])

    def _answer(self, request: Request, document: Document) -> dict[str, Any]:
        return {
            "kind": document.kind,
            "number": document.number,
            "issued_at": document.issued_at,
            "total": money(document.total_minor, document.currency),
            "href": request.build_absolute_uri(f"{request.path}/{document.number}.pdf"),
        }


class DocumentView(_PdfView):
    @extend_schema(
        operation_id="getDocument",
        tags=["payments"],
        summary="A receipt or credit note of an order, as a PDF",
        responses=_AS_PDF,
        examples=[_A_PDF],
    )
    def get(self, request: Request, number: str, document: str) -> HttpResponse:
        papers = Document.objects.visible_to(request.user).select_related("order").prefetch_related("lines")
        found = get_object_or_404(papers, order__number=number, number=document)
        refuse_parameters(request)
        return self.answer(found)


class MovementsPagination(KeysetPagination):
    ordering = "-key"


class TransactionsView(APIView):
    pagination_class = MovementsPagination

    @extend_schema(
        operation_id="listTransactions",
        tags=["payments"],
        summary="Every movement of one's own money, newest first",
        responses=MovementOutput(many=True),
        examples=[OpenApiExample("answer", value=_MOVEMENT, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        page = pages.paginate_queryset(Movements.of(user_id(request)), request, view=self)
        return pages.get_paginated_response([_movement(row) for row in page])


def _movement(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": row["at"],
        "order": row["number"],
        "kind": row["what"],
        "status": row["state"],
        "amount": money(moved_minor(row), row["money"]),
        "text": movement_text(row),
    }
