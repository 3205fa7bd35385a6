"""Whoever ends every session ends also the one that is just being opened."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from pytest_django import Settings

from accounts.errors import InvalidCredentials
from accounts.models import TokenFamily, User
from accounts.services import Session, log_in, log_out_everywhere
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]

NEW_PASSWORD = "a longer walk home"


class InterruptedHasher(MD5PasswordHasher):
    """Between the look at a password and what follows from it, something else happens."""

    algorithm = "interrupted"
    meanwhile: ClassVar[list[Callable[[], None]]] = []

    def verify(self, password: str, encoded: str) -> bool:
        seen = super().verify(password, encoded)
        if self.meanwhile:
            _elsewhere(self.meanwhile.pop())
        return seen


def _elsewhere(step: Callable[[], None]) -> None:
    """Do it on a connection of its own, and commit."""

    def run() -> None:
        try:
            step()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(run).result()


@pytest.fixture
def mia(settings: Settings) -> Iterator[User]:
    settings.PASSWORD_HASHERS = [f"{__name__}.InterruptedHasher"]
    yield UserFactory(email="mia@example.com")
    InterruptedHasher.meanwhile.clear()


def alive() -> int:
    return TokenFamily.objects.filter(revoked_at=None).count()


def logged_in_without_the_lock(*, email: str, password: str) -> TokenFamily:
    """The steps of `log_in`, but the second look at the account."""
    user = authenticate(username=email, password=password)
    return TokenFamily.objects.create(user=user)


def change_password(user: User) -> None:
    fresh = User.objects.get(pk=user.pk)
    fresh.set_password(NEW_PASSWORD)
    fresh.save()


def close_account(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete_account(user: User) -> None:
    User.objects.get(pk=user.pk).delete()


def test_without_the_lock_a_session_outlives_the_end_of_every_session(mia: User) -> None:
    InterruptedHasher.meanwhile.append(lambda: log_out_everywhere(user_id=mia.pk))

    logged_in_without_the_lock(email=mia.email, password=PASSWORD)

    assert alive() == 1


@pytest.mark.parametrize(
    "step", [lambda user: log_out_everywhere(user_id=user.pk), change_password, close_account, delete_account]
)
def test_no_session_is_opened_when_the_account_changed_after_the_look_at_its_password(
    mia: User, step: Callable[[User], None]
) -> None:
    InterruptedHasher.meanwhile.append(lambda: step(mia))

    with pytest.raises(InvalidCredentials):
        log_in(email=mia.email, password=PASSWORD)

    assert alive() == 0


def test_the_same_password_under_a_newer_hash_still_opens_the_account(mia: User) -> None:
    def rehash() -> None:
        fresh = User.objects.get(pk=mia.pk)
        fresh.set_password(PASSWORD)
        fresh.save()

    InterruptedHasher.meanwhile.append(rehash)

    session = log_in(email=mia.email, password=PASSWORD)

    assert isinstance(session, Session)
    assert alive() == 1
