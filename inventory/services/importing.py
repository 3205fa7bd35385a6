"""Take a shop's first stock from a file, all of it or nothing.

The IMS is the truth for counts. A file only fills what the IMS has not told of yet (docs/adr/0013): where it would say
otherwise than the IMS did, it is refused. Rows go through a temporary table, so neither memory nor the number of
statements grows with the file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Literal

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from inventory.errors import ImportRefused, RowError
from inventory.selectors import Pool
from inventory.services.soon import review_soon
from inventory.stock_file import StockFile, StockRow

MOST_ERRORS = 200  # that are told; all are counted
MOST_CHANGES = 200  # that are told; all are counted
_ROWS_A_COPY = 5_000


@dataclass(frozen=True, slots=True)
class Change:
    """What a row changes. `before` is empty for what is new."""

    line: int
    ref: str  # SKU of a count, serial of a unit
    depot: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file changed, or would change. `changes` are the first ones."""

    kind: Literal["counts", "units"]
    rows: int
    new: int
    changed: int
    unchanged: int
    changes: tuple[Change, ...]


@transaction.atomic
def import_stock(
    *,
    file: BinaryIO,
    depot: str | None = None,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _line: None,
) -> Imported:
    """Write the counts or the units of a file (inventory.stock_file), or find out what that would change.

    depot: of every row. All or nothing; safe to repeat. Whose booking a smaller count takes is found by a job. Locks:
    stock levels of the file, in id order, then its units. Raises: ImportRefused, naming rows, columns and remedies.
    """
    with connection.cursor() as cursor:
        staged = _Staged(cursor, StockFile(file, depot=depot), progress)
        done = staged.take()
    if dry_run:
        transaction.set_rollback(True)
    return done


class _Staged:
    """The rows of one file in a temporary table, with what they mean here."""

    def __init__(self, cursor: CursorWrapper, file: StockFile, progress: Callable[[str], None]) -> None:
        self._cursor, self._file, self._progress = cursor, file, progress
        self._errors: list[RowError] = []
        self._error_count = 0

    def take(self) -> Imported:
        self._run(_CREATE)
        rows = self._copy()
        self._run(_NAME)
        self._run("ANALYZE import_row")
        self._run(_LOCK_LEVELS)
        checks = (*_CHECKS, *(_UNIT_CHECKS if self._file.has_units else _COUNT_CHECKS))
        if self._file.has_units:
            self._run(_LOCK_UNITS)
        for sql, column, problem, advice in checks:
            self._check(sql, column, problem, advice)
        if self._error_count:
            raise ImportRefused(sorted(self._errors, key=lambda error: error.line)[:MOST_ERRORS], self._error_count)
        done = self._units(rows) if self._file.has_units else self._counts(rows)
        self._run("DROP TABLE import_row")
        self._progress(f"{rows} rows: {done.new} new, {done.changed} changed, {done.unchanged} as they were")
        return done

    def _copy(self) -> int:
        """Stage every row that is right by itself, in parts, as each statement has its time. Returns how many."""
        rows, read = 0, self._file.rows()
        while part := list(islice(read, _ROWS_A_COPY)):
            with self._cursor.copy(_COPY) as copy:
                for row in part:
                    if isinstance(row, StockRow):
                        copy.write_row((row.line, row.sku, row.depot, row.on_hand, row.serial, row.condition))
                        rows += 1
                    else:
                        self._note(row)
            if len(part) == _ROWS_A_COPY:
                self._progress(f"{rows} rows read, {self._error_count} errors")
        return rows

    def _note(self, error: RowError) -> None:
        self._error_count += 1
        if len(self._errors) < MOST_ERRORS:
            self._errors.append(error)

    def _check(self, sql: str, column: str, problem: str, advice: str) -> None:
        """Each row of the answer is (line, values of the problem's text)."""
        (count,) = self._row(f"SELECT count(*) FROM ({sql}) AS wrong")  # noqa: S608 (a constant below)
        if count:
            self._error_count += count
            self._run(f"{sql} ORDER BY line LIMIT {MOST_ERRORS}")
            self._errors += [
                RowError(line, column, problem.format(*values), advice) for line, *values in self._cursor.fetchall()
            ]

    def _counts(self, rows: int) -> Imported:
        done = self._told("counts", rows, _COUNT_CHANGES)
        self._run(_POOLS_WITH_LESS)
        fewer: list[Pool] = self._cursor.fetchall()
        self._run(_WRITE_COUNTS)
        review_soon(fewer)
        return done

    def _units(self, rows: int) -> Imported:
        done = self._told("units", rows, _UNIT_CHANGES)
        self._run(_POOLS_OF_MOVED_UNITS)
        pools: list[Pool] = self._cursor.fetchall()
        self._run(_ENSURE_POOLS)
        self._run(_WRITE_UNITS)
        review_soon(pools)
        return done

    def _told(self, kind: Literal["counts", "units"], rows: int, sql: str) -> Imported:
        """Each row of the answer is (line, ref, depot, before, after); before is NULL for what is new."""
        new, moved = self._row(f"SELECT count(*) - count(before), count(before) FROM ({sql}) AS found")  # noqa: S608
        self._run(f"{sql} ORDER BY line LIMIT {MOST_CHANGES}")
        changes = (Change(line, ref, depot, before or "", after) for line, ref, depot, before, after in self._cursor)
        return Imported(kind, rows, new, moved, rows - new - moved, tuple(changes))

    def _row(self, sql: str) -> tuple[int, ...]:
        self._run(sql)
        row: tuple[int, ...] = self._cursor.fetchone()
        return row

    def _run(self, sql: str) -> None:
        self._cursor.execute(sql)


