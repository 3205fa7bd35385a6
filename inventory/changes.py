"""What tells whether counts are still what they were (ADR 38).

Every row of a stock level, a reservation, a unit or a downtime of which something is counted leaves a line in
`inventory_change` when it changes, by triggers: whoever writes, and however. It names the variant, or of a downtime the
unit: whose that is tells the instant in which somebody looks. A line is seen from the moment on at which
what was changed is seen, and a snapshot tells of each transaction whether it was seen: what is in the lines now and was
not in the snapshot then is what changed in between. Nobody waits for anybody.
"""

from typing import NamedTuple

from django.db import connection

from catalog.version import CATALOG_VERSION
from core.postgres import prepared_cursor


class Seen(NamedTuple):
    """One instant: which transactions were over, in PostgreSQL's words, and how often lines had been forgotten.

    Numbers of transactions are those of one start of the server: the next, or another in its place, may give them to
    others.
    """

    server: str
    forgotten: int
    snapshot: str


# As SQL. What recovers from a crash keeps the time of its start but not its statistics, and gives numbers again that
# were never written to disk. What is put back from a backup meanwhile leaves no lines, but has tables of its own.
SERVER = (
    "concat_ws(' ', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time(), "
    "'inventory_change'::regclass::oid)"
)
# As SQL, of the instant of the statement: the fields of Seen.
SEEN = f"""
(SELECT {SERVER}), (SELECT times FROM inventory_changes_forgotten), (SELECT pg_current_snapshot()::text)
"""  # noqa: S608 (constants only)

# What is forgotten had been seen by the time before: who looked after that has seen all that is gone. The first time
# after a start of the server counts twice, as it forgets all: lines of a backup may have numbers that are yet to come.
_CHANGED = f"""
SELECT {CATALOG_VERSION}, {SEEN},
       {SERVER} <> %(server)s OR forgotten.times > %(forgotten)s + 1 OR EXISTS (
           SELECT FROM (
               SELECT * FROM inventory_change WHERE transaction >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)
               ORDER BY transaction DESC OFFSET 0  -- by the index, however few lines there are thought to be
           ) line
           WHERE NOT pg_visible_in_snapshot(transaction, %(snapshot)s::pg_snapshot)
           AND (coalesce(variant_id, (SELECT u.variant_id FROM inventory_unit u WHERE u.id = unit_id))
                = ANY(%(variants)s::bigint[]) OR variant_id IS NULL AND unit_id IS NULL)
       )
FROM inventory_changes_forgotten forgotten
"""  # noqa: S608 (constants only)

_FORGET = f"""
WITH last AS (
    SELECT server, snapshot FROM inventory_changes_forgotten FOR UPDATE
), gone AS (
    DELETE FROM inventory_change USING last
    WHERE last.server <> {SERVER} OR pg_visible_in_snapshot(transaction, last.snapshot)
    RETURNING 1
), noted AS (
    UPDATE inventory_changes_forgotten
    SET times = times + CASE WHEN server = {SERVER} THEN 1 ELSE 2 END,
        server = {SERVER}, snapshot = pg_current_snapshot()
)
SELECT count(*) FROM gone
"""  # noqa: S608 (constants only)


def look(variants: str, since: Seen) -> tuple[str, Seen, bool]:
    """The catalog's version, what is seen now, and whether anything that is counted of these may have changed.

    variants: their ids as an array in PostgreSQL's words. One statement. Not for the inside of a transaction: its own
    changes are not told from what was seen before.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_CHANGED, {**since._asdict(), "variants": variants})
        version, *seen, changed = cursor.fetchone()
    return version, Seen(*seen), changed


def forget_old_changes() -> int:
    """Delete the lines that had been seen by the last time, all if the server was started since. Returns how many.

    Whoever has not looked since then counts again. Safe to repeat, and beside whoever reads or writes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FORGET)
        return int(cursor.fetchone()[0])
