"""The demo's stock, put into the inventory stand-in and mirrored from there, as real stock would be."""

from dataclasses import asdict
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings

from config.demo.catalog import PART_STOCK, PART_UNITS, STOCK, UNITS
from core.http import HttpClient, HttpError
from inventory.providers.base import ProviderError
from inventory.services import mirror_changes

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class StandInUnreachable(Exception):
    """The inventory stand-in did not take the demo's stock."""


def has_stand_in() -> bool:
    """True when the inventory system is one on this machine: only that may be filled with made-up counts."""
    return urlsplit(settings.INVENTORY_URL).hostname in _LOOPBACK


def seed_stock() -> int:
    """Fill the stand-in, which keeps what it has, and read its feed to the end. Returns the rows that moved here.

    Raises: StandInUnreachable.
    """
    units = [
        {"serial": u.serial, "sku": u.sku, "depot": u.depot, "condition": u.condition, "status": u.status}
        for u in (*UNITS, *PART_UNITS)
    ]
    levels = [asdict(level) for level in (*STOCK, *PART_STOCK)]
    client = HttpClient("inventory-sandbox", settings.INVENTORY_URL, read_timeout=30)
    try:
        answer = client.request("POST", "/_sandbox/seed", json={"levels": levels, "units": units})
        if answer.status != HTTPStatus.OK:
            raise StandInUnreachable(f"{settings.INVENTORY_URL} answered {answer.status}: {answer.body[:200]!r}")
        return mirror_changes()
    except (HttpError, ProviderError) as error:
        raise StandInUnreachable(
            f"The inventory system at {settings.INVENTORY_URL} does not answer: {error}"
        ) from error
    finally:
        client.close()
