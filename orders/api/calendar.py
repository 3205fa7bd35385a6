"""The calendar of a customer's pickups and returns: its secret address, and what it answers."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import Input, parse, refuse_parameters, user_id
from orders import services
from orders.api import examples
from orders.calendar import calendar_of
from orders.models import CalendarFeed
from orders.selectors import rentals_to_come


class FeedInput(Input):
    """Nothing needs to be said."""


class FeedOutput(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="Whoever knows it reads the calendar. It is told once: keep it.")


_CALENDAR = OpenApiExample(
    "answer",
    value="BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
    response_only=True,
    media_type="text/calendar",
)


class MyCalendarView(APIView):
    @extend_schema(
        operation_id="openCalendar",
        tags=["orders"],
        summary="A secret address of one's pickups and returns, for a calendar",
        description="Sent again, a new address is given and the older one stops working.",
        request=FeedInput,
        responses={201: FeedOutput},
        examples=[
            examples.asked({}),
            examples.answered({"url": "https://api.example.com/api/v1/calendar/Zk3…/rentals.ics"}),
        ],
    )
    def post(self, request: Request) -> Response:
        parse(FeedInput, request.data)
        secret = services.open_feed(customer_id=user_id(request))
        url = f"{settings.PUBLIC_URL}/api/v1/calendar/{secret}/rentals.ics"
        return Response({"url": url}, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="closeCalendar",
        tags=["orders"],
        summary="Let the secret address of one's calendar stop working",
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        services.close_feed(customer_id=user_id(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CalendarFeedView(APIView):
    """Read by calendars, which send no access token: the address is the secret."""

    authentication_classes: tuple[()] = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="readCalendar",
        tags=["orders"],
        summary="Pickups and returns to come, as iCalendar",
        auth=[],
        responses={(200, "text/calendar"): OpenApiResponse(OpenApiTypes.STR, examples=[_CALENDAR])},
    )
    def get(self, request: Request, secret: str) -> HttpResponse:
        refuse_parameters(request)
        feeds = CalendarFeed.objects.select_related("customer").filter(customer__is_active=True)
        feed = get_object_or_404(feeds, digest=services.digest_of(secret))
        document = calendar_of(rentals_to_come(feed.customer))
        answer = HttpResponse(document, content_type="text/calendar; charset=utf-8")
        answer["Content-Disposition"] = 'inline; filename="rentals.ics"'
        answer["Cache-Control"] = "private, max-age=300"
        return answer
