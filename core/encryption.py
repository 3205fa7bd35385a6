"""Fields that stay unreadable in a stolen database dump, and codes that only we can have made."""

import hmac
import json
from base64 import urlsafe_b64decode
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Seal with the newest of `FIELD_ENCRYPTION_KEYS`."""
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Open with any of `FIELD_ENCRYPTION_KEYS`, so that keys can be rotated. Raises: cryptography InvalidToken."""
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()


def sign(message: bytes, *, purpose: str) -> bytes:
    """16 bytes that only the newest of `FIELD_ENCRYPTION_KEYS` makes of this message. Nothing signed for one purpose is
    good for another."""
    return _mac(settings.FIELD_ENCRYPTION_KEYS[0], message, purpose)


def is_signed(message: bytes, signature: bytes, *, purpose: str) -> bool:
    """True if `sign` made it with any of `FIELD_ENCRYPTION_KEYS`; takes as long whatever is wrong with it."""
    found = [hmac.compare_digest(_mac(key, message, purpose), signature) for key in settings.FIELD_ENCRYPTION_KEYS]
    return True in found


def _mac(key: str, message: bytes, purpose: str) -> bytes:
    return hmac.digest(_key_for(key, purpose), message, "sha256")[:16]


@lru_cache(maxsize=16)
def _key_for(key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(urlsafe_b64decode(key))


class EncryptedJSONField(models.TextField):
    """A JSON value, stored as a Fernet token: it can be read and written, not searched."""

    _pyi_private_set_type: Any  # what django-stubs reads: any JSON value may be written and comes back
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else encrypt(json.dumps(value, ensure_ascii=False, sort_keys=True))

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else json.loads(decrypt(value))
