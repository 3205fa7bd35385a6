"""What every adapter makes of a call: failures that mean the same whatever IMS is asked."""

from typing import Any

from core.http import HttpClient, HttpResponse, NotSent, OutcomeUnknown
from core.logging import get_logger
from inventory.providers.base import RateLimited, Unavailable, UnknownOutcome

log = get_logger(__name__)

DEFAULT_RETRY_AFTER = 1.0
NOT_LET_IN = frozenset({401, 403})


def answer_of(client: HttpClient, method: str, path: str, **options: Any) -> HttpResponse:
    """What the IMS answered, whatever the status. Raises: Unavailable when it was not asked, else UnknownOutcome."""
    try:
        return client.request(method, path, **options)
    except NotSent as error:
        raise Unavailable(str(error)) from None
    except OutcomeUnknown as error:
        raise UnknownOutcome(str(error)) from None


def turn_back(response: HttpResponse, said: str) -> None:
    """Raise RateLimited or Unavailable for an answer that only says "not now"; every other one is the adapter's."""
    match response.status:
        case 429:
            raise RateLimited(response.retry_after(DEFAULT_RETRY_AFTER))
        case status if status in NOT_LET_IN:
            # A wrong or expired token is the operator's to mend; no customer's order is refused for it.
            log.error("inventory_credentials_refused", status=status)
            raise Unavailable(said)
        case 503:
            raise Unavailable(said)
