"""Quotes and orders over HTTP: parse, one service, its answer."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet, prefetch_related_objects
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import KeysetPagination, parse, refuse_parameters, user_id
from core.idempotency import idempotent
from orders import services
from orders.api import examples
from orders.api.serializers import CancelInput, EventOutput, OrderInput, OrderOutput, QuoteInput, QuoteOutput
from orders.models import Order, Quote
from orders.selectors import order_answer, order_events, quote_answer
from orders.states import OrderStatus


def _order(request: Request, number: str) -> Order:
    """This customer's order, or 404 whether it is nobody's or somebody else's."""
    return get_object_or_404(Order.objects.visible_to(request.user).with_lines(), number=number)


class QuotesView(APIView):
    @extend_schema(
        operation_id="createQuote",
        tags=["orders"],
        summary="Price what a customer wants, and freeze the price",
        request=QuoteInput,
        responses={201: QuoteOutput, **examples.QUOTE_REFUSED, **examples.NO_SUCH_ADDRESS},
        examples=[examples.asked(examples.QUOTE_REQUEST), examples.answered(examples.QUOTE)],
    )
    def post(self, request: Request) -> Response:
        body = parse(QuoteInput, request.data)
        asked = QuoteInput.request(body, settings.DEFAULT_CURRENCY)
        quote = services.create_quote(customer_id=user_id(request), request=asked)
        return Response(quote_answer(quote), status=status.HTTP_201_CREATED)


class QuoteView(APIView):
    @extend_schema(
        operation_id="getQuote",
        tags=["orders"],
        summary="A quote as it was frozen",
        responses=QuoteOutput,
        examples=[examples.answered(examples.QUOTE)],
    )
    def get(self, request: Request, quote_id: Any) -> Response:
        quote = get_object_or_404(Quote.objects.visible_to(request.user).select_related("depot"), pk=quote_id)
        return Response(quote_answer(quote))


class OrdersPagination(KeysetPagination):
    ordering = ("-placed_at", "-id")


class OrdersView(APIView):
    pagination_class = OrdersPagination

    @extend_schema(
        operation_id="placeOrder",
        tags=["orders"],
        summary="Order what was quoted",
        description=(
            "Reserves everything, or nothing. `202` with status `reserving` means that the warehouse has not answered "
            "yet: read the order again. A quote has one order, however often this is sent."
        ),
        request=OrderInput,
        responses={
            201: OrderOutput,
            202: OpenApiResponse(OrderOutput, description="The stock is still being confirmed."),
            **examples.ORDER_REFUSED,
            **examples.NO_SUCH_QUOTE,
        },
        examples=[examples.asked(examples.ORDER_REQUEST), examples.answered(examples.ORDER)],
    )
    @idempotent(atomic=False)
    def post(self, request: Request) -> Response:
        quote_id = OrderInput.quote_id(parse(OrderInput, request.data))
        order = services.place_order(customer_id=user_id(request), quote_id=quote_id)
        prefetch_related_objects([order], Order.lines_shown())
        waiting = order.status == OrderStatus.RESERVING
        return Response(order_answer(order), status=status.HTTP_202_ACCEPTED if waiting else status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="listOrders",
        tags=["orders"],
        summary="One's own orders, newest first",
        responses=OrderOutput(many=True),
        examples=[examples.answered(examples.ORDER)],
    )
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        rows: QuerySet[Order] = Order.objects.visible_to(request.user).with_lines()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([order_answer(order) for order in page])


class OrderView(APIView):
    @extend_schema(
        operation_id="getOrder",
        tags=["orders"],
        summary="One of one's own orders",
        responses=OrderOutput,
        examples=[examples.answered(examples.ORDER)],
    )
    def get(self, request: Request, number: str) -> Response:
        return Response(order_answer(_order(request, number)))


class CancelOrderView(APIView):
    @extend_schema(
        operation_id="cancelOrder",
        tags=["orders"],
        summary="Cancel an order of which nothing was handed over",
        description="Everything charged is credited; what was paid goes back the way it came.",
        request=CancelInput,
        responses={200: OrderOutput, **examples.CANCEL_REFUSED},
        examples=[examples.asked({"reason": "We travel later."}), examples.answered(examples.CANCELLED)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        reason = parse(CancelInput, request.data)["reason"]
        order = get_object_or_404(Order.objects.visible_to(request.user), number=number)
        services.cancel_order(order_id=order.pk, actor=f"customer:{request.user.pk}", note=reason)
        return Response(order_answer(_order(request, number)))


class OrderEventsView(APIView):
    @extend_schema(
        operation_id="listOrderEvents",
        tags=["orders"],
        summary="What happened to an order, oldest first",
        responses=EventOutput(many=True),
        examples=[examples.answered(examples.EVENT)],
    )
    def get(self, request: Request, number: str) -> Response:
        order = get_object_or_404(Order.objects.visible_to(request.user), number=number)
        refuse_parameters(request)
        return Response(order_events(order))
