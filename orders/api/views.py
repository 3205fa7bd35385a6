"""Quotes and orders over HTTP: parse, one service, its answer."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet, prefetch_related_objects
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import KeysetPagination, parse, refuse_parameters, user_id
from core.errors import FieldError, InvalidInput, NotFound
from core.idempotency import idempotent
from orders import services
from orders.api import examples
from orders.api.serializers import (
    CancelInput,
    CancellationOutput,
    DelayInput,
    DelayOutput,
    EventOutput,
    ExtendInput,
    ExtensionOutput,
    KeepInput,
    MoveInput,
    OrderInput,
    OrderOutput,
    ParcelInput,
    QuoteInput,
    QuoteOutput,
    ReturnInput,
    ShortenInput,
)
from orders.models import Order, Quote, Rental
from orders.selectors import (
    cancellation_answer,
    delay_answer,
    extension_options,
    order_answer,
    order_events,
    quote_answer,
)
from orders.states import OrderStatus


def _order(request: Request, number: str) -> Order:
    """This customer's order, or 404 whether it is nobody's or somebody else's."""
    return get_object_or_404(Order.objects.visible_to(request.user).with_lines(), number=number)


def _mine(request: Request, number: str) -> Order:
    """The same, without its lines."""
    return get_object_or_404(Order.objects.visible_to(request.user), number=number)


def _rental(order: Order, rental_id: UUID) -> Rental:
    """Raises: NotFound, unless it is a rental of this order."""
    rental = Rental.objects.filter(pk=rental_id, line__order=order).first()
    if rental is None:
        raise NotFound("This order has no such rental.").at("/rental")
    return rental


def _by(request: Request) -> str:
    """Who did it, as the history names them."""
    return f"customer:{request.user.pk}"


