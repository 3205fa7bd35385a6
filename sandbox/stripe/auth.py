"""Who calls: the shop's server with its secret key, an app with the publishable key, or one customer's app."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.stripe.errors import ApiError

_ADVICE = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth "
    "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we "
    "can help at https://support.stripe.com/."
)
_LIVE = ("sk_live_", "rk_live_", "pk_live_")


@dataclass(frozen=True, slots=True)
class Actor:
    """`publishable`: may only touch the intent whose client secret it shows. `ephemeral`: the key of one customer."""

    kind: Literal["secret", "publishable", "ephemeral"]
    key: str = ""

    @property
    def is_server(self) -> bool:
        return self.kind == "secret"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that are right. None: any test key is."""

    secret: str | None = None
    publishable: str | None = None

    def actor(self, headers: Mapping[str, str]) -> Actor:
        """Raises: ApiError (401) without a key, with a wrong one and with any live one."""
        key = _key(headers.get("Authorization", ""))
        if not key:
            raise ApiError(_ADVICE, status=401)
        if key.startswith(_LIVE):
            raise ApiError("A live key was sent to the Stripe stand-in. It takes test keys only.", status=401)
        if key.startswith("ek_test_"):
            return Actor("ephemeral", key)
        if self._is_right(key, self.secret, ("sk_test_", "rk_test_")):
            return Actor("secret", key)
        if self._is_right(key, self.publishable, ("pk_test_",)):
            return Actor("publishable", key)
        raise ApiError(f"Invalid API Key provided: {_masked(key)}", status=401)

    @staticmethod
    def _is_right(key: str, right: str | None, prefixes: tuple[str, ...]) -> bool:
        return key == right if right else key.startswith(prefixes)


def secret_key_required() -> ApiError:
    message = (
        "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of "
        "your API keys at https://dashboard.stripe.com/account/apikeys."
    )
    return ApiError(message, status=403, code="secret_key_required")


def _key(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return rest.strip() if scheme.lower() == "bearer" else ""


def _masked(key: str) -> str:
    if len(key) < 12:
        return "*" * len(key)
    return key[:8] + "*" * (len(key) - 12) + key[-4:]
