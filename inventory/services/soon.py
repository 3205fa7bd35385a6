"""Doors to the jobs of stock: asked for in the caller's transaction, and one that waits does for all who ask.

A job that has begun is never joined (core.queue.enqueue): what moves while it speaks has a job of its own.
"""

from collections.abc import Iterable
from uuid import UUID

from core.queue import enqueue
from inventory.selectors import Pool


def sync_soon(reservation_ids: Iterable[UUID], *, hasten: bool = True) -> None:
    """Have the IMS told what became of these reservations, whatever rest they were given.

    hasten: also those whose job rests after a failure.
    """
    for reservation_id in sorted(reservation_ids):
        key = f"reservation:{reservation_id}"
        enqueue("inventory.sync_reservation", lock=key, once=key, hasten=hasten, reservation_id=str(reservation_id))


def tell_unit_soon(unit_id: int) -> None:
    """Have the IMS told what staff decided about a unit."""
    key = f"unit:{unit_id}"
    enqueue("inventory.tell_unit", lock=key, once=key, unit_id=unit_id)


def review_soon(pools: Iterable[Pool]) -> None:
    """Have it looked whether everything promised of these pools can be kept (services.misfits)."""
    for variant_id, depot_id in sorted(set(pools)):
        key = f"review:{variant_id}:{depot_id}"
        enqueue("inventory.review_promises", lock=key, once=key, variant_id=variant_id, depot_id=depot_id)


def choose_anew_soon(reservation_ids: Iterable[UUID]) -> None:
    """Have bookings given another unit that lost the one that stood ready: by orders, which know the rest."""
    for reservation_id in sorted(reservation_ids):
        key = f"choose:{reservation_id}"
        enqueue("orders.choose_anew", lock=key, once=key, reservation_id=str(reservation_id))
