"""The HTTP base of the stand-ins: a small threaded server for the loopback interface. Standard library only.

A stand-in writes one function `handle(request) -> Response` and gets the rest from here:

    server = Server(handle, port=8010)             # port 0: any free port; bound at once, 127.0.0.1 only
    raise SystemExit(run("sandbox stripe", server))  # prints one line when ready, ends cleanly on SIGINT and SIGTERM

or, in a test, in this process:

    with Server(handle) as server:
        requests.get(server.url + "/v1/...")

What is guaranteed: HTTP/1.1 with keep-alive, TCP_NODELAY, an answer in one packet, a backlog of 128, one thread a
connection; `stop()` closes every connection, so that a stopped server answers nobody; `handle` may be called by many
threads at once. An exception in `handle` is answered with 500 and printed to stderr. `DropConnection` closes the
connection without an answer. `refuse_beside_production()` is called first by every stand-in's `main`.
"""

from __future__ import annotations

import contextlib
import hmac
import http
import json
import os
import signal
import socket
import socketserver
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import parse_qs, unquote, urlsplit

MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `path` is percent-decoded and without the query; `headers` is asked case-insensitively."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    client_ip: str = "127.0.0.1"

    def json(self) -> Any:
        """The body as JSON, None when there is no body. Raises ValueError."""
        return json.loads(self.body) if self.body else None

    def first(self, name: str, default: str | None = None) -> str | None:
        """The first value of a query parameter."""
        return self.query.get(name, [default])[0]

    def bears(self, token: str) -> bool:
        """True if the call carries this bearer token."""
        sent = self.headers.get("Authorization", "")
        return hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())

    @property
    def is_local(self) -> bool:
        return self.client_ip in {"127.0.0.1", "::1"}


@dataclass(slots=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        body = json.dumps(data, separators=(",", ":")).encode()
        return cls(status, body, "application/json", dict(headers or {}))

    @classmethod
    def html(cls, text: str, status: int = 200) -> Response:
        return cls(status, text.encode(), "text/html; charset=utf-8")


class DropConnection(Exception):
    """Raised by `handle`: the connection closes and the caller gets no answer."""


Handle = Callable[[Request], Response]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120  # an idle connection ends
    server: Server

    def _serve(self) -> None:
        request = self._read()
        if request is None:
            return
        try:
            response = self.server.handle(request)
        except DropConnection:
            self.close_connection = True
            return
        except Exception:  # noqa: BLE001  (a bug of the stand-in is answered like any server's bug)
            traceback.print_exc()
            response = Response.json({"error": "The stand-in failed; see its stderr."}, 500)
        self._write(request.method, response)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # the base class asks for do_GET, do_PUT...
            return self._serve
        raise AttributeError(name)

    def _read(self) -> Request | None:
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._write(self.command, Response.json({"error": "Send a Content-Length."}, 411))
            return None
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY_BYTES:
            self.close_connection = True
            self._write(self.command, Response.json({"error": "Bad Content-Length."}, 413))
            return None
        body = self.rfile.read(length) if length else b""
        if len(body) < length:  # the caller went away
            self.close_connection = True
            return None
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        headers: Any = self.headers  # email.message.Message: a mapping that ignores case
        return Request(self.command, unquote(parts.path), query, headers, body, self.client_address[0])

    def _write(self, method: str, response: Response) -> None:
        reason = http.HTTPStatus(response.status).phrase if response.status in _KNOWN else ""
        head = [
            f"HTTP/1.1 {response.status} {reason}",
            *([] if "Date" in response.headers else [f"Date: {self.date_time_string()}"]),
            f"Content-Type: {response.content_type}",
            f"Content-Length: {len(response.body)}",
            *(f"{name}: {value}" for name, value in response.headers.items()),
        ]
        if self.close_connection:
            head.append("Connection: close")
        body = b"" if method == "HEAD" else response.body
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)

    def log_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: a stand-in's stdout and stderr carry only its ready line and its failures."""


_KNOWN = frozenset(int(status) for status in http.HTTPStatus)


class Server(ThreadingHTTPServer):
    """A bound server that is not yet answering: `run()`, `start()` or `with` begins."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, handle: Handle, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self.handle = handle
        self.stopping = threading.Event()  # long waits inside `handle` should watch it
        self._live: dict[socket.socket, threading.Thread] = {}
        self._live_lock = threading.Lock()
        self._loop: threading.Thread | None = None
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer would ask the name service who we are
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)

    @property
    def url(self) -> str:
        return f"http://{self.server_name}:{self.server_port}"

    def start(self, *, notice_stop_within: float = 0.005) -> None:
        """Answer calls in a background thread."""
        look_up = (notice_stop_within,)
        self._loop = threading.Thread(target=self.serve_forever, args=look_up, name="sandbox-http", daemon=True)
        self._loop.start()

    def stop(self) -> None:
        """Stop answering, close every connection and wait for the threads. Safe to repeat."""
        self.stopping.set()
        if self._loop is not None:
            self.shutdown()
            self._loop.join()
            self._loop = None
        self.server_close()
        with self._live_lock:
            live = dict(self._live)
        for connection in live:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in live.values():
            thread.join(timeout=2)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self._serve_connection, args=(request, client_address), daemon=True)
        with self._live_lock:
            self._live[request] = thread
        thread.start()

    def _serve_connection(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._live_lock:
                self._live.pop(request, None)

    def handle_error(self, *_: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a caller that hangs up is everyday life
            traceback.print_exc()


def run(name: str, server: Server) -> int:
    """Serve until SIGINT or SIGTERM. Prints `<name> ready on <url>` once calls are answered; returns 0."""
    told, tells = socket.socketpair()
    tells.setblocking(False)
    with told, tells:
        signal.set_wakeup_fd(tells.fileno())  # wakes us whichever thread the signal was delivered to
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        server.start(notice_stop_within=0.1)
        print(f"{name} ready on {server.url}", flush=True)
        told.recv(1)
        server.stop()
        signal.set_wakeup_fd(-1)
    return 0


def refuse_beside_production(name: str, environ: Mapping[str, str] | None = None) -> None:
    """Exit with status 2 and one line beside production settings or a live key: a stand-in never answers there."""
    environ = os.environ if environ is None else environ
    if environ.get("DJANGO_SETTINGS_MODULE", "").endswith("production"):
        refuse(name, "DJANGO_SETTINGS_MODULE names production settings.")
    if environ.get("STRIPE_SECRET_KEY", "").startswith(("sk_live_", "rk_live_")):
        refuse(name, "STRIPE_SECRET_KEY is a live key.")


def refuse(name: str, why: str) -> NoReturn:
    """One line on stderr, exit status 2."""
    print(f"{name} does not start: {why}", file=sys.stderr)
    raise SystemExit(2)


def bind(name: str, handle: Handle, port: int) -> Server:
    """A server on this port, or exit status 2 and one line if the port is taken."""
    try:
        return Server(handle, port=port)
    except OSError as error:
        refuse(name, f"port {port} cannot be had ({error.strerror}).")
