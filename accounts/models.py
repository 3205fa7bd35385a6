"""Who the shop deals with: people, their cats, their addresses and the sessions of their phones."""

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.errors import EmailTaken
from accounts.plausible import ELBOW_HEIGHT, HEIGHT, LENGTH, WEIGHT, WIDTH, Range
from core.ids import new_id

_ONE_ACCOUNT_AN_ADDRESS = "user_email_unique_ignoring_case"


def is_email_taken(error: IntegrityError) -> bool:
    """True when a row was refused because another account has its e-mail address."""
    refused_by = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    return refused_by == _ONE_ACCOUNT_AN_ADDRESS


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail, whatever the case it is typed in."""

    def having_email(self, email: str | None) -> models.QuerySet["User"]:
        """At most one: compared as the unique index compares, and found by it."""
        return self.alias(lowered=Lower("email")).filter(lowered=Lower(models.Value(email)))

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.having_email(username).get()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new account. Raises: EmailTaken, whatever the case it was taken in."""
        user = self.model(email=self.normalize_email(email).strip(), **fields)
        user.set_password(password)
        try:
            with transaction.atomic(using=self._db):
                user.save(using=self._db)
        except IntegrityError as error:
            if is_email_taken(error):
                raise EmailTaken from None  # the database's own words quote the address
            raise
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """As `createsuperuser` calls it. Raises: ValidationError, which it tells in one line."""
        try:
            return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        except EmailTaken:
            raise ValidationError("There is an account with this e-mail address already.") from None


class User(AbstractBaseUser, PermissionsMixin):
    """A customer or a member of staff. `token_version` is raised to end every access token at once."""

    CLOSED = "Closed account"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    token_version = models.PositiveIntegerField(default=0)
    date_joined = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)  # forgotten: nothing here tells any more who it was

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name=_ONE_ACCOUNT_AN_ADDRESS),
        ]

    def __str__(self) -> str:
        return self.CLOSED if self.closed_at else self.name or self.email

    # A desk's session holds while this stays the same: raising `token_version` ends it, as it ends access tokens.

    def get_session_auth_hash(self) -> str:
        return f"{super().get_session_auth_hash()}.{self.token_version}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for sealed in super().get_session_auth_fallback_hash():
            yield f"{sealed}.{self.token_version}"


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows of one customer. `visible_to` is the only door through which the API reaches them."""

    def visible_to(self, user: Any) -> Self:
        return self.filter(owner_id=user.pk)


# What the database keeps at all; what is taken in is narrower: `accounts.plausible`.
_MILLIMETRES = (20, 1500)
_GRAMS = (200, 20_000)


def _measure(within: Range, help_text: str = "") -> Any:
    return models.PositiveIntegerField(
        validators=[MinValueValidator(within.least), MaxValueValidator(within.most)], help_text=help_text
    )


class Cat(models.Model):
    """A traveller and the four measures that decide what it fits into, standing naturally."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="cats")
    name = models.CharField(max_length=80)
    length_mm = _measure(LENGTH, "A: nose tip to root of tail. Millimetres.")
    elbow_height_mm = _measure(ELBOW_HEIGHT, "B: ground to elbow. Millimetres.")
    width_mm = _measure(WIDTH, "C: across the shoulders or the widest point. Millimetres.")
    height_mm = _measure(HEIGHT, "D: ground to the top of the head or the ear tips. Millimetres.")
    weight_g = _measure(WEIGHT)
    snub_nosed = models.BooleanField(default=False)
    born_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(length_mm__range=_MILLIMETRES)
                & models.Q(elbow_height_mm__range=_MILLIMETRES)
                & models.Q(width_mm__range=_MILLIMETRES)
                & models.Q(height_mm__range=_MILLIMETRES),
                name="cat_measures_possible",
            ),
            models.CheckConstraint(
                condition=models.Q(elbow_height_mm__lt=models.F("height_mm")), name="cat_elbow_below_head"
            ),
            models.CheckConstraint(condition=models.Q(weight_g__range=_GRAMS), name="cat_weight_possible"),
        ]

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """Where something is delivered. Orders keep a sealed copy, so this may change or go."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    recipient = models.CharField(max_length=120)
    line1 = models.CharField(max_length=120)
    line2 = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=16)
    city = models.CharField(max_length=80)
    country = models.CharField(
        max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$", "Use an ISO 3166 two-letter code such as DE.")]
    )
    phone = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name_plural = "addresses"

    def __str__(self) -> str:
        return f"{self.recipient}, {self.city}"

    def snapshot(self) -> dict[str, str]:
        """The address as it is now, for an order to keep."""
        names = ("recipient", "line1", "line2", "postal_code", "city", "country", "phone")
        return {name: getattr(self, name) for name in names}


class Device(models.Model):
    """A phone that wants to be told. A push token belongs to whoever logged in on that phone last."""

    class Platform(models.TextChoices):
        IOS = "ios", "iOS"
        ANDROID = "android", "Android"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    token = models.CharField(max_length=1024, unique=True)  # of the push service
    platform = models.CharField(max_length=8, choices=Platform)
    name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()  # when the app last sent the token

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(platform__in=["ios", "android"]), name="device_platform_valid"),
        ]

    def __str__(self) -> str:
        return self.name or self.get_platform_display()


class TokenFamily(models.Model):
    """One phone's login: every refresh token that follows from it. Ended as a whole."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_families")
    device_name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "token families"

    def __str__(self) -> str:
        return self.device_name or "phone without a name"


class RefreshToken(models.Model):
    """A token that was handed out once; only its hash is kept. Using it twice ends its family."""

    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="tokens")
    token_hash = models.CharField(max_length=64, unique=True)  # SHA-256; the token has 256 random bits
    expires_at = models.DateTimeField()
    rotated_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"refresh token of family {self.family_id}"
