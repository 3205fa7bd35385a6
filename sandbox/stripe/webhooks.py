"""Webhooks: how they are signed, which wait to be sent, how often they are tried."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence

import stripe

from sandbox.stripe.errors import Json
from sandbox.stripe.faults import Faults
from sandbox.stripe.store import Store

Post = Callable[[bytes, str], int]
"""(body, Stripe-Signature) -> the receiver's HTTP status. OSError: it could not be reached."""

MOST_ATTEMPTS = 20
_LONGEST_WAIT_S = 60.0


def signed(event: Json, secret: str | Sequence[str], at: int | None = None) -> tuple[bytes, str]:
    """The body to post and its `Stripe-Signature`. Two secrets: signed with both, as while a secret is being rolled."""
    body = json.dumps(event, indent=2)
    moment = int(time.time()) if at is None else at
    secrets = [secret] if isinstance(secret, str) else secret
    sign = stripe.WebhookSignature._compute_signature  # the SDK's own: it must accept it
    return body.encode(), ",".join([f"t={moment}", *(f"v1={sign(f'{moment}.{body}', one)}" for one in secrets)])


class Outbox:
    """The webhooks that wait. One sender at a time; an event is sent at least once, or given up after 20 attempts."""

    def __init__(self, store: Store, faults: Faults, render: Callable[[str], Json | None], retry_base_s: float) -> None:
        self._store, self._faults, self._render = store, faults, render
        self._retry_base_s = retry_base_s
        self._sending = threading.Lock()
        self._is_stopped = False
        self.changed = threading.Condition()

    def add(self, event_id: str) -> bool:
        """Queue an event, inside the transaction that made it. False: webhooks are being dropped."""
        if self._faults.webhooks.mode == "drop":
            return False
        self._store.queue_delivery(event_id, time.time() + self._faults.webhooks.delay_s)
        return True

    def notify(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def stop(self) -> None:
        """Send no more after the one under way; the rest stays queued."""
        self._is_stopped = True
        self.notify()

    def wait_s(self) -> float | None:
        """How long until the next webhook is due. None: none is waiting."""
        if self._faults.webhooks.mode == "paused":
            return None
        with self._store.transaction() as store:
            due = store.next_due()
        return None if due is None else max(0.0, due - time.time())

    def send(self, post: Post, secrets: Sequence[str], *, all_now: bool = False) -> tuple[int, int]:
        """Send what is due, or all that waits. Returns how many arrived and how many did not."""
        with self._sending:
            with self._store.transaction() as store:
                waiting = store.queued_deliveries(due_by=None if all_now else time.time())
            if self._faults.webhooks.reverse:
                waiting.reverse()
            results = []
            for delivery, event_id, attempts in waiting:
                if not self._is_stopped:
                    results.append(self._send_one(delivery, event_id, attempts, lambda e: _arrives(e, post, secrets)))
        return results.count(True), results.count(False)

    def _send_one(self, delivery: int, event_id: str, attempts: int, arrives: Callable[[Json], bool]) -> bool:
        with self._store.transaction():
            event = self._render(event_id)
        times = 1 + self._faults.webhooks.duplicate
        arrived = event is not None and all(arrives(event) for _ in range(times))
        state = "sent" if arrived else "queued" if attempts + 1 < MOST_ATTEMPTS else "failed"
        wait = min(_LONGEST_WAIT_S, self._retry_base_s * 2**attempts)
        with self._store.transaction() as store:
            store.settle_delivery(delivery, state, due=time.time() + wait)
        return arrived


def _arrives(event: Json, post: Post, secrets: Sequence[str]) -> bool:
    try:
        return 200 <= post(*signed(event, secrets)) < 300
    except OSError:
        return False
