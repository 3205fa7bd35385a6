"""Every write to stock that means something."""

from inventory.changes import forget_old_changes
from inventory.services.days import change_days, expect_back
from inventory.services.holds import (
    Bundle,
    Claim,
    close_counted_sales,
    commit,
    extend_holds,
    hold,
    lock_pools,
    lock_reservations,
    release,
    require_free,
    rewin,
    tidy_lapsed_holds,
)
from inventory.services.importing import import_stock
from inventory.services.mirror import accept_push, apply_changes, mirror_changes
from inventory.services.misfits import review_overdue, review_promises
from inventory.services.reconcile import forget_old_reconciliations, reconcile_inventory
from inventory.services.soon import review_soon, sync_soon
from inventory.services.sync import (
    enqueue_stragglers,
    enqueue_untold_units,
    sync_reservations,
    tell_unit,
)
from inventory.services.talk import lease_for
from inventory.services.units import (
    add_unit,
    decide_unit,
    exchange_units,
    free_units,
    free_units_of,
    grade_unit,
    part_with,
    put_back,
    put_down,
    set_aside,
    ship,
    take_in,
)
from inventory.standing import in_step

__all__ = [
    "Bundle",
    "Claim",
    "accept_push",
    "add_unit",
    "apply_changes",
    "change_days",
    "close_counted_sales",
    "commit",
    "decide_unit",
    "enqueue_stragglers",
    "enqueue_untold_units",
    "exchange_units",
    "expect_back",
    "extend_holds",
    "forget_old_changes",
    "forget_old_reconciliations",
    "free_units",
    "free_units_of",
    "grade_unit",
    "hold",
    "import_stock",
    "in_step",
    "lease_for",
    "lock_pools",
    "lock_reservations",
    "mirror_changes",
    "part_with",
    "put_back",
    "put_down",
    "reconcile_inventory",
    "release",
    "require_free",
    "review_overdue",
    "review_promises",
    "review_soon",
    "rewin",
    "set_aside",
    "ship",
    "sync_reservations",
    "sync_soon",
    "take_in",
    "tell_unit",
    "tidy_lapsed_holds",
]
