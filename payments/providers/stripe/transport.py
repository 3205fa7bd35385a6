"""The SDK's way out: the shop's one outbound client."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import stripe

from core.http import HttpClient, NotSent, OutcomeUnknown

CONNECT_SECONDS, READ_SECONDS = 2, 5


class StripeTransport(stripe.HTTPClient):
    """The SDK's way out, through the shop's one outbound client: its deadline, its breaker `stripe`, its metrics.

    While Stripe hangs, the breaker opens, and nobody's thread waits for it any more.
    """

    name = "core.http"

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, read_seconds: float = READ_SECONDS) -> None:
        super().__init__()
        self._connect_seconds, self._read_seconds = connect_seconds, read_seconds
        self._clients: dict[str, HttpClient] = {}

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_usage: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        parts = urlsplit(url)
        body = post_data.encode() if isinstance(post_data, str) else post_data
        try:
            answer = self._client(f"{parts.scheme}://{parts.netloc}").request(
                method.upper(), parts.path, body=body, params=parse_qs(parts.query), headers=_as_text(headers)
            )
            return answer.body.decode(), answer.status, answer.headers
        except (NotSent, OutcomeUnknown, UnicodeDecodeError) as error:
            raise stripe.APIConnectionError(str(error)) from error  # type: ignore[no-untyped-call]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _client(self, base: str) -> HttpClient:
        if base not in self._clients:  # two threads may make two at first; one is kept
            self._clients[base] = HttpClient(
                "stripe", base, connect_timeout=self._connect_seconds, read_timeout=self._read_seconds
            )
        return self._clients[base]


def _as_text(headers: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (headers or {}).items()}
