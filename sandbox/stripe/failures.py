"""How a declined payment is told."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.cards import Decline
from sandbox.stripe.errors import ApiError, Json


def card_error(decline: Decline, **members: Any) -> ApiError:
    """402. What happened up to the decline (a failed charge, a status) stays.

    A failed authentication is no card error in Stripe's terms: it never reached the bank.
    """
    return ApiError(
        decline.message,
        status=402,
        kind="invalid_request_error" if decline.decline_code is None else "card_error",
        code=decline.code,
        param=decline.param,
        keeps_work=True,
        decline_code=decline.decline_code,
        **members,
    )


def last_error(error: ApiError, *left_out: str) -> Json:
    """The same refusal, as an intent remembers it."""
    return {name: value for name, value in error.error.items() if name not in left_out}
