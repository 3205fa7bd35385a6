"""Order numbers: read aloud at a counter, typed into a search box."""

import secrets

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U


def new_order_number() -> str:
    """`CT-XXXX-XXXX-XXXX`: 60 random bits, so that a number cannot be guessed or counted."""
    symbols = "".join(secrets.choice(_CROCKFORD) for _ in range(12))
    return f"CT-{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"
