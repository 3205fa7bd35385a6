"""Examples in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

EUR: dict[str, Any] = {"currency": "EUR"}

VARIANT: dict[str, Any] = {
    "sku": "MUR-M-SAGE",
    "size": "M",
    "colour": "sage",
    "colour_hex": "#8aa38a",
    "inner": {"length_mm": 424, "width_mm": 256, "height_mm": 242},
    "outer": {"length_mm": 440, "width_mm": 270, "height_mm": 260},
    "weight_g": 1100,
    "max_load_g": 7500,
    "sale": {"price": {"amount": 5990, **EUR}},
    "rental": {
        "deposit": {"amount": 4500, **EUR},
        "late_fee": {"amount": 650, **EUR},
        "min_days": 1,
        "max_days": 60,
        "keep_credit_percent": 50,
        "acclimatisation_percent": 50,
        "rates": [
            {"from_days": 1, "per_day": {"amount": 540, **EUR}},
            {"from_days": 8, "per_day": {"amount": 320, **EUR}},
        ],
        "days": 6,
        "billed_days": 8,
        "fee": {"amount": 2560, **EUR},
    },
    "parts": [],
    "availability": [{"depot": "BER", "sale": 7, "rental": 2, "closed_on": [], "as_of": "2026-11-24T06:00:00Z"}],
}

CONTAINER: dict[str, Any] = {
    "slug": "minkaro-murmur",
    "name": "Murmur",
    "brand": "Minkaro",
    "kind": "soft",
    "description": "A quiet everyday bag with mesh on three sides.",
    "images": [
        {
            "url": "https://shop.example.com/media/containers/minkaro-murmur-sage.webp",
            "alt": "Minkaro Murmur in sage",
            "colour": "sage",
            "sizes": [
                {
                    "width": 320,
                    "height": 240,
                    "url": "https://shop.example.com/media/containers/minkaro-murmur-sage-320.webp",
                    "avif": "https://shop.example.com/media/containers/minkaro-murmur-sage-320.avif",
                }
            ],
        }
    ],
    "variants": [VARIANT],
}

DAILY: dict[str, Any] = {"sku": "MUR-M-SAGE", "sale": 7, "rental": [2, 2, 0], "as_of": "2026-11-24T06:00:00Z"}

CALENDAR: dict[str, Any] = {
    "depot": "BER",
    "from": "2026-12-23",
    "to": "2026-12-25",
    "closed": ["2026-12-25"],
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
    "closures": [{"from": "2026-12-25", "to": "2026-12-25", "reason": "Christmas Day"}],
}


def answer(value: Any) -> OpenApiExample:
    return OpenApiExample("answer", value=value, response_only=True, status_codes=["200"])


CONTAINERS = answer({"next": None, "previous": None, "results": [CONTAINER]})
ONE_CONTAINER = answer(CONTAINER)
FACETS = answer(
    {
        "containers": 6,
        "free": 5,
        "kinds": [{"kind": "soft", "label": "Soft bag", "containers": 6}],
        "sizes": [{"size": "M", "containers": 6}, {"size": "L", "containers": 2}],
        "ready": [{"ready": "cabin", "containers": 5}, {"ready": "hold", "containers": 0}],
        "price": [
            {
                "mode": "buy",
                "label": "To buy",
                "least": {"amount": 2200, **EUR},
                "most": {"amount": 5990, **EUR},
                "steps": [
                    {"min_price": {"amount": 2000, **EUR}, "max_price": {"amount": 2999, **EUR}, "containers": 4},
                    {"min_price": {"amount": 5000, **EUR}, "max_price": {"amount": 5999, **EUR}, "containers": 2},
                ],
            }
        ],
    }
)
ONE_CALENDAR = answer(CALENDAR)
BOARD = answer({**CALENDAR, "unknown": ["MUR-XXL-SAGE"]})
DEPOTS = answer({"results": [DEPOT]})
CATEGORIES = answer({"results": [{"kind": "soft", "label": "Soft bag", "containers": 6}]})
AIRLINES = answer({"results": [{"code": "LH", "name": "Lufthansa"}, {"code": "KL", "name": "KLM"}]})

_VERDICT: dict[str, Any] = {
    "cats": [0],
    "leg": 0,
    "answer": "fits",
    "reason": "room",
    "detail": "It fits under the seat: 2 cm to spare in height.",
    "inside": {"length_mm": 264, "width_mm": 96, "height_mm": 102, "weight_g": 3700},
    "outside": {"length_mm": 110, "width_mm": 130, "height_mm": 20, "sum_mm": None, "weight_g": 2300},
    "rule": {
        "version": "cabin:17",
        "airline": "LH",
        "source": "https://airline.example.com/pets",
        "checked_on": "2026-11-22",
        "valid_from": "2026-01-01",
        "trust": "good",
        "note": "Soft carriers only.",
    },
}
TRIP = [
    OpenApiExample(
        "a cat and one flight",
        value={
            "cats": [{"length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4300}],
            "legs": [{"airline": "LH", "cabin": "economy", "on": "2026-12-23"}],
            "depot": "BER",
            "from": "2026-12-22",
            "to": "2026-12-27",
        },
        request_only=True,
    ),
    answer(
        {
            "from": "2026-12-22",
            "to": "2026-12-27",
            "depot": "BER",
            "next": None,
            "results": [
                {
                    "slug": "minkaro-murmur",
                    "name": "Murmur",
                    "brand": "Minkaro",
                    "kind": "soft",
                    "image": CONTAINER["images"][0],
                    "variant": VARIANT,
                    "answer": "fits",
                    "verdicts": [_VERDICT],
                    "quantity": 1,
                    "price": {"amount": 2560, **EUR},
                    "deposit": {"amount": 4500, **EUR},
                }
            ],
            "left_out": [
                {
                    "reason": "not_taken",
                    "detail": "The airline takes no cats in the hold.",
                    "cats": [0],
                    "leg": 0,
                    "variants": 9,
                    "skus": ["BUR-M-SAND"],
                }
            ],
        }
    ),
]
