"""Find where we and the IMS differ, repair what is asked for, and keep what came of it.

Both sides move while they are read. So what differs is looked at twice, with time in between for the mirror and the
jobs to do their work, and only what is still the same difference is drift. After a repair the same is done once more.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from time import sleep

from django.conf import settings
from django.utils import timezone

from core.logging import get_logger
from inventory.models import Reconciliation
from inventory.providers.base import InventoryProvider, ProviderError
from inventory.providers.registry import get_provider
from inventory.services.comparison import Comparer, Comparison
from inventory.services.repair import repair_cases
from inventory.services.verdicts import Case, Finding, Repair

log = get_logger(__name__)

KEPT_FOR = timedelta(days=90)
MOST_KEPT = 1_000  # findings of one comparison; the counts tell of all
_AGREED = ("repaired", "gone")


@dataclass(slots=True)
class Report:
    """How much was compared, and what differed. `skipped`: rows of theirs whose SKU or depot is not one of ours."""

    levels: int = 0
    units: int = 0
    reservations: int = 0
    skipped: int = 0
    repaired: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Findings that still stand."""
        return sum(finding.result not in _AGREED for finding in self.findings)


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
    seconds = settings.INVENTORY_SETTLE if settle is None else settle
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError("settle is a number of seconds")
    run = _Run(get_provider(), depot, sku, seconds, progress)
    began, error = timezone.now(), ""
    try:
        run.compare()
        if repair and run.cases:
            run.repair()
    except ProviderError as away:
        error = str(away)
        raise
    finally:
        if error or run.is_done:
            _keep(run.report, began=began, depot=depot, sku=sku, actor=actor, error=error)
    return run.report


class _Run:
    """One comparison, as far as it came."""

    def __init__(
        self,
        provider: InventoryProvider,
        depot: str | None,
        sku: str | None,
        settle: float,
        progress: Callable[[str], None],
    ) -> None:
        self._provider, self._settle, self._progress = provider, settle, progress
        self._comparer = Comparer(provider, depot, sku, progress)
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
        if not cases:
            self.is_done = True
            return
        why_not = repair_cases(cases=cases, provider=self._provider, progress=self._progress)
        found = self.report.findings
        self.report.findings = [_tried(finding, why_not) for finding in found]
        after = self._settled()
        self.report = _after_repair(found, after, why_not)
        self.is_done = True

    def _settled(self) -> Comparison:
        """What two looks agree upon."""
        first = self._comparer.all()
        if not first.cases:
            return first
        self._progress(f"{len(first.cases)} differences; looking again in {self._settle:g} s")
        sleep(self._settle)
        before = {case.finding.is_like() for case in first.cases}
        again = self._comparer.all()
        again.cases = [case for case in again.cases if case.finding.is_like() in before]
        return again


def _report(found: Comparison, findings: list[Finding]) -> Report:
    return Report(
        levels=found.levels,
        units=found.units,
        reservations=found.reservations,
        skipped=found.skipped,
        repaired=sum(finding.result == "repaired" for finding in findings),
        findings=findings,
    )


def _tried(finding: Finding, why_not: dict[tuple[str, str, str], str]) -> Finding:
    if finding.repair == Repair.BY_HAND:
        return finding
    return replace(_explained(finding, why_not), result="tried")


def _explained(finding: Finding, why_not: dict[tuple[str, str, str], str]) -> Finding:
    why = why_not.get(finding.about)
    return replace(finding, note="; ".join(filter(None, [finding.note, f"not repaired: {why}"]))) if why else finding


def _after_repair(before: list[Finding], after: Comparison, why_not: dict[tuple[str, str, str], str]) -> Report:
    """What is left stands as it is now; what is not there any more was repaired, or went by itself."""
    left = [replace(_explained(case.finding, why_not), result="left") for case in after.cases]
    still = {finding.about for finding in left}
    done = [
        replace(finding, result="gone" if finding.repair == Repair.BY_HAND or finding.about in why_not else "repaired")
        for finding in before
        if finding.about not in still
    ]
    return _report(after, [*left, *done])


# What is kept


def _keep(report: Report, *, began: datetime, depot: str | None, sku: str | None, actor: str, error: str) -> None:
    outcome = Reconciliation.Outcome.EQUAL
    if error:
        outcome = Reconciliation.Outcome.UNREACHABLE
    elif report.left:
        outcome = Reconciliation.Outcome.DRIFT
    elif report.repaired:
        outcome = Reconciliation.Outcome.REPAIRED
    findings = sorted(report.findings, key=lambda finding: finding.result in _AGREED)  # what is left comes first
    Reconciliation.objects.create(
        started_at=began,
        finished_at=max(began, timezone.now()),
        depot=depot or "",
        sku=sku or "",
        levels=report.levels,
        units=report.units,
        reservations=report.reservations,
        skipped=report.skipped,
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
    deleted, _ = Reconciliation.objects.filter(finished_at__lt=timezone.now() - older_than).delete()
    return deleted


__all__ = ["Report", "forget_old_reconciliations", "reconcile_inventory"]
