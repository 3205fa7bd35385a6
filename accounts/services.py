"""Opening, keeping and ending sessions; what customers keep about themselves."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypedDict, TypeVar, Unpack
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Model, QuerySet
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac

from accounts.errors import InvalidCredentials, RefreshTokenInvalid, RefreshTokenReused
from accounts.models import Address, Cat, Device, RefreshToken, TokenFamily, User
from accounts.plausible import MEASURES, wrong_together
from accounts.postal_codes import wrong_postal_code
from accounts.tokens import AccessToken
from core.errors import LANGUAGE, FieldError, InvalidInput, NotFound

REPEAT_GRACE = timedelta(seconds=60)  # how long an exchange may be repeated by the phone that lost its answer
KEPT = timedelta(days=30)  # how long staff can still see a session that has run out
IDLE = timedelta(days=270)  # then the push service has forgotten a token too

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Session:
    """What a phone gets when it logs in or refreshes. The refresh token is nowhere else: only its hash is stored."""

    user: User
    access_token: str
    refresh_token: str
    expires_in: int  # seconds that the access token lives
    token_type: str = "Bearer"  # noqa: S105 (a scheme, not a secret)


class CatFields(TypedDict, total=False):
    name: str
    length_mm: int
    elbow_height_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    snub_nosed: bool
    born_on: date | None


class AddressFields(TypedDict, total=False):
    recipient: str
    line1: str
    line2: str
    postal_code: str
    city: str
    country: str
    phone: str


# Sessions


def register_customer(*, email: str, password: str, name: str = "", device_name: str = "") -> Session:
    """A new customer, logged in.

    Raises: EmailTaken, whatever the case it was taken in; InvalidInput, for a password that is too weak.
    """
    _refuse_weak_password(password, User(email=email, name=name))
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name)
        return _open_session(user, device_name)


def log_in(*, email: str, password: str, device_name: str = "") -> Session:
    """A new session for whoever knows the password. An unknown address costs the same time as a wrong password.

    Locks: the user, so that no session is opened that `log_out_everywhere` did not see.
    Raises: InvalidCredentials, also for an account that is not active.
    """
    known = authenticate(username=email.strip(), password=password)
    if not isinstance(known, User):
        raise InvalidCredentials
    with transaction.atomic():
        user = _lock_unchanged(known, password)
        user.last_login = timezone.now()
        user.save(update_fields=["last_login"])
        return _open_session(user, device_name)


def refresh_session(*, refresh_token: str, request_key: str = "") -> Session:
    """Exchange a refresh token for the next one and a fresh access token. Each token is exchanged once.

    A second exchange means that two parties hold the token: its family is revoked, and stays so although this raises.
    request_key: chosen by the phone and sent again when it repeats an exchange whose answer it lost. Within
    `REPEAT_GRACE` the repeat gets the same next token, as long as that is unused.
    Locks: the token's family. Raises: RefreshTokenInvalid, RefreshTokenReused.
    """
    with transaction.atomic(durable=True):
        token = _lock_with_family(refresh_token)
        _refuse_ended(token)
        following = _following(refresh_token, request_key)
        if token.rotated_at is None:
            return _rotate(token, following)
        if request_key and _is_repeat(token, following):
            return _session(token.family.user, following)
        _revoke(TokenFamily.objects.filter(pk=token.family_id))
    raise RefreshTokenReused


def log_out(*, refresh_token: str) -> None:
    """End the session that the token belongs to. Safe to repeat; an unknown token has no session left to end."""
    _revoke(TokenFamily.objects.filter(tokens__token_hash=_hash(refresh_token)))


@transaction.atomic
def log_out_everywhere(*, user_id: UUID) -> None:
    """End every session of a user, and every access token for whatever changes something. Safe to repeat.

    No phone is told anything any more until its owner logs in on it again.
    """
    User.objects.filter(pk=user_id).update(token_version=F("token_version") + 1)
    Device.objects.filter(owner_id=user_id).delete()
    _revoke(TokenFamily.objects.filter(user_id=user_id))


@transaction.atomic
def forget_old_sessions() -> int:
    """Delete tokens that expired long ago, and the sessions of which nothing is left. Returns how many sessions."""
    RefreshToken.objects.filter(expires_at__lt=timezone.now() - KEPT).delete()
    old = TokenFamily.objects.filter(created_at__lt=timezone.now() - KEPT, tokens=None)
    forgotten, _ = TokenFamily.objects.filter(pk__in=old.values("pk")).delete()
    return forgotten


def _lock_unchanged(known: User, password: str) -> User:
    """The user, if the password that was looked at outside this transaction still opens the account.

    Raises: InvalidCredentials.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=known.pk, is_active=True).first()
    if user is None or user.token_version != known.token_version:
        raise InvalidCredentials
    if user.password != known.password and not user.check_password(password):  # the hash alone may be a newer one
        raise InvalidCredentials
    return user


