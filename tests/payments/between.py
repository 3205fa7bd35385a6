"""What may happen between the gateway's work and its answer."""

import json
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


class Denying(InProcessHTTPClient):
    """The gateway does not know our key, or will not let it do this."""

    def __init__(self, sandbox: Any, status: int) -> None:
        super().__init__(sandbox)
        self.status = status

    def request(self, *_args: Any, **_more: Any) -> Any:
        error = {"type": "invalid_request_error", "message": "This key may not do that."}
        return json.dumps({"error": error}), self.status, {}


class Belated(InProcessHTTPClient):
    """Something happens once, after the gateway has done what was asked by POST and before we hear of it."""

    def __init__(self, sandbox: Any, meanwhile: Callable[[], None] | None = None) -> None:
        super().__init__(sandbox)
        self.meanwhile = meanwhile

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        answer = super().request(method, url, headers, post_data, **more)
        if method.upper() == "POST" and self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return answer
