"""What the stand-in remembers: Stripe's objects, the answers kept for idempotency keys, the webhooks to be sent.

One SQLite database, in a file or in memory. A call is one transaction; it is committed before the call is answered, so
killing the process loses nothing that was answered. Any thread may call; one transaction runs at a time.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.errors import Json

HIDDEN = "_sandbox"
"""The key under which an object keeps what Stripe keeps to itself. It never leaves the stand-in."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, object TEXT NOT NULL, created INTEGER NOT NULL,
    data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_of_a_kind ON objects (object, seq);
CREATE INDEX IF NOT EXISTS objects_of_an_intent ON objects (object, json_extract(data, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_of_a_charge ON objects (object, json_extract(data, '$.charge'));
CREATE INDEX IF NOT EXISTS objects_of_a_customer ON objects (object, json_extract(data, '$.customer'));
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, at INTEGER NOT NULL, path TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, headers TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, due);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
"""
_TABLES = ("objects", "answers", "deliveries")


@dataclass(frozen=True, slots=True)
class Range:
    """Which part of a list: older than, newer than (both by id), created when, how many."""

    limit: int = 10
    older_than: str | None = None
    newer_than: str | None = None
    created: Mapping[str, int] | None = None  # {"gte": 1790000000}


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a call was answered, and what identifies that call."""

    path: str
    fingerprint: str
    status: int
    body: str
    headers: dict[str, str]


class Store:
    """Every method but `transaction` and `close` is called inside a transaction."""

    def __init__(self, path: str | None = None) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0.5)
        self.close = weakref.finalize(self, self._db.close)
        if path:
            # one process owns the file; without fsync only a crash of the machine can lose anything
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=NORMAL"):
                self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Store]:
        """All or nothing, alone."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def undo(self) -> None:
        """Forget what this transaction did so far."""
        self._db.execute("ROLLBACK")
        self._db.execute("BEGIN IMMEDIATE")

    # objects

    def insert(self, obj: Json) -> None:
        row = (obj["id"], obj["object"], obj.get("created", 0), _packed(obj))
        self._db.execute("INSERT INTO objects (id, object, created, data) VALUES (?, ?, ?, ?)", row)

    def save(self, obj: Json) -> None:
        self._db.execute("UPDATE objects SET data = ? WHERE id = ?", (_packed(obj), obj["id"]))

    def load(self, object_id: str) -> Json | None:
        row = self._db.execute("SELECT data FROM objects WHERE id = ?", (object_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def select(self, kind: str, where: Mapping[str, Any], part: Range) -> list[Json]:
        """Newest first, without the deleted. `where` maps field names (ours, never a caller's) to values."""
        tests: list[str] = ["object = ?", "json_extract(data, '$.deleted') IS NULL"]
        values: list[Any] = [kind]
        for name, value in where.items():
            tests.append(f"json_extract(data, '$.{name}') = ?")
            values.append(value)
        for operator, moment in (part.created or {}).items():
            tests.append(f"created {_OPERATORS[operator]} ?")
            values.append(moment)
        for sign, object_id in (("<", part.older_than), (">", part.newer_than)):
            if object_id is not None:
                tests.append(f"seq {sign} (SELECT seq FROM objects WHERE id = ?)")
                values.append(object_id)
        order = "ASC" if part.newer_than is not None else "DESC"
        query = f"SELECT data FROM objects WHERE {' AND '.join(tests)} ORDER BY seq {order} LIMIT ?"
        rows = self._db.execute(query, [*values, part.limit]).fetchall()
        found = [json.loads(row[0]) for row in rows]
        return found if order == "DESC" else found[::-1]

    def select_one(self, kind: str, **where: Any) -> Json | None:
        found = self.select(kind, where, Range(limit=1))
        return found[0] if found else None

    def all_of(self, kind: str, **where: Any) -> list[Json]:
        return self.select(kind, where, Range(limit=-1))

    # answers kept for idempotency keys

    def answer_for(self, key: str, *, not_before: int) -> KeptAnswer | None:
        """The first answer given to this key."""
        query = "SELECT path, fingerprint, status, body, headers FROM answers WHERE key = ? AND at >= ?"
        row = self._db.execute(query, (key, not_before)).fetchone()
        if row is None:
            return None
        path, fingerprint, status, body, headers = row
        return KeptAnswer(path, fingerprint, status, body, json.loads(headers))

    def keep_answer(self, key: str, at: int, answer: KeptAnswer) -> None:
        row = (key, at, answer.path, answer.fingerprint, answer.status, answer.body, json.dumps(answer.headers))
        self._db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def forget_answers(self, *, before: int) -> None:
        self._db.execute("DELETE FROM answers WHERE at < ?", (before,))

    # webhooks to be sent

    def queue_delivery(self, event_id: str, due: float) -> None:
        self._db.execute("INSERT INTO deliveries (event, state, due) VALUES (?, 'queued', ?)", (event_id, due))

    def queued_deliveries(self, *, due_by: float | None = None) -> list[tuple[int, str, int]]:
        """(delivery, event, attempts so far), oldest first."""
        query = "SELECT id, event, attempts FROM deliveries WHERE state = 'queued' AND due <= ? ORDER BY id"
        return self._db.execute(query, (due_by if due_by is not None else float("inf"),)).fetchall()

    def next_due(self) -> float | None:
        row = self._db.execute("SELECT min(due) FROM deliveries WHERE state = 'queued'").fetchone()
        return None if row is None else row[0]

    def settle_delivery(self, delivery: int, state: str, *, due: float) -> None:
        query = "UPDATE deliveries SET state = ?, due = ?, attempts = attempts + 1 WHERE id = ?"
        self._db.execute(query, (state, due, delivery))

    def deliveries_of(self, event_id: str, state: str) -> int:
        query = "SELECT count(*) FROM deliveries WHERE event = ? AND state = ?"
        return int(self._db.execute(query, (event_id, state)).fetchone()[0])

    def count_deliveries(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())

    def clear(self) -> None:
        for table in _TABLES:
            self._db.execute(f"DELETE FROM {table}")


_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def _packed(obj: Json) -> str:
    return json.dumps(obj, separators=(",", ":"))


def public(value: Any) -> Any:
    """The object, and all inside it, as a caller may see it."""
    if isinstance(value, dict):
        return {name: public(member) for name, member in value.items() if name != HIDDEN}
    if isinstance(value, list):
        return [public(member) for member in value]
    return value
