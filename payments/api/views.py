"""Paying, and what came of it, over HTTP: parse, one service, its answer."""

from types import SimpleNamespace
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import money, parse, user_id
from core.errors import Busy, NotFound
from core.idempotency import RequestInProgress, idempotent
from core.postgres.prepared import Given, Prepared
from core.schema import refused
from orders.errors import OrderExpired, OrderStillReserving, TransitionNotAllowed
from orders.models import Order
from payments import services
from payments.api.serializers import (
    PaymentOfInput,
    PaymentOutput,
    StartedPaymentOutput,
    StartPaymentInput,
    StatementOutput,
)
from payments.declines import sentence
from payments.errors import NothingToPay, PaymentProviderUnavailable, PaymentRefused, SignatureInvalid
from payments.models import Payment
from payments.selectors import Statement, statement
from payments.terms import card_terms

_EUR = {"amount": 6570, "currency": "EUR"}
_NONE = {"amount": 0, "currency": "EUR"}
_PAYMENT: dict[str, Any] = {
    "id": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a05",
    "purpose": "order",
    "status": "pending",
    "amount": _EUR,
    "captured": _NONE,
    "refunded": _NONE,
    "last_error": None,
    "order_status": "pending_payment",
    "order_expires_at": "2027-04-20T09:35:12Z",
}
_DECLINED = {
    **_PAYMENT,
    "last_error": {"code": "insufficient_funds", "detail": sentence("insufficient_funds")},
}
_STARTED = {
    **_PAYMENT,
    "via": "sheet",
    "url": None,
    "client_secret": "pi_3Q_secret_x9",
    "publishable_key": "pk_live_…",
    "customer_session": "cuss_secret_x9",
    "card_kept": True,
    "card_terms": (
        "Your card is kept for this order. It is charged only for the deposit of €35.00 and for what you owe at the "
        "end beyond it: days late, cleaning, damage, and at once for longer rentals that you ask for."
    ),
}
_ON_PAGE = {
    **_STARTED,
    "via": "redirect",
    "url": "https://checkout.stripe.com/c/pay/cs_live_a1",
    "client_secret": None,
    "customer_session": None,
}
_STATEMENT = {
    "order": "CT-7K3M-9QXP-2RTV",
    "entries": [
        {
            "at": "2027-04-20T09:05:12Z",
            "kind": "charge",
            "what": "Sale",
            "status": "charged",
            "amount": {"amount": 4490, "currency": "EUR"},
            "text": "44.90 EUR was charged: Sale, 1 × Hollowfern Sliver, One size Plum.",
        },
        {
            "at": "2027-04-20T09:05:12Z",
            "kind": "charge",
            "what": "Rental",
            "status": "charged",
            "amount": {"amount": 2080, "currency": "EUR"},
            "text": "20.80 EUR was charged: Rental, 1 × Hollowfern Sliver, One size Graphite.",
        },
        {
            "at": "2027-04-20T09:07:40Z",
            "kind": "payment",
            "what": "Paid by card",
            "status": "succeeded",
            "amount": {"amount": -6570, "currency": "EUR"},
            "text": "65.70 EUR was paid by card on 20 April.",
        },
    ],
    "deposits": [
        {
            "plan": "hold",
            "status": "secured",
            "amount": {"amount": 3500, "currency": "EUR"},
            "kept": _NONE,
            "text": "35.00 EUR is held on your card until 3 May.",
        }
    ],
    "charged": _EUR,
    "paid": _EUR,
    "refunded": _NONE,
    "refund_under_way": _NONE,
    "disputed": _NONE,
    "balance": _NONE,
}


_REFUSED = refused(
    OrderStillReserving,
    OrderExpired,
    TransitionNotAllowed(event="pay", status="cancelled", allowed=[]),
    NothingToPay,
    PaymentRefused(reason="amount_too_small"),
    RequestInProgress,
)
_SILENT = refused(PaymentProviderUnavailable, Busy)


def _answer(value: Any, name: str = "answer") -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=["200"])


def payment_answer(payment: Payment) -> dict[str, Any]:
    """A payment as every answer shows it; needs `order`."""
    failed = payment.last_error
    return {
        "id": str(payment.pk),
        "purpose": payment.purpose,
        "status": payment.status,
        "amount": money(payment.amount_minor, payment.currency),
        "captured": money(payment.captured_minor, payment.currency),
        "refunded": money(payment.refunded_minor, payment.currency),
        "last_error": {"code": failed, "detail": sentence(failed)} if failed else None,
        "order_status": payment.order.status,
        "order_expires_at": payment.order.expires_at if payment.order.unpaid else None,
    }


