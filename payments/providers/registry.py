"""Which gateway this installation speaks to."""

from functools import lru_cache
from typing import Any

from django.conf import settings

from payments.providers.base import PaymentProvider
from payments.providers.stripe import StripeProvider


@lru_cache(maxsize=4)
def _provider(secret: str, publishable: str, hooks: tuple[str, ...], base: str, http_client: Any) -> PaymentProvider:
    return StripeProvider(
        secret_key=secret, publishable_key=publishable, webhook_secrets=hooks, api_base=base, http_client=http_client
    )


def get_provider() -> PaymentProvider:
    """The adapter that settings name. `STRIPE_HTTP_CLIENT` is the SDK's own seam for another transport."""
    return _provider(
        settings.STRIPE_SECRET_KEY,
        settings.STRIPE_PUBLISHABLE_KEY,
        tuple(settings.STRIPE_WEBHOOK_SECRETS),
        settings.STRIPE_API_BASE,
        settings.STRIPE_HTTP_CLIENT,
    )
