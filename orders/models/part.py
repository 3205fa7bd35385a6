"""What a bundle has beside the piece that leads it."""

from django.db import models

from inventory.models import Reservation
from orders.models.order import OrderLine
from orders.models.rental import Rental


class LinePart(models.Model):
    """One more claim of a line that sold or rented a bundle, beside that of the piece that leads it.

    It has no price and no life of its own: what becomes of its line, or of its rental, becomes of it. A claim to rent
    is for a unit, which comes back with the others; one to buy is for what is used up, or was sold.
    """

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="parts")
    rental = models.ForeignKey(Rental, on_delete=models.PROTECT, null=True, blank=True, related_name="parts")
    reservation = models.OneToOneField(Reservation, on_delete=models.PROTECT, related_name="line_part")
    sku = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    missing_at = models.DateTimeField(null=True, blank=True)  # the others came back without it

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title