Check = tuple[str, str, str, str]  # statement, column, what is wrong, what to do

_CREATE = """
SET LOCAL statement_timeout = '2min';
DROP TABLE IF EXISTS pg_temp.import_row;
CREATE TEMPORARY TABLE import_row (
    line int NOT NULL, sku text NOT NULL, depot text NOT NULL, on_hand int, serial text, condition text,
    variant_id bigint, depot_id bigint
) ON COMMIT DROP"""
_COPY = "COPY import_row (line, sku, depot, on_hand, serial, condition) FROM STDIN"
_NAME = """
UPDATE import_row r SET variant_id = v.id, depot_id = d.id
FROM import_row s
LEFT JOIN catalog_variant v ON v.sku = s.sku
    AND NOT EXISTS (SELECT FROM catalog_bundlepart p WHERE p.bundle_id = v.id)
LEFT JOIN inventory_depot d ON d.code = s.depot
WHERE r.ctid = s.ctid"""
_LOCK_LEVELS = """
SELECT count(*) FROM (
    SELECT l.id FROM inventory_stocklevel l
    WHERE EXISTS (SELECT FROM import_row r WHERE (r.variant_id, r.depot_id) = (l.variant_id, l.depot_id))
    ORDER BY l.id FOR UPDATE OF l
) AS locked"""
_LOCK_UNITS = """
SELECT count(*) FROM (
    SELECT u.id FROM inventory_unit u WHERE EXISTS (SELECT FROM import_row r WHERE r.serial = u.serial)
    ORDER BY u.id FOR UPDATE OF u
) AS locked"""

_CHECKS: tuple[Check, ...] = (
    (
        "SELECT line, sku FROM import_row WHERE variant_id IS NULL",
        "sku",
        'There is no variant "{0}".',
        "Correct it, or make the variant in the catalog first; of a bundle the parts are counted.",
    ),
    (
        "SELECT line, depot FROM import_row WHERE depot_id IS NULL",
        "depot",
        'There is no depot "{0}".',
        "Use its code, such as BER, or make the depot first.",
    ),
)
_COUNT_CHECKS: tuple[Check, ...] = (
    (
        """
        SELECT line, sku, depot, first
        FROM (SELECT line, sku, depot, min(line) OVER (PARTITION BY sku, depot) AS first FROM import_row) AS r
        WHERE line > first""",
        "sku",
        "{0} at {1} is on line {2} already.",
        "Keep one of the two rows.",
    ),
    (
        """
        SELECT r.line, l.on_hand, to_char(l.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
        FROM import_row r JOIN inventory_stocklevel l USING (variant_id, depot_id)
        WHERE l.as_of IS NOT NULL AND l.on_hand <> r.on_hand""",
        "on_hand",
        "The inventory system counted {0} at {1} UTC.",
        "Change the count there, or remove the row.",
    ),
)
_UNIT_CHECKS: tuple[Check, ...] = (
    (
        """
        SELECT line, serial, first
        FROM (SELECT line, serial, min(line) OVER (PARTITION BY serial) AS first FROM import_row) AS r
        WHERE line > first""",
        "serial",
        "{0} is on line {1} already.",
        "Keep one of the two rows.",
    ),
    (
        """
        SELECT r.line, r.serial, v.sku, d.code, u.condition
        FROM import_row r JOIN inventory_unit u USING (serial)
        JOIN catalog_variant v ON v.id = u.variant_id JOIN inventory_depot d ON d.id = u.depot_id
        WHERE u.as_of IS NOT NULL AND r.variant_id IS NOT NULL AND r.depot_id IS NOT NULL
          AND (u.variant_id, u.depot_id, u.condition) <> (r.variant_id, r.depot_id, r.condition)""",
        "serial",
        "The inventory system knows {0} as {1} at {2}, condition {3}.",
        "Change it there, or remove the row.",
    ),
    (
        """
        SELECT r.line, r.serial, u.status
        FROM import_row r JOIN inventory_unit u USING (serial)
        WHERE u.as_of IS NULL AND u.status IN ('out', 'sold', 'lost', 'retired')
          AND (u.variant_id, u.depot_id, u.condition) <> (r.variant_id, r.depot_id, r.condition)""",
        "serial",
        "{0} is {1}, so nothing else can be said of it.",
        "Remove the row.",
    ),
    (
        """
        SELECT r.line, r.serial, v.sku, d.code
        FROM import_row r JOIN inventory_unit u USING (serial)
        JOIN catalog_variant v ON v.id = u.variant_id JOIN inventory_depot d ON d.id = u.depot_id
        WHERE u.as_of IS NULL AND u.status NOT IN ('out', 'sold', 'lost', 'retired')
          AND (u.variant_id, u.depot_id) <> (r.variant_id, r.depot_id)
          AND EXISTS (SELECT FROM inventory_reservation x WHERE x.unit_id = u.id)""",
        "serial",
        "{0} was rented out already as {1} at {2}.",
        "Use its own SKU and depot, or another serial number.",
    ),
)

