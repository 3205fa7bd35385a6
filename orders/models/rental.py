"""One rented unit of a line, and what its customer is reminded of."""

from datetime import date, timedelta
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from core.ids import new_id
from core.time import today_in
from inventory.models import UNIT_ON_DAYS, Reservation, Unit
from orders.states import RentalStatus


class Rental(models.Model):
    """One unit's worth of a rental line: its days and its life. `period` is the reservation's, buffers inside."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    line = models.ForeignKey("OrderLine", on_delete=models.PROTECT, related_name="rentals")
    reservation = models.OneToOneField(Reservation, on_delete=models.PROTECT, related_name="rental")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="rentals")
    start_on = models.DateField()
    end_on = models.DateField()  # included
    post_on = models.DateField(null=True, blank=True)  # when its parcel is to leave; null: it is picked up
    period = DateRangeField()
    discount_minor = models.PositiveBigIntegerField(default=0)  # its part of what the coupon takes off its line
    status = models.CharField(max_length=16, choices=RentalStatus, default=RentalStatus.BOOKED)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)  # when it was written down that nobody came for it
    late_reported_on = models.DateField(null=True, blank=True)  # the day its customer says it comes back
    carrier = models.CharField(max_length=40, blank=True)  # who brings it
    tracking_number = models.CharField(max_length=40, blank=True)
    return_carrier = models.CharField(max_length=40, blank=True)  # who brings it back
    return_tracking_number = models.CharField(max_length=40, blank=True)
    posted_back_at = models.DateTimeField(null=True, blank=True)  # when it was on its way back: no day later is late
    condition_report = models.JSONField(default=dict, blank=True)

    LEAVES_ON: ClassVar = Coalesce("post_on", "start_on")
    disruption = ""  # from disruption.with_disruption()

    KEEPS_UNIT: ClassVar = [RentalStatus.BOOKED, RentalStatus.READY, RentalStatus.OUT]

    class Meta:
        ordering = ["start_on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RentalStatus.values), name="rental_status_valid"),
            models.CheckConstraint(condition=Q(start_on__lte=F("end_on")), name="rental_days_ordered"),
            models.CheckConstraint(condition=Q(post_on__lte=F("start_on")), name="rental_posted_in_time"),
            models.CheckConstraint(
                condition=Q(carrier="", tracking_number="") | ~Q(carrier="") & ~Q(tracking_number=""),
                name="rental_tracked_by_carrier",
            ),
            models.CheckConstraint(
                condition=Q(return_carrier="", return_tracking_number="")
                | ~Q(return_carrier="") & ~Q(return_tracking_number="") & Q(posted_back_at__isnull=False),
                name="rental_return_tracked_by_carrier",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["ready", "out", "returned"]) | Q(unit__isnull=False),
                name="rental_ready_has_unit",
            ),
            ExclusionConstraint(
                name="rental_unit_never_twice",
                expressions=UNIT_ON_DAYS,
                condition=Q(unit__isnull=False, status__in=["booked", "ready", "out"]),
                deferrable=models.Deferrable.IMMEDIATE,  # at the end of a statement: two may change places in one
            ),
        ]
        indexes = [models.Index(fields=["status", "start_on"], name="rental_by_day")]

    def __str__(self) -> str:
        return f"{self.start_on.day} {self.start_on:%b} to {self.end_on.day} {self.end_on:%b %Y}"

    def after_discount(self, rent_minor: int) -> int:
        """What of its rent is to be paid: the coupon's part falls with the rent, and never grows. Needs `line`."""
        if not self.discount_minor:
            return rent_minor
        price = self.line.unit_price_minor
        return rent_minor - -(-self.discount_minor * min(rent_minor, price) // price)

    @property
    def as_ordered_minor(self) -> int:
        """The rent that was ordered, after a coupon; those of a line come to what the line cost. Needs `line`."""
        return self.after_discount(self.line.unit_price_minor)

    @staticmethod
    def leaves_by(day: date) -> Q:
        """Those that leave the depot on this day or before."""
        return Q(start_on__lte=day) | Q(post_on__lte=day)

    @property
    def leaves_on(self) -> date:
        """The day on which it leaves the depot."""
        return self.post_on or self.start_on

    def posted_back_from(self, zone: str) -> date | None:
        """The first day on which it can have been posted back: a parcel to a customer takes a day, at least. None: it
        has not left. Needs `line`.
        """
        if self.handed_over_at is None:
            return None
        is_sent = self.line.rental_terms.buffers.transit is not None
        return today_in(zone, self.handed_over_at) + timedelta(days=1 if is_sent else 0)

    @property
    def is_posted_back(self) -> bool:
        """On its way back: nothing about its days can change any more."""
        return self.status == RentalStatus.OUT and self.posted_back_at is not None


class Reminder(models.Model):
    """That a customer was to be reminded of something: once for an order, a kind and a day of its rentals."""

    class Kind(models.TextChoices):
        PICKUP_TOMORROW = "pickup_tomorrow"
        RETURN_TOMORROW = "return_tomorrow"
        OVERDUE = "overdue"  # by its grace, so a fee a day is charged
        KEEP_PROPOSED = "keep_proposed"

    order = models.ForeignKey("Order", on_delete=models.PROTECT, related_name="reminders")
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
