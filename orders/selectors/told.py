"""What quotes and orders tell alike."""

from collections.abc import Iterable
from itertools import repeat
from typing import Any

from core.api import money
from orders.models import Order, Quote
from orders.terms import deposit_terms


def fits_of(promise: Quote | Order) -> Iterable[Any]:
    """Of each line whether it fits the trip; None for ever where there is no trip."""
    return map(_fit_told, promise.trip["fits"]) if promise.trip else repeat(None)


def _fit_told(fit: dict[str, Any]) -> dict[str, Any]:
    return fit | {"verdicts": [_verdict_told(verdict) for verdict in fit["verdicts"]]}


def _verdict_told(verdict: dict[str, Any]) -> dict[str, Any]:
    """What was judged before weights were told counted the room inside around a standing cat: that is not told."""
    if "weight_g" in verdict["inside"]:
        return verdict
    return verdict | {"inside": None, "outside": verdict["outside"] | {"sum_mm": None, "weight_g": None}}


def trip_of(promise: Quote | Order) -> dict[str, Any] | None:
    return {name: promise.trip[name] for name in ("cats", "together", "legs")} if promise.trip else None


def deposit_of(promise: Quote | Order, cur: str, *, is_ahead: bool = True) -> dict[str, Any]:
    return {
        "deposit": money(promise.deposit_minor, cur),
        "deposit_plan": promise.deposit_plan or None,
        "deposit_terms": deposit_terms(promise) if is_ahead else "",
    }


def parts_of(frozen: dict[str, Any]) -> list[dict[str, Any]]:
    """What a bundle consists of, each; none of anything else."""
    names = ("sku", "title", "quantity", "comes_back")
    return [{name: part[name] for name in names} for part in frozen.get("parts") or ()]


def adjustment_told(part: dict[str, Any], cur: str) -> dict[str, Any]:
    told = {name: part[name] for name in ("season", "days", "percent")}
    return {**told, "amount": money(part["amount_minor"], cur)}
