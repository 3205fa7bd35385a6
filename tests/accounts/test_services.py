import hashlib
import importlib
from datetime import date, timedelta

import pytest
import time_machine
from django.conf import settings as project
from django.contrib.auth.hashers import identify_hasher
from django.utils import timezone

from accounts.errors import EmailTaken, InvalidCredentials, RefreshTokenInvalid, RefreshTokenReused
from accounts.models import Address, Cat, RefreshToken, TokenFamily, User
from accounts.services import (
    REPEAT_GRACE,
    add_cat,
    change_address,
    change_cat,
    forget_old_sessions,
    log_in,
    log_out,
    log_out_everywhere,
    refresh_session,
    register_customer,
    remove_address,
    remove_cat,
    update_profile,
)
from accounts.tokens import AccessToken
from core.errors import InvalidInput, NotFound
from tests.accounts.hashers import CountingHasher
from tests.factories.accounts import PASSWORD, AddressFactory, CatFactory, UserFactory

pytestmark = pytest.mark.django_db

MEASURES = {"length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4200}


def ended(user: User) -> list[bool]:
    return [family.revoked_at is not None for family in user.token_families.order_by("created_at")]


# Registering


def test_a_new_customer_is_logged_in():
    session = register_customer(email="Mia@Example.com", password=PASSWORD, name="Mia", device_name="Mia's phone")

    user = User.objects.get()
    assert (user.email, user.name, user.is_staff, user.is_superuser) == ("Mia@example.com", "Mia", False, False)
    assert AccessToken(session.access_token).user_id == user.pk
    assert user.token_families.get().device_name == "Mia's phone"


def test_an_address_that_is_taken_in_another_case_is_refused():
    UserFactory(email="mia@example.com")

    with pytest.raises(EmailTaken):
        register_customer(email="MIA@example.com", password=PASSWORD)

    assert User.objects.count() == 1


def test_two_phones_that_register_one_address_at_once_make_one_customer(race):
    results = race(
        lambda: register_customer(email="mia@example.com", password=PASSWORD),
        lambda: register_customer(email="MIA@EXAMPLE.COM", password=PASSWORD),
    )

    assert sorted(type(result).__name__ for result in results) == ["EmailTaken", "Session"]
    assert User.objects.count() == TokenFamily.objects.count() == RefreshToken.objects.count() == 1


@pytest.mark.parametrize("password", ["Wilhelmine-Katz", "wilhelmine.k@example.com"])
def test_a_password_that_resembles_the_name_or_the_address_is_refused(password):
    with pytest.raises(InvalidInput) as refusal:
        register_customer(email="wilhelmine.k@example.com", name="Wilhelmine Katz", password=password)

    assert [error.code for error in refusal.value.errors] == ["password_too_similar"]


def test_everything_that_is_wrong_with_a_password_is_said_at_once():
    with pytest.raises(InvalidInput) as refusal:
        register_customer(email="mia@example.com", password="12345")

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [
        ("/password", "password_too_short"),
        ("/password", "password_too_common"),
        ("/password", "password_entirely_numeric"),
    ]
    assert not User.objects.exists()


def test_a_password_like_the_address_is_refused():
    with pytest.raises(InvalidInput, match="too similar"):
        register_customer(email="minkathecat@example.com", password="minkathecat1")


def test_passwords_are_stored_with_argon2_in_every_installation_but_this_test_suite(settings):
    settings.PASSWORD_HASHERS = importlib.import_module("config.settings.base").PASSWORD_HASHERS

    user = register_customer(email="mia@example.com", password=PASSWORD).user

    assert identify_hasher(user.password).algorithm == "argon2"
    assert log_in(email="mia@example.com", password=PASSWORD).user == user


# Logging in


def test_whoever_knows_the_password_gets_a_session_whatever_the_case_of_the_address():
    user = UserFactory(email="mia@example.com")

    session = log_in(email=" MIA@example.com", password=PASSWORD, device_name="Tablet")

    user.refresh_from_db()
    assert AccessToken(session.access_token).user_id == user.pk
    assert session.expires_in == 600
    assert user.last_login is not None
    assert user.token_families.get().device_name == "Tablet"


@pytest.mark.parametrize(
    ("email", "password"),
    [("mia@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("closed@example.com", PASSWORD)],
)
def test_wrong_password_unknown_address_and_closed_account_fail_alike_for_the_same_work(email, password, settings):
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.CountingHasher"]
    UserFactory(email="mia@example.com")
    UserFactory(email="closed@example.com", closed=True)
    before = CountingHasher.work

    with pytest.raises(InvalidCredentials) as refusal:
        log_in(email=email, password=password)

    assert CountingHasher.work - before == 1
    assert refusal.value.detail == InvalidCredentials.title
    assert not TokenFamily.objects.exists()


# Refreshing


def test_a_refresh_token_is_exchanged_for_the_next_one_of_its_family():
    first = log_in(email=UserFactory().email, password=PASSWORD)

    second = refresh_session(refresh_token=first.refresh_token)

    assert second.refresh_token != first.refresh_token
    assert AccessToken(second.access_token).user_id == first.user.pk
    assert TokenFamily.objects.get().tokens.count() == 2
    assert refresh_session(refresh_token=second.refresh_token)


def test_only_the_hash_of_a_256_bit_token_is_stored():
    session = log_in(email=UserFactory().email, password=PASSWORD)

    assert len(session.refresh_token) == 43  # base64url of 32 bytes
    assert RefreshToken.objects.get().token_hash == hashlib.sha256(session.refresh_token.encode()).hexdigest()


def test_an_exchange_gives_another_sixty_days():
    session = log_in(email=UserFactory().email, password=PASSWORD)

    with time_machine.travel(timezone.now() + timedelta(days=59), tick=False):
        following = refresh_session(refresh_token=session.refresh_token)
    with time_machine.travel(timezone.now() + timedelta(days=118), tick=False):
        assert refresh_session(refresh_token=following.refresh_token)


def test_a_token_that_was_never_handed_out_is_invalid():
    with pytest.raises(RefreshTokenInvalid):
        refresh_session(refresh_token="nobody-knows-me")


def test_an_expired_token_is_invalid():
    session = log_in(email=UserFactory().email, password=PASSWORD)

    with (
        time_machine.travel(timezone.now() + project.REFRESH_TOKEN_LIFETIME, tick=False),
        pytest.raises(RefreshTokenInvalid),
    ):
        refresh_session(refresh_token=session.refresh_token)


def test_a_closed_account_cannot_refresh():
    session = log_in(email=UserFactory().email, password=PASSWORD)
    User.objects.update(is_active=False)

    with pytest.raises(RefreshTokenInvalid):
        refresh_session(refresh_token=session.refresh_token)


@pytest.mark.django_db(transaction=True)
def test_using_a_token_twice_ends_its_session_for_good_but_no_other():
    user = UserFactory()
    other = log_in(email=user.email, password=PASSWORD)
    first = log_in(email=user.email, password=PASSWORD)
    second = refresh_session(refresh_token=first.refresh_token)

    with pytest.raises(RefreshTokenReused):
        refresh_session(refresh_token=first.refresh_token)

    assert ended(user) == [False, True]
    with pytest.raises(RefreshTokenInvalid):
        refresh_session(refresh_token=second.refresh_token)
    assert refresh_session(refresh_token=other.refresh_token)


def test_a_rotated_token_ends_the_session_even_long_after_it_would_have_expired():
    first = log_in(email=UserFactory().email, password=PASSWORD)
    with time_machine.travel(timezone.now() + timedelta(days=50), tick=False):
        refresh_session(refresh_token=first.refresh_token)

    with time_machine.travel(timezone.now() + timedelta(days=70), tick=False), pytest.raises(RefreshTokenReused):
        refresh_session(refresh_token=first.refresh_token)

    assert ended(first.user) == [True]


def test_of_two_threads_that_exchange_one_token_exactly_one_wins_and_the_session_ends(race):
    session = log_in(email=UserFactory().email, password=PASSWORD)

    results = race(*[lambda: refresh_session(refresh_token=session.refresh_token)] * 2)

    assert sorted(type(result).__name__ for result in results) == ["RefreshTokenReused", "Session"]
    assert RefreshToken.objects.count() == 2
    assert ended(session.user) == [True]


def test_a_phone_that_lost_the_answer_repeats_its_request_and_gets_the_same_next_token():
    first = log_in(email=UserFactory().email, password=PASSWORD)
    lost = refresh_session(refresh_token=first.refresh_token, request_key="tap-1")

    repeated = refresh_session(refresh_token=first.refresh_token, request_key="tap-1")

    assert repeated.refresh_token == lost.refresh_token
    assert RefreshToken.objects.count() == 2
    assert ended(first.user) == [False]
    assert (
        refresh_session(refresh_token=repeated.refresh_token, request_key="tap-2").refresh_token != lost.refresh_token
    )


def test_two_threads_that_send_the_same_request_get_the_same_next_token(race):
    session = log_in(email=UserFactory().email, password=PASSWORD)

    results = race(*[lambda: refresh_session(refresh_token=session.refresh_token, request_key="tap-1")] * 2)

    assert results[0].refresh_token == results[1].refresh_token
    assert RefreshToken.objects.count() == 2


@pytest.mark.parametrize("key", ["", "tap-2"])
def test_another_request_with_a_rotated_token_is_a_reuse(key):
    first = log_in(email=UserFactory().email, password=PASSWORD)
    refresh_session(refresh_token=first.refresh_token, request_key="tap-1")

    with pytest.raises(RefreshTokenReused):
        refresh_session(refresh_token=first.refresh_token, request_key=key)

    assert ended(first.user) == [True]


def test_a_repeat_after_the_next_token_was_used_is_a_reuse():
    first = log_in(email=UserFactory().email, password=PASSWORD)
    second = refresh_session(refresh_token=first.refresh_token, request_key="tap-1")
    refresh_session(refresh_token=second.refresh_token)

    with pytest.raises(RefreshTokenReused):
        refresh_session(refresh_token=first.refresh_token, request_key="tap-1")


def test_a_repeat_that_comes_too_late_is_a_reuse():
    first = log_in(email=UserFactory().email, password=PASSWORD)
    refresh_session(refresh_token=first.refresh_token, request_key="tap-1")

    later = timezone.now() + REPEAT_GRACE + timedelta(seconds=1)
    with time_machine.travel(later, tick=False), pytest.raises(RefreshTokenReused):
        refresh_session(refresh_token=first.refresh_token, request_key="tap-1")


# Logging out


def test_logging_out_ends_the_session_of_this_phone_only():
    user = UserFactory()
    gone, stays = log_in(email=user.email, password=PASSWORD), log_in(email=user.email, password=PASSWORD)

    log_out(refresh_token=gone.refresh_token)

    assert ended(user) == [True, False]
    with pytest.raises(RefreshTokenInvalid):
        refresh_session(refresh_token=gone.refresh_token)
    assert refresh_session(refresh_token=stays.refresh_token)


def test_an_older_token_of_the_family_logs_out_as_well():
    first = log_in(email=UserFactory().email, password=PASSWORD)
    refresh_session(refresh_token=first.refresh_token)

    log_out(refresh_token=first.refresh_token)

    assert ended(first.user) == [True]


def test_logging_out_twice_keeps_the_first_moment():
    session = log_in(email=UserFactory().email, password=PASSWORD)
    log_out(refresh_token=session.refresh_token)
    moment = TokenFamily.objects.get().revoked_at

    log_out(refresh_token=session.refresh_token)

    assert TokenFamily.objects.get().revoked_at == moment


def test_logging_out_everywhere_ends_every_session_and_every_access_token():
    user, other = UserFactory(), UserFactory()
    for email in (user.email, user.email, other.email):
        log_in(email=email, password=PASSWORD)

    log_out_everywhere(user_id=user.pk)

    user.refresh_from_db()
    assert user.token_version == 1
    assert (ended(user), ended(other)) == ([True, True], [False])


def test_sessions_that_ran_out_long_ago_are_forgotten_and_living_ones_are_not():
    user = UserFactory()
    log_in(email=user.email, password=PASSWORD)
    used = log_in(email=user.email, password=PASSWORD)
    with time_machine.travel(timezone.now() + timedelta(days=50), tick=False):
        living = refresh_session(refresh_token=used.refresh_token)

    with time_machine.travel(timezone.now() + timedelta(days=89), tick=False):
        too_early = forget_old_sessions()
    with time_machine.travel(timezone.now() + timedelta(days=91), tick=False):
        forgotten = forget_old_sessions()

    assert (too_early, forgotten) == (0, 1)
    kept = RefreshToken.objects.get()
    assert kept.token_hash == hashlib.sha256(living.refresh_token.encode()).hexdigest()


# Profile


def test_a_customer_may_change_the_name():
    user = UserFactory()

    assert update_profile(user_id=user.pk, name="Mia Katz").name == "Mia Katz"
    assert User.objects.get().name == "Mia Katz"


def test_a_changed_cat_keeps_what_was_not_named():
    cat = CatFactory(name="Minka", weight_g=4200)

    change_cat(owner=cat.owner, cat_id=cat.pk, weight_g=4350)

    saved = Cat.objects.get()
    assert (saved.name, saved.weight_g) == ("Minka", 4350)


def test_an_elbow_above_the_head_is_refused_for_new_and_for_changed_cats():
    cat = CatFactory(elbow_height_mm=140, height_mm=280)

    with pytest.raises(InvalidInput) as refusal:
        change_cat(owner=cat.owner, cat_id=cat.pk, height_mm=140)
    with pytest.raises(InvalidInput):
        add_cat(owner=cat.owner, name="Upside down", **{**MEASURES, "elbow_height_mm": 300})

    assert [error.pointer for error in refusal.value.errors] == ["/elbow_height_mm"]
    assert list(Cat.objects.values_list("height_mm", flat=True)) == [280]


@time_machine.travel("2026-11-24T22:00:00Z", tick=False)
def test_a_birthday_may_be_today_anywhere_on_earth_but_not_later():
    owner = UserFactory()

    assert add_cat(owner=owner, name="Born in Auckland", born_on=date(2026, 11, 25), **MEASURES)
    with pytest.raises(InvalidInput, match="birthday"):
        add_cat(owner=owner, name="Not yet", born_on=date(2026, 11, 26), **MEASURES)


def test_what_belongs_to_somebody_else_cannot_be_changed_or_removed():
    cat, address, stranger = CatFactory(), AddressFactory(), UserFactory()

    for attempt in (
        lambda: change_cat(owner=stranger, cat_id=cat.pk, name="Mine"),
        lambda: remove_cat(owner=stranger, cat_id=cat.pk),
        lambda: change_address(owner=stranger, address_id=address.pk, city="Bonn"),
        lambda: remove_address(owner=stranger, address_id=address.pk),
    ):
        with pytest.raises(NotFound):
            attempt()

    assert (Cat.objects.get().name, Address.objects.get().city) == (cat.name, "Berlin")
