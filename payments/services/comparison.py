"""Compare what this database and the gateway believe, both ways, and change nothing. What differs gets its verdict."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db.models import QuerySet

from core import comparing
from payments.models import Dispute, Payment, Refund
from payments.providers.base import PaymentProvider, RemoteDispute, RemotePayment, RemoteRefund, UnknownPayment
from payments.selectors import unsettled_orders
from payments.services.sums import SUMS, deposits_miscounted, fits, payments_miscounted
from payments.services.verdicts import (
    Case,
    compare_dispute,
    compare_page,
    compare_payment,
    compare_refund,
    miscounted_deposit,
    miscounted_payment,
    missing_dispute_here,
    missing_dispute_there,
    missing_payment_here,
    missing_payment_there,
    missing_refund_here,
    missing_refund_there,
    unsettled_order,
)
from payments.states import LIVE, RefundStatus

T = TypeVar("T")

_BATCH = 500
_FEW = 20  # so many may be missing there without the whole of it being in doubt
_DOUBT = "most of ours are missing there: is this the account they were made with?"
_CLOCKS = timedelta(minutes=10)  # both sides' clocks may differ by so much where a span begins


@dataclass(slots=True)
class Comparison(comparing.Comparison[Case]):
    """How much was compared, and what differs."""

    payments: int = 0
    refunds: int = 0
    disputes: int = 0


class Look:
    """Compares everything since a moment. Theirs is read first, so that ours can only be newer.

    Reads only. Network, so never inside a transaction. Raises: ProviderError.
    """

    def __init__(self, provider: PaymentProvider, since: datetime, progress: Callable[[str], None]) -> None:
        self._provider, self._since, self._progress = provider, since, progress

    def all(self) -> Comparison:
        found = Comparison()
        for part, compare in (("payments", self._payments), ("refunds", self._refunds), ("disputes", self._disputes)):
            before = len(found.cases)
            setattr(found, part, compare(found.cases))
            self._progress(f"{getattr(found, part)} {part} compared, {len(found.cases) - before} differ")
        unsettled = [unsettled_order(**told) for told in unsettled_orders(since=self._since)]
        self._progress(f"{len(unsettled)} orders whose money is neither confirmed nor on its way back")
        miscounted = [*self._miscounted()]
        self._progress(f"{len(miscounted)} payments and deposits that are not what their rows come to")
        found.cases += unsettled + miscounted
        return found

    def _miscounted(self) -> Iterator[Case]:
        for payment in payments_miscounted(since=self._since):
            rows = {column: getattr(payment, counted) for column, counted in SUMS.items()}
            differ = {column: minor for column, minor in rows.items() if getattr(payment, column) != minor}
            yield miscounted_payment(payment, rows=differ, can_be_true=fits(payment))
        for deposit, left in deposits_miscounted(since=self._since):
            yield miscounted_deposit(deposit, left_minor=left)

    def _payments(self, cases: list[Case]) -> int:
        seen: set[str] = set()
        for batch in self._batches(self._provider.payments_since(self._since), seen):
            cases += _payment_cases(batch)
        rows = Payment.objects.filter(created_at__gte=self._since + _CLOCKS, provider_ref__isnull=False)
        ordered = rows.select_related("order").order_by("pk").iterator(chunk_size=_BATCH)
        missing = [row for row in ordered if row.provider_ref not in seen]
        if len(missing) > max(len(seen), _FEW):
            cases += [missing_payment_there(row).left_to_a_person(_DOUBT) for row in missing]
            return len(seen)
        for row in missing:  # a list is not a proof
            cases += self._by_name(row)
        cases += self._pages()
        return len(seen)

    def _pages(self) -> Iterator[Case]:
        """Nothing there lists a payment that nobody has tried to pay on its page."""
        untried = Payment.objects.filter(
            created_at__gte=self._since, status__in=LIVE, provider_ref=None, page_ref__isnull=False
        )
        for row in untried.select_related("order").order_by("pk"):
            try:
                page = self._provider.get_page(str(row.page_ref))
            except UnknownPayment:
                page = None
            if (case := compare_page(row, page)) is not None:
                yield case

    def _by_name(self, row: Payment) -> list[Case]:
        try:
            case = compare_payment(row, self._provider.get_payment(str(row.provider_ref)))
        except UnknownPayment:
            return [missing_payment_there(row)]
        return [case] if case else []

    def _refunds(self, cases: list[Case]) -> int:
        seen: set[str] = set()
        for batch in self._batches(self._provider.refunds_since(self._since), seen):
            cases += _refund_cases(batch)
        rows = Refund.objects.promised().filter(created_at__gte=self._since + _CLOCKS)
        expected = rows.exclude(status=RefundStatus.FAILED, provider_ref=None)  # refused there
        missing = [
            row
            for row in expected.select_related("payment__order").order_by("pk").iterator(chunk_size=_BATCH)
            if row.provider_ref not in seen
        ]
        if len(missing) > max(len(seen), _FEW):
            cases += [missing_refund_there(row).left_to_a_person(_DOUBT) for row in missing]
            return len(seen)
        cases += [missing_refund_there(row) for row in missing if not self._has_refund(row)]
        return len(seen)

    def _has_refund(self, row: Refund) -> bool:
        known = self._provider.refunds_of(str(row.payment.provider_ref))
        return any(remote.ref == row.provider_ref or remote.refund_id == row.pk for remote in known)

    def _disputes(self, cases: list[Case]) -> int:
        seen: set[str] = set()
        for batch in self._batches(self._provider.disputes_since(self._since), seen):
            cases += _dispute_cases(batch)
        rows = Dispute.objects.filter(opened_at__gte=self._since + _CLOCKS).select_related("payment__order")
        for row in rows.order_by("pk").iterator(chunk_size=_BATCH):
            if row.provider_ref not in seen and not self._has_dispute(row):
                cases.append(missing_dispute_there(row))
        return len(seen)

    def _has_dispute(self, row: Dispute) -> bool:
        known = self._provider.disputes_of(str(row.payment.provider_ref))
        return any(remote.ref == row.provider_ref for remote in known)

    def _batches(self, theirs: Iterator[T], seen: set[str]) -> Iterator[list[T]]:
        while batch := list(islice(theirs, _BATCH)):
            seen.update(remote.ref for remote in batch)  # type: ignore[attr-defined]  # each of theirs has one
            yield batch
            if len(batch) == _BATCH:
                self._progress(f"{len(seen)} so far")


def _payment_cases(theirs: list[RemotePayment]) -> Iterator[Case]:
    ours = _payments_by_ref(remote.ref for remote in theirs)
    strangers = [remote for remote in theirs if remote.ref not in ours]
    ids = {remote.payment_id for remote in strangers if remote.payment_id}
    named = Payment.objects.select_related("order").in_bulk(ids) if ids else {}
    for remote in theirs:
        row = ours.get(remote.ref)
        if row is not None:
            case = compare_payment(row, remote)
        else:
            made_for = named.get(remote.payment_id) if remote.payment_id else None
            is_ours = made_for is not None and made_for.order.number == remote.order_number
            case = missing_payment_here(remote, made_for if is_ours else None)
        if case is not None:
            yield case


def _refund_cases(theirs: list[RemoteRefund]) -> Iterator[Case]:
    refs = [remote.ref for remote in theirs]
    ours = {row.provider_ref: row for row in _refunds().filter(provider_ref__in=refs)}
    ids = {remote.refund_id for remote in theirs if remote.refund_id and remote.ref not in ours}
    asked = {row.pk: row for row in _refunds().filter(pk__in=ids, provider_ref=None)}
    payments = _payments_by_ref(remote.payment_ref for remote in theirs)
    for remote in theirs:
        row = ours.get(remote.ref) or (asked.get(remote.refund_id) if remote.refund_id else None)
        payment = payments.get(remote.payment_ref)
        case = None
        if row is not None:
            case = compare_refund(row, remote)
        elif payment is not None:  # else its payment is missing here, and that is told
            case = missing_refund_here(remote, payment)
        if case is not None:
            yield case


def _dispute_cases(theirs: list[RemoteDispute]) -> Iterator[Case]:
    rows = Dispute.objects.select_related("payment__order").filter(provider_ref__in=[remote.ref for remote in theirs])
    ours = {row.provider_ref: row for row in rows}
    payments = _payments_by_ref(remote.payment_ref for remote in theirs)
    for remote in theirs:
        row, payment, case = ours.get(remote.ref), payments.get(remote.payment_ref), None
        if row is not None:
            case = compare_dispute(row, remote)
        elif payment is not None:
            case = missing_dispute_here(remote, payment)
        if case is not None:
            yield case


def _refunds() -> QuerySet[Refund]:
    return Refund.objects.select_related("payment__order")


def _payments_by_ref(refs: Iterable[str]) -> dict[str, Payment]:
    rows = Payment.objects.select_related("order").filter(provider_ref__in=set(refs))
    return {str(row.provider_ref): row for row in rows}


__all__ = ["Comparison", "Look"]
