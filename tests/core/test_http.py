"""`core.http` over real loopback sockets."""

import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from core.http import CircuitBreaker, HttpClient, HttpResponse, NotSent, OutcomeUnknown
from tests.core.peer import (
    OK,
    Script,
    answers,
    client_of,
    drips,
    hangs_up,
    peer,
    self_signed,
    tls_with,
    took,
)
from tests.ports import kept_port


@pytest.fixture
def closed_port() -> Iterator[int]:
    with kept_port() as port:  # nobody listens there
        yield port


# The answer


def test_an_answer_comes_back_with_status_headers_and_body():
    with peer(answers(OK)) as server, client_of(server.url + "/base/", headers={"Authorization": "Bearer t"}) as client:
        response = client.request(
            "PUT", "/things/1", json={"a": [1]}, params={"sku": ["A B", "C"]}, headers={"X-Y": "z"}
        )

    assert (response.status, response.json(), response.media_type) == (200, {"ok": True}, "application/json")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /base/things/1?sku=A+B&sku=C HTTP/1.1\r\n")
    assert b"Authorization: Bearer t" in head
    assert b"X-Y: z" in head
    assert body == b'{"a":[1]}'


@pytest.mark.parametrize("status", [204, 404, 409, 429, 500, 503])
def test_every_status_is_an_answer_and_not_an_error(status: int):
    answer = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status
    with peer(answers(answer)) as server, client_of(server.url) as client:
        assert client.request("GET", "/").status == status


def test_a_redirect_is_not_followed():
    moved = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    with peer(answers(moved)) as server, client_of(server.url) as client:
        assert client.request("GET", "/").status == 302

    assert len(server.requests) == 1


def test_connections_are_kept_open_between_calls():
    with peer(answers(OK)) as server, client_of(server.url) as client:
        for _ in range(5):
            client.request("GET", "/")

    assert (server.connections, len(server.requests)) == (1, 5)


def test_a_connection_that_the_other_side_closed_meanwhile_is_replaced():
    def script(wire: socket.socket) -> None:
        wire.sendall(OK)
        wire.shutdown(socket.SHUT_RDWR)

    with peer(script) as server, client_of(server.url) as client:
        for _ in range(3):
            assert client.request("POST", "/").status == 200
            time.sleep(0.02)

    assert server.connections == 3


def test_fifty_threads_share_a_client():
    with peer(answers(OK)) as server, client_of(server.url) as client, ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: client.request("GET", "/").status, range(200)))

    assert statuses == [200] * 200


def test_cookies_are_not_kept():
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    with peer(answers(answer)) as server, client_of(server.url) as client:
        client.request("GET", "/")
        client.request("GET", "/")

    assert b"Cookie" not in server.requests[1]


def test_the_proxy_environment_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, closed_port: int):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

    with peer(answers(OK)) as server, client_of(server.url) as client:
        assert client.request("GET", "/").status == 200

    assert b"Authorization" not in server.requests[0]


@pytest.mark.parametrize("url", ["ftp://host", "http://", "host:80", "https://user:secret@host", "http://host/?a=b"])
def test_a_bad_address_is_refused_at_construction(url: str):
    with pytest.raises(ValueError, match=r"address of shop") as refusal:
        HttpClient("shop", url)

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("value", ["Bearer secret\n", "Bearer secr\u00e9t", "Bearer secret\r\nX: y", "Bearer secret "])
def test_a_credential_that_cannot_be_sent_is_refused_at_construction_and_not_quoted(value: str):
    with pytest.raises(ValueError, match=r"Authorization of shop") as refusal:
        HttpClient("shop", "http://127.0.0.1", {"Authorization": value})

    assert "secr" not in str(refusal.value)


# Nothing happened


def test_a_closed_port_means_not_sent(closed_port: int):
    with client_of(f"http://127.0.0.1:{closed_port}") as client, pytest.raises(NotSent):
        client.request("POST", "/")


def test_a_full_backlog_means_not_sent_within_the_connect_timeout():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        with (
            socket.create_connection(address),
            client_of(f"http://127.0.0.1:{address[1]}", connect_timeout=0.2) as client,
        ):
            started = time.monotonic()
            with pytest.raises(NotSent):
                client.request("POST", "/")

    assert time.monotonic() - started < 2


def test_a_plain_server_behind_https_means_not_sent():
    with (
        peer(answers(OK)) as server,
        client_of(f"https://127.0.0.1:{server.port}", connect_timeout=0.2) as client,
        pytest.raises(NotSent),
    ):
        client.request("POST", "/")


