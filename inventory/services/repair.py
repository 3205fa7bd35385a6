"""Make both sides agree again where that can do no harm. Repairs look again before they write, and may be repeated."""

from collections.abc import Callable, Iterator, Sequence

from django.db import OperationalError

from core.logging import get_logger
from core.problems import is_busy
from inventory.models import OUT_OF_STEP, Reservation, StockLevel, Unit
from inventory.providers.base import (
    InventoryProvider,
    Level,
    ProviderError,
    RemoteReservation,
    RemoteState,
    UnitRecord,
)
from inventory.services.sync import sync_anew, sync_reservations, tell_unit
from inventory.services.takeover import take_over, write_off
from inventory.services.verdicts import Case, Repair

log = get_logger(__name__)

_BATCH = 500
_SKUS_A_CALL = 50
_LOGGED = ("repair", "drift", "what", "ref", "depot", "ours", "theirs")
About = tuple[str, str, str]


def repair_cases(
    *, cases: Sequence[Case], provider: InventoryProvider, progress: Callable[[str], None] = lambda _line: None
) -> dict[About, str]:
    """Do to each case what its finding names. Returns why it could not be done, by what it is about.

    A no of the IMS, and a row that somebody else holds, leave that case and go on with the next. Network between short
    transactions, so never inside one. Locks: as the services of takeover and sync do.
    """
    return _Repairs(provider, progress, len(cases)).of(cases)


class _Repairs:
    def __init__(self, provider: InventoryProvider, progress: Callable[[str], None], total: int) -> None:
        self._provider, self._progress, self._total = provider, progress, total
        self._tried = 0
        self._why_not: dict[About, str] = {}

    def of(self, cases: Sequence[Case]) -> dict[About, str]:
        many = {Repair.TAKE_THEIRS: (_BATCH, self._take_theirs), Repair.WRITE_OFF: (_SKUS_A_CALL, self._write_off)}
        one = {
            Repair.TELL_AGAIN: self._tell_again,
            Repair.SYNC_AGAIN: self._sync_again,
            Repair.RELEASE_THERE: self._release_there,
        }
        for repair, (size, together) in many.items():
            for batch in _batches([case for case in cases if case.finding.repair == repair], size):
                self._attempt(batch, together)
        for alone, do in one.items():
            for case in cases:
                if case.finding.repair == alone:
                    self._attempt([case], do)
        return self._why_not

    def _attempt(self, cases: Sequence[Case], do: Callable[[Sequence[Case]], None]) -> None:
        why = ""
        try:
            do(cases)
        except ProviderError as no:
            why = str(no)
        except OperationalError as error:
            if not is_busy(error):
                raise
            why = "somebody else was working on it"
        for case in cases:
            finding = case.finding
            told = {name: str(getattr(finding, name)) for name in _LOGGED} | ({"error": why} if why else {})
            if why:
                log.warning("stock_not_repaired", **told)
            else:
                log.info("stock_repaired", **told)
            if why:
                self._why_not[finding.about] = why
        before, self._tried = self._tried, self._tried + len(cases)
        if before // 100 != self._tried // 100 or self._tried == self._total:
            self._progress(f"{self._tried} of {self._total} repairs tried, {len(self._why_not)} could not be done")

    def _take_theirs(self, cases: Sequence[Case]) -> None:
        """The second look has heard the same from the IMS again, so it stands also where its clock went back.

        A newer row that the mirror wrote meanwhile is kept, and so is what moved here.
        """
        take_over(
            levels=[case.there for case in cases if isinstance(case.there, Level)],
            units=[case.there for case in cases if isinstance(case.there, UnitRecord)],
            instead_of=[case.here for case in cases if isinstance(case.here, StockLevel | Unit)],
        )

    def _write_off(self, cases: Sequence[Case]) -> None:
        """The IMS is asked by name first: what a list left out is not what it does not have."""
        rows = [case.here for case in cases if isinstance(case.here, StockLevel)]
        listed: set[tuple[str, str]] = set()
        skus, cursor, more = sorted({row.variant.sku for row in rows}), None, True
        while more:
            page = self._provider.levels(skus=skus, cursor=cursor)
            listed.update((level.sku, level.depot) for level in page.levels)
            cursor, more = page.cursor, page.cursor is not None
        write_off(rows=[row for row in rows if (row.variant.sku, row.depot.code) not in listed])

    def _tell_again(self, cases: Sequence[Case]) -> None:
        for case in cases:
            if isinstance(case.here, Unit):
                tell_unit(unit_id=case.here.pk)

    def _sync_again(self, cases: Sequence[Case]) -> None:
        for case in cases:
            if isinstance(case.here, Unit):
                untold = Reservation.objects.filter(OUT_OF_STEP, unit=case.here).order_by("id")
                sync_reservations(reservation_ids=list(untold.values_list("pk", flat=True)))
            elif isinstance(case.here, Reservation):
                sync_anew(row=case.here, there=case.there if isinstance(case.there, RemoteReservation) else None)

    def _release_there(self, cases: Sequence[Case]) -> None:
        """Only what is still unknown here, and only while nothing has left; the IMS refuses it afterwards."""
        for case in cases:
            if not isinstance(case.there, RemoteReservation):
                continue
            key = case.there.key
            found = self._provider.find(key)
            claims = found is not None and found.state in (RemoteState.HELD, RemoteState.CONFIRMED)
            if claims and not Reservation.objects.filter(pk=key).exists():
                self._provider.release(key=key)


def _batches(cases: Sequence[Case], size: int) -> Iterator[Sequence[Case]]:
    for first in range(0, len(cases), size):
        yield cases[first : first + size]


__all__ = ["repair_cases"]
