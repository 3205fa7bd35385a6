"""A customer asks what the shop knows of them, or to be forgotten (ADR 27).

The rooms above this one know more of them than we do, and may not be imported here: an app says in its AppConfig, as
`privacy`, which of its modules answers for it.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Protocol, cast
from uuid import UUID

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from accounts.errors import AccountInUse, StaffAccount
from accounts.models import TokenFamily, User
from core.idempotency import forget_keys_of
from core.logging import get_logger

log = get_logger(__name__)


class Privacy(Protocol):
    """What an app above accounts says of the customers it deals with."""

    def what_keeps(self, *, user_id: UUID) -> Iterable[str]:
        """Why this account cannot be closed yet, in sentences. Locks what could change that."""

    def wind_up(self, *, user_id: UUID, actor: str) -> None:
        """End what is open, as long as it is known whose it is. In transactions of its own, safe to repeat."""

    def forget(self, *, user_id: UUID) -> None:
        """Take out who it was, in the caller's transaction. What was owed and paid stays, without a name."""

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """What is known of this customer, in plain JSON."""


def close_account(*, user_id: UUID, actor: str = "") -> User:
    """Forget a customer: name, addresses, cats, sessions and cards go, amounts and receipts stay.

    Orders of which nothing was handed over are cancelled first, each in a transaction of its own: what stops this in
    the middle leaves an account that can be closed again. Safe to repeat. actor: who cancels; "": its customer.
    Locks: quotes, orders, sessions, user. Raises: AccountInUse, StaffAccount.
    """
    rooms = list(_rooms())
    user = User.objects.get(pk=user_id)
    if user.is_staff or user.is_superuser:
        raise StaffAccount
    _refuse_while_kept(rooms, user_id)
    for room in rooms:
        room.wind_up(user_id=user_id, actor=actor or f"customer:{user_id}")
    with transaction.atomic():
        _refuse_while_kept(rooms, user_id)  # looked at again, under the locks
        for room in rooms:
            room.forget(user_id=user_id)
        user = _anonymise(user_id)
    log.info("account_closed", user=str(user_id))
    return user


@transaction.atomic
def _refuse_while_kept(rooms: Iterable[Privacy], user_id: UUID) -> None:
    reasons = [reason for room in rooms for reason in room.what_keeps(user_id=user_id)]
    if reasons:
        raise AccountInUse(" ".join(reasons), reasons=reasons)


def export_account(user: User) -> dict[str, Any]:
    """All that is kept of a customer, for them to take along: JSON with sums in minor units and times in UTC."""
    told: dict[str, Any] = {
        "profile": {
            "id": str(user.pk),
            "email": user.email,
            "name": user.name,
            "joined_at": user.date_joined,
            "last_login": user.last_login,
        },
        "cats": list(user.cats.values(*_CAT)),
        "addresses": [{**address.snapshot(), "created_at": address.created_at} for address in user.addresses.all()],
        "devices": list(user.devices.values("name", "platform", "created_at", "seen_at")),
        "sessions": list(user.token_families.order_by("created_at").values("device_name", "created_at", "revoked_at")),
    }
    for room in _rooms():
        told |= room.export(user_id=user.pk)
    return told


_CAT = (
    *("name", "length_mm", "elbow_height_mm", "width_mm", "height_mm", "weight_g", "snub_nosed", "born_on"),
    "created_at",
)


def _rooms() -> Iterator[Privacy]:
    for config in apps.get_app_configs():
        if (module := getattr(config, "privacy", None)) is not None:
            yield cast("Privacy", import_module(module))


def _anonymise(user_id: UUID) -> User:
    """Locks: sessions, as whoever refreshes one, then the user."""
    list(TokenFamily.objects.select_for_update().filter(user=user_id).order_by("pk").values_list("pk"))
    user = User.objects.select_for_update().get(pk=user_id)
    user.cats.all().delete()
    user.addresses.all().delete()
    user.devices.all().delete()
    user.token_families.all().delete()
    forget_keys_of(str(user.pk))
    of_user = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=of_user, object_id=str(user.pk)).update(object_repr=User.CLOSED)
    user.email = f"closed-{user.pk.hex}@account.invalid"  # RFC 2606: no mail can go there
    user.name, user.is_active, user.last_login = "", False, None
    user.token_version += 1
    user.set_unusable_password()
    user.closed_at = user.closed_at or timezone.now()
    user.save()
    return user
