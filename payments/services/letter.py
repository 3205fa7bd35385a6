"""A letter, and how its writers say days and places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from inventory.models import Depot


@dataclass(frozen=True, slots=True)
class Letter:
    """facts: what it is about, line by line (what, how much or when)."""

    subject: str
    headline: str
    paragraphs: Sequence[str]
    facts: Sequence[tuple[str, str]] = ()
    to_staff: bool = False


def day(when: date) -> str:
    """With its year: a letter may be read much later."""
    return f"{when.day} {when:%B %Y}"


def place(depot: Depot) -> str:
    """A depot and where it is."""
    return ", ".join(part for part in (depot.name, depot.street, f"{depot.postal_code} {depot.city}".strip()) if part)