def test_an_unknown_certificate_means_not_sent(tmp_path: Path):
    with (
        peer(answers(OK), tls_with(self_signed(tmp_path))) as server,
        client_of(f"https://127.0.0.1:{server.port}") as client,
        pytest.raises(NotSent, match="SSL"),
    ):
        client.request("POST", "/")

    assert server.requests == []


def test_tls_answers_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    certificate = self_signed(tmp_path)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with (
        peer(drips(OK[:40]), tls_with(certificate)) as server,
        client_of(f"https://127.0.0.1:{server.port}") as client,
    ):
        assert took(lambda: client.request("GET", "/", timeout=0.3)) < 2

    assert len(server.requests) == 1


def test_a_budget_that_is_spent_means_not_sent():
    with peer(answers(OK)) as server, client_of(server.url) as client, pytest.raises(NotSent):
        client.request("POST", "/", timeout=0)

    assert server.requests == []


# It may have happened


@pytest.mark.parametrize(
    "script",
    [
        hangs_up,
        answers(b"220 mail.example ESMTP\r\n"),
        answers(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
        answers(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
    ],
    ids=["no answer", "another protocol", "cut off", "bad chunk", "encoded"],
)
def test_a_broken_answer_means_outcome_unknown_and_is_not_repeated(script: Script):
    def once(wire: socket.socket) -> None:
        script(wire)
        hangs_up(wire)

    with peer(once) as server, client_of(server.url) as client, pytest.raises(OutcomeUnknown):
        client.request("GET", "/")

    assert (server.connections, len(server.requests)) == (1, 1)


def test_silence_ends_after_the_read_timeout():
    with peer(lambda wire: wire.recv(1)) as server, client_of(server.url, read_timeout=0.2) as client:
        assert 0.15 < took(lambda: client.request("POST", "/")) < 2


@pytest.mark.parametrize(
    "script",
    [
        drips(b"HTTP/1.1 2"),
        drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
        drips(b"HTTP/1.1 200 OK\r\n\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status line", "headers", "body", "body without length", "chunks", "chunk size", "continue"],
)
def test_a_slowly_dripping_answer_cannot_outlast_the_deadline(script: Script):
    with peer(script) as server, client_of(server.url) as client:
        assert took(lambda: client.request("GET", "/", timeout=0.2)) < 2


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 999999999\r\n\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"],
    ids=["announced", "unannounced", "endless chunk size"],
)
def test_an_answer_that_is_too_large_is_refused(head: bytes):
    def floods(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\n" + head)
        for _ in range(1000):
            wire.sendall(b"1" * 65536)

    with peer(floods) as server, client_of(server.url, max_bytes=300_000) as client:
        assert took(lambda: client.request("GET", "/", timeout=5)) < 2


# What is read from an answer


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 200_000, b"\xff\xfe"])
def test_a_body_that_is_not_json_raises_value_error(body: bytes):
    with pytest.raises(ValueError, match=r"."):
        HttpResponse(200, {}, body).json()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("1.5", 1.5), ("-3", 0), ("99999", 3600), ("nan", 2), ("inf", 2), ("soon", 2), ("", 2)],
)
def test_retry_after_is_read_as_a_bounded_number(value: str, seconds: float):
    assert HttpResponse(429, {"Retry-After": value}, b"").retry_after(default=2) == seconds


def test_retry_after_may_be_a_date():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert 55 < HttpResponse(429, {"Retry-After": later}, b"").retry_after(default=2) <= 60


# What operators see


def sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_calls_and_the_breaker_are_measured(closed_port: int):
    with peer(answers(OK)) as server, client_of(server.url) as client:
        client.request("GET", "/", operation="look")
    name = client.name
    with client_of(f"http://127.0.0.1:{closed_port}", breaker=CircuitBreaker(name, failures=1)) as other:
        other.name = name
        for _ in range(2):
            with pytest.raises(NotSent):
                other.request("POST", "/")

    calls = partial(sample, "outbound_http_seconds_count", client=name)
    assert calls(operation="look", method="GET", outcome="2xx") == 1
    assert calls(operation="", method="POST", outcome="not_sent") == 1
    assert calls(operation="", method="POST", outcome="breaker_open") == 1
    assert sample("outbound_breaker_open", client=name) == 1


def test_logs_and_errors_hold_no_token_no_query_and_no_body(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    headers = {"Authorization": "Bearer secret-token"}
    with (
        peer(hangs_up) as server,
        client_of(server.url, headers=headers) as client,
        pytest.raises(OutcomeUnknown) as lost,
    ):
        client.request("POST", "/things", json={"email": "secret-body"}, params={"q": "secret-query"})

    assert "path=/things outcome=unknown" in caplog.text
    for text in (caplog.text, str(lost.value)):
        assert "secret" not in text
