"""Every write to stock that means something."""

from inventory.services.holds import Claim, commit, extend_holds, hold, release, require_free, rewin, tidy_lapsed_holds
from inventory.services.mirror import accept_push, apply_changes, mirror_changes
from inventory.services.reconcile import reconcile_inventory
from inventory.services.sync import enqueue_stragglers, in_step, sync_reservations
from inventory.services.units import free_units, keep_overdue_reserved, put_back, ship, take_in

__all__ = [
    "Claim",
    "accept_push",
    "apply_changes",
    "commit",
    "enqueue_stragglers",
    "extend_holds",
    "free_units",
    "hold",
    "in_step",
    "keep_overdue_reserved",
    "mirror_changes",
    "put_back",
    "reconcile_inventory",
    "release",
    "require_free",
    "rewin",
    "ship",
    "sync_reservations",
    "take_in",
    "tidy_lapsed_holds",
]
