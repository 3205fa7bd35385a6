"""The one way out: every HTTP call to another system goes through `HttpClient`.

What is guaranteed of every call:
- it ends: one deadline covers connecting, sending and every byte of the answer, however slowly it drips (looking
  the name up is the one step whose time the system's resolver bounds);
- the answer is bounded in size; redirects are not followed; nothing is repeated behind the caller's back;
- TLS certificates are verified; the proxy and netrc environment is ignored; no cookie is kept;
- a failure says whether the other side may have acted: `NotSent` (it has not) or `OutcomeUnknown` (it may have);
- a system that keeps failing is left alone for a while by a circuit breaker, one for each client name in a process;
- it is measured, and what is logged holds no header, no body and no query string.
"""

from __future__ import annotations

import http.client
import io
import json as jsonlib
import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from prometheus_client import Gauge, Histogram
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 20 * 1024 * 1024
POOL_SIZE = 50

SECONDS = Histogram(
    "outbound_http_seconds",
    "Duration of outbound HTTP calls.",
    # operation: what the caller calls it, if it does; outcome: 2xx to 5xx, not_sent, unknown, breaker_open
    ["client", "operation", "method", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30),
)
BREAKER_OPEN = Gauge(
    "outbound_breaker_open",
    "1 while calls of this client are refused without being tried.",
    ["client"],
    multiprocess_mode="livemax",
)


class HttpError(Exception):
    """A call that has no answer."""


class NotSent(HttpError):
    """Not one byte of the request left this process: nothing happened."""


class OutcomeUnknown(HttpError):
    """The request left, wholly or in part, and no usable answer came: the other side may have acted."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]  # asked case-insensitively
    body: bytes

    @property
    def is_failure(self) -> bool:
        """True if the other side says that it is broken."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON. Raises ValueError, and nothing else, for whatever is not."""
        try:
            return jsonlib.loads(self.body)
        except RecursionError:
            raise ValueError("The answer is nested too deeply.") from None

    def retry_after(self, default: float, longest: float = 3600) -> float:
        """Seconds that the answer asks us to wait, as a number or as a date; between 0 and `longest`."""
        value = self.headers.get("Retry-After", "")
        try:
            seconds = float(value)
        except ValueError:
            seconds = _seconds_until(value, default)
        return min(max(seconds, 0.0), longest) if math.isfinite(seconds) else default


def _seconds_until(http_date: str, default: float) -> float:
    try:
        moment = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return default
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


class CircuitBreaker:
    """Refuses calls to a system that keeps failing. Safe for threads.

    Opens after `failures` failures in a row. After `cool_down` seconds one call may try (the probe): its success
    closes the breaker, its failure opens it for another `cool_down`. A call that began before the last change of
    state no longer counts. A probe that never reports is replaced after another `cool_down`.
    """

    def __init__(
        self, name: str, *, failures: int = 5, cool_down: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._failures, self._cool_down, self._clock = failures, cool_down, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._open_until: float | None = None
        self._era = 0
        BREAKER_OPEN.labels(name).set(0)

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    def enter(self) -> int | None:
        """A permit to report with, or None: do not call."""
        with self._lock:
            if self._open_until is not None:
                if self._clock() < self._open_until:
                    return None
                self._open_until = self._clock() + self._cool_down  # this caller is the probe
                self._era += 1
            return self._era

    def succeeded(self, permit: int) -> None:
        with self._lock:
            if permit == self._era:
                self._close()

    def failed(self, permit: int) -> None:
        with self._lock:
            if permit != self._era:
                return
            self._failed += 1
            if self._open_until is not None or self._failed >= self._failures:
                self._open()

    def reset(self) -> None:
        """Close, and forget every failure."""
        with self._lock:
            self._era += 1
            self._close()

    def _close(self) -> None:
        self._failed = 0
        if self._open_until is not None:
            self._open_until = None
            BREAKER_OPEN.labels(self.name).set(0)
            logger.info("outbound breaker closed: client=%s", self.name)

    def _open(self) -> None:
        self._failed = 0
        self._era += 1
        self._open_until = self._clock() + self._cool_down
        BREAKER_OPEN.labels(self.name).set(1)
        logger.warning("outbound breaker open: client=%s seconds=%g", self.name, self._cool_down)


_breakers: dict[str, CircuitBreaker] = {}
_breakers_lock = threading.Lock()


def breaker_of(name: str) -> CircuitBreaker:
    """The breaker that all clients of this name in this process share."""
    with _breakers_lock:
        if name not in _breakers:
            _breakers[name] = CircuitBreaker(name)
        return _breakers[name]


@dataclass(slots=True)
class _Call:
    """The bounds of the call that this thread is making, and how far it got."""

    deadline: float
    longest_silence: float
    bytes_left: int
    sent: bool = False

    def seconds_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        return left

    def spend(self, count: int) -> None:
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise OSError("answer too large")


_current: ContextVar[_Call] = ContextVar("outbound_call")


class _BoundedReader(io.RawIOBase):
    """The bytes of one answer. Every read of the socket is bounded: status line, headers, chunk sizes, body."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, call: _Call) -> None:
        self._raw, self._sock, self._call = raw, sock, call

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(min(self._call.seconds_left(), self._call.longest_silence))
        count = self._raw.readinto(buffer)
        self._call.spend(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock, _current.get()))


class _Connection(HTTPConnection):
    response_class = _BoundedResponse

    def send(self, data: Any) -> None:
        """From here on the other side may act. Until here it cannot have."""
        if self.sock is None:
            self.connect()
        call = _current.get()
        self.sock.settimeout(min(call.seconds_left(), call.longest_silence))
        call.sent = True
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    """Connects as HTTPS does, sends as above."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def close(self) -> None:
        pools = self.poolmanager.pools
        for key in list(pools.keys()):
            pools[key].close()  # at once; clear() alone leaves that to the garbage collector
        super().close()


_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)
Params = Mapping[str, str | int | Sequence[str]]


