"""Examples in the OpenAPI document, of the demo shop: a test compares them with it."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

EUR: dict[str, Any] = {"currency": "EUR"}

VARIANT: dict[str, Any] = {
    "sku": "SLI-GRAPHITE",
    "size": "One size",
    "colour": "Graphite",
    "colour_hex": "#4c5360",
    "inner": {"length_mm": 386, "width_mm": 258, "height_mm": 186},
    "outer": {"length_mm": 400, "width_mm": 270, "height_mm": 200},
    "weight_g": 780,
    "max_load_g": 5500,
    "sale": {"price": {"amount": 4490, **EUR}},
    "rental": {
        "deposit": {"amount": 3500, **EUR},
        "late_fee": {"amount": 550, **EUR},
        "min_days": 1,
        "max_days": 60,
        "keep_credit_percent": 50,
        "acclimatisation_percent": 100,
        "rates": [
            {"from_days": 1, "per_day": {"amount": 450, **EUR}},
            {"from_days": 4, "per_day": {"amount": 350, **EUR}},
            {"from_days": 8, "per_day": {"amount": 260, **EUR}},
        ],
        "days": 7,
        "billed_days": 8,
        "fee": {"amount": 2080, **EUR},
    },
    "parts": [],
    "availability": [{"depot": "BER", "sale": 2, "rental": 3, "closed_on": [], "as_of": "2026-11-24T06:00:00Z"}],
}

CONTAINER: dict[str, Any] = {
    "slug": "hollowfern-sliver",
    "name": "Sliver",
    "brand": "Hollowfern",
    "kind": "soft",
    "description": "The flat one: at 40 by 27 by 20 cm it slips under seats where other bags are turned away.",
    "images": [
        {
            "url": "https://shop.example.com/media/containers/hollowfern-sliver-graphite.webp",
            "alt": "Hollowfern Sliver in Graphite",
            "colour": "Graphite",
            "sizes": [
                {
                    "width": 320,
                    "height": 240,
                    "url": "https://shop.example.com/media/containers/hollowfern-sliver-graphite-320.webp",
                    "avif": "https://shop.example.com/media/containers/hollowfern-sliver-graphite-320.avif",
                }
            ],
        }
    ],
    "variants": [VARIANT],
}

DAILY: dict[str, Any] = {"sku": "SLI-GRAPHITE", "sale": 16, "rental": [2, 2, 1], "as_of": "2026-11-24T06:00:00Z"}

CALENDAR: dict[str, Any] = {
    "depot": "MUC",
    "from": "2027-05-08",
    "to": "2027-05-10",
    "closed": ["2027-05-09"],
    "variants": [DAILY],
}

DEPOT: dict[str, Any] = {
    "code": "BER",
    "name": "Berlin Airport",
    "street": "Am Frachtring 14",
    "postal_code": "12529",
    "city": "Schönefeld",
    "country": "DE",
    "time_zone": "Europe/Berlin",
    "opening_days": [1, 2, 3, 4, 5, 6, 7],
    "closures": [
        {"from": "2026-12-25", "to": "2026-12-25", "reason": "Christmas Day"},
        {"from": "2027-01-01", "to": "2027-01-01", "reason": "New Year's Day"},
        {"from": "2027-02-09", "to": "2027-02-09", "reason": "Stocktaking"},
    ],
}


SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH, examples=[OpenApiExample("a bag", value=CONTAINER["slug"])])


def answer(value: Any) -> OpenApiExample:
    return OpenApiExample("answer", value=value, response_only=True, status_codes=["200"])


CONTAINERS = answer({"next": None, "previous": None, "results": [CONTAINER]})
ONE_CONTAINER = answer(CONTAINER)
FACETS = answer(
    {
        "containers": 2,
        "free": 2,
        "kinds": [{"kind": "soft", "label": "Soft bag", "containers": 2}],
        "sizes": [{"size": "M", "containers": 2}, {"size": "S", "containers": 1}],
        "ready": [{"ready": "cabin", "containers": 2}, {"ready": "hold", "containers": 0}],
        "price": [
            {
                "mode": "buy",
                "label": "To buy",
                "least": {"amount": 5490, **EUR},
                "most": {"amount": 6790, **EUR},
                "steps": [
                    {"min_price": {"amount": 5000, **EUR}, "max_price": {"amount": 5499, **EUR}, "containers": 1},
                    {"min_price": {"amount": 5500, **EUR}, "max_price": {"amount": 5999, **EUR}, "containers": 1},
                    {"min_price": {"amount": 6500, **EUR}, "max_price": {"amount": 6999, **EUR}, "containers": 1},
                ],
            }
        ],
    }
)
ONE_CALENDAR = answer(CALENDAR)
BOARD = answer({**CALENDAR, "unknown": ["SLI-XXL"]})
DEPOTS = answer({"results": [DEPOT]})
CATEGORIES = answer({"results": [{"kind": "soft", "label": "Soft bag", "containers": 7}]})
AIRLINES = answer({"results": [{"code": "LH", "name": "Lufthansa"}, {"code": "KL", "name": "KLM"}]})

_VERDICT: dict[str, Any] = {
    "cats": [0],
    "leg": 0,
    "answer": "fits",
    "reason": "room",
    "detail": "It fits under the seat: 3 cm to spare in height.",
    "inside": {"length_mm": 226, "width_mm": 98, "height_mm": 46, "weight_g": 1200},
    "outside": {"length_mm": 150, "width_mm": 130, "height_mm": 30, "sum_mm": None, "weight_g": 2920},
    "rule": {
        "version": "cabin:16",
        "airline": "LH",
        "source": "abouttravel.ch (rule from 2019-04-15); dogsonplanes.com; infobae.com (2025-05-14)",
        "checked_on": "2026-11-22",
        "valid_from": "2026-01-01",
        "trust": "good",
        "note": "",
    },
}
TRIP = [
    OpenApiExample(
        "a cat and one flight",
        value={
            "cats": [{"length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4300}],
            "legs": [{"airline": "LH", "cabin": "economy", "on": "2027-05-04"}],
            "depot": "BER",
            "from": "2027-05-03",
            "to": "2027-05-09",
        },
        request_only=True,
    ),
    answer(
        {
            "from": "2027-05-03",
            "to": "2027-05-09",
            "depot": "BER",
            "next": None,
            "results": [
                {
                    "slug": "hollowfern-sliver",
                    "name": "Sliver",
                    "brand": "Hollowfern",
                    "kind": "soft",
                    "image": CONTAINER["images"][0],
                    "variant": VARIANT,
                    "answer": "fits",
                    "verdicts": [_VERDICT],
                    "quantity": 1,
                    "price": {"amount": 2080, **EUR},
                    "deposit": {"amount": 3500, **EUR},
                }
            ],
            "left_out": [
                {
                    "reason": "made_for_cars",
                    "detail": "It is made for cars, not for planes.",
                    "cats": [0],
                    "leg": 0,
                    "variants": 9,
                    "skus": ["BOL-L-SLATE", "BOL-M-EMBER", "BOL-M-SLATE"],
                }
            ],
        }
    ),
]
