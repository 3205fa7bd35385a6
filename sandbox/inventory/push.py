"""Tells the shop that the change feed has news: signed, retried until it is heard, remembered over a restart."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from sandbox.faults import Faults
from sandbox.inventory.rules import instant
from sandbox.inventory.store import Store

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
TIMEOUT = 5.0


def signature(secret: str, body: bytes, at: float | None = None) -> str:
    """The value of `X-Inventory-Signature`."""
    stamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


class Pusher(threading.Thread):
    """Sends one push for all changes since the last that was heard (answered with 2xx)."""

    def __init__(self, store: Store, faults: Faults, url: str | None, secret: str) -> None:
        super().__init__(name="sandbox-inventory-push", daemon=True)
        self.url, self._secret = url, secret
        self._store, self._faults = store, faults
        self._news, self._end = threading.Event(), False
        store.on_change = faults.on_change = self.wake

    def wake(self) -> None:
        self._news.set()

    def stop(self) -> None:
        self._end = True
        self.wake()
        self.join(timeout=1)

    def run(self) -> None:
        pause = FIRST_PAUSE
        while not self._end:
            self._news.clear()
            latest = self._store.latest()
            if not self.url or self._faults.push == "paused" or latest <= self._store.announced():
                self._news.wait()
            elif self._faults.push == "drop" or self._send(self.url):
                if self._end:
                    return  # the store may be closed by now; told twice does no harm
                self._store.announce(latest)
                pause = FIRST_PAUSE
            else:
                self._wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._end and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def _send(self, url: str) -> bool:
        occurred_at = instant(int(time.time() * 1_000_000))
        body = json.dumps({"id": str(uuid.uuid4()), "type": "changes.available", "occurred_at": occurred_at}).encode()
        headers = {"Content-Type": "application/json", "X-Inventory-Signature": signature(self._secret, body)}
        try:
            return 200 <= _post(url, body, headers) < 300
        except (OSError, http.client.HTTPException):
            return False


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    kinds: dict[str, Callable[..., http.client.HTTPConnection]] = {
        "http": http.client.HTTPConnection,
        "https": http.client.HTTPSConnection,
    }
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=TIMEOUT)
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
