"""Public ids: unguessable, sortable by time where that helps an index."""

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read aloud at a counter


def new_id() -> UUID:
    """A UUIDv7, made here because PostgreSQL before 18 cannot."""
    return uuid7()


def new_order_number() -> str:
    """`CT-XXXX-XXXX-XXXX`: 60 random bits, so that a number cannot be guessed or counted."""
    symbols = "".join(secrets.choice(_CROCKFORD) for _ in range(12))
    return f"CT-{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"
