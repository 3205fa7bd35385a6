"""Orders, their lines, and everything that ever happened to them."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Prefetch, Q

from catalog.models import Variant
from core.encryption import EncryptedJSONField
from core.ids import new_id
from inventory.models import Depot, Reservation
from orders.models.owned import OwnedByCustomer
from orders.models.quote import DepositPlan, Fulfilment, Quote
from orders.models.rental import Rental
from orders.numbers import new_order_number
from orders.rental_terms import RentalTerms
from orders.states import OrderStatus, SaleStatus


class OrderQuerySet(OwnedByCustomer["Order"]):
    def with_lines(self) -> Self:
        """Everything the order's answer shows, in a fixed number of statements."""
        return self.select_related("depot", "coupon").prefetch_related(*Order.shown())


class Order(models.Model):
    """What a customer was promised, for the price of its quote."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True, default=new_order_number, editable=False)
    quote = models.OneToOneField(Quote, on_delete=models.PROTECT, related_name="order")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=20, choices=OrderStatus, default=OrderStatus.RESERVING)
    fulfilment = models.CharField(max_length=16, choices=Fulfilment)
    address = EncryptedJSONField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    coupon = models.ForeignKey("Coupon", on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    total_minor = models.PositiveBigIntegerField()
    tax_minor = models.PositiveBigIntegerField()
    deposit_minor = models.PositiveBigIntegerField(default=0)
    deposit_plan = models.CharField(max_length=8, choices=DepositPlan, blank=True)
    deposit_secured_at = models.DateTimeField(null=True, blank=True)  # payments says so; nothing is handed out before
    refusal = models.JSONField(null=True, blank=True)  # what the customer was told when the IMS said no
    trip = models.JSONField(null=True, blank=True)  # as its quote's, with the `fits` as they were last judged
    flies_on = models.DateField(null=True, blank=True)  # the last flight of its trip
    rule_versions = models.JSONField(default=dict)  # the rules of airlines that decided when it was ordered, by version
    fit_worse_at = models.DateTimeField(null=True, blank=True)  # since when it fits less well than told; staff end it
    placed_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()  # of the unpaid order and its holds
    hold_extended_at = models.DateTimeField(null=True, blank=True)  # starting to pay extends once
    confirmed_at = models.DateTimeField(null=True, blank=True)

    charges_shown: list[Any]  # once prefetched, or written just now

    LIVING: ClassVar = [
        OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT, OrderStatus.CONFIRMED, OrderStatus.COMPLETED
    ]  # fmt: skip

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status_valid"),
        ]
        indexes = [
            models.Index(fields=["customer", "-placed_at", "-id"], name="order_by_customer"),
            models.Index(
                fields=["expires_at"],
                condition=Q(status__in=["reserving", "pending_payment"]),
                name="order_unpaid_by_expiry",
            ),
            models.Index(fields=["-placed_at"], name="order_by_placed"),
            models.Index(
                fields=["flies_on"], condition=Q(status="confirmed", flies_on__isnull=False), name="order_to_fly"
            ),
        ]
        permissions = [
            ("cancel_order", "Can cancel an order"),
            ("handle_order", "Can prepare, hand over, take back and inspect"),
        ]

    def __str__(self) -> str:
        return self.number

    @staticmethod
    def shown() -> "list[Prefetch[Any]]":
        """The lines, rentals and charges of an order as its answer shows them."""
        rentals = Prefetch("rentals", Rental.objects.select_related("unit").order_by("id"))
        lines = OrderLine.objects.select_related("variant").prefetch_related(rentals)
        return [Prefetch("lines", lines.order_by("position")), Prefetch("charges", to_attr="charges_shown")]

    def know_lines(self, lines: "Sequence[OrderLine]", rentals: Sequence[Rental]) -> None:
        """As `with_lines()` would read them: those that were written just now."""
        for line in lines:
            mine = (rental for rental in rentals if rental.line_id == line.pk)
            _know(line, "rentals", sorted(mine, key=lambda rental: rental.pk))
        _know(self, "lines", lines)

    @property
    def unpaid(self) -> bool:
        return self.status in (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT)


def _know(row: Any, name: str, related: Sequence[models.Model]) -> None:
    """What `prefetch_related` leaves behind, without asking."""
    known = getattr(row, name).all()
    known._result_cache = list(related)  # noqa: SLF001 (nothing else lets us)
    row._prefetched_objects_cache = {**getattr(row, "_prefetched_objects_cache", {}), name: known}  # noqa: SLF001


class OrderLine(models.Model):
    """One thing of an order as it was sold: title and prices stay what they were."""

    class Kind(models.TextChoices):
        SALE = "sale"
        RENTAL = "rental"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.PositiveBigIntegerField()
    total_minor = models.PositiveBigIntegerField()
    tax_minor = models.PositiveBigIntegerField()
    tax_rate_bp = models.PositiveIntegerField()
    explanation = models.JSONField(default=dict)  # how the price came about, from the quote
    reservation = models.OneToOneField(
        Reservation, on_delete=models.PROTECT, null=True, blank=True, related_name="order_line"
    )  # of a sale; each rental has its own
    status = models.CharField(max_length=20, choices=SaleStatus, null=True, blank=True)  # of a sale
    delivered_at = models.DateTimeField(null=True, blank=True)  # when what was sold left: its days of return count
    carrier = models.CharField(max_length=40, blank=True)  # who brings what was shipped
    tracking_number = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["order", "position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_one_per_position"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_quantity_positive"),
            models.CheckConstraint(
                condition=Q(kind="sale", reservation__isnull=False, status__in=SaleStatus.values)
                | Q(kind="rental", reservation__isnull=True, status__isnull=True),
                name="order_line_sale_has_reservation",
            ),
            models.CheckConstraint(
                condition=Q(carrier="", tracking_number="") | ~Q(carrier="") & ~Q(tracking_number=""),
                name="order_line_tracked_by_carrier",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def discount_minor(self) -> int:
        """What a coupon took off."""
        return self.unit_price_minor * self.quantity - self.total_minor

    @cached_property
    def rental_terms(self) -> RentalTerms:
        """What its quote promised for one unit; of a rental line only."""
        return RentalTerms.of(self.explanation["rental"])


class CalendarFeed(models.Model):
    """That a customer has a secret address for the calendar of their rentals; only its digest is kept."""

    customer = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"calendar of {self.created_at:%-d %b %Y}"


class OrderEvent(models.Model):
    """One thing that happened to an order. Append-only by trigger."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    event = models.CharField(max_length=32)
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20)
    subject = models.CharField(max_length=80, blank=True)  # "rental <id>" when it is about a part
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.event} → {self.to_status}"
