# mypy: disable-error-code="django-manager-missing"
# modeltrans mixes its own into the managers of what is translated
"""What the shop has: containers, their variants, and whether they are approved. No counts of stock."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, NullIf
from modeltrans.fields import TranslationField

from catalog.checklist import codes_of
from catalog.fit import Shell


class Kind(models.TextChoices):
    SOFT = "soft", "Soft bag"
    HARD = "hard", "Hard carrier"
    BACKPACK = "backpack", "Backpack"
    WHEELED = "wheeled", "Wheeled"
    CAR_CRATE = "car_crate", "Car crate"
    AIRLINE_CRATE = "airline_crate", "Airline crate"
    ACCESSORY = "accessory", "Accessory"  # a pad, a bowl, labels: holds no cat

    @property
    def holds_cats(self) -> bool:
        return self != Kind.ACCESSORY

    @classmethod
    def of_shell(cls, shell: Shell) -> list[str]:
        return [kind.value for kind in cls if kind.shell == shell]

    @property
    def shell(self) -> Shell:
        return Shell.SOFT if self in (Kind.SOFT, Kind.BACKPACK, Kind.WHEELED) else Shell.HARD


class ContainerQuerySet(models.QuerySet["Container"]):
    def published(self) -> Self:
        """What customers may see: published, with at least one approved variant."""
        return self.filter(published=True).filter(Exists(Variant.objects.approved().filter(container=OuterRef("pk"))))


def _by_name_in(language: str) -> models.Index:
    """The same order as `catalog.selectors` asks for, where a name may be translated."""
    named = NullIf(KeyTextTransform(f"name_{language}", "i18n"), Value(""))
    return models.Index(F("published"), Coalesce(named, F("name")), F("id"), name=f"container_by_name_{language}")


class Container(models.Model):
    """A product model, as customers browse it. Texts are in the shop's own language; `i18n` has them in others."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    brand = models.CharField(max_length=80)
    kind = models.CharField(max_length=16, choices=Kind)
    description = models.TextField(blank=True)
    published = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    i18n = TranslationField(fields=("name", "description"))

    objects = ContainerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="container_kind_valid"),
            models.CheckConstraint(
                condition=~Q(slug="facets"),
                name="container_slug_free",
                violation_error_message='"facets" is an address of its own in the shop; use another one.',
            ),
        ]
        indexes = [
            models.Index(fields=["published", "name", "id"], name="container_by_name"),
            *(_by_name_in(code) for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE),
            models.Index(fields=["published", "-created_at", "-id"], name="container_by_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.brand} {self.name}"


class ContainerImage(models.Model):
    """A picture of a container, of one colour when `colour` is set. The first is shown in lists."""

    container = models.ForeignKey(Container, on_delete=models.CASCADE, related_name="images")
    image = models.ImageField(upload_to="containers/", max_length=200)
    alt = models.CharField("text for people who cannot see it", max_length=160, blank=True)
    colour = models.CharField(max_length=40, blank=True)
    i18n = TranslationField(fields=("alt",))
    position = models.PositiveSmallIntegerField(default=0)
    sizes = models.JSONField(
        default=list, blank=True, editable=False
    )  # [{"width", "height", "webp", "avif"}], narrowest first

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.alt or str(self.image.name)

    @property
    def files(self) -> list[str]:
        """The names of everything that is kept of it."""
        return [str(self.image.name), *(size[kind] for size in self.sizes for kind in ("webp", "avif"))]

    @property
    def widest(self) -> str:
        return self.sizes[-1]["webp"] if self.sizes else str(self.image.name or "")

    @property
    def smallest(self) -> str:
        return self.sizes[0]["webp"] if self.sizes else str(self.image.name or "")


def _millimetres(label: str) -> Any:
    return models.PositiveIntegerField(label, validators=[MaxValueValidator(2000)])


def titled(brand: str, name: str, size: str, colour: str) -> str:
    """What a variant is called where it stands alone."""
    return f"{brand} {name}, {' '.join(filter(None, [size, colour]))}"


class VariantQuerySet(models.QuerySet["Variant"]):
    def approved(self) -> Self:
        """Variants whose latest approval says yes: only these are offered."""
        latest = Approval.objects.filter(variant=OuterRef("pk")).order_by("-approved_on", "-id")
        return self.alias(_approval=models.Subquery(latest.values("result")[:1])).filter(
            _approval=Approval.Result.APPROVED
        )

    def counted(self) -> Self:
        """All but bundles, which have no stock of their own."""
        return self.filter(parts=None)

    def offered(self) -> Self:
        """Approved variants of published containers."""
        return self.approved().filter(container__published=True)


SKU_VALID = RegexValidator(r"^[A-Z0-9][A-Z0-9-]{2,39}$", "Use capitals, digits and dashes, 3 to 40 of them.")


class Variant(models.Model):
    """One size and colour of a container; what a SKU stands for. Lengths in mm, weights in g."""

    container = models.ForeignKey(Container, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField(
        "SKU",
        max_length=40,
        unique=True,
        validators=[SKU_VALID],
    )
    size = models.CharField(max_length=20, blank=True)
    colour = models.CharField(max_length=40)
    colour_hex = models.CharField(
        max_length=7, default="#888888", validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", "Use #rrggbb.")]
    )
    inner_length_mm = _millimetres("inner length (mm)")
    inner_width_mm = _millimetres("inner width (mm)")
    inner_height_mm = _millimetres("inner height (mm)")
    outer_length_mm = _millimetres("outer length (mm)")
    outer_width_mm = _millimetres("outer width (mm)")
    outer_height_mm = _millimetres("outer height (mm)")
    weight_g = models.PositiveIntegerField("weight (g)", validators=[MaxValueValidator(60_000)])
    max_load_g = models.PositiveIntegerField("maximum load (g)", validators=[MaxValueValidator(100_000)])

    LEAST: ClassVar = {
        **{f"{side}_{axis}_mm": 50 for side in ("inner", "outer") for axis in ("length", "width", "height")},
        "weight_g": 50,
        "max_load_g": 500,
    }  # of what holds a cat; an accessory is as small as it is, and has no inside

    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["sku"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    inner_length_mm__lte=F("outer_length_mm"),
                    inner_width_mm__lte=F("outer_width_mm"),
                    inner_height_mm__lte=F("outer_height_mm"),
                ),
                name="variant_inner_within_outer",
                violation_error_message="The inside cannot be larger than the outside.",
            )
        ]

    def __str__(self) -> str:
        return self.sku

    def clean(self) -> None:
        """Measures of something that holds a cat are those of something that can. Needs `container`."""
        if self.container_id is None or not Kind(self.container.kind).holds_cats:
            return
        wrong = {
            name: ValidationError(f"Make sure that this is at least {least}.", code="too_small")
            for name, least in self.LEAST.items()
            if (getattr(self, name) or 0) < least
        }
        if wrong:
            raise ValidationError(wrong)

    @property
    def title(self) -> str:
        """As printed on quotes and receipts, in the language that is spoken. Needs `container` loaded."""
        container: Any = self.container  # whose translations are no attributes that mypy knows
        return titled(container.brand, container.name_i18n, self.size, self.colour)


class Approval(models.Model):
    """Our own published checklist, gone through for one variant. The latest one counts."""

    class Result(models.TextChoices):
        APPROVED = "approved"
        REFUSED = "refused"

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="approvals")
    checklist = models.JSONField(default=dict)  # {item: bool}
    result = models.CharField(max_length=16, choices=Result)
    approved_on = models.DateField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-approved_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(result__in=["approved", "refused"]), name="approval_result_valid"),
        ]
        indexes = [models.Index(fields=["variant", "-approved_on", "-id"], name="approval_latest")]

    def __str__(self) -> str:
        return f"{self.result} on {self.approved_on}"

    def clean(self) -> None:
        """What the list does not ask for counts for nothing, and what it asks for must be there."""
        met = {code for code, is_met in self.checklist.items() if is_met is True}
        kind = self.variant.container.kind if self.variant_id else ""
        if self.result == self.Result.APPROVED and not met >= codes_of(kind):
            raise ValidationError({"result": "Every item of the checklist must be met before a variant is approved."})
