"""Identifiers that look like Stripe's."""

from __future__ import annotations

import random
import string

_ALPHABET = string.ascii_letters + string.digits
_random = random.Random()  # ids of a test account are no secrets


def random_text(length: int) -> str:
    return "".join(_random.choices(_ALPHABET, k=length))


def new_id(prefix: str, length: int = 24) -> str:
    return f"{prefix}_{random_text(length)}"


def client_secret(object_id: str) -> str:
    return f"{object_id}_secret_{random_text(25)}"
