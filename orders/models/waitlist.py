"""Who waits for something to be free."""

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from catalog.models import Variant
from core.ids import new_id
from core.time import day_after
from inventory.models import Depot
from orders.models.order import Order, OrderLine
from orders.models.owned import OwnedByCustomer
from orders.states import WaitlistStatus


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
    acclimatisation_days = models.PositiveSmallIntegerField("days to get used to it", default=0)  # before start_on
    coupon = models.CharField(max_length=32, blank=True)  # its code; whether it counts is judged when it is held
    coupon_refusal = models.CharField(max_length=300, blank=True)  # why the order was made without it
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

    @property
    def first_on(self) -> date | None:
        """When its rental would begin, with the days to get used to it."""
        return self.start_on and day_after(self.start_on, -self.acclimatisation_days)
