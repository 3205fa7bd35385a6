"""Which IMS this installation speaks to."""

from functools import lru_cache

from django.conf import settings

from inventory.providers.base import InventoryProvider
from inventory.providers.http import HttpInventoryProvider


@lru_cache(maxsize=4)
def _provider(url: str, token: str, secrets: tuple[str, ...]) -> InventoryProvider:
    return HttpInventoryProvider(base_url=url, token=token, push_secrets=secrets)


def get_provider() -> InventoryProvider:
    """The adapter that settings name; one per configuration, so that connections are kept."""
    return _provider(settings.INVENTORY_URL, settings.INVENTORY_TOKEN, tuple(settings.INVENTORY_PUSH_SECRETS))
