"""What may happen between the gateway's work and its answer."""

from collections.abc import Callable
from typing import Any

from sandbox.stripe.client import InProcessHTTPClient


class Interrupted(InProcessHTTPClient):
    """Something happens once, just before the gateway does the first thing that is asked of it."""

    def __init__(self, sandbox: Any, meanwhile: Callable[[], None] | None = None) -> None:
        super().__init__(sandbox)
        self.meanwhile = meanwhile

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        if method.upper() == "POST" and self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return super().request(method, url, headers, post_data, **more)
