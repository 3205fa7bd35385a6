"""What further filters would leave of the shop window, with how much of it is free at this moment."""

from collections.abc import Collection, Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from catalog.facets import CountedRow, Facets, PriceRow, Ready, facets
from catalog.languages import kind_label, price_label
from core.api import money, parse
from inventory.api import examples, serializers
from inventory.api.asking import asked, fits, place_of, refuse_idle_currency, wish_of
from inventory.api.window import AVAILABILITY, Filled, Scene, WindowView, tag_of
from inventory.board import Days, Free
from inventory.models import Depot


class FacetsScene(Scene):
    """All but how many containers are free, which is counted for every answer."""

    def __init__(self, body: Any, rows: Sequence[CountedRow], depots: Sequence[Depot], days: Days | None) -> None:
        super().__init__(body, [row["variant"] for row in rows], depots, days)
        self.containers = [row["container"] for row in rows]

    def fill(self, counted: Sequence[Free]) -> Filled:
        many = len(self.codes)
        free = {self.containers[number // many] for number, one in enumerate(counted) if one.sale or one.rental}
        body = str(len(free)).encode().join(self.pieces)
        return Filled(counted, tag_of(body), [body])


class FacetsView(WindowView):
    @extend_schema(
        operation_id="listContainerFacets",
        tags=["catalog"],
        summary="How many containers each further filter would leave",
        parameters=[serializers.FacetsInput],
        responses=serializers.FacetsOutput,
        examples=[examples.FACETS],
    )
    def get(self, request: Request) -> HttpResponse:
        """Takes the filters of `GET /containers`. Each facet counts with all of them but its own."""
        query = parse(serializers.FacetsInput, request.query_params)
        depots, days = asked(query)
        wish = wish_of(query, days, fits(request, query, days))
        found = facets(wish, ready=query.get("ready", ()), airline=query.get("airline"), place=place_of(query))
        if not found.containers:
            refuse_idle_currency(wish.currency)
        scene = FacetsScene(_shown(found, wish.currency, days), found.variants or [], depots, days)
        return self.show(request, scene, for_all="cat" not in query)


def _shown(found: Facets, currency: str, days: Days | None) -> dict[str, Any]:
    return {
        "containers": found.containers,
        "free": None if found.variants is None else AVAILABILITY,
        "kinds": [{"kind": k, "label": kind_label(k), "containers": n} for k, n in found.kinds.items()],
        "sizes": _counted("size", found.sizes.items()),
        "ready": _counted("ready", [(place, found.ready[place]) for place in Ready.values]),
        "price": [_prices(row, currency, days) for row in found.prices],
    }


def _prices(row: PriceRow, currency: str, days: Days | None) -> dict[str, Any]:
    return {
        "mode": row["mode"],
        "label": price_label(row["mode"], for_days=days is not None),
        "least": money(row["least_minor"], currency),
        "most": money(row["most_minor"], currency),
        "steps": [
            {
                "min_price": money(step["from_minor"], currency),
                "max_price": money(step["to_minor"], currency),
                "containers": step["containers"],
            }
            for step in row["steps"]
        ],
    }


def _counted(name: str, counts: Collection[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{name: value, "containers": count} for value, count in counts]
