"""`python -m sandbox.inventory` as a process: how it starts, what it survives, how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).parents[2]
TOKEN = "process-test-token"


def command(*flags: str) -> list[str]:
    return [sys.executable, "-m", "sandbox.inventory", "--token", TOKEN, *flags]


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"STRIPE_SECRET_KEY"}}
    return {**kept, "DJANGO_SETTINGS_MODULE": "config.settings.local", **changes}


def refused(*flags: str, **changes: str) -> str:
    """The one line with which it does not start."""
    result = subprocess.run(
        command(*flags), cwd=ROOT, env=environment(**changes), capture_output=True, text=True, timeout=10, check=False
    )
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    return result.stderr


@contextmanager
def process(*flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        command("--port", "0", *flags),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            ready = re.fullmatch(r"sandbox inventory ready on (http://127\.0\.0\.1:\d+)\n", line)
            assert ready, line
            yield child, ready[1]
        finally:
            child.kill()


def call(url: str, method: str, path: str, body: object = None) -> dict[str, object]:
    request = urllib.request.Request(
        url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=5) as answer:
        return json.loads(answer.read())


def test_what_was_answered_survives_a_kill(tmp_path: Path):
    state, key = ("--state", str(tmp_path / "deep" / "state.sqlite3")), str(uuid4())
    lines = [{"sku": "BAG", "depot": "AMS", "quantity": 2, "kind": "sale"}]
    with process(*state) as (child, url):
        call(url, "POST", "/_sandbox/receive", {"sku": "BAG", "depot": "AMS", "quantity": 5})
        held = call(url, "PUT", f"/reservations/{key}", {"lines": lines})
        cursor = call(url, "GET", "/changes")["cursor"]
        child.send_signal(signal.SIGKILL)
        child.wait(5)

    with process(*state) as (_, url):
        assert call(url, "GET", f"/reservations/{key}") == held
        assert call(url, "PUT", f"/reservations/{key}", {"lines": lines}) == held
        assert call(url, "GET", f"/changes?cursor={cursor}")["levels"] == []
        call(url, "POST", f"/reservations/{key}/check-out")
        (level,) = call(url, "GET", f"/changes?cursor={cursor}")["levels"]
        assert level["on_hand"] == 3
        assert level["as_of"] > held["at"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_silently_on_a_signal(number: signal.Signals):
    with process() as (child, url), socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
        started = time.monotonic()
        child.send_signal(number)

        assert child.wait(5) == 0
        assert time.monotonic() - started < 3
        assert child.stdout.read() == ""


def test_two_cannot_share_a_state(tmp_path: Path):
    state = ("--state", str(tmp_path / "state.sqlite3"))
    with process(*state):
        assert "locked" in refused("--port", "0", *state)


def test_a_port_that_is_taken_is_said_in_one_line():
    with process() as (_, url):
        port = url.rpartition(":")[2]
        assert f"port {port}" in refused("--port", port)


@pytest.mark.parametrize(
    "changes",
    [
        {"DJANGO_SETTINGS_MODULE": "config.settings.production"},
        {"STRIPE_SECRET_KEY": "sk_live_abcdefgh"},
        {"STRIPE_SECRET_KEY": "rk_live_abcdefgh"},
    ],
    ids=lambda changes: next(iter(changes.values())),
)
def test_it_does_not_start_beside_production_and_does_not_quote_a_key(changes: dict[str, str]):
    assert "abcdefgh" not in refused("--port", "0", **changes)
