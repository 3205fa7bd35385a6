"""The stand-in's stock room as the shop and as its staff see it."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.inventory.db import Row
from sandbox.inventory.reservations import Reservations
from sandbox.inventory.rules import Refusal, invalid, out_of_stock, unknown
from sandbox.inventory.schema import TABLES

Json = dict[str, Any]


class Store(Reservations):
    """Pages for the shop, controls for the staff. Every method is safe for threads."""

    # Pages

    def levels(self, skus: Sequence[str], cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
        after = _decoded(cursor) or ["", ""]
        only = f"AND sku IN ({', '.join('?' * len(skus))})" if skus else ""
        sql = f"SELECT * FROM levels WHERE (sku, depot) > (?, ?) {only} ORDER BY sku, depot LIMIT ?"
        return _page(self._rows(sql, *after, *skus, limit + 1), limit, lambda row: [row["sku"], row["depot"]])

    def units(self, sku: str | None, depot: str | None, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
        after = _decoded(cursor) or [""]
        sql = (
            "SELECT * FROM units WHERE serial > ?1 AND (?2 IS NULL OR sku = ?2) AND (?3 IS NULL OR depot = ?3)"
            " ORDER BY serial LIMIT ?4"
        )
        return _page(self._rows(sql, *after[:1], sku, depot, limit + 1), limit, lambda row: [row["serial"]])

    def live(self, cursor: str | None, limit: int) -> tuple[list[Json], str | None]:
        """Reservations that claim something now."""
        after = _decoded(cursor) or [""]
        sql = (
            "SELECT DISTINCT reservation FROM claims WHERE reservation > ? AND (expires_at IS NULL OR expires_at > ?)"
            " ORDER BY reservation LIMIT ?"
        )
        with self._lock:
            rows, more = _page(self._rows(sql, after[0], self._now(), limit + 1), limit, lambda row: [row[0]])
            return [found for row in rows if (found := self._find(row[0]))], more

    def changes(self, cursor: str | None, limit: int) -> tuple[list[Row], list[Row], str, bool]:
        """Levels and units as they are now, oldest change first; the cursor after them; whether there is more."""
        with self._lock:
            after = self._position(cursor)
            rows = self._rows("SELECT * FROM changes WHERE seq > ? ORDER BY seq LIMIT ?", after, limit + 1)
            more, rows = len(rows) > limit, rows[:limit]
            levels = [self._level(row["ref"], row["depot"]) for row in rows if row["kind"] == "level"]
            units = [self._unit(row["ref"]) for row in rows if row["kind"] == "unit"]
            last = rows[-1]["seq"] if rows else after
            return [level for level in levels if level], units, f"{self._meta('epoch')}.{last}", more

    def _position(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        epoch, _, seq = cursor.partition(".")
        if epoch != self._meta("epoch") or not (seq.isascii() and seq.isdigit()) or int(seq) > self.latest():
            raise Refusal(410, "cursor_lost", "This cursor is not known any more: take everything.")
        return int(seq)

    # What the push has told

    def latest(self) -> int:
        row = self._one("SELECT coalesce(max(seq), 0) FROM changes")
        return int(row[0]) if row else 0

    def announced(self) -> int:
        return int(self._meta("announced"))

    def announce(self, seq: int) -> None:
        with self._lock:
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'announced'", [str(seq)])

    def _meta(self, name: str) -> str:
        row = self._one("SELECT value FROM meta WHERE name = ?", name)
        return str(row[0]) if row else ""

    # The staff's hands

    def sell(self, sku: str, depot: str, quantity: int, *, force: bool = False) -> Row:
        """A walk-in customer buys. `force` takes pieces that are promised to others, as people do."""
        with self._write():
            self._known(sku, depot)
            if not force and (free := self._free_pieces(sku, depot)) < quantity:
                raise out_of_stock(sku, max(free, 0))
            self._take(sku, depot, quantity, self._tick())
            return self._must_level(sku, depot)

    def receive(self, sku: str, depot: str, quantity: int) -> Row:
        """Goods arrive."""
        with self._write():
            level = self._level(sku, depot)
            self._put_level(sku, depot, (level["on_hand"] if level else 0) + quantity, None)
            return self._must_level(sku, depot)

    def claim_elsewhere(self, sku: str, depot: str, quantity: int) -> Row:
        """Another sales channel now claims this many in all."""
        with self._write():
            level = self._must_level(sku, depot)
            free = self._free_pieces(sku, depot) + level["reserved_elsewhere"]
            if free < quantity:
                raise out_of_stock(sku, max(free, 0))
            self._put_level(sku, depot, level["on_hand"], quantity)
            return self._must_level(sku, depot)

    def add_units(self, sku: str, depot: str, serials: Sequence[str], condition: str) -> list[Row]:
        with self._write():
            for serial in serials:
                if self._one("SELECT 1 FROM units WHERE serial = ?", serial):
                    raise Refusal(409, "serial_taken", f"There is a unit {serial}.", serial=serial)
                self._put_unit({"serial": serial, "sku": sku, "depot": depot, "condition": condition})
            return [self._unit(serial) for serial in serials]

    def set_unit(self, serial: str, **changes: str | None) -> Row:
        """Break, repair, move or write off a unit. None: as it was."""
        with self._write():
            unit = self._unit(serial)
            new = {name: changes.get(name) or unit[name] for name in ("depot", "condition", "status")}
            self._set_unit(serial, new["depot"], new["condition"], new["status"], self._tick())
            return self._unit(serial)

    def decide_unit(self, serial: str, status: str, condition: str) -> Row:
        """The shop says what a unit is fit for; one that is with a customer has to come back first."""
        with self._write():
            unit = self._unit(serial)
            repeated = (unit["status"], unit["condition"]) == (status, condition)
            if unit["status"] in {"out", "sold"} and status != "lost" and not repeated:
                raise Refusal(409, "wrong_state", f"{serial} is {unit['status']}.", serial=serial)
            if not repeated:
                self._set_unit(serial, unit["depot"], condition, status, self._tick())
            return self._unit(serial)

    def seed(self, levels: Sequence[Json], units: Sequence[Json], *, replace: bool = False) -> dict[str, int]:
        """Put in what is not there yet; with `replace`, also overwrite what is."""
        written = {"levels": 0, "units": 0}
        with self._write():
            for level in levels:
                if replace or not self._level(level["sku"], level["depot"]):
                    elsewhere = level.get("reserved_elsewhere", 0)
                    self._put_level(level["sku"], level["depot"], level["on_hand"], elsewhere)
                    written["levels"] += 1
            for unit in units:
                if replace or not self._one("SELECT 1 FROM units WHERE serial = ?", unit["serial"]):
                    self._put_unit(unit)
                    written["units"] += 1
        return written

    def lose_cursor(self) -> None:
        """From now on no cursor handed out before is known."""
        with self._write():
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", [secrets.token_hex(4)])

    def reset(self) -> None:
        """Forget everything, every cursor included."""
        with self._write():
            for table in TABLES[1:]:
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("UPDATE meta SET value = '0' WHERE name = 'announced'")
        self.lose_cursor()

    def _level(self, sku: str, depot: str) -> Row | None:
        return self._one("SELECT * FROM levels WHERE sku = ? AND depot = ?", sku, depot)

    def _must_level(self, sku: str, depot: str) -> Row:
        level = self._level(sku, depot)
        if level is None:
            raise unknown("sku", sku)
        return level

    def _put_level(self, sku: str, depot: str, on_hand: int, elsewhere: int | None) -> None:
        self._db.execute(
            "INSERT INTO levels VALUES (?1, ?2, ?3, coalesce(?4, 0), ?5) ON CONFLICT DO UPDATE"
            " SET on_hand = ?3, reserved_elsewhere = coalesce(?4, reserved_elsewhere), as_of = ?5",
            [sku, depot, on_hand, elsewhere, self._tick()],
        )
        self._feed("level", sku, depot)

    def _put_unit(self, unit: Mapping[str, Any]) -> None:
        condition, status = unit.get("condition") or "A", unit.get("status") or "available"
        values = [unit["serial"], unit["sku"], unit["depot"], condition, status, self._tick()]
        self._db.execute("INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?, ?, ?)", values)
        self._feed("unit", unit["serial"], "")


def _page(rows: list[Row], limit: int, place: Callable[[Row], list[str]]) -> tuple[list[Row], str | None]:
    if len(rows) <= limit:
        return rows, None
    kept = rows[:limit]
    return kept, base64.urlsafe_b64encode(json.dumps(place(kept[-1])).encode()).decode().rstrip("=")


def _decoded(cursor: str | None) -> list[str] | None:
    if cursor is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        place = None
    if not (isinstance(place, list) and place and all(isinstance(part, str) for part in place)):
        raise invalid("cursor", "This cursor was not made here.")
    return place
