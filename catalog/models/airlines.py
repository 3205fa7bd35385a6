"""What airlines take, as data: each row says where it was read, when, and how far it can be trusted."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.formats import date_format

from catalog.fit import CabinClass, Shell, Trust


class Airline(models.Model):
    """Named by its two-character IATA code."""

    code = models.CharField(
        "IATA code",
        max_length=2,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9]{2}$", "Use the two capitals or digits of its IATA code.")],
    )
    name = models.CharField(max_length=80)

    class Meta:
        ordering = [Lower("name")]  # Aegean before ANA, easyJet before Emirates

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


def _limit(label: str, most: int) -> Any:
    validators = [MinValueValidator(50), MaxValueValidator(most)]
    return models.PositiveIntegerField(label, null=True, blank=True, validators=validators)


def _scope(rule: str, *fields: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=[*fields, "valid_from"],
        nulls_distinct=False,
        name=f"{rule}_once_a_day",
        violation_error_message="There is a version of this rule from this day already.",
    )


class Rule(models.Model):
    """One version of a rule. Orders are stamped with it, so what it says stays; another version follows it.

    Of the versions for the same scope, the youngest counts whose `valid_from` is not after the day of the flight.
    """

    allowed = models.BooleanField("takes cats", default=True)
    aircraft = models.CharField(max_length=20, blank=True, help_text="As 777 or ATR; empty: every aircraft.")
    most_cats = models.PositiveSmallIntegerField(
        "cats in one container", default=1, validators=[MinValueValidator(1), MaxValueValidator(4)]
    )
    note = models.CharField(max_length=300, blank=True, help_text="Shown to customers.")
    valid_from = models.DateField(help_text="The day of the flight decides which version counts.")
    source = models.CharField(max_length=300, help_text="Where it was read: an address or a document.")
    checked_on = models.DateField(help_text="When somebody last read it there.")
    trust = models.CharField(max_length=12, choices=Trust)

    SAYS: ClassVar[tuple[str, ...]] = ()

    objects = models.Manager[Any]()

    class Meta:
        abstract = True

    def clean(self) -> None:
        """What a version says is never changed, whoever saves it; and nobody has read tomorrow's page."""
        wrong = {}
        if self.checked_on and self.checked_on > timezone.now().date():
            wrong["checked_on"] = "Nobody can have read it on a day to come."
        was = type(self).objects.filter(pk=self.pk).first() if self.pk else None
        changed = [name for name in self.SAYS if was and getattr(was, name) != getattr(self, name)]
        if changed:
            fields: list[Any] = [self._meta.get_field(name) for name in changed]
            names = ", ".join(str(field.verbose_name) for field in fields)
            wrong["valid_from"] = f"What a version says is not changed ({names}): give the new one another day."
        if wrong:
            raise ValidationError(wrong)


class CabinRule(Rule):
    """What may stand under a seat. Lengths in mm of the outside; a limit that is not known is empty."""

    airline = models.ForeignKey(Airline, on_delete=models.PROTECT, related_name="cabin_rules")
    cabin = models.CharField(
        "cabin class", max_length=16, choices=[("", "Every class"), *CabinClass.choices], blank=True
    )
    shell = models.CharField("for", max_length=8, choices=[("", "Soft and hard carriers"), *Shell.choices], blank=True)
    length_mm = _limit("length (mm)", 2000)
    width_mm = _limit("width (mm)", 2000)
    height_mm = _limit("height (mm)", 2000)
    sum_mm = _limit("length + width + height (mm)", 6000)
    weight_g = _limit("cat and carrier (g)", 100_000)

    SAYS = (
        "airline", "cabin", "aircraft", "shell", "allowed", "length_mm", "width_mm", "height_mm", "sum_mm", "weight_g",
        "most_cats", "valid_from",
    )  # fmt: skip

    class Meta:
        ordering = ["airline__name", "cabin", "aircraft", "shell", "-valid_from"]
        constraints = [
            _scope("cabin_rule", "airline", "cabin", "aircraft", "shell"),
            models.CheckConstraint(condition=Q(trust__in=Trust.values), name="cabin_rule_trust_valid"),
            models.CheckConstraint(condition=Q(cabin__in=["", *CabinClass.values]), name="cabin_rule_cabin_valid"),
            models.CheckConstraint(condition=Q(shell__in=["", *Shell.values]), name="cabin_rule_shell_valid"),
            models.CheckConstraint(condition=Q(most_cats__gte=1), name="cabin_rule_takes_a_cat"),
        ]

    def __str__(self) -> str:
        return f"{self.airline}: cabin, from {date_format(self.valid_from)}"


class HoldRule(Rule):
    """What travels in the hold. Without an airline: how a crate is measured for a cat, for all of them."""

    airline = models.ForeignKey(Airline, on_delete=models.PROTECT, null=True, blank=True, related_name="hold_rules")
    snub_nosed = models.BooleanField("takes snub-nosed cats", default=True)
    snub_nosed_percent = models.PositiveSmallIntegerField(
        "larger for snub-nosed cats (per cent)", default=10, validators=[MaxValueValidator(100)]
    )
    bedding_mm = models.PositiveSmallIntegerField("bedding (mm)", default=20, validators=[MaxValueValidator(200)])
    cat_weight_g = _limit("heaviest cat that shares a crate (g)", 100_000)
    most_kittens = models.PositiveSmallIntegerField(
        "litter-mates of at most 6 months in one crate", default=1, validators=[MinValueValidator(1)]
    )
    length_mm = _limit("largest length (mm)", 3000)
    width_mm = _limit("largest width (mm)", 3000)
    height_mm = _limit("largest height (mm)", 3000)

    SAYS = (
        "airline", "aircraft", "allowed", "snub_nosed", "snub_nosed_percent", "bedding_mm", "most_cats", "cat_weight_g",
        "most_kittens", "length_mm", "width_mm", "height_mm", "valid_from",
    )  # fmt: skip

    class Meta:
        ordering = [models.F("airline__name").asc(nulls_first=True), "aircraft", "-valid_from"]
        constraints = [
            _scope("hold_rule", "airline", "aircraft"),
            models.CheckConstraint(condition=Q(trust__in=Trust.values), name="hold_rule_trust_valid"),
            models.CheckConstraint(condition=Q(most_cats__gte=1, most_kittens__gte=1), name="hold_rule_takes_a_cat"),
        ]

    def __str__(self) -> str:
        return f"{self.airline or 'All airlines'}: hold, from {date_format(self.valid_from)}"
