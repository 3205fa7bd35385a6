"""The plugin of docs/inventree.md, as if it were installed: tells about events, in the worker, and only a hint."""

from __future__ import annotations

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

from sandbox.inventory.push import signature
from sandbox.inventree.orders import Store

TIMEOUT = 5.0


class Plugin:
    """Without a worker nothing is ever sent."""

    def __init__(self, store: Store, secret: str) -> None:
        self.url: str | None = None
        self._store, self._secret = store, secret
        store.on_event = self._told

    def _told(self, event: str, pk: int) -> None:
        if self.url and self._store.worker is not None:
            threading.Thread(target=self._send, args=(self.url, event, pk), daemon=True).start()

    def _send(self, url: str, event: str, pk: int) -> None:
        body = json.dumps({"type": "changes.available", "event": event, "id": pk}).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Inventory-Signature": signature(self._secret, body, time.time()),
        }
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
        try:
            connection.request("POST", parts.path or "/", body, headers)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass  # the next event tells again
        finally:
            connection.close()
