"""Quotes, orders, their lines and rentals, and every charge and event that ever happened to them."""

from functools import cached_property
from typing import Any, ClassVar, Self, TypeVar
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.files.storage import Storage, storages
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Count, F, Func, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Upper

from catalog.models import Variant
from core.encryption import EncryptedJSONField
from core.ids import new_id
from core.money import format_minor, validate_currency
from inventory.models import Depot, Reservation, Unit
from orders.numbers import new_order_number
from orders.rental_terms import RentalTerms
from orders.states import UNDECIDED, ClaimStatus, OrderStatus, RentalStatus, SaleStatus, WaitlistStatus

M = TypeVar("M", bound=models.Model)


class Fulfilment(models.TextChoices):
    PICKUP = "pickup"
    DELIVERY = "delivery"


class DepositPlan(models.TextChoices):
    """How a deposit is secured: a short rental's is only held on the card, a long one's is charged and given back."""

    HOLD = "hold"
    CHARGE = "charge"


class OwnedByCustomer(models.QuerySet[M]):
    """Rows of one customer. `visible_to` is the only door through which the API reaches them."""

    def visible_to(self, user: Any) -> Self:
        return self.filter(customer_id=user.pk)


class DeliveryRate(models.Model):
    """What bringing one order to a country costs, tax included."""

    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["country", "currency"]
        constraints = [models.UniqueConstraint(fields=["country", "currency"], name="delivery_rate_one_per_currency")]

    def __str__(self) -> str:
        return f"{self.country} {self.currency}"


class CancellationTier(models.Model):
    """Cancelled at least this long before the first day, this much of the rent is credited; later than all, nothing."""

    hours = models.PositiveIntegerField("hours before the first day", unique=True)
    percent = models.PositiveSmallIntegerField("credited (%)", validators=[MaxValueValidator(100)])

    class Meta:
        ordering = ["-hours"]
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="cancellation_tier_percent_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % until {self.hours} hours before"


def uses_in(orders: models.QuerySet["Order"]) -> Coalesce:
    """How many of these orders use an outer coupon. What was cancelled or expired gives it back."""
    living = orders.filter(coupon=OuterRef("pk"), status__in=Order.LIVING).order_by().values("coupon")
    return Coalesce(Subquery(living.annotate(count=Count("pk")).values("count")), 0)


class CouponQuerySet(models.QuerySet["Coupon"]):
    def with_uses(self) -> Self:
        """Coupons that know how often they are used: `uses`."""
        return self.annotate(uses=uses_in(Order.objects.all()))


