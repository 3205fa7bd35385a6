"""Public ids: unguessable, sortable by time where that helps an index."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7, made here because PostgreSQL before 18 cannot."""
    return uuid7()
