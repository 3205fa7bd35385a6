"""What Stripe answers instead of a result."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HELP = "https://stripe.com/docs/error-codes/"


class ApiError(Exception):
    """An error answer. `keeps_work`: what was changed before it stays changed (a declined card leaves its charge)."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        keeps_work: bool = False,
        **members: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.keeps_work = keeps_work
        named = {"code": code, "message": message, "param": param, "type": kind, **members}
        if code:
            named["doc_url"] = _HELP + code.replace("_", "-")
        self.error = {name: value for name, value in sorted(named.items()) if value is not None}

    def body(self, request_id: str) -> Json:
        return {"error": {**self.error, "request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}"}}


def missing(label: str, object_id: str, *, param: str, status: int = 404) -> ApiError:
    """404 for an id in the address, 400 for one in the parameters."""
    return ApiError(f"No such {label}: '{object_id}'", status=status, code="resource_missing", param=param)


def required(*params: str) -> ApiError:
    if len(params) == 1:
        return ApiError(f"Missing required param: {params[0]}.", code="parameter_missing", param=params[0])
    names = " or ".join(params)
    return ApiError(f"One of the following params should be provided for this request: {names}.")


def unexpected_state(message: str, intent: Json) -> ApiError:
    """The intent's status does not allow this call. The answer shows the intent, as Stripe's does."""
    kind: str = intent["object"]
    error = ApiError(message, code=f"{kind}_unexpected_state")
    error.error[kind] = intent
    return error


def server_error(*, replayed_by_key: bool) -> ApiError:
    """500. A failure after execution began is stored with its key, so Stripe tells its libraries not to repeat it."""
    return ApiError(
        "Sorry! There was an error while talking to one of our backends. Support has been notified.",
        status=500,
        kind="api_error",
        headers={"Stripe-Should-Retry": "false" if replayed_by_key else "true"},
    )


def rate_limited() -> ApiError:
    return ApiError(
        "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
        status=429,
        code="rate_limit",
    )
