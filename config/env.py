"""How environment variables are read: typed and checked once, at start. Settings and web server read theirs by these.

Secrets have no default. What is missing or malformed stops the process with one line that names the variable. White
space around a value does not count, and an empty value is none.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

import environ
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from django.core.exceptions import ValidationError

from core.money import validate_currency

_POSTGRES = ("postgres", "postgresql", "pgsql", "psql")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_FLAGS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}
_HOST = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")
_RATE = re.compile(r"[1-9][0-9]*/(s|sec|second|m|min|minute|h|hour|d|day)")
_SMALLEST_KEY = 2048  # bits
_MAIL = ("smtp", "smtp+tls", "smtp+ssl", "filemail", "consolemail", "dummymail")


def stop(problem: str) -> NoReturn:
    """End the process with one line on stderr: bad configuration must not get as far as serving."""
    sys.stderr.write(f"configuration: {problem}\n")
    raise SystemExit(78)  # EX_CONFIG


def text(name: str, default: str | None = None) -> str:
    """A string; required when there is no default. Nothing in it is expanded."""
    value = os.environ.get(name, "").strip()
    if not value and default is None:
        stop(f"{name} is {'empty' if name in os.environ else 'not set'}; deploy/env.example explains it.")
    return value or str(default)


def integer(name: str, default: int, *, at_least: int = 0) -> int:
    value = text(name, str(default))
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", value):
        stop(f"{name} must be a whole number.")
    if int(value) < at_least:
        stop(f"{name} must be at least {at_least}, not {int(value)}.")
    return int(value)


def flag(name: str, *, default: bool) -> bool:
    """Yes or no, as people write it: 1, true, yes, on or 0, false, no, off, in whatever case."""
    value = text(name, "1" if default else "0").lower()
    if value not in _FLAGS:
        stop(f"{name} must be 1 or 0.")
    return _FLAGS[value]


def names(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated list; required and not empty when there is no default."""
    values = [v.strip() for v in text(name, None if default is None else "").split(",") if v.strip()]
    if not values and default is None:
        stop(f"{name} is empty; deploy/env.example explains it.")
    return values or list(default or [])


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words."""
    value = text(name, default)
    if value not in allowed:
        stop(f"{name} must be one of {', '.join(allowed)}.")
    return value


def numbers_by_name(name: str) -> dict[str, int]:
    """Pairs such as AMS=12,RTM=15; none by default."""
    pairs = [value.rpartition("=") for value in names(name, [])]
    if not all(key.strip() and re.fullmatch(r"[0-9]{1,9}", number.strip()) for key, _, number in pairs):
        stop(f"{name} must be pairs of a name and a whole number, such as AMS=12,RTM=15.")
    if len({key.strip() for key, _, _ in pairs}) < len(pairs):
        stop(f"{name} has a name twice.")
    return {key.strip(): int(number) for key, _, number in pairs}


def hosts(name: str, default: list[str]) -> list[str]:
    """Host names as Django's ALLOWED_HOSTS has them: without scheme and port."""
    values = names(name, default)
    if not all(_HOST.fullmatch(value) for value in values):
        stop(f"{name} must be host names such as shop.example.com, comma-separated, without https:// and without port.")
    return values


def path(name: str, default: Path) -> Path:
    return Path(text(name, str(default)))


def address(name: str, default: str | None = None) -> str:
    """An http(s) address without credentials and query, and without a slash at its end; "" only by default."""
    value = text(name, default)
    if value and not _is_address(value):
        stop(f"{name} must be an address such as https://host:port/path, without credentials and query.")
    return value.rstrip("/")


def origin(name: str, default: str) -> str:
    """An address without a path."""
    value = address(name, default)
    if urlsplit(value).path:
        stop(f"{name} must be an address such as https://shop.example.com, without a path.")
    return value


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not _has_extras(parts)
    except ValueError:
        return False


def _has_extras(parts: SplitResult) -> bool:
    odd = any(not character.isprintable() or character.isspace() for character in parts.geturl())
    port_is_none = parts.port == 0
    return odd or port_is_none or bool(parts.username or parts.password or parts.query or parts.fragment)


def level(name: str, default: str) -> str:
    """A level of the standard library's logging, in whatever case."""
    value = text(name, default).upper()
    if value not in _LEVELS:
        stop(f"{name} must be one of {', '.join(_LEVELS)}.")
    return value


def rate(name: str, default: str) -> str:
    """So many a second, minute, hour or day: 20/min."""
    value = text(name, default)
    if not _RATE.fullmatch(value):
        stop(f"{name} must be a number a second, min, hour or day, such as 20/min.")
    return value


def currency(name: str, default: str) -> str:
    """An ISO 4217 code of a currency that the shop can count."""
    value = text(name, default)
    try:
        validate_currency(value)
    except ValidationError:
        stop(f"{name} must be an ISO 4217 code such as EUR, of money that everybody counts alike (docs/adr/0008).")
    return value


def database(name: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's database settings from a postgres:// URL; its query string becomes OPTIONS."""
    url = text(name)
    if url.partition("://")[0] not in _POSTGRES:
        stop(f"{name} must be a postgres:// address; this schema needs PostgreSQL 15 or newer.")
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        config = {}
    if not config.get("NAME"):
        stop(f"{name} must be like postgres://user:password@host:5432/name, its odd characters written as %XX.")
    return config


def mail_server(name: str, default: str) -> dict[str, Any]:
    """Django's mail settings from an address such as smtp+tls://user:password@mail.example.com:587."""
    url = text(name, default)
    if urlsplit(url).scheme not in _MAIL:
        stop(f"{name} must be like smtp+tls://user:password@host:587; its schemes are {', '.join(_MAIL)}.")
    try:
        config: dict[str, Any] = environ.Env.email_url_config(url)
    except ValueError:
        config = {}
    if "smtp" in urlsplit(url).scheme and not config.get("EMAIL_HOST"):
        stop(f"{name} must be like smtp+tls://user:password@host:587, its odd characters written as %XX.")
    return config


def mailbox(name: str, default: str) -> str:
    """An e-mail address; "" only by default."""
    value = text(name, default)
    if value and not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", value):
        stop(f"{name} must be an e-mail address such as shop@example.com.")
    return value


def rsa_key(name: str) -> str:
    """A PEM-encoded RSA private key of at least 2048 bits; "\\n" may stand for line breaks."""
    pem = text(name).replace("\\n", "\n")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        stop(f"{name} is not a PEM-encoded private key without a passphrase.")
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SMALLEST_KEY:
        stop(f"{name} must be an RSA key of at least {_SMALLEST_KEY} bits.")
    return pem


def rsa_public_keys(name: str) -> list[str]:
    """PEM-encoded RSA public keys, comma-separated; "\\n" may stand for line breaks. None by default."""
    pems = [pem.replace("\\n", "\n") for pem in names(name, [])]
    for pem in pems:
        try:
            key = load_pem_public_key(pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            stop(f"{name} has an entry that is not a PEM-encoded public key.")
        if not isinstance(key, RSAPublicKey) or key.key_size < _SMALLEST_KEY:
            stop(f"{name} must be RSA public keys of at least {_SMALLEST_KEY} bits.")
    return pems


def fernet_keys(name: str) -> list[str]:
    """Fernet keys, newest first."""
    keys = names(name)
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            stop(f"{name} must be Fernet keys (32 url-safe base64-encoded bytes), newest first, comma-separated.")
    return keys
