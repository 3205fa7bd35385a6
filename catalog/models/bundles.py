"""Several variants that are sold or rented as one."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from catalog.models.containers import Kind, Variant

MOST_PIECES = 10  # of one part


class BundlePart(models.Model):
    """So many of one variant in a bundle: a variant that is had as several others together, for a price of its own.

    The part at the first place leads: its first piece is what holds the cat, so the bundle's measures are those of
    it (a trigger keeps them so). What comes back from a rental is a unit of its own; the rest is used up and stays with
    the customer. A bundle has no stock: it is free as far as all of its parts are (ADR 33).
    """

    bundle = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="parts")
    part = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="in_bundles")
    quantity = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_PIECES)]
    )
    comes_back = models.BooleanField("comes back from a rental", default=True)
    position = models.PositiveSmallIntegerField("place", default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = "part"
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MOST_PIECES), name="bundle_part_quantity_within"
            ),
            models.CheckConstraint(
                condition=~Q(bundle=F("part")),
                name="bundle_part_is_another",
                violation_error_message="A bundle cannot be a part of itself.",
            ),
            models.UniqueConstraint(
                fields=["bundle", "part"],
                name="bundle_part_once",
                violation_error_message="This is a part already; say how many of it.",
            ),
        ]  # that a bundle is whole, and no part a bundle, triggers see to (migration 0008)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.part}"


def require_whole(bundle: Variant, parts: Sequence[BundlePart]) -> None:
    """Make sure that these could be all the parts of a bundle, whose container is loaded as theirs are.

    Raises: ValidationError, with every reason.
    """
    if not parts:
        return
    wrong = []
    if len({part.position for part in parts}) < len(parts):
        wrong.append("Two parts stand at one place; number them 1, 2, 3: the first one gives the measures.")
    lead = min(parts, key=lambda part: part.position)
    if sum(part.quantity for part in parts) < 2:
        wrong.append("A bundle has two pieces at least.")
    if not Kind(lead.part.container.kind).holds_cats:
        wrong.append(f"{lead.part} holds no cat, so it cannot be the first part.")
    elif bundle.container.kind != lead.part.container.kind:
        kind = lead.part.container.get_kind_display().lower()
        wrong.append(f"Its first part is a {kind}, so its container must be one too.")
    if not lead.comes_back:
        wrong.append("The first part comes back from a rental.")
    ids = [part.part_id for part in parts]
    wrong += [
        f"{sku} is a bundle itself; name its parts instead."
        for sku in Variant.objects.filter(pk__in=ids, parts__isnull=False).distinct().values_list("sku", flat=True)
    ]
    containers = [part.part_id for part in parts if Kind(part.part.container.kind).holds_cats]
    passed = set(Variant.objects.approved().filter(pk__in=containers).values_list("pk", flat=True))
    wrong += [f"{part.part} is not approved." for part in parts if part.part_id in set(containers) - passed]
    if BundlePart.objects.filter(part=bundle.pk).exists():
        wrong.append(f"{bundle} is a part of a bundle itself.")
    if wrong:
        raise ValidationError(wrong)