class Coupon(models.Model):
    """A word that makes an order cheaper, by an amount or in per cent of its goods and rents. Staff make it."""

    code = models.CharField(
        max_length=32, validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9-]{2,31}$", "Use letters, digits and dashes.")]
    )
    percent = models.PositiveSmallIntegerField(
        "per cent off", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    amount_minor = models.PositiveBigIntegerField("amount off", null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, validators=[validate_currency])  # "": any
    minimum_minor = models.PositiveBigIntegerField("for orders from", default=0)  # of goods and rents
    valid_from = models.DateField("first day")
    valid_until = models.DateField("last day", null=True, blank=True)
    first_order_only = models.BooleanField(default=False)
    most_uses = models.PositiveIntegerField("uses in all", null=True, blank=True)
    most_uses_each = models.PositiveIntegerField("uses of each customer", null=True, blank=True, default=1)

    objects = CouponQuerySet.as_manager()

    class Meta:
        ordering = ["-valid_from", "code"]
        constraints = [
            models.UniqueConstraint(
                Upper("code"), name="coupon_code_once", violation_error_message="There is a coupon with this code."
            ),
            models.CheckConstraint(
                condition=Q(percent__isnull=False, percent__range=(1, 100), amount_minor=None)
                | Q(percent=None, amount_minor__isnull=False, amount_minor__gt=0),
                name="coupon_amount_or_percent",
                violation_error_message="Say either an amount or per cent.",
            ),
            models.CheckConstraint(
                condition=~Q(currency="") | Q(amount_minor=None, minimum_minor=0),
                name="coupon_amounts_have_currency",
                violation_error_message="Amounts need a currency.",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_from__lte=F("valid_until")),
                name="coupon_days_ordered",
                violation_error_message="The last day cannot be before the first.",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Quote(models.Model):
    """A frozen price. `lines` and the totals are what the customer was shown, and so what the order charges."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="quotes")
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="+")
    fulfilment = models.CharField(max_length=16, choices=Fulfilment, default=Fulfilment.PICKUP)
    address = EncryptedJSONField(null=True, blank=True)  # sealed copy
    currency = models.CharField(max_length=3)
    lines = models.JSONField()  # [orders.pricing.PricedLine as JSON]
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    discount_minor = models.PositiveBigIntegerField(default=0)  # of the coupon, contained in lines and total
    delivery_minor = models.PositiveBigIntegerField(default=0)
    total_minor = models.PositiveBigIntegerField()
    tax_minor = models.PositiveBigIntegerField()
    deposit_minor = models.PositiveBigIntegerField(default=0)
    deposit_plan = models.CharField(max_length=8, choices=DepositPlan, blank=True)
    cancellation = models.JSONField(default=list)  # [{"hours", "percent"}]: the tiers of that day
    cheaper = models.JSONField(default=list)  # [orders.services.cheaper]: what would have cost less
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedByCustomer.as_manager()

    def __str__(self) -> str:
        asked = f"{self.created_at.day} {self.created_at:%b %Y}"
        return f"quote of {asked} for {format_minor(self.total_minor, self.currency)}"


class OrderQuerySet(OwnedByCustomer["Order"]):
    def with_lines(self) -> Self:
        """Everything the order's answer shows, in a fixed number of statements."""
        return self.select_related("depot", "coupon").prefetch_related(Order.lines_shown())


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
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    total_minor = models.PositiveBigIntegerField()
    tax_minor = models.PositiveBigIntegerField()
    deposit_minor = models.PositiveBigIntegerField(default=0)
    deposit_plan = models.CharField(max_length=8, choices=DepositPlan, blank=True)
    deposit_secured_at = models.DateTimeField(null=True, blank=True)  # payments says so; nothing is handed out before
    refusal = models.JSONField(null=True, blank=True)  # what the customer was told when the IMS said no
    rule_versions = models.JSONField(default=dict)  # which price and airline rules the quote used
    placed_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()  # of the unpaid order and its holds
    hold_extended_at = models.DateTimeField(null=True, blank=True)  # starting to pay extends once
    confirmed_at = models.DateTimeField(null=True, blank=True)

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
        ]
        permissions = [
            ("cancel_order", "Can cancel an order"),
            ("handle_order", "Can prepare, hand over, take back and inspect"),
        ]

    def __str__(self) -> str:
        return self.number

    @staticmethod
    def lines_shown() -> "Prefetch[Any]":
        """The lines and rentals of an order as its answer shows them."""
        rentals = Prefetch("rentals", Rental.objects.select_related("unit").order_by("id"))
        lines = OrderLine.objects.select_related("variant").prefetch_related(rentals)
        return Prefetch("lines", lines.order_by("position"))

    @property
    def unpaid(self) -> bool:
        return self.status in (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT)


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

    def after_discount(self, rent_minor: int) -> int:
        """What of one unit's rent is to be paid: the coupon's part falls with the rent, and never grows."""
        if not self.discount_minor:
            return rent_minor
        share = self.discount_minor * min(rent_minor, self.unit_price_minor)
        return rent_minor - -(-share // (self.unit_price_minor * self.quantity))

    @cached_property
    def rental_terms(self) -> RentalTerms:
        """What its quote promised for one unit; of a rental line only."""
        return RentalTerms.of(self.explanation["rental"])


class Rental(models.Model):
    """One unit's worth of a rental line: its days and its life. `period` is the reservation's, buffers inside."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="rentals")
    reservation = models.OneToOneField(Reservation, on_delete=models.PROTECT, related_name="rental")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="rentals")
    start_on = models.DateField()
    end_on = models.DateField()  # included
    period = DateRangeField()
    status = models.CharField(max_length=16, choices=RentalStatus, default=RentalStatus.BOOKED)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)  # when it was written down that nobody came for it
    late_reported_on = models.DateField(null=True, blank=True)  # the day its customer says it comes back
    condition_report = models.JSONField(default=dict, blank=True)

    KEEPS_UNIT: ClassVar = [RentalStatus.BOOKED, RentalStatus.READY, RentalStatus.OUT]

    class Meta:
        ordering = ["start_on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RentalStatus.values), name="rental_status_valid"),
            models.CheckConstraint(condition=Q(start_on__lte=F("end_on")), name="rental_days_ordered"),
            models.CheckConstraint(
                condition=~Q(status__in=["ready", "out", "returned"]) | Q(unit__isnull=False),
                name="rental_ready_has_unit",
            ),
            # A one-element int8range stands for the unit: the built-in operator class needs no extension.
            ExclusionConstraint(
                name="rental_unit_never_twice",
                expressions=[
                    (
                        Func(F("unit"), F("unit"), function="int8range", template="int8range(%(expressions)s, '[]')"),
                        "&&",
                    ),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(unit__isnull=False, status__in=["booked", "ready", "out"]),
                deferrable=models.Deferrable.IMMEDIATE,  # at the end of a statement: two may change places in one
            ),
        ]
        indexes = [models.Index(fields=["status", "start_on"], name="rental_by_day")]

    def __str__(self) -> str:
        return f"{self.start_on.day} {self.start_on:%b} to {self.end_on.day} {self.end_on:%b %Y}"


class Reminder(models.Model):
    """That a customer was to be reminded of something: once for an order, a kind and a day of its rentals."""

    class Kind(models.TextChoices):
        PICKUP_TOMORROW = "pickup_tomorrow"
        RETURN_TOMORROW = "return_tomorrow"
        OVERDUE = "overdue"  # by its grace, so a fee a day is charged
        KEEP_PROPOSED = "keep_proposed"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="reminders")
    kind = models.CharField(max_length=32, choices=Kind)
    day = models.DateField()  # of the pickup, else of the return
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "kind", "day"], name="reminder_once_per_day"),
            models.CheckConstraint(
                condition=Q(kind__in=["pickup_tomorrow", "return_tomorrow", "overdue", "keep_proposed"]),
                name="reminder_kind_valid",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class WaitlistEntry(models.Model):
    """Somebody who waits for something to be free. Its id tells its place: whoever came first is next."""

    MOST: ClassVar = 10  # pieces: whoever waits for more would keep all others waiting
    OPEN: ClassVar = [WaitlistStatus.WAITING, WaitlistStatus.OFFERED]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="waitlist_entries")
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=OrderLine.Kind)
    quantity = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    start_on = models.DateField(null=True, blank=True)  # of a rental
    end_on = models.DateField(null=True, blank=True)  # included
    status = models.CharField(max_length=16, choices=WaitlistStatus, default=WaitlistStatus.WAITING)
    order = models.OneToOneField(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="waitlist_entry"
    )  # that holds what was waited for
    told_at = models.DateTimeField(null=True, blank=True)  # of the order
    rests_until = models.DateTimeField(null=True, blank=True)  # the IMS had none: not offered before
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedByCustomer.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name, verbose_name_plural = "place in the waitlist", "places in the waitlist"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=WaitlistStatus.values), name="waitlist_status_valid"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="waitlist_quantity_positive"),
            models.CheckConstraint(
                condition=Q(kind="sale", start_on=None, end_on=None) | Q(kind="rental", start_on__lte=F("end_on")),
                name="waitlist_rental_has_days",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["offered", "taken"]) | Q(order__isnull=False), name="waitlist_offer_has_order"
            ),
            models.UniqueConstraint(
                fields=["customer", "variant", "depot", "kind", "start_on", "end_on"],
                condition=Q(status__in=["waiting", "offered"]),
                nulls_distinct=False,
                name="waitlist_one_place_each",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(status__in=["waiting", "offered"]), name="waitlist_open_in_order"),
            models.Index(fields=["customer", "-id"], name="waitlist_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant}"

    def competes_with(self, other: "WaitlistEntry") -> bool:
        """Both want the same, on some of the same days."""
        if (self.variant_id, self.depot_id, self.kind) != (other.variant_id, other.depot_id, other.kind):
            return False
        if self.start_on is None or self.end_on is None or other.start_on is None or other.end_on is None:
            return True
        return self.start_on <= other.end_on and other.start_on <= self.end_on


class ChargeKind(models.TextChoices):
    SALE = "sale"
    RENTAL = "rental"
    DELIVERY = "delivery"
    LATE_FEE = "late_fee"
    DAMAGE = "damage"
    CLEANING = "cleaning"
    EXTENSION = "extension"
    KEEP = "keep"
    CANCELLATION = "cancellation"  # credit
    GOODWILL = "goodwill"  # credit


class ChargeQuerySet(models.QuerySet["Charge"]):
    def total(self) -> int:
        """What these charges come to, in minor units."""
        return int(self.aggregate(total=Sum("amount_minor"))["total"] or 0)


class Charge(models.Model):
    """What the customer owes, or is credited when negative. Never changed, never deleted: a trigger sees to it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="charges")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="charges")
    rental = models.ForeignKey("Rental", on_delete=models.PROTECT, null=True, blank=True, related_name="charges")
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )  # the credit that it takes back, all of it and once
    kind = models.CharField(max_length=16, choices=ChargeKind)
    amount_minor = models.BigIntegerField()
    late_on = models.DateField(null=True, blank=True)  # the day that a late fee is for
    reason = models.CharField(max_length=300, blank=True)
    actor = models.CharField(max_length=80)  # "customer:<id>", "staff:<id>", "clock", "provider"
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ChargeQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="charge_not_zero"),
            models.CheckConstraint(condition=Q(kind__in=ChargeKind.values), name="charge_kind_valid"),
            models.CheckConstraint(condition=Q(reverses=None) | Q(amount_minor__gt=0), name="charge_reverses_a_credit"),
            models.UniqueConstraint(fields=["rental", "late_on"], name="charge_once_per_late_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor}"


def _unguessable(photo: "ChargePhoto | RentalPhoto", _name: str) -> str:
    return f"{'charges' if isinstance(photo, ChargePhoto) else 'rentals'}/{uuid4().hex}.jpg"


def _private_files() -> Storage:
    return storages["private"]


class ChargePhoto(models.Model):
    """What proves a charge: a JPEG without metadata (`orders.pictures`), which no address but the staff's serves."""

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="photos")
    image = models.ImageField(upload_to=_unguessable, storage=_private_files, max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.image.name)


