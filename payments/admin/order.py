"""What payments adds to the page of an order: its money, for who may see payments."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode

from core.backoffice import Card, amount, cards_on, link, page_of
from core.money import format_minor
from orders.models import Order
from payments.admin.document import kind_badge, pdf_address
from payments.admin.looks import payment_badges, status_badge
from payments.models import Deposit, Dispute, Document, Payment
from payments.selectors import statement


@cards_on("orders.order")
def money_card(request: HttpRequest, order: Order) -> Iterator[Card]:
    """Charged, paid, refunded, and what is owed; a link to each payment."""
    if not request.user.has_perm("payments.view_payment"):
        return
    told, cur = statement(order), order.currency
    facts: list[tuple[str, Any]] = [
        ("Charged", amount(told.charged_minor, cur)),
        ("Paid", amount(told.captured_minor, cur)),
        ("Refunded", amount(told.refunded_minor, cur)),
    ]
    if told.refund_pending_minor:
        facts.append(("On its way back", amount(told.refund_pending_minor, cur)))
    if told.disputed_minor:
        facts.append(("Taken back by a bank", amount(told.disputed_minor, cur)))
    owed = told.balance_minor + told.refund_pending_minor  # what is on its way counts as gone
    word = "The customer owes" if owed > 0 else "Owed to the customer" if owed < 0 else "Balance"
    facts.append((word, amount(abs(owed), cur)))
    facts += [("Deposit", _deposit(deposit)) for deposit in Deposit.objects.filter(order=order)]
    facts += [("Payment", _payment(payment)) for payment in Payment.objects.filter(order=order)]
    if any(entry.kind == "dispute" for entry in told.entries):
        facts += [("Dispute", _dispute(row, request.user)) for row in Dispute.objects.filter(payment__order=order)]
    everything = f"{reverse('admin:payments_payment_changelist')}?{urlencode({'q': order.number})}"
    yield Card("Money", facts=facts, link=("Payments", everything))


def _deposit(deposit: Deposit) -> Any:
    shown = page_of("payments_deposit", deposit.pk, format_minor(deposit.amount_minor, deposit.currency))
    return format_html("{} {}", shown, status_badge(deposit))


def _dispute(dispute: Dispute, viewer: Any) -> Any:
    return page_of("payments_dispute", dispute.pk, dispute.get_status_display(), viewer=viewer)


@cards_on("orders.order")
def documents_card(request: HttpRequest, order: Order) -> Iterator[Card]:
    """The receipts and credit notes of an order, each with its PDF."""
    documents = list(order.documents.all()) if request.user.has_perm("payments.view_document") else []
    if documents:
        yield Card("Documents", facts=[(kind_badge(document), _document(document)) for document in documents])


def _document(document: Document) -> Any:
    total = amount(document.total_minor, document.currency)
    pdf = link(pdf_address(document), "PDF")
    return format_html_join(
        " · ", "{}", [(part,) for part in (page_of("payments_document", document.pk, document.number), total, pdf)]
    )


def _payment(payment: Payment) -> Any:
    shown = page_of("payments_payment", payment.pk, format_minor(payment.amount_minor, payment.currency))
    return format_html_join(" ", "{}", [(part,) for part in (shown, *payment_badges(payment))])
