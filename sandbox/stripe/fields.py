"""Pieces that several nouns share: metadata, addresses, optional texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.stripe.errors import ApiError, Json

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_MOST_KEYS, _LONGEST_KEY, _LONGEST_VALUE = 50, 40, 500


def merged_metadata(old: Json, sent: Any) -> Json:
    """Stripe's merge: a key sent empty is unset, everything sent empty unsets all. Raises: ApiError."""
    if sent is None:
        return old
    if sent == "":
        return {}
    merged = {**old, **sent}
    metadata = {key: value for key, value in merged.items() if value != ""}
    _check_metadata(metadata)
    return metadata


def _check_metadata(metadata: Json) -> None:
    if len(metadata) > _MOST_KEYS:
        message = f"You can only have up to {_MOST_KEYS} metadata keys; {len(metadata)} were given."
        raise ApiError(message, param="metadata")
    for key, value in metadata.items():
        if len(key) > _LONGEST_KEY:
            message = f"Metadata keys can be up to {_LONGEST_KEY} characters long: {key}"
            raise ApiError(message, param="metadata")
        if len(value) > _LONGEST_VALUE:
            message = (
                f"Metadata values can have up to {_LONGEST_VALUE} characters, but you passed in a value that is "
                f"{len(value)} characters. Invalid value: {value}"
            )
            raise ApiError(message, param=f"metadata[{key}]")


def unset_if_empty(value: Any) -> Any:
    """Stripe's way to clear a field is to send it empty."""
    return None if value == "" else value


def changes(params: Json, names: Iterable[str]) -> Json:
    """The named parameters that were sent."""
    return {name: unset_if_empty(params[name]) for name in names if name in params}


def address(sent: Any) -> Json | None:
    if not sent:
        return None
    return {name: unset_if_empty(sent.get(name)) for name in _ADDRESS}


def shipping(sent: Any) -> Json | None:
    if not sent:
        return None
    return {
        "address": address(sent.get("address")),
        "carrier": sent.get("carrier"),
        "name": sent.get("name"),
        "phone": unset_if_empty(sent.get("phone")),
        "tracking_number": sent.get("tracking_number"),
    }


def billing_details(sent: Any) -> Json:
    sent = sent or {}
    empty = dict.fromkeys(_ADDRESS)
    return {
        "address": address(sent.get("address")) or empty,
        "email": unset_if_empty(sent.get("email")),
        "name": unset_if_empty(sent.get("name")),
        "phone": unset_if_empty(sent.get("phone")),
        "tax_id": sent.get("tax_id"),
    }