def _refuse_weak_password(password: str, user: User) -> None:
    try:
        with translation.override(LANGUAGE):  # Django says what is weak in the language that is active
            validate_password(password, user)
    except ValidationError as error:
        found = [FieldError("/password", e.messages[0], e.code or "invalid") for e in error.error_list]
        raise InvalidInput(found) from error


def _hash(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()


def _open_session(user: User, device_name: str) -> Session:
    family = TokenFamily.objects.create(user=user, device_name=device_name)
    token = secrets.token_urlsafe(32)
    _remember(family, token)
    return _session(user, token)


def _remember(family: TokenFamily, refresh_token: str) -> None:
    expires_at = timezone.now() + settings.REFRESH_TOKEN_LIFETIME
    RefreshToken.objects.create(family=family, token_hash=_hash(refresh_token), expires_at=expires_at)


def _session(user: User, refresh_token: str) -> Session:
    access = AccessToken.for_user(user)
    return Session(
        user=user,
        access_token=str(access),
        refresh_token=refresh_token,
        expires_in=int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
    )


def _lock_with_family(refresh_token: str) -> RefreshToken:
    """The token as it stands once its family is ours. Raises: RefreshTokenInvalid."""
    token_hash = _hash(refresh_token)
    family = TokenFamily.objects.select_for_update(of=("self",)).filter(tokens__token_hash=token_hash).first()
    if family is None:
        raise RefreshTokenInvalid
    return RefreshToken.objects.select_related("family__user").get(token_hash=token_hash)


def _refuse_ended(token: RefreshToken) -> None:
    ended = token.family.revoked_at is not None or not token.family.user.is_active
    lapsed = token.rotated_at is None and token.expires_at <= timezone.now()
    if ended or lapsed:
        raise RefreshTokenInvalid


def _rotate(token: RefreshToken, following: str) -> Session:
    token.rotated_at = timezone.now()
    token.save(update_fields=["rotated_at"])
    _remember(token.family, following)
    return _session(token.family.user, following)


def _following(refresh_token: str, request_key: str) -> str:
    """The token that comes next: random, or with a request key such that a repeat of the request finds it again.

    It is then 256 bits that nobody can work out without our secret, the old token and the key; it need not be stored.
    """
    if not request_key:
        return secrets.token_urlsafe(32)
    message = hmac.digest(refresh_token.encode(), request_key.encode(), "sha256")
    sealed = salted_hmac("accounts.refresh_token", message, algorithm="sha256").digest()
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _is_repeat(token: RefreshToken, following: str) -> bool:
    recent = token.rotated_at is not None and timezone.now() - token.rotated_at <= REPEAT_GRACE
    unused = RefreshToken.objects.filter(family=token.family, token_hash=_hash(following), rotated_at=None)
    return recent and unused.exists()


def _revoke(families: QuerySet[TokenFamily]) -> None:
    families.filter(revoked_at=None).update(revoked_at=timezone.now())


# Profile


@transaction.atomic
def update_profile(*, user_id: UUID, name: str) -> User:
    """Change what the customer is called. Locks: user. Raises: NotFound."""
    user = _lock_living(user_id)
    user.name = name
    user.save(update_fields=["name"])
    return user


@transaction.atomic
def add_cat(*, owner: User, **fields: Unpack[CatFields]) -> Cat:
    """A new cat of the customer's. Raises: InvalidInput, for measures that cannot be a cat's; NotFound."""
    cat = Cat(owner=owner, **fields)
    _refuse_impossible_cat(cat)
    _lock_living(owner.pk)
    cat.save(force_insert=True)
    return cat


@transaction.atomic
def change_cat(*, owner: User, cat_id: UUID, **fields: Unpack[CatFields]) -> Cat:
    """The customer's cat with the named fields changed. Locks: the cat. Raises: NotFound, InvalidInput."""
    cat = _lock_own(Cat.objects.visible_to(owner), cat_id)
    is_measured = any(name in fields for name in (*MEASURES, "born_on"))  # else kept as it was taken in
    return _change(cat, fields, check=_refuse_impossible_cat if is_measured else None)


@transaction.atomic
def remove_cat(*, owner: User, cat_id: UUID) -> None:
    """Forget a cat. Raises: NotFound."""
    _lock_own(Cat.objects.visible_to(owner), cat_id).delete()


@transaction.atomic
def add_address(*, owner: User, **fields: Unpack[AddressFields]) -> Address:
    """A new address of the customer's. Raises: InvalidInput, for an impossible postal code; NotFound."""
    address = Address(owner=owner, **fields)
    _refuse_impossible_address(address)
    _lock_living(owner.pk)
    address.save(force_insert=True)
    return address


@transaction.atomic
def change_address(*, owner: User, address_id: UUID, **fields: Unpack[AddressFields]) -> Address:
    """The customer's address with the named fields changed. Locks: the address. Raises: NotFound, InvalidInput."""
    address = _lock_own(Address.objects.visible_to(owner), address_id)
    return _change(address, fields, check=_refuse_impossible_address)


@transaction.atomic
def remove_address(*, owner: User, address_id: UUID) -> None:
    """Forget an address; orders keep their own sealed copy. Raises: NotFound."""
    _lock_own(Address.objects.visible_to(owner), address_id).delete()


@transaction.atomic
def add_device(*, owner: User, token: str, platform: str, name: str = "") -> Device:
    """Have this phone told what its owner should know. Sent again, it says that the token still lives.

    A token that was another customer's is this one's from now on: the phone changed hands. Locks: user.
    Raises: NotFound.
    """
    _lock_living(owner.pk)
    fields = {"owner": owner, "platform": platform, "name": name, "seen_at": timezone.now()}
    device, _ = Device.objects.update_or_create(token=token, defaults=fields)
    return device


@transaction.atomic
def remove_device(*, owner: User, device_id: UUID) -> None:
    """Tell this phone nothing any more, as its owner logs out. Raises: NotFound."""
    _lock_own(Device.objects.visible_to(owner), device_id).delete()


def forget_device(*, token: str) -> None:
    """The push service knows this token no longer: the app is gone from that phone. Safe to repeat."""
    Device.objects.filter(token=token).delete()


def forget_idle_devices() -> int:
    """Forget the phones whose app has not been opened for so long that their tokens are dead. Returns how many."""
    _, deleted = Device.objects.filter(seen_at__lt=timezone.now() - IDLE).delete()
    return deleted.get("accounts.Device", 0)


def _lock_living(user_id: UUID) -> User:
    """The account, so that nothing is written into one that is being closed. Raises: NotFound."""
    user = User.objects.select_for_update().filter(pk=user_id, closed_at=None).first()
    if user is None:
        raise NotFound
    return user


def _lock_own(rows: QuerySet[Row], pk: UUID) -> Row:
    row = rows.select_for_update().filter(pk=pk).first()
    if row is None:
        raise NotFound
    return row


def _change(row: Row, fields: Any, check: Callable[[Row], None] | None = None) -> Row:
    for name, value in fields.items():
        setattr(row, name, value)
    if check is not None:
        check(row)
    if fields:
        row.save(update_fields=list(fields))
    return row


def _refuse_impossible_address(address: Address) -> None:
    if wrong := wrong_postal_code(address.postal_code, address.country):
        raise InvalidInput([FieldError("/postal_code", wrong, "wrong_format")])


def _refuse_impossible_cat(cat: Cat) -> None:
    measures = {name: getattr(cat, name) for name in MEASURES}
    found = wrong_together(measures, born_on=cat.born_on, today=timezone.now().date())
    if found:
        raise InvalidInput([FieldError(f"/{name}", why) for name, why in found.items()])
