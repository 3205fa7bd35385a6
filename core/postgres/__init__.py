"""The database, and the cursor for what is asked of it most."""

from typing import Any

from django.db import connection


def prepared_cursor() -> Any:
    """A cursor whose statements are parsed and planned once a connection, if DATABASE_PREPARE allows it.

    For statements that are long, run often, and are always the same text: to plan one costs several times what it
    costs to run it.
    """
    return connection.prepared_cursor()  # type: ignore[attr-defined]  # of core.postgres.base
