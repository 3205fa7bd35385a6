"""Which IMS this installation speaks to."""

from functools import lru_cache

from django.conf import settings

from inventory.providers.base import InventoryProvider
from inventory.providers.http import HttpInventoryProvider
from inventory.providers.inventree import InvenTreeProvider


@lru_cache(maxsize=4)
def _http(url: str, token: str, secrets: tuple[str, ...]) -> InventoryProvider:
    return HttpInventoryProvider(base_url=url, token=token, push_secrets=secrets)


@lru_cache(maxsize=4)
def _inventree(
    url: str, token: str, secrets: tuple[str, ...], customer: int, locations: tuple[tuple[str, int], ...]
) -> InventoryProvider:
    return InvenTreeProvider(url, token, customer=customer, locations=dict(locations), push_secrets=secrets)


def get_provider() -> InventoryProvider:
    """The adapter that settings name; one per configuration, so that connections are kept."""
    common = (settings.INVENTORY_URL, settings.INVENTORY_TOKEN, tuple(settings.INVENTORY_PUSH_SECRETS))
    if settings.INVENTORY_PROVIDER == "inventree":
        locations = tuple(sorted(settings.INVENTREE_LOCATIONS.items()))
        return _inventree(*common, settings.INVENTREE_CUSTOMER, locations)
    return _http(*common)
