"""Receipts and credit notes."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from core.encryption import EncryptedJSONField
from core.ids import new_id
from orders.models import Charge, Order


class DocumentKind(models.TextChoices):
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"


class DocumentCounter(models.Model):
    """The last number given to a kind of document in a year. Locked while a document is written: no gap, no double."""

    kind = models.CharField(max_length=16, choices=DocumentKind)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="document_counter_one_a_year")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last}"


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(order__customer_id=user.pk)


class Document(models.Model):
    """A receipt or a credit note as it was handed out. Never changed, never deleted: a trigger sees to it.

    `total_minor` is below zero on a credit note. Tax is contained in all amounts (ADR 17).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=16, choices=DocumentKind)
    number = models.CharField(max_length=20, unique=True)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    issued_at = models.DateTimeField()
    issued_on = models.DateField()  # at the depot
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    seller = models.JSONField()  # {"name", "address": [line], "tax_id"}
    customer = EncryptedJSONField()  # {"name", "address": [line]}
    taxes = models.JSONField()  # [orders.taxes.TaxPart as JSON], highest rate first
    note = models.CharField(max_length=300, blank=True)  # how it was paid, or what it corrects

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_valid"),
            models.UniqueConstraint(fields=["kind", "year", "sequence"], name="document_one_for_each_number"),
            models.CheckConstraint(
                condition=Q(kind="receipt", total_minor__gt=0) | Q(kind="credit_note", total_minor__lt=0),
                name="document_total_has_sign_of_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class DocumentLine(models.Model):
    """One charge as a document shows it. A charge stands on at most one document. Append-only by trigger."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="lines")
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="document_line")
    title = models.CharField(max_length=300)
    detail = models.CharField(max_length=640, blank=True)  # a reason and a title
    days = models.PositiveIntegerField(null=True, blank=True)  # of a rental
    quantity = models.PositiveIntegerField(default=1)
    unit_price_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    taxes = models.JSONField()  # [orders.taxes.TaxPart as JSON]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(total_minor=F("unit_price_minor") * F("quantity")), name="document_line_total_is_product"
            ),
        ]

    def __str__(self) -> str:
        return self.title
