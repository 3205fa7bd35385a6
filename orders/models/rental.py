"""One rented unit of a line, and what its customer is reminded of."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from core.ids import new_id
from inventory.models import Reservation, Unit
from orders.states import RentalStatus


class Rental(models.Model):
    """One unit's worth of a rental line: its days and its life. `period` is the reservation's, buffers inside."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    line = models.ForeignKey("OrderLine", on_delete=models.PROTECT, related_name="rentals")
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

    disruption = ""  # from disruption.with_disruption()

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