CLAIMABLE = (ChargeKind.DAMAGE, ChargeKind.CLEANING)


class Claim(models.Model):
    """What staff want a customer to pay for a rental that came back damaged or dirty. No money moves before the
    customer accepts it, lets the days to object pass, or staff decide; then it becomes one charge."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="claims")
    rental = models.ForeignKey(Rental, on_delete=models.PROTECT, related_name="claims")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.label) for kind in CLAIMABLE])
    amount_minor = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=300)
    status = models.CharField(max_length=16, choices=ClaimStatus, default=ClaimStatus.OPEN)
    filed_by = models.CharField(max_length=80)  # "staff:<id>"
    created_at = models.DateTimeField(auto_now_add=True)
    answer_by = models.DateTimeField()  # whoever is silent until then accepts
    objection = models.TextField(blank=True, max_length=2000)
    decision_note = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="claim")
    charged_minor = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        permissions = [("decide_claim", "Can uphold, reduce or drop a claim that was objected to")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ClaimStatus.values), name="claim_status_valid"),
            models.CheckConstraint(condition=Q(kind__in=CLAIMABLE), name="claim_kind_valid"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1) & ~Q(reason=""), name="claim_says_how_much_and_why"
            ),
            models.CheckConstraint(
                condition=Q(
                    status="charged", charge__isnull=False, charged_minor__gte=1, charged_minor__lte=F("amount_minor")
                )
                | ~Q(status="charged") & Q(charge__isnull=True, charged_minor__isnull=True),
                name="claim_charged_once_decided",
            ),
            models.CheckConstraint(
                condition=Q(status__in=UNDECIDED, decided_at__isnull=True)
                | ~Q(status__in=UNDECIDED) & Q(decided_at__isnull=False) & ~Q(decided_by=""),
                name="claim_decided_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(status="objected") | ~Q(objection=""), name="claim_objected_in_words"),
            models.UniqueConstraint(
                fields=["rental", "kind"], condition=Q(status__in=UNDECIDED), name="claim_one_undecided_per_kind"
            ),  # a form that is sent twice claims once
        ]
        indexes = [
            models.Index(fields=["answer_by"], condition=Q(status="open"), name="claim_open_by_deadline"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {format_minor(self.amount_minor, self.order.currency)}"


class RentalPhoto(models.Model):
    """How a unit looked when it left, when it came back, or where it is damaged: a JPEG without metadata
    (`orders.pictures`), for staff and for the rental's customer."""

    class Moment(models.TextChoices):
        HANDED_OVER = "handed_over"
        TAKEN_BACK = "taken_back"
        CLAIMED = "claimed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rental = models.ForeignKey(Rental, on_delete=models.PROTECT, related_name="photos")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, null=True, blank=True, related_name="photos")
    moment = models.CharField(max_length=16, choices=Moment)
    image = models.ImageField(upload_to=_unguessable, storage=_private_files, max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(moment="claimed", claim__isnull=False)
                | Q(moment__in=["handed_over", "taken_back"], claim__isnull=True),
                name="rental_photo_moment_valid",
            ),
        ]

    def __str__(self) -> str:
        return str(self.image.name)


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
