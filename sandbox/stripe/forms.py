"""Stripe's form encoding: `shipping[address][city]=Bonn&expand[0]=customer` as nested dictionaries of strings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.stripe.errors import ApiError

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Lists stay dictionaries with the keys 0, 1, ...: only the parameter's type can tell them apart."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        match = _KEY.fullmatch(key)
        if match is None:
            raise ApiError(f"Invalid parameter name: {key}")
        _put(result, [match[1], *_PART.findall(match[2])], value, key)
    return result


def _put(target: dict[str, Any], path: list[str], value: str, key: str) -> None:
    for part in path[:-1]:
        target = target.setdefault(part or str(len(target)), {})
        if not isinstance(target, dict):
            raise ApiError(f"Parameter given twice: {key}")
    target[path[-1] or str(len(target))] = value