class HttpClient:
    """Calls one system. Safe for threads; keeps connections open between calls.

    name: label of its metrics, log lines and breaker. headers: sent with every call (credentials belong here).
    connect_timeout: seconds to reach one of its addresses. read_timeout: longest silence of an answer. A call as a
    whole may take their sum, or the `timeout` it is given.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        *,
        connect_timeout: float = 3.0,
        read_timeout: float = 10.0,
        max_bytes: int = MAX_ANSWER_BYTES,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise ValueError(f"The address of {name} must be http(s)://host[:port][/path], with no credentials in it.")
        for header, value in (headers or {}).items():
            if not (value.isascii() and value.isprintable() and value == value.strip()):
                raise ValueError(f"The header {header} of {name} holds a character that cannot be sent.")
        self.name = name
        self.breaker = breaker or breaker_of(name)
        self._base_url = base_url.rstrip("/")
        self._connect_timeout, self._read_timeout, self._max_bytes = connect_timeout, read_timeout, max_bytes
        # No compression: the bound on the answer's size is one on what is kept in memory, too.
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        # Not a Session: that one would read the environment, keep cookies and look into redirects.
        self._adapter = _Adapter(pool_connections=2, pool_maxsize=POOL_SIZE, max_retries=0)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: bytes | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        operation: str = "",
    ) -> HttpResponse:
        """Make one call, once. `path` begins with "/" and is already quoted; `timeout` is its whole budget in seconds.

        body: sent as it is when there is no `json`; the caller names its Content-Type. operation: what it is measured
        as, one of few names. Raises: NotSent, OutcomeUnknown.
        """
        if json is not None:
            body = jsonlib.dumps(json, allow_nan=False, separators=(",", ":")).encode()
        prepared = self._prepare(method, path, body, params, headers)
        record = partial(self._record, method, path, operation=operation, started=time.monotonic())
        permit = self.breaker.enter()
        if permit is None:
            record("breaker_open")
            raise NotSent(f"{self.name}: the breaker is open")
        try:
            response = self._exchange(prepared, timeout)
        except HttpError as error:
            self.breaker.failed(permit)
            record("not_sent" if isinstance(error, NotSent) else "unknown", error)
            raise
        (self.breaker.failed if response.is_failure else self.breaker.succeeded)(permit)
        record(f"{response.status // 100}xx")
        return response

    def close(self) -> None:
        """Close the idle connections."""
        self._adapter.close()

    def _prepare(
        self, method: str, path: str, body: bytes | None, params: Params | None, headers: Mapping[str, str] | None
    ) -> requests.PreparedRequest:
        all_headers = {**self._headers, **(headers or {})}
        if body is not None:
            all_headers.setdefault("Content-Type", "application/json")
        url = self._base_url + path
        return requests.Request(method, url, data=body, params=dict(params or {}), headers=all_headers).prepare()

    def _exchange(self, prepared: requests.PreparedRequest, timeout: float | None) -> HttpResponse:
        budget = self._connect_timeout + self._read_timeout if timeout is None else timeout
        if budget <= 0:
            raise NotSent(f"{self.name}: no time left")
        call = _Call(time.monotonic() + budget, self._read_timeout, self._max_bytes)
        token = _current.set(call)
        try:
            return self._send(prepared, min(self._connect_timeout, budget))
        except _FAILURES as error:
            kind = OutcomeUnknown if call.sent else NotSent
            raise kind(f"{self.name}: {_reason(error)}") from None  # the cause's text may quote the address
        finally:
            _current.reset(token)

    def _send(self, prepared: requests.PreparedRequest, connect_timeout: float) -> HttpResponse:
        patience = (connect_timeout, self._read_timeout)
        with self._adapter.send(prepared, timeout=patience, stream=True, verify=True) as answer:
            if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                answer.raw.close()
                raise OSError("answer encoded against our wish")
            return HttpResponse(answer.status_code, answer.headers, answer.content)

    def _record(
        self, method: str, path: str, outcome: str, error: HttpError | None = None, *, operation: str, started: float
    ) -> None:
        seconds = time.monotonic() - started
        SECONDS.labels(self.name, operation, method, outcome).observe(seconds)
        if error is not None or outcome == "5xx":
            logger.warning(
                "outbound call failed: client=%s method=%s path=%s outcome=%s seconds=%.3f",
                self.name, method, path, outcome, seconds,
            )  # fmt: skip


def _reason(error: BaseException) -> str:
    """The class of what broke below the HTTP library: tells the operator enough and quotes nothing."""
    while type(error).__module__.partition(".")[0] in {"requests", "urllib3"}:
        inner = error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    return type(error).__name__
