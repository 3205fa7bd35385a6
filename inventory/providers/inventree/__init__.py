"""The adapter for InvenTree."""

from inventory.providers.inventree.provider import InvenTreeProvider

__all__ = ["InvenTreeProvider"]
