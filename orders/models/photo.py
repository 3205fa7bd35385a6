"""Pictures of units: how they left, came back, and what was charged for."""

from uuid import uuid4

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q

from core.ids import new_id
from orders.models.charge import Charge
from orders.models.claim import Claim
from orders.models.rental import Rental


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
