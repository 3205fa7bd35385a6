"""The other side of an outbound call, on a real loopback socket, as well or as badly behaved as a test wants it."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.http import CircuitBreaker, HttpClient, OutcomeUnknown

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}'


@dataclass
class Peer:
    """The other side, as a script sees it."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Script = Callable[[socket.socket], None]


@contextmanager
def peer(script: Script, wrap: Callable[[socket.socket], socket.socket] = lambda sock: sock) -> Iterator[Peer]:
    """A server that reads each request and lets `script` write what it likes on the socket."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        seen = Peer(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def serve(connection: socket.socket) -> None:
            try:
                with wrap(connection) as wire:
                    while request := _read_request(wire):
                        seen.requests.append(request)
                        script(wire)
            except OSError:
                connection.close()  # the client had enough

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                seen.connections += 1
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        yield seen
        listener.shutdown(socket.SHUT_RDWR)
        for thread in [acceptor, *threads]:
            thread.join(timeout=2)


def _read_request(wire: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = wire.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += wire.recv(65536)
    return head + b"\r\n\r\n" + body


def answers(data: bytes) -> Script:
    return lambda wire: wire.sendall(data)


def hangs_up(wire: socket.socket) -> None:
    wire.shutdown(socket.SHUT_RDWR)


def drips(start: bytes, drop: bytes = b"x") -> Script:
    def script(wire: socket.socket) -> None:
        wire.sendall(start)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            wire.sendall(drop)
            time.sleep(0.02)

    return script


@contextmanager
def client_of(url: str, **options: object) -> Iterator[HttpClient]:
    name = f"test-{uuid4().hex[:8]}"
    settings = {"connect_timeout": 5.0, "read_timeout": 5.0, "breaker": CircuitBreaker(name), **options}
    client = HttpClient(name, url, **settings)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.close()


def took(call: Callable[[], object]) -> float:
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        call()
    return time.monotonic() - started


def tls_with(certificate: Path) -> Callable[[socket.socket], socket.socket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return lambda sock: context.wrap_socket(sock, server_side=True)


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
