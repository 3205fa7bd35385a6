"""Access tokens: JWTs that we sign, and that the gateway and we check without asking a database.

RS256 alone. Every token names its key by `kid`, the RFC 7638 thumbprint of the public half, so that keys rotate
without logging anybody out: the old public key moves to `JWT_PREVIOUS_PUBLIC_KEYS` until its last token has expired.
"""

import hashlib
import json
import time
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode
from rest_framework_simplejwt import tokens as simplejwt
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken, TokenError

ALGORITHM = "RS256"
MOST_SEEN = 10_000  # tokens that a process remembers
LEEWAY = 5  # seconds by which the clocks of two servers may differ
REQUIRED_CLAIMS = ("iss", "aud", "sub", "iat", "exp", "jti", "token_type", "ver")


def _jwk(key: RSAPublicKey) -> dict[str, str]:
    """The members of a public key that define it, in the order that RFC 7638 hashes."""
    members = RSAAlgorithm.to_jwk(key, as_dict=True)
    return {name: members[name] for name in ("e", "kty", "n")}


def thumbprint(key: RSAPublicKey) -> str:
    """RFC 7638: the same key has the same name everywhere."""
    canonical = json.dumps(_jwk(key), separators=(",", ":"), sort_keys=True)
    return base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()


def _public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.replace("\\n", "\n").encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("JWT_PREVIOUS_PUBLIC_KEYS must hold RSA public keys in PEM.")
    return key


class KeyRing(TokenBackend):
    """Signs with the current key; verifies with whichever key of ours the token names."""

    def __init__(self, *, private_key: str, previous_public_keys: tuple[str, ...], issuer: str, audience: str) -> None:
        super().__init__(ALGORITHM, signing_key=private_key, issuer=issuer, audience=audience, leeway=LEEWAY)
        current: RSAPublicKey = self.prepared_signing_key.public_key()
        self.kid = thumbprint(current)
        self.keys = {thumbprint(key): key for key in (current, *map(_public_key, previous_public_keys))}
        self.seen: dict[bytes, AccessToken] = {}

    def get_verifying_key(self, token: Any) -> RSAPublicKey:
        try:
            return self.keys[jwt.get_unverified_header(token)["kid"]]
        except (jwt.InvalidTokenError, KeyError) as error:
            raise TokenBackendError("The token names no key of ours.") from error

    def encode(self, payload: dict[str, Any]) -> str:
        claims = {**payload, "iss": self.issuer, "aud": self.audience}
        return jwt.encode(claims, self.prepared_signing_key, algorithm=ALGORITHM, headers={"kid": self.kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:  # noqa: ARG002, FBT001, FBT002 (simplejwt's)
        """The claims of a genuine, complete, unexpired token of ours; `verify=False` is not offered.

        Raises: TokenBackendExpiredToken, TokenBackendError.
        """
        key = self.get_verifying_key(token)
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": list(REQUIRED_CLAIMS)},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenBackendExpiredToken("The token has expired.") from error
        except jwt.InvalidTokenError as error:
            raise TokenBackendError(str(error)) from error

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        public = ({**_jwk(key), "kid": kid, "use": "sig", "alg": ALGORITHM} for kid, key in self.keys.items())
        return {"keys": list(public)}


@lru_cache(maxsize=4)
def _key_ring(private_key: str, previous_public_keys: tuple[str, ...], issuer: str, audience: str) -> KeyRing:
    return KeyRing(private_key=private_key, previous_public_keys=previous_public_keys, issuer=issuer, audience=audience)


def key_ring() -> KeyRing:
    """The keys that the settings name."""
    return _key_ring(
        settings.JWT_PRIVATE_KEY,
        tuple(settings.JWT_PREVIOUS_PUBLIC_KEYS),
        settings.JWT_ISSUER,
        settings.JWT_AUDIENCE,
    )


def jwks() -> dict[str, list[dict[str, str]]]:
    """The public keys as a JWK Set (RFC 7517): what a gateway needs to check our tokens."""
    return key_ring().jwks()


class AccessToken(simplejwt.AccessToken):
    """Says who a phone acts for. `ver` is the user's `token_version` at issue: raising that ends every token."""

    @property
    def token_backend(self) -> TokenBackend:
        return key_ring()

    @classmethod
    def for_user(cls, user: Any) -> Self:
        token = super().for_user(user)
        token["ver"] = user.token_version
        return token

    def verify(self) -> None:
        super().verify()
        try:
            self["sub"] = str(UUID(self["sub"]))
        except (ValueError, AttributeError):
            raise TokenError("The token's subject is not a user id.") from None
        if type(self["ver"]) is not int:
            raise TokenError("The token's version is not a number.")

    @classmethod
    def seen(cls, raw: str) -> "AccessToken":
        """The same as `AccessToken(raw)`. A signature is checked once, a token believed as long as it has not expired:
        to check it takes half as long as Django to say hello. Kept by hash, not as they were sent.

        Raises: TokenError.
        """
        seen, name = key_ring().seen, hashlib.sha256(raw.encode()).digest()
        token = seen.get(name)
        if token is None or token["exp"] + LEEWAY <= time.time():
            token = cls(raw)  # type: ignore[arg-type]  # simplejwt annotates the encoded token as a Token
            if len(seen) >= MOST_SEEN:
                seen.clear()
            seen[name] = token
        return token

    @property
    def user_id(self) -> UUID:
        return UUID(self["sub"])

    @property
    def version(self) -> int:
        return int(self["ver"])
