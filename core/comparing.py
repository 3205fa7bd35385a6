"""Compare two systems that both move while they are read, repair what is asked for, and tell what came of it.

What differs is looked at twice, with time in between for news and jobs to do their work, and only what is still the
same difference counts. After a repair the same is done once more.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from math import isfinite
from time import sleep
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.db.models import Model
from django.utils import timezone

KEPT_FOR = timedelta(days=90)
MOST_KEPT = 1_000  # findings of one comparison; the counts tell of all
BY_HAND = "by_hand"  # the repair of what a person must look at
AGREED = ("repaired", "gone")  # results of what differs no more


class Finding(Protocol):
    """One difference: a frozen dataclass of the app that compares.

    about: names the thing. is_like: what stays the same as long as our side does not move.
    result: what became of it: nothing tried (""), "repaired", "gone" by itself, still "left", or "tried" and not looked
    at again because the other side went away.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def about(self) -> tuple[str, ...]: ...
    @property
    def repair(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def result(self) -> str: ...
    def is_like(self) -> tuple[str, ...]: ...


F = TypeVar("F", bound=Finding)


class Case(Protocol):
    """A finding, and what its repair takes."""

    @property
    def finding(self) -> Finding: ...


K = TypeVar("K", bound=Case)
WhyNot = Mapping[Any, str]  # why something could not be repaired, by what it is about


@dataclass(slots=True)
class Comparison(Generic[K]):
    """What differs. Fields that an app adds are counts, named as in its report and in the model that keeps it."""

    cases: list[K] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "cases"}


@dataclass(slots=True)
class Report(Generic[F]):
    """What came of it. Fields that an app adds are the counts of its comparison.

    drifted: the outcome when something is left.
    """

    drifted: ClassVar[str]
    repaired: int = 0
    findings: list[F] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Findings that still stand."""
        return len(self.standing())

    def standing(self) -> list[F]:
        return [finding for finding in self.findings if finding.result not in AGREED]

    def as_json(self) -> dict[str, Any]:
        """As scripts read it: the counts come first."""
        told = asdict(self)
        last = {name: told.pop(name) for name in ("repaired", "findings")}
        return {**told, **last, "left": self.left}


C = TypeVar("C", bound=Comparison[Any])
R = TypeVar("R", bound=Report[Any])


class Run(Generic[C, R]):
    """One comparison, as far as it came. Network, so never inside a transaction; what the looks raise goes through."""

    def __init__(
        self, look: Callable[[], C], report: type[R], *, settle: float, progress: Callable[[str], None]
    ) -> None:
        """settle: seconds until the second look."""
        if not (isfinite(settle) and settle >= 0):
            raise ValueError("settle is a number of seconds")
        self._look, self._make, self._settle, self._progress = look, report, settle, progress
        self._began, self._counts = timezone.now(), dict[str, int]()
        self.report = report()

    def go(self, repair: Callable[..., WhyNot] | None) -> R:
        """Compare; with `repair`, give it the `cases` that can be repaired, and look once more."""
        found = self._settled()
        self._tell(found, [case.finding for case in found.cases])
        if repair is not None and found.cases:
            self._repair(found.cases, repair)
        return self.report

    def keep(self, model: type[Model], *, error: str | None = None, **more: Any) -> None:
        """Write down what came of it. error: why it ended early, if it did: it then counts as unreachable."""
        report = self.report
        outcome = report.drifted if report.left else "repaired" if report.repaired else "equal"
        findings = sorted(report.findings, key=lambda finding: finding.result in AGREED)  # what is left comes first
        model._default_manager.create(  # noqa: SLF001  # Django's documented name
            started_at=self._began,
            finished_at=max(self._began, timezone.now()),
            **self._counts,
            found=len(findings),
            repaired=report.repaired,
            left=report.left,
            findings=[asdict(finding) for finding in findings[:MOST_KEPT]],
            outcome=outcome if error is None else "unreachable",
            error=(error or "")[:300],
            **more,
        )

    def _repair(self, cases: list[Any], repair: Callable[..., WhyNot]) -> None:
        possible = [case for case in cases if case.finding.repair != BY_HAND]
        self._progress(f"{len(possible)} of {len(cases)} can be repaired")
        if not possible:
            return
        why_not = repair(cases=possible)
        tried = self.report.findings = [_tried(finding, why_not) for finding in self.report.findings]
        after = self._settled()
        self._tell(after, _after_repair(tried, [case.finding for case in after.cases], why_not))

    def _settled(self) -> C:
        """What two looks agree upon."""
        first = self._look()
        if not first.cases:
            return first
        self._progress(f"{len(first.cases)} differences; looking again in {self._settle:g} s")
        sleep(self._settle)
        before = {case.finding.is_like() for case in first.cases}
        again = self._look()
        again.cases = [case for case in again.cases if case.finding.is_like() in before]
        return again

    def _tell(self, found: C, findings: list[Any]) -> None:
        self._counts = found.counts()
        repaired = sum(finding.result == "repaired" for finding in findings)
        self.report = self._make(**self._counts, repaired=repaired, findings=findings)


def _tried(finding: F, why_not: WhyNot) -> F:
    return finding if finding.repair == BY_HAND else replace(_explained(finding, why_not), result="tried")


def _explained(finding: F, why_not: WhyNot) -> F:
    why = why_not.get(finding.about)
    return replace(finding, note="; ".join(filter(None, [finding.note, f"not repaired: {why}"]))) if why else finding


def _after_repair(before: list[F], after: list[F], why_not: WhyNot) -> list[F]:
    """What is left stands as it is now; what is not there any more was repaired, or went by itself."""
    left = [replace(_explained(finding, why_not), result="left") for finding in after]
    still = {finding.about for finding in left}
    done = [
        replace(finding, result="gone" if finding.repair == BY_HAND or finding.about in why_not else "repaired")
        for finding in before
        if finding.about not in still
    ]
    return [*left, *done]
