"""The stand-in's memory: tables of rows, its clock, and the trace that stock movements leave."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sandbox.inventree.rules import Row, invalid, missing, no_such

TABLES = (
    *("part", "location", "company", "stock", "track", "order", "line", "allocation", "shipment"),
    *("return_order", "return_line", "task", "metadata"),
)


class World:
    """Every table is {pk: row}; primary keys grow and are never given out twice. Safe for threads."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.on_event: Callable[[str, int], None] = lambda _event, _pk: None
        self._clock, self._skew = clock, 0.0
        self._next = {table: itertools.count(1) for table in TABLES}
        self.tables: dict[str, dict[int, Row]] = {table: {} for table in TABLES}

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All or nothing, one at a time."""
        with self.lock:
            before = {name: {pk: dict(row) for pk, row in rows.items()} for name, rows in self.tables.items()}
            try:
                yield
            except BaseException:
                self.tables = before
                raise

    # Time

    def now(self) -> float:
        return self._clock() + self._skew

    def advance(self, seconds: float) -> None:
        """Let time pass for this stand-in alone."""
        self._skew += seconds

    def _minute(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%d %H:%M")

    def _today(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).date().isoformat()

    # Rows

    def rows(self, table: str) -> Iterable[Row]:
        return self.tables[table].values()

    def get(self, table: str, pk: int) -> Row:
        try:
            return self.tables[table][pk]
        except KeyError:
            raise missing() from None

    def named(self, table: str, pk: object, field: str) -> Row:
        """The row that a field of the body names."""
        row = self.tables[table].get(pk) if isinstance(pk, int) else None
        if row is None:
            raise invalid(**{field: no_such(pk)})
        return row

    def insert(self, table: str, **values: object) -> Row:
        pk = next(self._next[table])
        row = {"pk": pk, **values}
        self.tables[table][pk] = row
        return row

    def track(self, item: Row, label: str, **deltas: object) -> None:
        """The trace of a movement. Allocations leave none."""
        item["updated"] = self._minute()
        self.insert("track", item=item["pk"], date=self._minute(), label=label, deltas=deltas, notes="", user=1)
        self.on_event(f"stockitem.{label}", item["pk"])

    def restore_backup(self) -> None:
        """An old database is put back: the trace begins anew, with primary keys that were used before."""
        with self.lock:
            self.tables["track"].clear()
            self._next["track"] = itertools.count(1)
