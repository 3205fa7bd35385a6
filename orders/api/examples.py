"""One quote and one order of the demo shop, told the same way on every operation of the OpenAPI document.

What they name is there after `make run`, and costs that; a test compares them with the demo.
"""

from datetime import date
from typing import Any

from drf_spectacular.utils import OpenApiExample

from core.errors import NotFound
from core.idempotency import RequestInProgress
from core.schema import refused
from orders.api.serializers import OutOfStockOutput
from orders.errors import (
    COUPON_GONE,
    AlreadyWaiting,
    CanBeHadNow,
    CouponCurrency,
    CouponExpired,
    CouponMinimum,
    CouponNotYetValid,
    CouponUnknown,
    DepotClosed,
    ExtensionNotPossible,
    KeepNotOffered,
    OrderRefused,
    ParcelNotTaken,
    ParcelNotThere,
    PriceChanged,
    QuoteExpired,
    QuoteUsed,
    ReturnTooLate,
    TooLateToMove,
    TransitionNotAllowed,
    WaitlistFull,
)

_QUOTE_ID = "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a01"


def _eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


_DEPOSIT: dict[str, Any] = {
    "deposit": _eur(3500),
    "deposit_plan": "charge",
    "deposit_terms": "€35.00 is charged to your card the day before the pickup and given back after the return.",
}
SALE_LINE: dict[str, Any] = {
    "kind": "sale",
    "sku": "SLI-PLUM",
    "title": "Hollowfern Sliver, One size Plum",
    "quantity": 1,
    "parts": [],
    "unit_price": _eur(4490),
    "discount": _eur(0),
    "total": _eur(4490),
    "tax_included": _eur(717),
    "tax_percent": "19",
    "explanation": ["1 × €44.90"],
}
RENTAL_LINE: dict[str, Any] = {
    "kind": "rental",
    "sku": "SLI-GRAPHITE",
    "title": "Hollowfern Sliver, One size Graphite",
    "quantity": 1,
    "parts": [],
    "unit_price": _eur(2080),
    "discount": _eur(0),
    "total": _eur(2080),
    "tax_included": _eur(332),
    "tax_percent": "19",
    "explanation": [
        "7 days, first and last included",
        "charged as 8 days at €2.60 a day (rate from 8 days), which is cheaper than 7 single days",
    ],
}
_DAYS: dict[str, Any] = {
    "start_on": "2027-05-03",
    "end_on": "2027-05-09",
    "days": 7,
    "acclimatisation_days": 0,
    "billed_days": 8,
    "rate_from_days": 8,
    "per_day": _eur(260),
    "adjustments": [],
}
_MISO: dict[str, Any] = {
    "length_mm": 460,
    "elbow_height_mm": 140,
    "width_mm": 160,
    "height_mm": 280,
    "weight_g": 4300,
}
_FLIGHT: dict[str, Any] = {"airline": "LH", "cabin": "economy", "on": "2027-05-04"}
_TRIP = {
    "cats": [{**_MISO, "snub_nosed": False, "born_on": None}],
    "together": False,
    "legs": [{**_FLIGHT, "aircraft": ""}],
}
_RULE = {
    "version": "cabin:16",
    "airline": "LH",
    "source": "abouttravel.ch (rule from 2019-04-15); dogsonplanes.com; infobae.com (2025-05-14)",
    "checked_on": "2026-11-22",
    "valid_from": "2026-01-01",
    "trust": "good",
    "note": "",
}
_FIT = {
    "answer": "fits",
    "verdicts": [
        {
            "cats": [0],
            "leg": 0,
            "answer": "fits",
            "reason": "room",
            "detail": "It fits under the seat: 3 cm to spare in height.",
            "inside": {"length_mm": 226, "width_mm": 98, "height_mm": 46, "weight_g": 1200},
            "outside": {"length_mm": 150, "width_mm": 130, "height_mm": 30, "sum_mm": None, "weight_g": 2920},
            "rule": _RULE,
        }
    ],
}
QUOTE_REQUEST = {
    "depot": "BER",
    "currency": "EUR",
    "fulfilment": "pickup",
    "lines": [
        {"kind": "sale", "sku": "SLI-PLUM", "quantity": 1},
        {"kind": "rental", "sku": "SLI-GRAPHITE", "quantity": 1, "start_on": "2027-05-03", "end_on": "2027-05-09"},
    ],
    "cats": [_MISO],
    "legs": [_FLIGHT],
}
QUOTE = {
    "id": _QUOTE_ID,
    "depot": "BER",
    "fulfilment": "pickup",
    "currency": "EUR",
    "lines": [
        {**SALE_LINE, "deposit": _eur(0), "rental": None, "fit": _FIT},
        {
            **RENTAL_LINE,
            "fit": _FIT,
            "deposit": _eur(3500),
            "rental": {
                **_DAYS,
                "transit": None,
                "late_fee_per_day": _eur(550),
                "keep_price": _eur(3450),
            },
        },
    ],
    "coupon": None,
    "discount": _eur(0),
    "delivery": _eur(0),
    "delivery_terms": "",
    "total": _eur(6570),
    "tax_included": _eur(1049),
    **_DEPOSIT,
    "cancellation": [
        {"until": "2027-04-30T22:00:00Z", "credited_percent": 100},
        {"until": "2027-05-01T22:00:00Z", "credited_percent": 50},
    ],
    "cancellation_now": {
        "credited_percent": 100,
        "until": "2027-04-30T22:00:00Z",
        "text": "All of the rent is credited if you cancel until 1 May 2027, 00:00; 50 % until 2 May 2027, 00:00; "
        "later nothing.",
    },
    "cheaper": [
        {
            "line": 1,
            "kind": "longer",
            "sku": "SLI-GRAPHITE",
            "container": None,
            "title": "Hollowfern Sliver, One size Graphite",
            "end_on": "2027-05-10",
            "text": "8 days cost the same as 7: keep it until 10 May 2027.",
            "price": _eur(2080),
            "saves": _eur(0),
        }
    ],
    "trip": _TRIP,
    "expires_at": "2027-04-20T09:30:00Z",
}
ORDER: dict[str, Any] = {
    "number": "CT-7K3M-9QXP-2RTV",
    "status": "pending_payment",
    "allowed_events": ["cancel", "pay"],
    "quote": _QUOTE_ID,
    "depot": "BER",
    "fulfilment": "pickup",
    "currency": "EUR",
    "coupon": None,
    "discount": _eur(0),
    "delivery": _eur(0),
    "other_charges": [],
    "total": _eur(6570),
    "tax_included": _eur(1049),
    **_DEPOSIT,
    "deposit_secured_at": None,
    "placed_at": "2027-04-20T09:05:12Z",
    "expires_at": "2027-04-20T09:20:12Z",
    "confirmed_at": None,
    "trip": _TRIP,
    "rule_versions": [_RULE],
    "fit_worse_at": None,
    "lines": [
        {
            **SALE_LINE,
            "fit": _FIT,
            "other_charges": [],
            "id": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a02",
            "status": "reserved",
            "allowed_events": [],
            "returnable_until": None,
            "shipment": None,
            "rentals": [],
        },
        {
            **RENTAL_LINE,
            "fit": _FIT,
            "other_charges": [],
            "id": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a03",
            "status": None,
            "allowed_events": [],
            "returnable_until": None,
            "shipment": None,
            "rentals": [
                {
                    "id": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a04",
                    "status": "booked",
                    **_DAYS,
                    "price": _eur(2080),
                    "discount": _eur(0),
                    "expected_on": None,
                    "unit": None,
                    "post_on": None,
                    "shipment": None,
                    "return_parcel": None,
                    "handed_over_at": None,
                    "returned_at": None,
                    "allowed_events": ["extend"],
                    "late_fee_per_day": _eur(550),
                    "keep_price": _eur(3450),
                }
            ],
        },
    ],
}
ORDER_REQUEST = {"quote": _QUOTE_ID}
CANCELLED = {**ORDER, "status": "cancelled", "allowed_events": [], "expires_at": None}
CANCELLATION = {
    "possible": True,
    "credit": _eur(5530),
    "kept": _eur(1040),
    "rent_credited_percent": 50,
    "until": "2027-05-01T22:00:00Z",
}
EXTENSION = {
    "rental": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a04",
    "end_on": "2027-05-09",
    "latest_on": "2027-05-11",
    "why_not_longer": "next_booking",
    "options": [
        {"end_on": "2027-05-10", "days": 8, "price": _eur(0)},
        {"end_on": "2027-05-11", "days": 9, "price": _eur(260)},
    ],
    "earlier": [{"end_on": "2027-05-07", "days": 5, "credit": _eur(165), "credited_percent": 50, "until": None}],
    "keep_price": _eur(3450),
}
EXTEND_REQUEST = {"rental": EXTENSION["rental"], "end_on": "2027-05-11", "price": _eur(260)}
SHORTEN_REQUEST = {"rental": EXTENSION["rental"], "end_on": "2027-05-07", "credit": _eur(165)}
KEEP_REQUEST = {"rental": EXTENSION["rental"], "price": _eur(3450)}
EVENT = {
    "at": "2027-04-20T09:05:12Z",
    "event": "hold",
    "subject": "",
    "from_status": "reserving",
    "to_status": "pending_payment",
    "by": "provider",
    "reason": "",
}
WAIT_REQUEST = {
    "sku": "SLI-GRAPHITE",
    "depot": "BER",
    "mode": "rent",
    "quantity": 1,
    "currency": "EUR",
    "from": "2027-05-03",
    "to": "2027-05-09",
    "acclimatisation_days": 2,
    "coupon": "WELCOME10",
}
WAITING = {
    "id": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a07",
    **WAIT_REQUEST,
    "coupon_refused": None,
    "title": "Hollowfern Sliver, One size Graphite",
    "status": "waiting",
    "order": None,
    "expires_at": None,
    "created_at": "2027-04-20T09:05:12Z",
}
SHORT_LINE = {
    "sku": "SLI-GRAPHITE",
    "depot": "BER",
    "kind": "rental",
    "requested": 1,
    "available": 0,
    "first_on": "2027-05-03",
    "last_on": "2027-05-09",
    "alternatives": {
        "dates": [{"first_on": "2027-05-05", "last_on": "2027-05-11"}],
        "depots": [{"depot": "MUC", "available": 2}],
        "containers": [
            {
                "sku": "MUR-S-SAGE",
                "container": "minkaro-murmur",
                "title": "Minkaro Murmur, S Sage",
                "price": _eur(2320),
                "available": 2,
            }
        ],
    },
    "waitlist": {"href": "/api/v1/waitlist", "body": WAIT_REQUEST},
}
SHORT = OrderRefused(
    "Not enough is free: SLI-GRAPHITE at BER: asked for 1, free 0. Your unpaid order CT-7K3M-9QXP-2RTV holds what is "
    "short: pay it, or cancel it.",
    lines=[SHORT_LINE],
    held_by_your_orders=["CT-7K3M-9QXP-2RTV"],
)
NO_SUCH_QUOTE = refused(NotFound("There is no such quote, or it is not yours.").at("/quote"))
NO_SUCH_ADDRESS = refused(NotFound("There is no such address, or it is not yours.").at("/address"))
WAIT_REFUSED = refused(CouponUnknown, CanBeHadNow, AlreadyWaiting, WaitlistFull, RequestInProgress)
LEAVE_REFUSED = refused(TransitionNotAllowed(event="withdraw", status="taken", allowed=[]))
QUOTE_REFUSED = refused(
    SHORT,
    *(CouponUnknown, CouponNotYetValid, CouponExpired, CouponCurrency, CouponMinimum, *COUPON_GONE),
    shape=OutOfStockOutput,
)
ORDER_REFUSED = refused(
    SHORT,
    QuoteExpired,
    DepotClosed,
    QuoteUsed,
    *(gone().at("/quote") for gone in COUPON_GONE),
    RequestInProgress,
    shape=OutOfStockOutput,
)
_PRICE_CHANGED = PriceChanged(1470, "EUR")
_CREDIT_CHANGED = PriceChanged(1470, "EUR").at("/credit")
CANCEL_REFUSED = refused(
    TransitionNotAllowed(event="cancel", status="completed", allowed=[]), _CREDIT_CHANGED, RequestInProgress
)
EXTEND_REFUSED = refused(
    TransitionNotAllowed(event="extend", status="returned", allowed=["close"]),
    ExtensionNotPossible("next_booking", date(2027, 5, 11)),
    _PRICE_CHANGED,
    RequestInProgress,
)
SHORTEN_REFUSED = refused(
    TransitionNotAllowed(event="shorten", status="booked", allowed=["extend", "move"]),
    _CREDIT_CHANGED,
    RequestInProgress,
)
MOVE_REQUEST = {"rental": EXTENSION["rental"], "start_on": "2027-05-05", "end_on": "2027-05-11"}
MOVE_REFUSED = refused(
    TransitionNotAllowed(event="move", status="out", allowed=["extend", "keep"]),
    TooLateToMove,
    SHORT,
    _PRICE_CHANGED,
    RequestInProgress,
)
DELAY_REQUEST = {"rental": EXTENSION["rental"], "back_on": "2027-05-12"}
DELAY = {
    **DELAY_REQUEST,
    "late_fees": _eur(1650),
    "extension": {
        "end_on": "2027-05-12",
        "days": 10,
        "price": _eur(520),
        "saves": _eur(1130),
        "text": "Extending until 12 May is cheaper: €5.20 instead of €16.50 in late fees.",
    },
}
DELAY_REFUSED = refused(
    TransitionNotAllowed(event="tell_late", status="booked", allowed=["extend", "move"]), RequestInProgress
)
PARCEL_REQUEST = {"rental": EXTENSION["rental"], "carrier": "DHL", "tracking_number": "00340434161094042557"}
_RENTED = ORDER["lines"][1]
_SENT = {
    "status": "out",
    "unit": "BER-SLI-GRAPHITE-001",
    "post_on": "2027-05-01",
    "shipment": {"carrier": "DHL", "tracking_number": "00340434161094038871"},
    "return_parcel": {
        "carrier": "DHL",
        "tracking_number": "00340434161094042557",
        "posted_at": "2027-05-09T14:40:00Z",
    },
    "handed_over_at": "2027-05-01T08:12:40Z",
    "allowed_events": ["post_back"],
}
POSTED_BACK = {
    **ORDER,
    "status": "confirmed",
    "allowed_events": [],
    "fulfilment": "delivery",
    "expires_at": None,
    "confirmed_at": "2027-04-20T09:07:44Z",
    "deposit_secured_at": "2027-04-30T08:00:00Z",
    "lines": [{**_RENTED, "rentals": [{**_RENTED["rentals"][0], **_SENT}]}],
}
PARCEL_REFUSED = refused(
    TransitionNotAllowed(event="post_back", status="booked", allowed=["extend", "move"]),
    ParcelNotTaken,
    ParcelNotThere(date(2027, 5, 3), date(2027, 5, 4)),
    RequestInProgress,
)
RETURN_REQUEST = {"lines": ["0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a02"], "reason": "Miso does not fit."}
RETURN_REFUSED = refused(
    TransitionNotAllowed(event="ask_return", status="reserved", allowed=["cancel"]),
    ReturnTooLate(until="2027-05-10T09:00:00Z").at("/lines/0"),
    RequestInProgress,
)
KEEP_REFUSED = refused(
    TransitionNotAllowed(event="keep", status="booked", allowed=["extend"]),
    KeepNotOffered,
    _PRICE_CHANGED,
    RequestInProgress,
)


def asked(value: Any) -> OpenApiExample:
    """An example of a request."""
    return OpenApiExample("request", value=value, request_only=True)


def answered(value: Any) -> OpenApiExample:
    """An example of a successful answer."""
    return OpenApiExample("answer", value=value, response_only=True, status_codes=["200", "201", "202"])
