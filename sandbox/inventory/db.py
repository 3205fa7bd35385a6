"""The stand-in's memory: SQLite, one writer at a time, every call all or nothing.

Two properties that clients build on: the clock never repeats itself, so every level's `as_of` grows strictly; and a
check-out stamps its own `at` on the levels it changes, so `level.as_of >= at` means that the level contains it.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sandbox.inventory.rules import unknown
from sandbox.inventory.schema import SCHEMA

HOLD_SECONDS = 30 * 60
Row = sqlite3.Row


class Database:
    """Every method is safe for threads. `on_change` is called after each commit that the change feed shows."""

    def __init__(
        self,
        state: Path | str | None = None,
        *,
        hold_seconds: float = HOLD_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.hold_seconds = hold_seconds
        self.on_change: Callable[[], None] = lambda: None
        self._clock, self._skew = clock, 0.0
        self._lock = threading.RLock()
        self._changed = False
        self._db = sqlite3.connect(str(state or ":memory:"), isolation_level=None, check_same_thread=False, timeout=0)
        self._db.row_factory = Row
        self._open()

    def _open(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # two stand-ins on one state would oversell
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # survives kill -9; a power cut is not our business
        self._db.executescript("BEGIN EXCLUSIVE;" + SCHEMA + "COMMIT;")
        stamps = (
            "SELECT max(as_of) FROM levels UNION SELECT max(as_of) FROM units UNION SELECT max(at) FROM reservations"
        )
        self._last = max((row[0] or 0 for row in self._db.execute(stamps)), default=0)
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?), ('announced', '0')", [secrets.token_hex(4)])

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # Time

    def advance(self, seconds: float) -> None:
        """Let time pass for this stand-in alone."""
        with self._lock:
            self._skew += seconds

    def _now(self) -> int:
        return int((self._clock() + self._skew) * 1_000_000)

    def _tick(self) -> int:
        self._last = max(self._now(), self._last + 1)
        return self._last

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock() + self._skew, UTC).date()

    # Transactions

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._changed = False
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            changed = self._changed
        if changed:
            self.on_change()

    def _rows(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: object) -> Row | None:
        with self._lock:
            row: Row | None = self._db.execute(sql, values).fetchone()
            return row

    # What both shelves and reservations touch

    def _feed(self, kind: str, ref: str, depot: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO changes (kind, ref, depot) VALUES (?, ?, ?)", [kind, ref, depot])
        self._changed = True

    def _unit(self, serial: str) -> Row:
        unit = self._one("SELECT * FROM units WHERE serial = ?", serial)
        if unit is None:
            raise unknown("unit", serial)
        return unit

    def _set_unit(self, serial: str, depot: str, condition: str, status: str, at: int) -> None:
        self._db.execute(
            "UPDATE units SET depot = ?, condition = ?, status = ?, as_of = ? WHERE serial = ?",
            [depot, condition, status, at, serial],
        )
        self._feed("unit", serial, "")