# (line, ref, depot, before, after) of each row that changes something
_COUNT_CHANGES = """
SELECT r.line, r.sku, r.depot, l.on_hand::text AS before, r.on_hand::text AS after
FROM import_row r LEFT JOIN inventory_stocklevel l USING (variant_id, depot_id)
WHERE l.on_hand IS DISTINCT FROM r.on_hand"""
_UNIT_CHANGES = """
SELECT r.line, r.serial, r.depot, v.sku || ' at ' || d.code || ', ' || u.condition AS before,
       r.sku || ' at ' || r.depot || ', ' || r.condition AS after
FROM import_row r LEFT JOIN inventory_unit u USING (serial)
LEFT JOIN catalog_variant v ON v.id = u.variant_id LEFT JOIN inventory_depot d ON d.id = u.depot_id
WHERE (u.variant_id, u.depot_id, u.condition) IS DISTINCT FROM (r.variant_id, r.depot_id, r.condition)"""

# Pools that promise something which may not be there any more, or may be served now.
_POOLS_WITH_LESS = """
SELECT variant_id, depot_id FROM import_row r JOIN inventory_stocklevel l USING (variant_id, depot_id)
WHERE r.on_hand <> l.on_hand AND EXISTS (
    SELECT FROM inventory_reservation x
    WHERE (x.variant_id, x.depot_id) = (l.variant_id, l.depot_id) AND x.status IN ('held', 'committed', 'shipped'))"""
_POOLS_OF_MOVED_UNITS = """
SELECT DISTINCT p.variant_id, p.depot_id
FROM import_row r LEFT JOIN inventory_unit u USING (serial)
CROSS JOIN LATERAL (VALUES (r.variant_id, r.depot_id), (u.variant_id, u.depot_id)) AS p (variant_id, depot_id)
WHERE (u.variant_id, u.depot_id) IS DISTINCT FROM (r.variant_id, r.depot_id) AND EXISTS (
    SELECT FROM inventory_reservation x
    WHERE (x.variant_id, x.depot_id) = (p.variant_id, p.depot_id) AND x.status IN ('held', 'committed', 'shipped'))"""

_WRITE_COUNTS = """
INSERT INTO inventory_stocklevel AS l (variant_id, depot_id, on_hand, reserved_elsewhere)
SELECT variant_id, depot_id, on_hand, 0 FROM import_row ORDER BY variant_id, depot_id
ON CONFLICT (variant_id, depot_id) DO UPDATE SET on_hand = excluded.on_hand
WHERE l.as_of IS NULL AND l.on_hand <> excluded.on_hand"""
_ENSURE_POOLS = """
INSERT INTO inventory_stocklevel (variant_id, depot_id, on_hand, reserved_elsewhere)
SELECT DISTINCT variant_id, depot_id, 0, 0 FROM import_row ORDER BY variant_id, depot_id
ON CONFLICT (variant_id, depot_id) DO NOTHING"""
_WRITE_UNITS = """
INSERT INTO inventory_unit AS u (serial, variant_id, depot_id, condition, status, decided_here)
SELECT serial, variant_id, depot_id, condition, 'available', false FROM import_row ORDER BY serial
ON CONFLICT (serial) DO UPDATE
SET variant_id = excluded.variant_id, depot_id = excluded.depot_id, condition = excluded.condition
WHERE u.as_of IS NULL
  AND (u.variant_id, u.depot_id, u.condition) <> (excluded.variant_id, excluded.depot_id, excluded.condition)"""

__all__ = ["Change", "Imported", "import_stock"]
