"""Find where we and the gateway differ, repair what is asked for, and keep what came of it.

Both sides move while they are read. So what differs is looked at twice, with time in between for events and jobs to do
their work, and only what is still the same difference counts. After a repair the same is done once more.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from time import sleep

from django.conf import settings
from django.utils import timezone

from core.logging import get_logger
from payments.models import PaymentReconciliation
from payments.providers.base import ProviderError
from payments.providers.registry import get_provider
from payments.services.comparison import Comparison, Look
from payments.services.repair import repair_cases
from payments.services.verdicts import Case, Finding, Repair

log = get_logger(__name__)

KEPT_FOR = timedelta(days=90)
MOST_KEPT = 1_000  # findings of one comparison; the counts tell of all
ALERTED_AFTER = timedelta(minutes=10)
WATCH = "watch"
_AGREED = ("repaired", "gone")


@dataclass(slots=True)
class Report:
    """How much was compared, and what differed."""

    payments: int = 0
    refunds: int = 0
    disputes: int = 0
    repaired: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Findings that still stand."""
        return sum(finding.result not in _AGREED for finding in self.findings)

    def older_than(self, span: timedelta) -> list[Finding]:
        """Findings that still stand and began so long ago, or of which nothing tells when."""
        before = timezone.now() - span
        left = [finding for finding in self.findings if finding.result not in _AGREED]
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
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError("settle is a number of seconds")
    run = _Run(Look(get_provider(), since, progress), seconds, progress)
    began, error = timezone.now(), ""
    try:
        run.compare()
        if repair and run.cases:
            run.repair()
    except ProviderError as away:
        error = f"{type(away).__name__}: {away}"
        raise
    finally:
        if error or (run.is_done and (run.report.findings or actor != WATCH)):
            _keep(run.report, began=began, since=since, actor=actor, error=error)
    return run.report


class _Run:
    """One comparison, as far as it came."""

    def __init__(self, look: Look, settle: float, progress: Callable[[str], None]) -> None:
        self._look, self._settle, self._progress = look, settle, progress
        self.report = Report()
        self.cases: list[Case] = []
        self.is_done = False

    def compare(self) -> None:
        found = self._settled()
        self.cases = found.cases
        self.report = _report(found, [case.finding for case in found.cases])
        self.is_done = True

    def repair(self) -> None:
        self.is_done = False
        cases = [case for case in self.cases if case.finding.repair != Repair.BY_HAND]
        self._progress(f"{len(cases)} of {len(self.cases)} can be repaired")
        if cases:
            why_not = repair_cases(cases=cases, progress=self._progress)
            self.report.findings = [_tried(finding, why_not) for finding in self.report.findings]
            self.report = _after_repair(self.report.findings, self._settled(), why_not)
        self.is_done = True

    def _settled(self) -> Comparison:
        """What two looks agree upon."""
        first = self._look.all()
        if not first.cases:
            return first
        self._progress(f"{len(first.cases)} differences; looking again in {self._settle:g} s")
        sleep(self._settle)
        before = {case.finding.is_like() for case in first.cases}
        again = self._look.all()
        again.cases = [case for case in again.cases if case.finding.is_like() in before]
        return again


def _report(found: Comparison, findings: list[Finding]) -> Report:
    repaired = sum(finding.result == "repaired" for finding in findings)
    return Report(found.payments, found.refunds, found.disputes, repaired, findings)


def _tried(finding: Finding, why_not: dict[tuple[str, str], str]) -> Finding:
    return finding if finding.repair == Repair.BY_HAND else replace(_explained(finding, why_not), result="tried")


def _explained(finding: Finding, why_not: dict[tuple[str, str], str]) -> Finding:
    why = why_not.get(finding.about)
    return replace(finding, note="; ".join(filter(None, [finding.note, f"not repaired: {why}"]))) if why else finding


def _after_repair(before: list[Finding], after: Comparison, why_not: dict[tuple[str, str], str]) -> Report:
    """What is left stands as it is now; what is not there any more was repaired, or went by itself."""
    left = [replace(_explained(case.finding, why_not), result="left") for case in after.cases]
    still = {finding.about for finding in left}
    done = [
        replace(finding, result="gone" if finding.repair == Repair.BY_HAND or finding.about in why_not else "repaired")
        for finding in before
        if finding.about not in still
    ]
    return _report(after, [*left, *done])


def _keep(report: Report, *, began: datetime, since: datetime, actor: str, error: str) -> None:
    outcome = PaymentReconciliation.Outcome.EQUAL
    if error:
        outcome = PaymentReconciliation.Outcome.UNREACHABLE
    elif report.left:
        outcome = PaymentReconciliation.Outcome.DIFFERENCES
    elif report.repaired:
        outcome = PaymentReconciliation.Outcome.REPAIRED
    findings = sorted(report.findings, key=lambda finding: finding.result in _AGREED)  # what is left comes first
    PaymentReconciliation.objects.create(
        started_at=began,
        finished_at=max(began, timezone.now()),
        since=since,
        payments=report.payments,
        refunds=report.refunds,
        disputes=report.disputes,
        found=len(report.findings),
        repaired=report.repaired,
        left=report.left,
        findings=[asdict(finding) for finding in findings[:MOST_KEPT]],
        outcome=outcome,
        error=error[:300],
        actor=actor,
    )


def forget_old_reconciliations(*, older_than: timedelta = KEPT_FOR) -> int:
    """Delete what was kept for long enough. Returns how many. Safe to repeat."""
    deleted, _ = PaymentReconciliation.objects.filter(finished_at__lt=timezone.now() - older_than).delete()
    return deleted


__all__ = ["ALERTED_AFTER", "WATCH", "Report", "forget_old_reconciliations", "reconcile_payments"]
