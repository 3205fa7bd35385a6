"""The SDK without a network: `stripe.StripeClient("sk_test_x", http_client=InProcessHTTPClient())`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import stripe

from sandbox.http import DropConnection, Request
from sandbox.stripe.sandbox import StripeSandbox


class Headers(dict[str, str]):
    """Asked for in any case."""

    def __init__(self, items: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in items.items()})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class InProcessHTTPClient(stripe.HTTPClient):
    """Hands every call of the SDK to a stand-in in this process.

    A lost connection and a timeout are `stripe.APIConnectionError` at once, without the wait.
    """

    name = "sandbox"

    def __init__(self, sandbox: StripeSandbox | None = None) -> None:
        super().__init__()
        self.sandbox = sandbox or StripeSandbox()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        parts = urlsplit(url)
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        query = parse_qs(parts.query, keep_blank_values=True)
        request = Request(method.upper(), unquote(parts.path), query, Headers(headers or {}), body)
        try:
            response = self.sandbox.handle(request)
        except DropConnection as error:
            why = f"Unexpected error communicating with Stripe: {error or 'the connection was closed'}."
            raise stripe.APIConnectionError(why, should_retry=True) from None  # type: ignore[no-untyped-call]
        return response.body.decode(), response.status, Headers(response.headers)

    def close(self) -> None:
        """The sandbox stays open: it may have other clients."""
