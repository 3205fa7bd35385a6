"""Access tokens as an attacker would make them, byte by byte."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from accounts.models import User
from accounts.tokens import key_ring


def new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, private, plain).decode()


def public_half(private_key: str) -> str:
    key = serialization.load_pem_private_key(private_key.encode(), password=None).public_key()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, spki).decode()


def claims(user: User, **changes: Any) -> dict[str, Any]:
    """What a genuine token says, with changes; None leaves a claim out."""
    now = int(time.time())
    genuine = {
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "sub": str(user.pk),
        "iat": now,
        "exp": now + 600,
        "jti": uuid4().hex,
        "token_type": "access",
        "ver": user.token_version,
    }
    return {name: value for name, value in {**genuine, **changes}.items() if value is not None}


def signed(payload: dict[str, Any], *, key: str | None = None, kid: str | None = None) -> str:
    """RS256 with our own key, unless told otherwise."""
    headers = {"kid": kid or key_ring().kid}
    return jwt.encode(payload, key or settings.JWT_PRIVATE_KEY, algorithm="RS256", headers=headers)


def unsigned(payload: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': key_ring().kid})}.{_part(payload)}."


def signed_with_the_public_key(payload: dict[str, Any]) -> str:
    """HS256 keyed with what everybody can read: the classic confusion of algorithms."""
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': key_ring().kid})}.{_part(payload)}"
    secret = public_half(settings.JWT_PRIVATE_KEY).encode()
    return f"{text}.{_encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
