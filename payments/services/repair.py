"""Make both sides agree again where that can do no harm. Repairs read again before they write, and may be repeated."""

from collections.abc import Callable, Sequence

from django.db import OperationalError
from django.db.models import QuerySet

from core.errors import DomainError
from core.logging import get_logger
from core.problems import is_busy
from inventory.providers.base import ProviderError as InventoryError
from payments.models import Refund
from payments.providers.base import ProviderError
from payments.services.collecting import apply_payment
from payments.services.deposits import settle_deposit
from payments.services.disputes import apply_disputes
from payments.services.pages import apply_page
from payments.services.returning import apply_refunds
from payments.services.settling import push_refund, settle_order
from payments.services.sums import recount_payment
from payments.services.verdicts import Case, Repair
from payments.states import RefundStatus

log = get_logger(__name__)

About = tuple[str, str]
_LOGGED = ("repair", "difference", "what", "ref", "order", "ours", "theirs")


def repair_cases(*, cases: Sequence[Case], progress: Callable[[str], None] = lambda _line: None) -> dict[About, str]:
    """Do to each case what its finding names. Returns why it could not be done, by what it is about.

    A no of the gateway, and a row that somebody else holds, leave that case and go on with the next. Network between
    short transactions, so never inside one. Locks: as the services do that apply and settle.
    """
    why_not: dict[About, str] = {}
    for number, case in enumerate(cases, start=1):
        why = _attempt(case)
        told = {name: str(getattr(case.finding, name)) for name in _LOGGED}
        if why:
            why_not[case.finding.about] = why
            log.warning("money_not_repaired", **told, error=why)
        else:
            log.info("money_repaired", **told)
        if number % 100 == 0 or number == len(cases):
            progress(f"{number} of {len(cases)} repairs tried, {len(why_not)} could not be done")
    return why_not


def _attempt(case: Case) -> str:
    """Returns why it could not be done; "" when it was."""
    try:
        _repair(case)
    except (ProviderError, InventoryError) as no:
        return f"{type(no).__name__}: {no}"
    except DomainError as no:
        return no.detail
    except OperationalError as error:
        if not is_busy(error):
            raise
        return "somebody else was working on it"
    return ""


def _repair(case: Case) -> None:
    repair = case.finding.repair
    if case.page_ref:
        apply_page(page_ref=case.page_ref)
    elif repair in (Repair.READ_AGAIN, Repair.CANCEL_THERE):
        apply_payment(provider_ref=case.payment_ref)  # cancels a stray of ours that nobody paid
        apply_refunds(payment_ref=case.payment_ref)
        apply_disputes(payment_ref=case.payment_ref)
    elif repair == Repair.SEND_AGAIN and case.refund_id is not None:
        push_refund(refund_id=case.refund_id)
    elif repair == Repair.SETTLE and case.order_id is not None:
        settle_order(order_id=case.order_id)
        _push(Refund.objects.filter(payment__order=case.order_id))
    elif repair == Repair.SETTLE and case.deposit_id is not None:
        settle_deposit(deposit_id=case.deposit_id)
        _push(Refund.objects.filter(payment__deposit=case.deposit_id))
    elif repair == Repair.RECOUNT and case.payment_id is not None:
        recount_payment(payment_id=case.payment_id)


def _push(refunds: QuerySet[Refund]) -> None:
    """Send at once what was asked for just now."""
    for refund_id in refunds.filter(status=RefundStatus.REQUESTED).order_by("id").values_list("pk", flat=True):
        push_refund(refund_id=refund_id)


__all__ = ["repair_cases"]
