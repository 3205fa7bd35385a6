"""Who is asking: a bearer token, believed for reads and checked against the account for everything that writes."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError

from accounts.models import User
from accounts.tokens import AccessToken
from core.postgres.prepared import Given, Prepared

CHALLENGE = 'Bearer realm="api"'
_ACTIVE = Prepared(lambda: User.objects.filter(pk=Given("id"), is_active=True))


@dataclass(frozen=True, slots=True)
class StatelessUser:
    """What a valid access token says of its bearer; no database was asked."""

    pk: UUID
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True

    @property
    def id(self) -> UUID:
        return self.pk


class BearerAuthentication(BaseAuthentication):
    """Reads cost no query and trust the token for its ten minutes; writes load the user.

    A view whose POST is a search says `only_reads = True`.
    A write is refused when the account is closed or its tokens were ended since this one was issued.
    """

    def authenticate(self, request: Request) -> tuple[User | StatelessUser, AccessToken] | None:
        raw = _bearer_token(request)
        if raw is None:
            return None
        token = _verified(raw)
        if request.method in SAFE_METHODS or _only_reads(request):
            return StatelessUser(token.user_id), token
        return _active_user(token), token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 (DRF calls it so)
        return CHALLENGE


def _only_reads(request: Request) -> bool:
    return getattr(request.parser_context.get("view"), "only_reads", False)


def _bearer_token(request: Request) -> str | None:
    """The token of an `Authorization: Bearer` header; None without one. Raises: AuthenticationFailed."""
    scheme, _, rest = get_authorization_header(request).strip().partition(b" ")
    token = rest.lstrip()
    if scheme.lower() != b"bearer":
        return None
    if not token or not token.isascii():
        raise AuthenticationFailed("The header must be: Authorization: Bearer <access token>.")
    return token.decode("ascii")


def _verified(raw: str) -> AccessToken:
    try:
        return AccessToken.seen(raw)
    except ExpiredTokenError as error:
        raise AuthenticationFailed("The access token has expired; refresh it.") from error
    except TokenError as error:
        raise AuthenticationFailed("The access token is not one of ours, or not whole.") from error


def _active_user(token: AccessToken) -> User:
    user = _ACTIVE.first(id=token.user_id)
    if user is None or user.token_version != token.version:
        raise AuthenticationFailed("The access token was ended; log in again.")
    return user


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes `BearerAuthentication`."""

    target_class = BearerAuthentication
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 (spectacular calls it so)
        scheme: dict[str, Any] = build_bearer_security_scheme_object("Authorization", "Bearer", "JWT")
        return {**scheme, "description": "RS256 access token from /auth/token; keys at /.well-known/jwks.json."}