def statement_answer(answer: Statement) -> dict[str, Any]:
    cur = answer.order.currency
    return {
        "order": answer.order.number,
        "entries": [
            {name: getattr(e, name) for name in ("at", "kind", "what", "status", "text")}
            | {"amount": money(e.amount_minor, cur)}
            for e in answer.entries
        ],
        "deposits": [
            {name: getattr(d, name) for name in ("plan", "status", "text")}
            | {"amount": money(d.amount_minor, cur), "kept": money(d.kept_minor, cur)}
            for d in answer.deposits
        ],
        "charged": money(answer.charged_minor, cur),
        "paid": money(answer.captured_minor, cur),
        "refunded": money(answer.refunded_minor, cur),
        "refund_under_way": money(answer.refund_pending_minor, cur),
        "disputed": money(answer.disputed_minor, cur),
        "balance": money(answer.balance_minor, cur),
    }


_MINE = Prepared(
    lambda: (
        Order.objects.visible_to(SimpleNamespace(pk=Given("customer")))
        .filter(number=Given("number"))
        .order_by()
        .values_list("pk", flat=True)
    )
)
_SHOWN = Prepared(lambda: Payment.objects.filter(pk=Given("id")).select_related("order").order_by())


class PaymentView(APIView):
    @extend_schema(
        operation_id="startPayment",
        tags=["payments"],
        summary="Open an order's payment, or return the one that is open",
        description=(
            "Give client_secret and publishable_key to the payment sheet; or ask for via: redirect and open url in a "
            "browser, which comes back to the shop's own address. The first call keeps the stock a while longer, once. "
            "Whoever asks for the other way has the first one closed: nobody pays twice. After the customer has "
            "paid or come back, read the order until it is confirmed."
        ),
        request=StartPaymentInput,
        responses={200: StartedPaymentOutput, **_REFUSED, **_SILENT},
        examples=[
            OpenApiExample("request", value={}, request_only=True),
            OpenApiExample("redirect", value={"via": "redirect"}, request_only=True),
            _answer(_STARTED),
            _answer(_ON_PAGE, "redirect"),
        ],
    )
    @idempotent(atomic=False)
    def post(self, request: Request, number: str) -> Response:
        asked = parse(StartPaymentInput, request.data)
        if (order_id := _MINE.first(customer=user_id(request), number=number)) is None:
            raise Http404
        started = services.start_payment(
            order_id=order_id,
            customer_id=user_id(request),
            purpose=Payment.Purpose(asked["purpose"]),
            on_page=asked["via"] == "redirect",
            save_card=asked["save_card"],
        )
        [payment] = _SHOWN.all(id=started.payment.pk)
        secrets = {
            "via": "redirect" if payment.is_on_page else "sheet",
            "url": started.url or None,
            "client_secret": started.client_secret or None,
            "publishable_key": started.publishable_key,
            "customer_session": started.customer_session or None,
            "card_kept": payment.keeps_card,
            "card_terms": card_terms(payment),
        }
        return Response(payment_answer(payment) | secrets)

    @extend_schema(
        operation_id="getPayment",
        tags=["payments"],
        summary="An order's latest payment for a purpose, and why its last try failed, if it did",
        description="Without a purpose it is about the price of the order, as it is when one is started.",
        parameters=[PaymentOfInput],
        responses=PaymentOutput,
        examples=[_answer(_DECLINED)],
    )
    def get(self, request: Request, number: str) -> Response:
        order = get_object_or_404(Order.objects.visible_to(request.user), number=number)
        asked = parse(PaymentOfInput, request.query_params)
        mine = order.payments.filter(purpose=asked["purpose"]).select_related("order")
        payment = mine.order_by("-created_at").first()
        if payment is None:
            raise NotFound(f"Nobody has started a payment of this order for this purpose: {asked['purpose']}.")
        return Response(payment_answer(payment))


class StatementView(APIView):
    @extend_schema(
        operation_id="getStatement",
        tags=["payments"],
        summary="Every charge, payment and refund of an order in plain words, and its balance",
        responses=StatementOutput,
        examples=[_answer(_STATEMENT)],
    )
    def get(self, request: Request, number: str) -> Response:
        orders = Order.objects.visible_to(request.user).select_related("depot")
        return Response(statement_answer(statement(get_object_or_404(orders, number=number))))


class ReceiptOfEvent(serializers.Serializer[Any]):
    received = serializers.BooleanField()


class StripeWebhookView(APIView):
    """Stripe's door. Signed over the raw bytes, so nothing may read or change them before."""

    authentication_classes: tuple[()] = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="receiveStripeEvent",
        tags=["webhooks"],
        summary="An event of Stripe's",
        description="Signed with Stripe-Signature. 200 means that it is stored; what it means is found out later.",
        auth=[],
        parameters=[OpenApiParameter("Stripe-Signature", str, OpenApiParameter.HEADER, required=True)],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={200: ReceiptOfEvent, **refused(SignatureInvalid)},
        examples=[
            OpenApiExample("request", value={"id": "evt_1", "type": "payment_intent.succeeded"}, request_only=True),
            _answer({"received": True}),
        ],
    )
    def post(self, request: Request) -> Response:
        raw: HttpRequest = request._request  # noqa: SLF001 (the bytes as they came, before any parser)
        services.receive_event(body=raw.body, signature=raw.headers.get("Stripe-Signature", ""))
        return Response({"received": True}, status=status.HTTP_200_OK)
