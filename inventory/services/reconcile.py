"""Find where we and the IMS differ, repair what is asked for, and keep what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import ClassVar

from django.conf import settings
from django.utils import timezone

from core import comparing
from inventory.models import Reconciliation
from inventory.providers.base import ProviderError
from inventory.providers.registry import get_provider
from inventory.services.comparison import Comparer
from inventory.services.repair import repair_cases
from inventory.services.verdicts import Finding


@dataclass(slots=True)
class Report(comparing.Report[Finding]):
    """How much was compared, and what differed. `skipped`: rows of theirs whose SKU or depot is not one of ours."""

    drifted: ClassVar = Reconciliation.Outcome.DRIFT

    levels: int = 0
    units: int = 0
    reservations: int = 0
    skipped: int = 0


def reconcile_inventory(
    *,
    depot: str | None = None,
    sku: str | None = None,
    repair: bool = False,
    settle: float | None = None,
    actor: str = "command",
    progress: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Find where levels, units and reservations differ from the IMS; of one depot or SKU when named.

    When something differs it waits `settle` seconds (else INVENTORY_SETTLE) and looks again. With `repair`, each
    difference is then repaired if it can be without harm, and everything is looked at once more. A `Reconciliation`
    tells of it afterwards, also when the IMS went away half-way. Safe to repeat. Network, so never inside a
    transaction. Locks: those of the repairs. Raises: ProviderError.
    """
    provider = get_provider()
    seconds = settings.INVENTORY_SETTLE if settle is None else settle
    run = comparing.Run(Comparer(provider, depot, sku, progress).all, Report, settle=seconds, progress=progress)
    keep = partial(run.keep, Reconciliation, depot=depot or "", sku=sku or "", actor=actor)
    try:
        run.go(partial(repair_cases, provider=provider, progress=progress) if repair else None)
    except ProviderError as away:
        keep(error=str(away))
        raise
    keep()
    return run.report


def forget_old_reconciliations(*, older_than: timedelta = comparing.KEPT_FOR) -> int:
    """Delete what was kept for long enough. Returns how many. Safe to repeat."""
    deleted, _ = Reconciliation.objects.filter(finished_at__lt=timezone.now() - older_than).delete()
    return deleted


__all__ = ["Report", "forget_old_reconciliations", "reconcile_inventory"]
