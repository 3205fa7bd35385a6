"""The thread that posts webhooks to the shop."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Sequence
from urllib.parse import urlsplit

from sandbox.stripe.webhooks import Outbox

_TIMEOUT_S = 20.0
_LONGEST_NAP_S = 30.0


class Poster:
    """Posts to one address over a kept connection. Not for several threads at once."""

    def __init__(self, url: str, timeout_s: float = _TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http(s) address: {url}")
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = connect(parts.hostname, parts.port, timeout=timeout_s)
        self._is_over = False
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def __call__(self, body: bytes, signature: str) -> int:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature,
        }
        for is_last_try in (False, True):  # a kept connection may have been closed meanwhile
            reused = self._connection.sock is not None
            try:
                self._connection.request("POST", self._target, body, headers)
                response = self._connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if is_last_try or not reused or self._is_over or isinstance(error, TimeoutError):
                    raise OSError(str(error)) from error
            else:
                return response.status
        raise AssertionError

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        """Give up what another thread is posting."""
        self._is_over = True
        if (sock := self._connection.sock) is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class Courier:
    """Sends the outbox in the background until it is stopped."""

    def __init__(self, outbox: Outbox, url: str, secrets: Sequence[str]) -> None:
        self._outbox, self._secrets = outbox, secrets
        self._url = url
        self._post = Poster(url)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-stripe-webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; what is not sent stays queued. Safe to repeat."""
        self._stopping.set()
        self._outbox.stop()
        self._post.abort()
        if self._thread.is_alive():
            self._thread.join(timeout=_TIMEOUT_S)
        self._post.close()

    def flush(self) -> tuple[int, int]:
        """Send all that waits, now, in the caller's thread."""
        with contextlib.closing(Poster(self._url)) as post:
            return self._outbox.send(post, self._secrets, all_now=True)

    def _run(self) -> None:
        while True:
            with self._outbox.changed:  # looked at and waited for under one lock: no notice is missed
                if self._stopping.is_set():
                    return
                wait = self._outbox.wait_s()
                if wait != 0.0:
                    self._outbox.changed.wait(_LONGEST_NAP_S if wait is None else min(wait, _LONGEST_NAP_S))
                    continue
            self._outbox.send(self._post, self._secrets)
