"""The secret address of a customer's calendar."""

import hashlib
import secrets
from uuid import UUID

from orders.models import CalendarFeed


def digest_of(secret: str) -> str:
    """What is kept of a secret: whoever reads the database cannot read a calendar with it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def open_feed(*, customer_id: UUID) -> str:
    """A new secret for the calendar of this customer; an older one stops working. It is told once, and kept nowhere."""
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(customer_id=customer_id, defaults={"digest": digest_of(secret)})
    return secret


def close_feed(*, customer_id: UUID) -> None:
    """No address leads to this customer's calendar any more. Safe to repeat."""
    CalendarFeed.objects.filter(customer_id=customer_id).delete()
