"""Sealed fields: readable with our keys, with the old ones for as long as they are kept, and with no other."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from core.encryption import decrypt, encrypt, is_signed, sign
from core.models import IdempotencyKey

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))
ADDRESS = {"recipient": "Zoë Müller", "line1": "Lindenweg 7", "floors": [1, None, True], "emoji": "🐈"}


def row(value: Any) -> IdempotencyKey:
    return IdempotencyKey.objects.create(
        owner="1",
        key="k",
        request_hash="",
        operation="",
        running_until=timezone.now() + timedelta(1),
        response_body=value,
    )


def stored() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT response_body FROM core_idempotencykey")
        return cursor.fetchone()[0]


def test_what_is_sealed_can_be_opened() -> None:
    assert decrypt(encrypt("Lindenweg 7, Zoë")) == "Lindenweg 7, Zoë"


def test_two_seals_of_one_text_do_not_look_alike() -> None:
    assert encrypt("Lindenweg 7") != encrypt("Lindenweg 7")


def test_the_old_key_opens_after_a_rotation_and_the_new_one_seals(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    sealed = encrypt("Lindenweg 7")

    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    assert decrypt(sealed) == "Lindenweg 7"
    assert Fernet(NEW).decrypt(encrypt("Lindenweg 7")) == b"Lindenweg 7"


@pytest.mark.parametrize("keys", [[FOREIGN], [NEW, FOREIGN]])
def test_a_wrong_key_opens_nothing(settings: Settings, keys: list[str]) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    sealed = encrypt("Lindenweg 7")
    settings.FIELD_ENCRYPTION_KEYS = keys

    with pytest.raises(InvalidToken):
        decrypt(sealed)


def test_a_seal_that_was_tampered_with_is_not_opened() -> None:
    sealed = encrypt("Lindenweg 7")

    with pytest.raises(InvalidToken):
        decrypt(sealed[:-4] + "AAA=")


@pytest.mark.parametrize("value", [ADDRESS, [], {}, "", 0, False, "text", [1.5, "ü"]])
def test_a_sealed_field_gives_back_what_was_put_in(db: None, value: Any) -> None:
    pk = row(value).pk

    assert IdempotencyKey.objects.get(pk=pk).response_body == value
    assert list(IdempotencyKey.objects.values_list("response_body", flat=True)) == [value]


def test_a_dump_of_the_table_does_not_tell_what_is_in_it(db: None) -> None:
    row(ADDRESS)

    told = stored()

    assert told is not None
    assert told.startswith("gAAAA")
    assert not any(word in told for word in ("Lindenweg", "recipient", "Müller"))


def test_nothing_stays_nothing(db: None) -> None:
    row(None)

    assert stored() is None
    assert IdempotencyKey.objects.get().response_body is None


def test_an_update_of_many_rows_seals_too(db: None) -> None:
    row(None)

    IdempotencyKey.objects.update(response_body=ADDRESS)

    assert "Lindenweg" not in str(stored())
    assert IdempotencyKey.objects.get().response_body == ADDRESS


# Signatures


def test_what_is_signed_is_ours_also_after_a_rotation(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    signature = sign(b"a message", purpose="test")

    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    assert is_signed(b"a message", signature, purpose="test")
    assert sign(b"a message", purpose="test") != signature


def test_a_signature_is_good_for_one_message_one_purpose_and_our_keys(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [FOREIGN]
    foreign = sign(b"a message", purpose="test")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    signature = sign(b"a message", purpose="test")

    assert is_signed(b"a message", signature, purpose="test")
    assert not is_signed(b"another", signature, purpose="test")
    assert not is_signed(b"a message", signature, purpose="another")
    assert not is_signed(b"a message", signature[:-1], purpose="test")
    assert not is_signed(b"a message", foreign, purpose="test")
