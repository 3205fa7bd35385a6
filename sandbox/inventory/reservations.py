"""Promises of the stand-in: reservations from the hold to the day the goods are back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from sandbox.inventory.db import Database
from sandbox.inventory.rules import (
    AT_HAND,
    IN_SERVICE,
    Claim,
    Line,
    Refusal,
    Window,
    free_over,
    merged,
    out_of_stock,
    unknown,
)


class Reservations(Database):
    """Never promises more than there is: a claim is checked and written in one transaction."""

    def reserve(self, key: str, lines: Sequence[Line], window: Window | None) -> tuple[dict[str, Any], bool]:
        """Hold all lines or none. The second value says whether the key was new (or dead) before."""
        if window is None and any(line.kind == "rental" for line in lines):
            raise Refusal(422, "window_required", "Rental lines need a window.")
        with self._write():
            found = self._find(key)
            if found is None or found["state"] == "released":
                expires_at = self._now() + int(self.hold_seconds * 1_000_000)
                self._hold(key, lines, window, expires_at)
                return self._must(key), True
            self._extend(key, found, lines, window)
            return self._must(key), False

    def _hold(self, key: str, lines: Sequence[Line], window: Window | None, expires_at: int) -> None:
        self._claim(key, lines, window, expires_at)
        self._db.execute("DELETE FROM handovers WHERE reservation = ?", [key])
        days = (window.start_on.isoformat(), window.ends_before.isoformat()) if window else (None, None)
        self._db.execute(
            "INSERT OR REPLACE INTO reservations VALUES (?, 'held', ?, ?, ?, ?, ?)",
            [key, self._tick(), expires_at, *days, json.dumps([line.as_json() for line in lines])],
        )

    def _extend(self, key: str, found: dict[str, Any], lines: Sequence[Line], window: Window | None) -> None:
        """A window may grow; asking for less is an old repeat and changes nothing."""
        old = found["window"] and Window(*map(date.fromisoformat, found["window"].values()))
        if merged(lines) != merged(self._lines(found)):
            raise Refusal(409, "key_reused", "This key already stands for other lines.")
        if window is None or not old or old.contains(window):
            return
        if not window.contains(old):
            raise Refusal(409, "key_reused", "A window can grow, not move.")
        if found["state"] == "checked_in":
            raise Refusal(409, "wrong_state", "The units are already back.")
        pools = "SELECT sku, depot, quantity, kind FROM claims WHERE reservation = ? AND kind = 'rental'"
        self._check(key, [Line(*row) for row in self._rows(pools, key)], window)  # units already back need no more days
        days = [window.start_on.isoformat(), window.ends_before.isoformat(), key]
        self._db.execute("UPDATE reservations SET start_on = ?, ends_before = ? WHERE id = ?", days)
        self._db.execute(
            "UPDATE claims SET start_on = ?, ends_before = ? WHERE reservation = ? AND kind = 'rental'", days
        )

    def _claim(self, key: str, lines: Sequence[Line], window: Window | None, expires_at: int | None) -> None:
        self._db.execute("DELETE FROM claims WHERE reservation = ? OR expires_at <= ?", [key, self._now()])
        self._check(key, lines, window)
        for (sku, depot, kind), quantity in merged(lines).items():
            rental = window if kind == "rental" else None
            days = (rental.start_on.isoformat(), rental.ends_before.isoformat()) if rental else (None, None)
            values = [key, sku, depot, kind, quantity, 0, *days, expires_at]
            self._db.execute("INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def _check(self, key: str, lines: Sequence[Line], window: Window | None) -> None:
        for (sku, depot, kind), quantity in sorted(merged(lines).items()):
            self._known(sku, depot)
            have = self._free_units(sku, depot, window, key) if kind == "rental" and window else 0
            if kind == "sale":
                have = self._free_pieces(sku, depot, key)
            if have < quantity:
                raise out_of_stock(sku, max(have, 0))

    def _known(self, sku: str, depot: str) -> None:
        for what, ref in (("sku", sku), ("depot", depot)):
            sql = f"SELECT 1 FROM levels WHERE {what} = ?1 UNION ALL SELECT 1 FROM units WHERE {what} = ?1 LIMIT 1"
            if self._one(sql, ref) is None:
                raise unknown(what, ref)

    def _free_pieces(self, sku: str, depot: str, but: str = "") -> int:
        level = self._one("SELECT on_hand - reserved_elsewhere FROM levels WHERE sku = ? AND depot = ?", sku, depot)
        ours = self._one(
            "SELECT coalesce(sum(quantity), 0) FROM claims WHERE sku = ? AND depot = ? AND kind = 'sale'"
            " AND (expires_at IS NULL OR expires_at > ?) AND reservation <> ?",
            sku, depot, self._now(), but,
        )  # fmt: skip
        return int((level[0] if level else 0) - (ours[0] if ours else 0))

    def _free_units(self, sku: str, depot: str, window: Window, but: str) -> int:
        marks = ", ".join("?" * len(IN_SERVICE))
        pool = f"SELECT count(*) FROM units WHERE sku = ? AND depot = ? AND status IN ({marks})"
        in_service = self._one(pool, sku, depot, *IN_SERVICE)
        rows = self._rows(
            "SELECT quantity, units_out, start_on, ends_before FROM claims WHERE sku = ? AND depot = ?"
            " AND kind = 'rental' AND (expires_at IS NULL OR expires_at > ?) AND reservation <> ?",
            sku, depot, self._now(), but,
        )  # fmt: skip
        claims = [Claim(q, out, date.fromisoformat(a), date.fromisoformat(b)) for q, out, a, b in rows]
        return free_over(window, in_service[0] if in_service else 0, claims, self._today())

    def find(self, key: str) -> dict[str, Any] | None:
        with self._lock:
            return self._find(key)

    def _find(self, key: str) -> dict[str, Any] | None:
        row = self._one("SELECT * FROM reservations WHERE id = ?", key)
        if row is None:
            return None
        state, at = row["state"], row["at"]
        if state == "held" and row["expires_at"] <= self._now():
            state, at = "released", row["expires_at"]
        window = {"start_on": row["start_on"], "ends_before": row["ends_before"]} if row["start_on"] else None
        out = self._rows("SELECT serial FROM handovers WHERE reservation = ? AND in_at IS NULL ORDER BY serial", key)
        return {
            "id": key, "state": state, "at": at, "window": window, "lines": json.loads(row["lines"]),
            "expires_at": row["expires_at"] if state == "held" else None, "serials_out": [r[0] for r in out],
            "expired": row["state"] == "held" and state == "released",
        }  # fmt: skip

    def _must(self, key: str) -> dict[str, Any]:
        found = self._find(key)
        if found is None:
            raise unknown("reservation", key)
        return found

    @staticmethod
    def _lines(found: dict[str, Any]) -> list[Line]:
        return [Line(**line) for line in found["lines"]]

    def _alive(self, key: str) -> dict[str, Any]:
        """The reservation; a hold that expired is won anew. A released one is not known any more."""
        found = self._must(key)
        if found["expired"]:
            window = found["window"] and Window(*map(date.fromisoformat, found["window"].values()))
            self._claim(key, self._lines(found), window, None)
        elif found["state"] == "released":
            raise unknown("reservation", key)
        return found

    def _enter(self, key: str, state: str, at: int) -> None:
        self._db.execute("UPDATE reservations SET state = ?, at = ?, expires_at = NULL WHERE id = ?", [state, at, key])
        self._db.execute("UPDATE claims SET expires_at = NULL WHERE reservation = ?", [key])

    def confirm(self, key: str) -> dict[str, Any]:
        with self._write():
            found = self._alive(key)
            if found["expired"] or found["state"] == "held":
                self._enter(key, "confirmed", self._tick())
            return self._must(key)

    def release(self, key: str) -> dict[str, Any]:
        with self._write():
            found = self._must(key)
            if found["state"] == "checked_out":
                raise Refusal(409, "wrong_state", "The goods have left; they have to come back.")
            if found["state"] in {"held", "confirmed"} or found["expired"]:
                self._db.execute("DELETE FROM claims WHERE reservation = ?", [key])
                self._enter(key, "released", self._tick())
            return self._must(key)

    # Goods that leave and come back

    def check_out(self, key: str, serials: Sequence[str]) -> dict[str, Any]:
        with self._write():
            found = self._alive(key)
            first = found["expired"] or found["state"] in {"held", "confirmed"}
            gone = {row[0] for row in self._rows("SELECT serial FROM handovers WHERE reservation = ?", key)}
            leaving = [serial for serial in dict.fromkeys(serials) if serial not in gone]
            if found["state"] == "checked_in" or not (first or leaving):
                return self._must(key)
            rental = any(line.kind == "rental" for line in self._lines(found))
            if first and rental and not leaving:
                raise Refusal(422, "serials_required", "Say which units leave.")
            at = self._tick()
            for serial in leaving:
                self._hand_over(key, serial, at)
            if first:
                self._ship(key, at)
                self._enter(key, "checked_out", at)
            return self._must(key)

    def _hand_over(self, key: str, serial: str, at: int) -> None:
        unit = self._unit(serial)
        claim = self._one(
            "SELECT quantity - units_out AS left FROM claims"
            " WHERE reservation = ? AND sku = ? AND depot = ? AND kind = 'rental'",
            key, unit["sku"], unit["depot"],
        )  # fmt: skip
        if claim is None or claim["left"] < 1:
            raise Refusal(409, "wrong_unit", f"The reservation has no place for {serial}.", serial=serial)
        if unit["status"] not in AT_HAND:
            raise Refusal(409, "unit_unavailable", f"{serial} is {unit['status']}.", serial=serial)
        self._db.execute("INSERT INTO handovers VALUES (?, ?, NULL)", [key, serial])
        self._db.execute(
            "UPDATE claims SET units_out = units_out + 1"
            " WHERE reservation = ? AND sku = ? AND depot = ? AND kind = 'rental'",
            [key, unit["sku"], unit["depot"]],
        )
        self._set_unit(serial, unit["depot"], unit["condition"], "out", at)

    def _ship(self, key: str, at: int) -> None:
        for row in self._rows("SELECT sku, depot, quantity FROM claims WHERE reservation = ? AND kind = 'sale'", key):
            self._take(row["sku"], row["depot"], row["quantity"], at)
        self._db.execute("DELETE FROM claims WHERE reservation = ? AND kind = 'sale'", [key])

    def _take(self, sku: str, depot: str, quantity: int, at: int) -> None:
        level = self._one("SELECT on_hand FROM levels WHERE sku = ? AND depot = ?", sku, depot)
        have = level["on_hand"] if level else 0
        if have < quantity:
            raise out_of_stock(sku, have)
        self._db.execute(
            "UPDATE levels SET on_hand = on_hand - ?, as_of = ? WHERE sku = ? AND depot = ?", [quantity, at, sku, depot]
        )
        self._feed("level", sku, depot)

    def check_in(self, key: str, serials: Sequence[str], condition: str, depot: str) -> dict[str, Any]:
        with self._write():
            found = self._must(key)
            if found["state"] not in {"checked_out", "checked_in"}:
                raise Refusal(409, "wrong_state", f"The reservation is {found['state']}; nothing has left.")
            if not self._one(
                "SELECT 1 FROM levels WHERE depot = ?1 UNION ALL SELECT 1 FROM units WHERE depot = ?1", depot
            ):
                raise unknown("depot", depot)
            at = self._tick()
            for serial in dict.fromkeys(serials):
                self._take_back(key, serial, condition, depot, at)
            still_out = self._one("SELECT 1 FROM handovers WHERE reservation = ? AND in_at IS NULL", key)
            if found["state"] == "checked_out" and not still_out:
                self._db.execute("DELETE FROM claims WHERE reservation = ?", [key])
                self._enter(key, "checked_in", at)
            return self._must(key)

    def _take_back(self, key: str, serial: str, condition: str, depot: str, at: int) -> None:
        unit = self._unit(serial)
        gone = self._one("SELECT in_at FROM handovers WHERE reservation = ? AND serial = ?", key, serial)
        if gone is None:
            raise Refusal(409, "wrong_unit", f"{serial} did not leave under this reservation.", serial=serial)
        if gone["in_at"] is not None:
            return
        self._db.execute("UPDATE handovers SET in_at = ? WHERE reservation = ? AND serial = ?", [at, key, serial])
        pool = [key, unit["sku"], unit["depot"]]
        where = "WHERE reservation = ? AND sku = ? AND depot = ? AND kind = 'rental'"
        self._db.execute(f"DELETE FROM claims {where} AND quantity = 1", pool)
        self._db.execute(f"UPDATE claims SET quantity = quantity - 1, units_out = units_out - 1 {where}", pool)
        self._set_unit(serial, depot, condition, "available", at)
