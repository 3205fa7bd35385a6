"""Receipts and credit notes: written once, numbered without gaps, each charge on one of them (ADR 17)."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from babel import Locale
from babel.dates import format_date
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import capfirst

from catalog.models import TaxRate
from core.money import format_minor
from core.queue import enqueue
from core.time import today_in
from orders.charged import is_the_line, living_charges, taxed
from orders.models import Charge, ChargeKind, Order
from orders.services import lock_order
from orders.taxes import TaxPart, by_rate, share_tax
from payments.models import Deposit, Document, DocumentCounter, DocumentKind, DocumentLine, Payment
from payments.selectors import orders_without_documents, paid_orders

_LETTER = {DocumentKind.RECEIPT: "R", DocumentKind.CREDIT_NOTE: "C"}
_MOST = 200
_NAMELESS = "Customer"  # an e-mail address does not stand on paper that is kept for years
_MOST_NAMED = 4  # receipts on a credit note; an order that was changed often has dozens


@transaction.atomic
def issue_documents(*, order_id: UUID) -> list[Document]:
    """Write what an order's charges ask for: a receipt once nothing is owed, a credit note for what was credited since.

    An order that was never confirmed gets none. Safe to repeat: a charge stands on one document. The number is taken in
    this transaction, so that none is lost with it. Locks: order, then the counters of this year.
    """
    order = lock_order(order_id=order_id)
    if order.confirmed_at is None:
        return []
    lines, rows = list(order.lines.all()), order.charges.select_related("line", "document_line").order_by("id")
    charges = living_charges(order, rows)
    new = [charge for charge in charges if not hasattr(charge, "document_line")]
    billed = [charge for charge in new if charge.amount_minor > 0]
    credited = [charge for charge in new if charge.amount_minor < 0]
    if not new:
        return []
    delivery = any(charge.kind == ChargeKind.DELIVERY for charge in charges)
    amounts = taxed(order, lines, charges, delivery_rate_bp=_standard_rate(order) if delivery else 0)
    parts = dict(zip((c.pk for c in charges), share_tax(amounts), strict=True))
    issued = []
    if billed and paid_orders().filter(pk=order.pk).exists():
        issued.append(_issue(order, DocumentKind.RECEIPT, billed, parts))
    if credited and order.documents.filter(kind=DocumentKind.RECEIPT).exists():
        issued.append(_issue(order, DocumentKind.CREDIT_NOTE, credited, parts))
    return issued


def catch_up_on_documents() -> int:
    """Enqueue the documents that were forgotten, as a job may be. Returns for how many orders."""
    orders = list(orders_without_documents()[:_MOST])
    for order_id in orders:
        issue_soon(order_id)
    return len(orders)


def issue_soon(order_id: UUID) -> None:
    """Have a job write the documents of an order."""
    enqueue("payments.issue_documents", once=f"documents:{order_id}", lock=f"order:{order_id}", order_id=str(order_id))


def _standard_rate(order: Order) -> int:
    """The rate that delivery was quoted with."""
    asked_on = today_in(order.depot.time_zone, order.quote.created_at)
    rates = TaxRate.objects.filter(country=order.depot.country, tax_class="standard", valid_from__lte=asked_on)
    return rates.order_by("-valid_from").values_list("rate_bp", flat=True).first() or 0


def _issue(order: Order, kind: DocumentKind, charges: Sequence[Charge], parts: dict[int, list[TaxPart]]) -> Document:
    now = timezone.now()
    today = today_in(order.depot.time_zone, now)
    note = _how_paid(order) if kind == DocumentKind.RECEIPT else _what_corrected(order)
    sequence = take_number(kind, today.year)
    document = Document.objects.create(
        order=order,
        kind=kind,
        number=f"{_LETTER[kind]}-{today.year}-{sequence:06d}",
        year=today.year,
        sequence=sequence,
        issued_at=now,
        issued_on=today,
        currency=order.currency,
        total_minor=sum(charge.amount_minor for charge in charges),
        seller={"name": settings.SHOP_NAME, "address": settings.SHOP_ADDRESS, "tax_id": settings.SHOP_TAX_ID},
        customer=_customer(order),
        taxes=[part.as_json() for part in by_rate([part for charge in charges for part in parts[charge.pk]])],
        note=note,
    )
    DocumentLine.objects.bulk_create(_line(document, charge, parts[charge.pk]) for charge in charges)
    return document


def take_number(kind: DocumentKind, year: int) -> int:
    """The next number of the year. Its row stays locked until the transaction ends: who comes after sees it, or not."""
    counter, _ = DocumentCounter.objects.select_for_update().get_or_create(kind=kind, year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter.last


def _line(document: Document, charge: Charge, parts: Sequence[TaxPart]) -> DocumentLine:
    order, line, told = document.order, charge.line, [part.as_json() for part in parts]
    own = {"document": document, "charge": charge, "total_minor": charge.amount_minor, "taxes": told}
    if line is None or not is_the_line(charge, line):
        details = [capfirst(charge.reason), line.title if line else ""]
        detail = " · ".join(part for part in details if part)
        title = "Credit taken back" if charge.reverses_id else charge.get_kind_display().capitalize()
        return DocumentLine(**own, title=title, detail=detail, unit_price_minor=charge.amount_minor)
    terms: dict[str, Any] = line.explanation.get("rental") or {}
    detail = line.sku
    if terms.get("start_on"):
        detail += f" · {_days(terms['start_on'], terms['end_on'])}"
    quantity, unit_price_minor = line.quantity, line.unit_price_minor
    if line.discount_minor:  # a document's total is its product
        price, less = (format_minor(minor, order.currency) for minor in (unit_price_minor, line.discount_minor))
        detail += f" · {quantity} × {price}, less {less} by coupon {order.coupon}"
        quantity, unit_price_minor = 1, line.total_minor
    return DocumentLine(
        **own,
        title=line.title,
        detail=detail,
        days=terms.get("days"),
        quantity=quantity,
        unit_price_minor=unit_price_minor,
    )


def _days(start_on: str, end_on: str) -> str:
    first, last = (date.fromisoformat(day) for day in (start_on, end_on))
    return f"{_written(first)} to {_written(last)}"


def _written(day: date) -> str:
    return format_date(day, "d MMMM y", locale="en")


def _customer(order: Order) -> dict[str, Any]:
    """Name, and address as delivered to, else the first on file, as they are now; who closed their account is called
    as on the papers before."""
    user = order.customer
    earlier = order.documents.order_by("-id").first() if user.closed_at else None
    if earlier is not None:
        return dict(earlier.customer)
    stored = user.addresses.first() if order.address is None else None
    address = order.address or (stored.snapshot() if stored else {})
    if not address:
        return {"name": user.name or _NAMELESS, "address": []}
    town = f"{address['postal_code']} {address['city']}"
    country = Locale("en").territories.get(address["country"], address["country"])
    return {
        "name": user.name or address["recipient"] or _NAMELESS,
        "address": [line for line in (address["line1"], address["line2"], town, country) if line],
    }


def _how_paid(order: Order) -> str:
    """By what, and when, since the receipt before this one."""
    last = order.documents.filter(kind=DocumentKind.RECEIPT).order_by("-id").first()
    since = last.issued_at if last else order.placed_at
    cards = Payment.objects.filter(order=order, captured_minor__gt=0, succeeded_at__gte=since).for_charges()
    deposits = Deposit.objects.filter(order=order, captured_minor__gt=0, ended_at__gte=since)
    ways = [
        ("by card", cards.aggregate(at=Max("succeeded_at"))["at"]),
        ("from the deposit", deposits.aggregate(at=Max("ended_at"))["at"]),
    ]
    zone = order.depot.time_zone
    told = [f"{way} on {_written(today_in(zone, at))}" for way, at in ways if at is not None]
    return f"Paid {' and '.join(told)}." if told else "Paid."


def _what_corrected(order: Order) -> str:
    receipts = list(order.documents.filter(kind=DocumentKind.RECEIPT).order_by("id").values_list("number", flat=True))
    if len(receipts) > _MOST_NAMED:
        return f"Corrects receipts {receipts[0]} to {receipts[-1]}, {len(receipts)} of this order."
    return f"Corrects receipt {', '.join(receipts)}."
