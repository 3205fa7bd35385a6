"""The shop window: what there is, what it costs, and how much of it is free.

A list costs three statements whatever its length (depots, containers with all their offers, counts), and three more for
what fits a cat and an airline (cat, rules, what fits), one for what an airline is ready to take, one for sizes, and
one where nothing is found in a currency; a container costs three;
one, where it was asked for before and only counts can be other ones (`inventory.api.window`).
"""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Airline
from catalog.selectors import ContainerRow, container_detail, kinds_offered, shop_window, variants_by_sku
from core.api import conditional, parse
from core.errors import NotFound
from inventory import board
from inventory.api import examples, rendering, serializers
from inventory.api.asking import asked, fits_and_ready, refuse_idle_currency, wish_of
from inventory.api.pages import ContainerPage
from inventory.api.window import AVAILABILITY, CalendarScene, Scene, WindowView


class ContainerListView(WindowView):
    @extend_schema(
        operation_id="listContainers",
        tags=["catalog"],
        summary="Containers that are offered, with prices and live counts",
        parameters=[serializers.ContainersInput],
        responses=serializers.ContainerPageOutput,
        examples=[examples.CONTAINERS],
    )
    def get(self, request: Request) -> HttpResponse:
        """Only what is offered as asked is listed, also where none is free: `availability` counts how many are, for the
        days asked or for each depot's today."""
        query = parse(serializers.ContainersInput, request.query_params)
        depots, days = asked(query)
        page = ContainerPage(
            request, ordering=query["ordering"], search=query["search"], cursor=query.get("cursor"),
            size=query["page_size"],
        )  # fmt: skip
        found = shop_window(wish_of(query, days, fits_and_ready(request, query, days)), page.stretch)
        if not found:
            refuse_idle_currency(query["currency"])
        rows = page.rows(found)
        showing = rendering.Showing(currency=query["currency"], days=days)
        body = page.body(found, [showing.container(row, AVAILABILITY) for row in rows])
        scene = Scene(body, [variant for row in rows for variant in row["offered"]], depots, days)
        return self.show(request, scene, for_all="cat" not in query)


class ContainerView(WindowView):
    @extend_schema(
        operation_id="getContainer",
        tags=["catalog"],
        summary="One container with every variant that can be had",
        parameters=[serializers.ContainerInput, examples.SLUG],
        responses=serializers.ContainerOutput,
        examples=[examples.ONE_CONTAINER],
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        query = parse(serializers.ContainerInput, request.query_params)
        depots, days = asked(query)
        row = _one(slug, query["currency"])
        showing = rendering.Showing(currency=query["currency"], days=days)
        return self.show(request, Scene(showing.container(row, AVAILABILITY), row["offered"], depots, days))


class CalendarView(WindowView):
    @extend_schema(
        operation_id="getContainerCalendar",
        tags=["catalog"],
        summary="Free counts of one container day by day",
        parameters=[serializers.CalendarInput, examples.SLUG],
        responses=serializers.CalendarOutput,
        examples=[examples.ONE_CALENDAR],
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        query = parse(serializers.CalendarInput, request.query_params)
        [depot], days = asked(query)
        variants = _one(slug, query["currency"])["offered"]
        return self.show(request, CalendarScene(variants, depot, _given(days)))


class BoardView(WindowView):
    @extend_schema(
        operation_id="getAvailability",
        tags=["catalog"],
        summary="Free counts of many variants day by day",
        parameters=[serializers.BoardInput],
        responses=serializers.BoardOutput,
        examples=[examples.BOARD],
    )
    def get(self, request: Request) -> HttpResponse:
        query = parse(serializers.BoardInput, request.query_params)
        [depot], days = asked(query)
        variants = variants_by_sku(query["sku"], currency=query["currency"])
        unknown = sorted(set(query["sku"]) - {row["sku"] for row in variants})
        return self.show(request, CalendarScene(variants, depot, _given(days), unknown=unknown))


class DepotListView(APIView):
    @extend_schema(
        operation_id="listDepots",
        tags=["catalog"],
        summary="Places that hand out and take back",
        responses=serializers.DepotsOutput,
        examples=[examples.DEPOTS],
    )
    def get(self, request: Request) -> Response:
        parse(serializers.NothingInput, request.query_params)
        return conditional(request, {"results": [rendering.depot(row) for row in board.depots_with_closures()]})


class AirlineListView(APIView):
    @extend_schema(
        operation_id="listAirlines",
        tags=["catalog"],
        summary="Airlines that a trip can be searched for",
        responses=serializers.AirlinesOutput,
        examples=[examples.AIRLINES],
    )
    def get(self, request: Request) -> Response:
        parse(serializers.NothingInput, request.query_params)
        return conditional(request, {"results": list(Airline.objects.values("code", "name"))})


class CategoryListView(APIView):
    @extend_schema(
        operation_id="listCategories",
        tags=["catalog"],
        summary="Kinds of containers, and how many of each can be had",
        parameters=[serializers.CurrencyInput],
        responses=serializers.CategoriesOutput,
        examples=[examples.CATEGORIES],
    )
    def get(self, request: Request) -> Response:
        query = parse(serializers.CurrencyInput, request.query_params)
        return conditional(request, rendering.categories(kinds_offered(currency=query["currency"])))


def _one(slug: str, currency: str) -> ContainerRow:
    try:
        return container_detail(slug, currency=currency)
    except NotFound:
        refuse_idle_currency(currency)
        raise


def _given(days: board.Days | None) -> board.Days:
    assert days is not None  # noqa: S101 (the serializer requires them)
    return days
