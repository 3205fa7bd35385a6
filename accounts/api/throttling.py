"""How often somebody may try passwords: each count is kept for one endpoint, under the scope `credentials`."""

import hashlib
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle

CLIENTS_PER_EMAIL = 5  # one e-mail address may be tried as often as this many clients together may try


class PerClient(ScopedRateThrottle):
    """So many requests from one IPv4 address or one IPv6 network: whoever has one address of a /64 has all of it."""

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return self._key(view, "client", _client(str(self.get_ident(request))))

    def _key(self, view: Any, kind: str, subject: str) -> str:
        counted = f"{type(view).__name__} {kind} {subject}".encode(errors="replace")  # a client's text may be broken
        ident = hashlib.sha256(counted).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}


class PerEmail(PerClient):
    """So many requests that name one e-mail address, from wherever they come.

    More than one client is allowed, so that no single stranger can keep the owner out.
    """

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        email = request.data.get("email") if isinstance(request.data, Mapping) else None
        return self._key(view, "email", email.strip().lower()) if isinstance(email, str) else None

    def parse_rate(self, rate: str | None) -> tuple[int | None, int | None]:
        limit, seconds = super().parse_rate(rate)
        return (limit * CLIENTS_PER_EMAIL if limit is not None else None), seconds


def _client(address: str) -> str:
    """Whom an address stands for; what is none stands for itself."""
    try:
        number = ip_address(address)
    except ValueError:
        return address
    if isinstance(number, IPv4Address):
        return str(number)
    return str(number.ipv4_mapped or ip_network((number.packed, 64), strict=False))
