"""One call to Stripe, and what its exceptions mean in our words."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import stripe

from core.logging import get_logger
from payments.providers.base import KeySpent, ProviderRefused, ProviderUnavailable, UnknownPayment

T = TypeVar("T")
R = TypeVar("R", bound=stripe.StripeObject)
log = get_logger(__name__)

_DECLINES: Mapping[str, str] = {
    "insufficient_funds": "insufficient_funds",
    "expired_card": "expired_card",
    "incorrect_cvc": "incorrect_cvc",
    "invalid_cvc": "incorrect_cvc",
    "incorrect_number": "incorrect_number",
    "invalid_number": "incorrect_number",
    "invalid_expiry_month": "incorrect_expiry",
    "invalid_expiry_year": "incorrect_expiry",
    "card_not_supported": "card_not_supported",
    "transaction_not_allowed": "card_not_supported",
    "currency_not_supported": "currency_not_supported",
    "card_velocity_exceeded": "limit_exceeded",
    "withdrawal_count_limit_exceeded": "limit_exceeded",
    "authentication_required": "authentication_required",
    "payment_intent_authentication_failure": "authentication_required",
    "processing_error": "try_again_later",
    "try_again_later": "try_again_later",
    "issuer_not_available": "try_again_later",
    "reenter_transaction": "try_again_later",
    "amount_too_small": "amount_too_small",
    "amount_too_large": "amount_too_large",
}


class Declined(ProviderRefused):
    """The bank said no to a payment that exists all the same, as `ref`."""

    def __init__(self, detail: str, *, code: str, ref: str) -> None:
        super().__init__(detail, code=code)
        self.ref = ref


def ask(call: Callable[[], T]) -> T:
    """Make one call; Stripe's exceptions come out as ours.

    Stripe keeps a 500 under its key for a day and answers it to every repeat: the key is spent. So it is when Stripe
    knows another request by it. A key to the account that is wrong or may not do this says nothing about the payment:
    it is our configuration that is broken.
    """
    try:
        return call()
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderUnavailable(told(error)) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("gateway_denies_us", told=told(error))
        raise ProviderUnavailable(told(error)) from error
    except stripe.IdempotencyError as error:
        raise KeySpent(told(error)) from error
    except stripe.StripeError as error:
        if error.http_status is not None and error.http_status >= 500:
            raise KeySpent(told(error)) from error
        if error.http_status is None or error.http_status == 409:  # not answered; the same key is being worked on
            raise ProviderUnavailable(told(error)) from error
        if error.code == "resource_missing":
            raise UnknownPayment(told(error), code="payment_refused") from error
        code = decline(error.error) if error.error else "payment_refused"
        intent = getattr(error.error, "payment_intent", None) if isinstance(error, stripe.CardError) else None
        if intent is not None:
            raise Declined(told(error), code=code, ref=intent.id) from error
        raise ProviderRefused(told(error), code=code) from error


def paged(first: Callable[[], stripe.ListObject[R]]) -> Iterator[R]:
    """Every object of a list, page after page. Raises: as `ask`."""
    page = ask(first)
    while True:
        yield from page.data
        if not page.has_more:
            return
        page = ask(page.next_page)


def told(error: stripe.StripeError) -> str:
    return f"{type(error).__name__} {error.code or ''} (request {error.request_id or 'not sent'})"


def decline(error: Any) -> str:
    """Our stable code for why a card was refused."""
    raw = getattr(error, "decline_code", None) or getattr(error, "code", None) or ""
    return _DECLINES.get(raw, "card_declined" if getattr(error, "type", "") == "card_error" else "payment_refused")
