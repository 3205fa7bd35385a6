"""Find where we and the gateway differ, repair what is asked for, and keep what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from django.conf import settings
from django.utils import timezone

from core import comparing
from payments.models import PaymentReconciliation
from payments.providers.base import ProviderError
from payments.providers.registry import get_provider
from payments.services.collecting import apply_payment
from payments.services.comparison import Look
from payments.services.repair import repair_cases
from payments.services.verdicts import Finding, Repair

ALERTED_AFTER = timedelta(minutes=10)
WATCH = "watch"


@dataclass(slots=True)
class Report(comparing.Report[Finding]):
    """How much was compared, and what differed."""

    drifted: ClassVar = PaymentReconciliation.Outcome.DIFFERENCES

    payments: int = 0
    refunds: int = 0
    disputes: int = 0

    def older_than(self, span: timedelta) -> list[Finding]:
        """Findings that still stand and began so long ago, or of which nothing tells when."""
        before = timezone.now() - span
        left = self.standing()
        return [finding for finding in left if not finding.since or datetime.fromisoformat(finding.since) < before]


def reconcile_payments(
    *,
    since: datetime,
    repair: bool = False,
    settle: float | None = None,
    actor: str = "command",
    progress: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Find where payments, refunds and disputes since a moment differ from the gateway, and money without an order.

    When something differs it waits `settle` seconds (else PAYMENTS_SETTLE) and looks again. With `repair`, each
    difference is then repaired if it can be without harm, and everything is looked at once more. A
    `PaymentReconciliation` tells of it afterwards, also when the gateway went away half-way; of the watch's, only when
    something differed. Safe to repeat. Network, so never inside a transaction. Locks: those of the repairs.
    Raises: ProviderError.
    """
    seconds = settings.PAYMENTS_SETTLE if settle is None else settle
    run = comparing.Run(Look(get_provider(), since, progress).all, Report, settle=seconds, progress=progress)
    keep = partial(run.keep, PaymentReconciliation, since=since, actor=actor)
    try:
        run.go(partial(repair_cases, progress=progress) if repair else None)
    except ProviderError as away:
        keep(error=f"{type(away).__name__}: {away}")
        raise
    if run.report.findings or actor != WATCH:
        keep()
    return run.report


def watch_payments(*, since: datetime) -> Report:
    """Compare as reconcile_payments does, and close at the gateway what nobody can pay and whose events were lost: a
    payment of ours that another one replaced. All else is told, and repaired by whoever decides to.

    Safe to repeat. Network, so never inside a transaction. Raises: ProviderError.
    """
    report = reconcile_payments(since=since, actor=WATCH)
    for finding in report.standing():
        if (finding.what, finding.repair) == ("payment", Repair.CANCEL_THERE):
            apply_payment(provider_ref=finding.ref)
    return report


def forget_old_reconciliations(*, older_than: timedelta = comparing.KEPT_FOR) -> int:
    """Delete what was kept for long enough. Returns how many. Safe to repeat."""
    deleted, _ = PaymentReconciliation.objects.filter(finished_at__lt=timezone.now() - older_than).delete()
    return deleted


__all__ = ["ALERTED_AFTER", "WATCH", "Report", "forget_old_reconciliations", "reconcile_payments", "watch_payments"]
