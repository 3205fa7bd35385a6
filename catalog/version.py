"""What tells whether the catalog is still what it was (ADR 31).

Every statement that writes a row of containers, images, variants, approvals, offers, rates, seasons, airlines or their
rules (and, for the shop window, of depots and closures) moves the version, by triggers: whoever writes, and however. It
becomes visible with what was changed, so what was read after a version had been read is at least as new as that.
"""

from django.db import connection

# As SQL: a text that was never there before once anything was changed.
CATALOG_VERSION = (
    "(SELECT concat_ws('.', edition.number, said.last_value, extract(epoch FROM edition.moved_at)) "
    "FROM catalog_version edition, catalog_statements said)"
)


def catalog_version() -> str:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {CATALOG_VERSION}")
        version: str = cursor.fetchone()[0]
    return version
