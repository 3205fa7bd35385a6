"""Fields that stay unreadable in a stolen database dump."""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
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


class EncryptedJSONField(models.TextField):
    """A JSON value, stored as a Fernet token: it can be read and written, not searched."""

    _pyi_private_set_type: Any  # what django-stubs reads: any JSON value may be written and comes back
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else encrypt(json.dumps(value, ensure_ascii=False, sort_keys=True))

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else json.loads(decrypt(value))
