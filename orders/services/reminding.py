"""Reminders: each asked for once for an order and a day, however often the clock looks."""

from django.db import transaction

from orders.due import Due, due_reminders
from orders.models import Reminder
from orders.services.soon import tell_soon


def remind(*, dry_run: bool = False) -> list[Due]:
    """Have every customer told what is due. Returns the reminders.

    After any pause it catches up with what is still true; what has passed meanwhile is not told. Safe to repeat.
    dry_run: only tells which. No locks.
    """
    due = due_reminders()
    for one in due if not dry_run else ():
        _ask(one)
    return due


@transaction.atomic
def _ask(due: Due) -> None:
    """The row and the wish to tell, or neither; of two at once the second waits for the row and asks for nothing."""
    _, fresh = Reminder.objects.get_or_create(order=due.order, kind=due.kind, day=due.day)
    if fresh:
        tell_soon(due.kind, order_id=due.order.pk, about=f"{due.order.pk}:{due.day}")
