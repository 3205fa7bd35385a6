"""The web server's configuration, with an application of two lines."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.local.layout import HERE
from deploy.local.ports import answers
from tests.ports import kept_port

APPLICATION = """
import os

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    told = environ["wsgi.url_scheme"] if environ["PATH_INFO"] == "/scheme" else str(os.getpid())
    return [told.encode()]
"""
MAX_REQUESTS = 15
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE.root)}  # servers here run in a folder of their own
CONFIG = HERE.root / "deploy" / "gunicorn.conf.py"
SLOW_TO_BOOT = f"""
exec(open({str(CONFIG)!r}).read())

def post_fork(server, worker):
    open("forked", "w").close()
    time.sleep(60)

import time
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "web.log"


@contextmanager
def serving(folder: Path, port: int, config: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Two workers that are replaced after few requests; killed if the test did not end them."""
    (folder / "tiny.py").write_text(APPLICATION)
    env = {**ENVIRONMENT, "BIND": f"127.0.0.1:{port}", "MAX_REQUESTS": str(MAX_REQUESTS), "WEB_CONCURRENCY": "2"}
    env |= more
    command = [sys.executable, "-m", "gunicorn", "-c", str(config), "tiny"]
    with (folder / "web.log").open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        yield server
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def stop(server: subprocess.Popen[bytes]) -> int:
    server.send_signal(signal.SIGTERM)
    return server.wait(10)


@pytest.fixture
def kept() -> Iterator[int]:
    with kept_port() as port:
        yield port


@pytest.fixture
def port(tmp_path: Path, log: Path, kept: int) -> Iterator[int]:
    with serving(tmp_path, kept, CONFIG) as server:
        while not answers(kept):
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        yield kept
        assert stop(server) == 0


def get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"User-Agent": "Mia's phone", "X-Forwarded-Proto": "https"})
        return connection.getresponse().read()
    finally:
        connection.close()


def test_no_connection_is_lost_while_workers_are_replaced(port: int):
    workers = {get(port, "/") for _ in range(6 * MAX_REQUESTS)}

    assert len(workers) > 2


def test_a_worker_that_is_still_booting_does_not_hold_up_the_stop(tmp_path: Path, kept: int):
    (tmp_path / "slow.conf.py").write_text(SLOW_TO_BOOT)

    with serving(tmp_path, kept, tmp_path / "slow.conf.py") as server:
        while not (tmp_path / "forked").exists():
            assert server.poll() is None, (tmp_path / "web.log").read_text()
            time.sleep(0.05)

        assert stop(server) == 0


@pytest.mark.parametrize(("trusted", "scheme"), [("127.0.0.1", b"https"), ("10.0.0.1", b"http"), ("*", b"https")])
def test_only_a_trusted_peer_is_believed_that_tls_was_used(tmp_path: Path, kept: int, trusted: str, scheme: bytes):
    with serving(tmp_path, kept, CONFIG, FORWARDED_ALLOW_IPS=trusted) as server:
        while not answers(kept):
            assert server.poll() is None, (tmp_path / "web.log").read_text()
            time.sleep(0.05)

        assert get(kept, "/scheme") == scheme
        assert stop(server) == 0


def logged(log: Path) -> list[dict[str, Any]]:
    """The requests that the server has written whole lines of."""
    lines = [line for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in map(json.loads, lines) if line["event"] == "request"]


def test_a_request_is_logged_by_what_was_done_and_not_by_whom(port: int, log: Path):
    get(port, "/api/v1/containers?search=mia%40example.com")
    until = time.monotonic() + 10
    while not (requests := logged(log)) and time.monotonic() < until:
        time.sleep(0.02)

    (request,) = requests
    assert {name: request[name] for name in ("method", "path", "status")} == {
        "method": "GET",
        "path": "/api/v1/containers",
        "status": 200,
    }
    assert "mia" not in log.read_text().lower()
    assert "127.0.0.1" not in json.dumps(request)


@pytest.mark.parametrize(
    ("path", "header", "status", "code"),
    [("/" + "x" * 10_000, "short", 414, "uri_too_long"), ("/", "x" * 20_000, 431, "headers_too_large")],
)
def test_what_gunicorn_refuses_itself_is_a_problem_document_too(
    port: int, path: str, header: str, status: int, code: str
):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"X-Long": header})
    answer = connection.getresponse()
    problem = json.loads(answer.read())
    connection.close()

    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["code"]) == (status, code)


def test_gunicorn_writes_nothing_outside_the_checkout(tmp_path: Path):
    (tmp_path / "tiny.py").write_text(APPLICATION)

    printed = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", str(CONFIG), "--print-config", "tiny"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    ).stdout

    settings = dict(line.replace(" ", "").split("=", 1) for line in printed.splitlines() if "=" in line)
    assert settings["control_socket_disable"] == "True"  # it would lie under $HOME
