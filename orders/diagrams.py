"""The tables of orders.states as diagrams that people can read (docs/states.md)."""

from collections.abc import Mapping
from itertools import groupby

from django.db import models

from orders.states import (
    CLAIM,
    ORDER,
    RENTAL,
    SALE,
    WAITLIST,
    ClaimStatus,
    OrderStatus,
    RentalStatus,
    SaleStatus,
    WaitlistStatus,
)

_HEAD = """# The lives of an order, a rental, a sale, a claim and a place in the waitlist

Drawn from the tables in `orders/states.py` by `manage.py draw_states`; what is not drawn is refused with
`transition_not_allowed`, which names what is possible instead.
"""
_TABLES: tuple[tuple[str, Mapping[tuple[str, str], str], type[models.TextChoices]], ...] = (
    ("Order", ORDER, OrderStatus),
    ("Rental", RENTAL, RentalStatus),
    ("Line of a sale", SALE, SaleStatus),
    ("Claim for damage", CLAIM, ClaimStatus),
    ("Place in the waitlist", WAITLIST, WaitlistStatus),
)


def draw() -> str:
    """The whole document, as Mermaid that GitHub and editors show."""
    return "\n".join([_HEAD, *(_chapter(*table) for table in _TABLES)])


def _chapter(title: str, table: Mapping[tuple[str, str], str], statuses: type[models.TextChoices]) -> str:
    arrows = sorted(
        (_rank(statuses, source), _rank(statuses, target), event) for (event, source), target in table.items()
    )
    sources = {source for _, source in table}
    lines = [f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {statuses.values[0]}"]
    for (source, target), events in groupby(arrows, key=lambda arrow: arrow[:2]):
        names = ", ".join(event.replace("_", " ") for _, _, event in events)
        lines.append(f"    {statuses.values[source]} --> {statuses.values[target]}: {names}")
    lines += [f"    {status} --> [*]" for status in statuses.values if status not in sources]
    return "\n".join([*lines, "```", ""])


def _rank(statuses: type[models.TextChoices], status: str) -> int:
    return statuses.values.index(status)
