"""Faults that tests and the demo switch on: a slow Stripe, a failing one, one whose answers or webhooks get lost."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from sandbox.stripe.cards import Decline
from sandbox.stripe.errors import Json

KINDS = (
    "500_before",  # 500, nothing was done, nothing is kept for the key
    "500_after",  # the work is done; 500 is answered and kept for the key
    "drop_before",  # the connection closes, nothing was done
    "drop_after",  # the work is done and the good answer kept for the key; the connection closes
    "timeout_before",  # no answer within `seconds`, nothing was done
    "timeout",  # no answer within `seconds`; the work is done and the good answer kept for the key
    "429",  # rate limited, nothing was done
    "decline",  # the payment confirmed by this call is declined with `decline_code`
)
MODES = ("normal", "paused", "drop")


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` calls that match, such as `POST /v1/payment_intents/*/confirm` or `*`."""

    match: str
    kind: str
    times: int = 1
    decline_code: str = "generic_decline"
    seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.times < 1:
            raise ValueError("times is 1 or more")

    def strikes(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\{[^}]*\}|\*", "*", self.match)
        if pattern == "*":
            return True
        return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]+"), f"{method} {path}") is not None

    @property
    def decline(self) -> Decline | None:
        return Decline.named(self.decline_code) if self.kind == "decline" else None


@dataclass(slots=True)
class WebhookFaults:
    """`paused`: they wait for a flush. `drop`: what happens meanwhile is never told.

    Each is sent 1 + `duplicate` times, `delay_s` late; `reverse`: of those that wait, the newest first.
    """

    mode: Literal["normal", "paused", "drop"] = "normal"
    duplicate: int = 0
    reverse: bool = False
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}, not {self.mode!r}")


@dataclass(slots=True)
class Settings:
    latency_ms: float = 0.0
    error_rate: float = 0.0  # the share of calls answered with 500, half of them after the work was done
    next: list[Fault] = field(default_factory=list)
    webhooks: WebhookFaults = field(default_factory=WebhookFaults)


class Faults:
    """The faults in force. They are not kept over a restart. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = Settings()
        self._random = random.Random()

    @property
    def webhooks(self) -> WebhookFaults:
        return self._now.webhooks

    @property
    def latency_s(self) -> float:
        return self._now.latency_ms / 1000

    def as_json(self) -> Json:
        with self._lock:
            return asdict(self._now)

    def replace(self, wanted: Mapping[str, Any]) -> None:
        """These faults, and no others. Raises: ValueError, TypeError for what is no fault."""
        known = {name.name for name in fields(Settings)}
        if unknown := sorted(set(wanted) - known):
            raise ValueError(f"unknown: {', '.join(unknown)}")
        settings = Settings(
            float(wanted.get("latency_ms", 0)),
            float(wanted.get("error_rate", 0)),
            [Fault(**fault) for fault in wanted.get("next", [])],
            WebhookFaults(**wanted.get("webhooks", {})),
        )
        with self._lock:
            self._now = settings

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._now.next.append(fault)

    def set_webhooks(self, wanted: WebhookFaults) -> None:
        with self._lock:
            self._now.webhooks = wanted

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this call, used up by one."""
        with self._lock:
            for fault in self._now.next:
                if fault.strikes(method, path):
                    fault.times -= 1
                    self._now.next = [left for left in self._now.next if left.times > 0]
                    return fault
            if self._now.error_rate and self._random.random() < self._now.error_rate:
                return Fault("*", self._random.choice(("500_before", "500_after")))
        return None
