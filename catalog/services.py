"""Writes to the catalog that mean more than a saved form."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.checklist import CHECKLIST, CODES
from catalog.errors import ChecklistUnknown
from catalog.models import Approval, Variant
from core.errors import NotFound
from core.queue import enqueue


@transaction.atomic
def inspect_variant(
    *, variant_id: int, met: Collection[str], actor: Any, note: str = "", on: date | None = None
) -> Approval:
    """Record that somebody went through our checklist: the variant is approved exactly when every item was met.

    The latest inspection counts, so this can also end an approval; from then on customers no longer see the variant.
    met: codes of the items that were met. actor: the member of staff. Locks: the variant, so that two inspections
    have an order. Raises: NotFound, ChecklistUnknown.
    """
    if unknown := sorted(set(met) - CODES):
        raise ChecklistUnknown(f"The checklist has no item called {', '.join(unknown)}.")
    if not Variant.objects.select_for_update().filter(pk=variant_id).exists():
        raise NotFound
    return Approval.objects.create(
        variant_id=variant_id,
        checklist={item.code: item.code in met for item in CHECKLIST},
        result=Approval.Result.APPROVED if set(met) >= CODES else Approval.Result.REFUSED,
        approved_on=on or timezone.now().date(),
        approved_by=actor,
        note=note,
    )


def recheck_soon() -> None:
    """Have what is ordered judged again, in the caller's transaction: a rule of an airline changed."""
    enqueue("orders.recheck_rules", once="orders.recheck_rules")
