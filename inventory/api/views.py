"""The shop window: what there is, what it costs, and how much of it is free.

A list costs three statements whatever its length (depots, containers with all their offers, counts), and three more for
what fits a cat and an airline (cat, rules, what fits); a container costs three;
one, where it was asked for before and only counts can be other ones (`inventory.api.window`).
"""

from collections.abc import Collection
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.fit import NO_CAT, CabinClass, Leg, Shell, needs_of_cats
from catalog.fitting import variants_that_fit
from catalog.models import Airline
from catalog.selectors import Wish, container_detail, kinds_offered, shop_window, variants_by_sku
from core.api import conditional, parse
from inventory import board
from inventory.api import examples, rendering, serializers
from inventory.api.pages import ContainerPage
from inventory.api.window import AVAILABILITY, CalendarScene, Scene, WindowView
from inventory.journeys import Journey, known_rules
from inventory.models import Depot
from inventory.travellers import kept_cats


class ContainerListView(WindowView):
    @extend_schema(
        operation_id="listContainers",
        tags=["catalog"],
        summary="Containers that can be had, with prices and live counts",
        parameters=[serializers.ContainersInput],
        responses=serializers.ContainerPageOutput,
        examples=[examples.CONTAINERS],
    )
    def get(self, request: Request) -> HttpResponse:
        """Only what can be had as asked is listed. Counts are for the days asked, or for each depot's today."""
        query = parse(serializers.ContainersInput, request.query_params)
        depots, days = _asked(query)
        page = ContainerPage(request, ordering=query["ordering"], cursor=query.get("cursor"), size=query["page_size"])
        found = shop_window(_wish(query, days, _fits(request, query, days)), page.stretch)
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
        parameters=[serializers.ContainerInput],
        responses=serializers.ContainerOutput,
        examples=[examples.ONE_CONTAINER],
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        query = parse(serializers.ContainerInput, request.query_params)
        depots, days = _asked(query)
        row = container_detail(slug, currency=query["currency"])
        showing = rendering.Showing(currency=query["currency"], days=days)
        return self.show(request, Scene(showing.container(row, AVAILABILITY), row["offered"], depots, days))


class CalendarView(WindowView):
    @extend_schema(
        operation_id="getContainerCalendar",
        tags=["catalog"],
        summary="Free counts of one container day by day",
        parameters=[serializers.CalendarInput],
        responses=serializers.CalendarOutput,
        examples=[examples.ONE_CALENDAR],
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        query = parse(serializers.CalendarInput, request.query_params)
        [depot], days = _asked(query)
        variants = container_detail(slug, currency=query["currency"])["offered"]
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
        [depot], days = _asked(query)
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


def _wish(query: dict[str, Any], days: board.Days | None, only: Collection[int] | None) -> Wish:
    return Wish(
        currency=query["currency"],
        mode=query.get("mode"),
        search=query["search"],
        kinds=query.get("kind", ()),
        days=days.count if days else None,
        first_on=days.start_on if days else None,
        max_price_minor=query.get("max_price"),
        only=only,
    )


def _fits(request: Request, query: dict[str, Any], days: board.Days | None) -> list[int] | None:
    """The variants that fit the cat and the airline asked about; None when neither was. At most three statements."""
    if "cat" not in query and "airline" not in query:
        return None
    cat = kept_cats(request.user, {"/cat": query["cat"]})[query["cat"]] if "cat" in query else NO_CAT
    if "airline" not in query:
        return variants_that_fit([{shell: [needs_of_cats([cat])] for shell in Shell}])
    on = days.start_on if days else timezone.now().date()
    leg = Leg(airline=query["airline"], cabin=query.get("cabin", CabinClass.ECONOMY), on=on)
    rules = known_rules([leg], pointer="/airline")
    return variants_that_fit(Journey(cats=[cat], together=False, legs=[leg]).asks(rules))


def _asked(query: dict[str, Any]) -> tuple[list[Depot], board.Days | None]:
    depots = board.depots_asked(query.get("depot"))
    return depots, board.days_asked(query.get("start_on"), query.get("end_on"), depots)


def _given(days: board.Days | None) -> board.Days:
    assert days is not None  # noqa: S101 (the serializer requires them)
    return days
