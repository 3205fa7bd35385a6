"""Cats, flights and rules for the tests of what fits."""

from typing import Any

from catalog.models import Variant
from tests.catalog.rules import import_fresh_rules
from tests.shop import Shop

MISO = {"length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4300}
LARGE = {**MISO, "width_mm": 340}


def know_airlines(shop: Shop) -> Shop:
    """The shop knows their rules; what it has are soft bags that Lufthansa takes and Turkish does not."""
    import_fresh_rules()
    outer = {"outer_length_mm": 460, "outer_width_mm": 280, "outer_height_mm": 210}
    inner = {"inner_length_mm": 450, "inner_width_mm": 270, "inner_height_mm": 200}
    Variant.objects.update(**outer, **inner, weight_g=1000, max_load_g=9000)
    for variant in (shop.bag, shop.crate):
        variant.container.kind = "soft"
        variant.container.save()
    return shop


def trip(shop: Shop, *airlines: str, cats: list[Any] | None = None, cabin: str = "economy") -> dict[str, Any]:
    """Flights on the 11th day from today."""
    legs = [{"airline": airline, "cabin": cabin, "on": shop.day(11).isoformat()} for airline in airlines]
    return {"cats": cats or [MISO], "legs": legs}


def ask(shop: Shop, body: dict[str, Any], status: int = 201) -> Any:
    answer = shop.phone().post("/api/v1/quotes", body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()
