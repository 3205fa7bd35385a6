"""The test suite: its own secrets, fast password hashing, nothing outside loopback."""

import os

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def _throwaway_rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode()


for name, value in {
    "SECRET_KEY": "only-for-tests-" + "x" * 50,
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "STRIPE_SECRET_KEY": "sk_test_suite",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_suite",
    "STRIPE_WEBHOOK_SECRETS": "whsec_new,whsec_old",
    "INVENTORY_URL": "http://127.0.0.1:9",
    "INVENTORY_TOKEN": "test-token",
    "INVENTORY_PUSH_SECRETS": "push-new,push-old",
    "LOG_LEVEL": "WARNING",
}.items():
    os.environ.setdefault(name, value)
if "JWT_PRIVATE_KEY" not in os.environ:
    os.environ["JWT_PRIVATE_KEY"] = _throwaway_rsa_key()

from config.settings.base import *  # noqa: E402, F403

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",  # first: quick; the real one is tested on its own
    "django.contrib.auth.hashers.Argon2PasswordHasher",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "private": {"BACKEND": "django.core.files.storage.InMemoryStorage", "OPTIONS": {"base_url": ""}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
REST_FRAMEWORK = {**REST_FRAMEWORK, "TEST_REQUEST_DEFAULT_FORMAT": "json"}
WHITENOISE_AUTOREFRESH = True  # every test client starts the middleware anew, which else reads all collected files
