"""What goes wrong in real life, switched on by a test or a curious visitor. Not kept over a restart.

A stand-in gives its words for each failure, and has its calls answered by `Faults.answer`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox.http import DropConnection, Request, Response

KINDS = {
    "500_before": "answers 500, nothing is done",
    "500_after": "does it, then answers 500",
    "503": "answers 503, nothing is done",
    "drop_before": "closes the connection, nothing is done",
    "drop_after": "does it, then closes the connection",
    "timeout": "answers nothing, nothing is done",
    "timeout_after": "does it, then answers nothing",
    "429": "answers 429 with Retry-After: 1, nothing is done",
    "garbage": "does it, then answers 200 with half a JSON document",
    "html": "answers 200 with a login page, nothing is done",
    "refuse": "answers 409 without a reason, nothing is done",
}
SILENT = frozenset({"timeout", "timeout_after"})
DONE_FIRST = frozenset({"500_after", "drop_after", "timeout_after", "garbage"})
HANG_SECONDS = 60.0
Failures = Mapping[str, Callable[[], Response]]  # down, 500, 503, 429, refuse, garbage, html
PUSH_MODES = ("normal", "paused", "drop")


class BadFault(ValueError):
    """There is no such fault. `pointer`: which member says so."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.detail = pointer, detail


@dataclass(slots=True)
class Fault:
    match: str  # "PUT /reservations", "POST /reservations/*/confirm": a prefix, * for anything
    kind: str
    times: int = 1

    def fits(self, call: str) -> bool:
        return self.times > 0 and fnmatchcase(call, self.match + "*")


class Faults:
    """Safe for threads. `on_change` is called after each change."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self.latency_ms, self.down, self.push = 0, False, PUSH_MODES[0]
            self.next: list[Fault] = []
        self.on_change()

    def plan(self, match: str, kind: str, times: int = 1) -> None:
        """The next `times` calls that begin like `match` fail in this way."""
        fault = Fault(match, _choice(kind, KINDS, "kind"), times)
        with self._lock:
            self.next.append(fault)

    def take(self, method: str, path: str) -> str | None:
        """The fault of this call, used up."""
        call = f"{method} {path}"
        with self._lock:
            fault = next((f for f in self.next if f.fits(call)), None)
            if fault is None:
                return None
            fault.times -= 1
            self.next = [f for f in self.next if f.times > 0]
            return fault.kind

    def answer(
        self, request: Request, route: Callable[[Request], Response], failures: Failures, stopping: threading.Event
    ) -> Response:
        """The answer of `route`, or what goes wrong instead or afterwards. Waits end when the server stops."""
        if self.latency_ms:
            stopping.wait(self.latency_ms / 1000)
        if self.down:
            return failures["down"]()
        kind = self.take(request.method, request.path)
        if kind is None:
            return route(request)
        if kind in DONE_FIRST:
            route(request)
        if kind in SILENT:
            stopping.wait(HANG_SECONDS)
        if kind in SILENT or kind.startswith("drop"):
            raise DropConnection
        return failures["500" if kind.startswith("500") else kind]()

    def update(self, body: dict[str, Any]) -> None:
        """Change what is named, leave the rest. Raises: BadFault."""
        unknown = set(body) - {"latency_ms", "down", "push", "next"}
        if unknown:
            raise BadFault("/", f"Unknown: {', '.join(sorted(unknown))}.")
        try:
            latency_ms, down = int(body.get("latency_ms", self.latency_ms)), bool(body.get("down", self.down))
            push = _choice(body.get("push", self.push), PUSH_MODES, "push")
            planned = [
                Fault(str(f["match"]), _choice(f["kind"], KINDS, "kind"), int(f.get("times", 1)))
                for f in body.get("next", [])
            ]
        except (KeyError, TypeError, ValueError):
            raise BadFault("/", "latency_ms, down, push, next: [{match, kind, times}]") from None
        with self._lock:
            self.latency_ms, self.down, self.push = latency_ms, down, push
            self.next = planned if "next" in body else self.next
        self.on_change()

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            planned = [{"match": f.match, "kind": f.kind, "times": f.times} for f in self.next]
            return {"latency_ms": self.latency_ms, "down": self.down, "push": self.push, "next": planned}


def _choice(value: object, allowed: Any, name: str) -> str:
    if value not in allowed:
        raise BadFault(f"/{name}", f"One of {', '.join(allowed)}.")
    return str(value)
