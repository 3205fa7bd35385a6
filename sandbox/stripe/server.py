"""The stand-in on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.http import DropConnection, Request, Response, Server
from sandbox.stripe.engine import NoAnswer
from sandbox.stripe.sandbox import StripeSandbox


class Front:
    """Answers HTTP for a sandbox that is made once the address is known: its pages name it."""

    def __init__(self) -> None:
        self.server: Server | None = None
        self.sandbox: StripeSandbox | None = None

    def handle(self, request: Request) -> Response:
        assert self.server is not None
        assert self.sandbox is not None
        try:
            return self.sandbox.handle(request)
        except NoAnswer as silence:
            self.server.stopping.wait(silence.seconds)
            raise DropConnection from None


@contextmanager
def running(port: int = 0, **options: Any) -> Iterator[StripeSandbox]:
    """A stand-in that answers on `sandbox.url` and posts webhooks until the block ends. Options as of StripeSandbox."""
    front = Front()
    front.server = Server(front.handle, port=port)
    with StripeSandbox(base_url=front.server.url, **options) as front.sandbox, front.server:
        yield front.sandbox