def _seen(body: dict[str, Any], name: str, order: Order) -> int | None:
    """The amount that a client agrees to. Raises: InvalidInput in another currency than the order's."""
    amount = body.get(name)
    if amount is None:
        return None
    if amount["currency"] != order.currency:
        detail = f"This order is in {order.currency}."
        raise InvalidInput([FieldError(f"/{name}/currency", detail, "other_currency")])
    return int(amount["amount"])


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
        asked = QuoteInput.request(body, settings.DEFAULT_CURRENCY, request.user)
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
        quote = get_object_or_404(Quote.objects.visible_to(request.user).select_related("depot", "coupon"), pk=quote_id)
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
        prefetch_related_objects([order], *Order.shown())
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
        description="What was charged is credited by the policy of its quote; what was paid goes back the way it came.",
        request=CancelInput,
        responses={200: OrderOutput, **examples.CANCEL_REFUSED},
        examples=[examples.asked({"reason": "We travel later."}), examples.answered(examples.CANCELLED)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        order = _mine(request, number)
        body = parse(CancelInput, request.data)
        services.cancel_order(
            order_id=order.pk,
            actor=_by(request),
            note=body["reason"],
            seen_minor=_seen(body, "credit", order),
        )
        return Response(order_answer(_order(request, number)))


class CancellationView(APIView):
    @extend_schema(
        operation_id="getCancellation",
        tags=["orders"],
        summary="What cancelling the order now would credit",
        responses=CancellationOutput,
        examples=[examples.answered(examples.CANCELLATION)],
    )
    def get(self, request: Request, number: str) -> Response:
        rows = Order.objects.visible_to(request.user).with_lines().select_related("quote")
        refuse_parameters(request)
        return Response(cancellation_answer(get_object_or_404(rows, number=number)))


class ExtensionOptionsView(APIView):
    @extend_schema(
        operation_id="listExtensionOptions",
        tags=["orders"],
        summary="How long each rental could last, and at what price",
        responses=ExtensionOutput(many=True),
        examples=[examples.answered(examples.EXTENSION)],
    )
    def get(self, request: Request, number: str) -> Response:
        order = _order(request, number)
        refuse_parameters(request)
        return Response(extension_options(order))


class ExtendView(APIView):
    @extend_schema(
        operation_id="extendRental",
        tags=["orders"],
        summary="Have a rental for longer",
        description="The difference in rent is owed at once and paid from the kept card, else asked for.",
        request=ExtendInput,
        responses={200: OrderOutput, **examples.EXTEND_REFUSED},
        examples=[examples.asked(examples.EXTEND_REQUEST), examples.answered(examples.ORDER)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        order = _mine(request, number)
        body = parse(ExtendInput, request.data)
        rental = _rental(order, body["rental"])
        services.extend_rental(
            rental_id=rental.pk,
            end_on=body["end_on"],
            actor=_by(request),
            seen_minor=_seen(body, "price", order),
        )
        return Response(order_answer(_order(request, number)))


class ShortenView(APIView):
    @extend_schema(
        operation_id="shortenRental",
        tags=["orders"],
        summary="Bring a rental back earlier",
        description="The days given back are credited by the policy of cancellation. It is late after the new day.",
        request=ShortenInput,
        responses={200: OrderOutput, **examples.SHORTEN_REFUSED},
        examples=[examples.asked(examples.SHORTEN_REQUEST), examples.answered(examples.ORDER)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        order = _mine(request, number)
        body = parse(ShortenInput, request.data)
        services.shorten_rental(
            rental_id=_rental(order, body["rental"]).pk,
            end_on=body["end_on"],
            actor=_by(request),
            seen_minor=_seen(body, "credit", order),
        )
        return Response(order_answer(_order(request, number)))


class MoveView(APIView):
    @extend_schema(
        operation_id="moveRental",
        tags=["orders"],
        summary="Have a rental on other days",
        description="Before it begins, and as long as cancelling would be free. The difference in rent is charged or "
        "credited.",
        request=MoveInput,
        responses={200: OrderOutput, **examples.MOVE_REFUSED},
        examples=[examples.asked(examples.MOVE_REQUEST), examples.answered(examples.ORDER)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        order = _mine(request, number)
        body = parse(MoveInput, request.data)
        rental = _rental(order, body["rental"])
        services.move_rental_days(
            rental_id=rental.pk,
            start_on=body["start_on"],
            end_on=body["end_on"],
            actor=_by(request),
            seen_minor=_seen(body, "price", order),
        )
        return Response(order_answer(_order(request, number)))


class DelayView(APIView):
    @extend_schema(
        operation_id="reportDelay",
        tags=["orders"],
        summary="Say that a unit comes back late, and hear what that costs",
        description="Nothing is charged by this. Where extending until then costs less, that is told too.",
        request=DelayInput,
        responses={200: DelayOutput, **examples.DELAY_REFUSED},
        examples=[examples.asked(examples.DELAY_REQUEST), examples.answered(examples.DELAY)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        order = _mine(request, number)
        body = parse(DelayInput, request.data)
        rental = _rental(order, body["rental"])
        late = services.report_late(rental_id=rental.pk, back_on=body["back_on"], actor=_by(request))
        return Response(delay_answer(late, order.currency))


class ReturnParcelView(APIView):
    @extend_schema(
        operation_id="returnByParcel",
        tags=["orders"],
        summary="Say that a rental was posted back",
        description="Whether it is late is judged by this moment, and never by how long the parcel takes. Sent again, "
        "the carrier and its number are corrected.",
        request=ParcelInput,
        responses={200: OrderOutput, **examples.PARCEL_REFUSED},
        examples=[examples.asked(examples.PARCEL_REQUEST), examples.answered(examples.POSTED_BACK)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        order = _mine(request, number)
        body = parse(ParcelInput, request.data)
        services.post_back_rental(
            rental_id=_rental(order, body["rental"]).pk,
            carrier=body["carrier"],
            tracking_number=body["tracking_number"],
            actor=_by(request),
        )
        return Response(order_answer(_order(request, number)))


class KeepView(APIView):
    @extend_schema(
        operation_id="keepRental",
        tags=["orders"],
        summary="Buy the unit that one has rented",
        description="Its price of the day it was quoted, less the credit for the rent and the late fees so far.",
        request=KeepInput,
        responses={200: OrderOutput, **examples.KEEP_REFUSED},
        examples=[examples.asked(examples.KEEP_REQUEST), examples.answered(examples.ORDER)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        order = _mine(request, number)
        body = parse(KeepInput, request.data)
        rental = _rental(order, body["rental"])
        services.keep_rental(
            rental_id=rental.pk,
            actor=_by(request),
            seen_minor=_seen(body, "price", order),
        )
        return Response(order_answer(_order(request, number)))


class ReturnsView(APIView):
    @extend_schema(
        operation_id="returnGoods",
        tags=["orders"],
        summary="Send back what was bought",
        description="All of these lines or none. They are credited once they have come back.",
        request=ReturnInput,
        responses={200: OrderOutput, **examples.RETURN_REFUSED},
        examples=[examples.asked(examples.RETURN_REQUEST), examples.answered(examples.ORDER)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str) -> Response:
        order = _mine(request, number)
        body = parse(ReturnInput, request.data)
        services.ask_return(order_id=order.pk, line_ids=body["lines"], actor=_by(request), note=body["reason"])
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
        order = _mine(request, number)
        refuse_parameters(request)
        return Response(order_events(order))
