"""`python -m sandbox.stripe`: starting, refusing to start, ending, being killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import stripe

from sandbox.http import Request, Response, Server
from sandbox.stripe.__main__ import main
from sandbox.stripe.server import running

CARD = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}


@pytest.fixture(autouse=True)
def _no_keys_from_outside(monkeypatch):
    for name in ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)


class Process:
    def __init__(self, *arguments: str, **environ: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "DJANGO_"))}
        command = [sys.executable, "-m", "sandbox.stripe", "--port", "0", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, **pipes, text=True, env={**clean, **environ})
        self.line = self.process.stdout.readline()
        self.http = stripe.RequestsClient(timeout=10)
        options = {"base_addresses": {"api": self.line.split()[-1]}, "http_client": self.http, "max_network_retries": 0}
        self.v1 = stripe.StripeClient(environ.get("STRIPE_SECRET_KEY", "sk_test_shop"), **options).v1

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self, with_signal: int = signal.SIGTERM) -> tuple[int, str]:
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        rest, errors = self.process.communicate(timeout=10)
        return self.process.returncode, rest + errors


def test_it_says_when_it_is_ready_and_ends_cleanly_on_a_signal():
    for with_signal in (signal.SIGINT, signal.SIGTERM):
        with Process(STRIPE_SECRET_KEY="sk_test_right") as process:
            assert process.line.startswith("sandbox stripe ready on http://127.0.0.1:")
            assert process.v1.customers.list().data == []

            assert process.end(with_signal) == (0, "")


def test_a_kill_loses_nothing_that_was_answered_and_webhooks_go_on(tmp_path):
    state = str(tmp_path / "stripe.sqlite3")
    nobody_there = ("--webhook-url", "http://127.0.0.1:9/", "--webhook-secret", "whsec_x")
    with Process("--state", state, *nobody_there) as first:
        wanted = {"amount": 5000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True, **CARD}
        intent = first.v1.payment_intents.create(wanted)
        refund = first.v1.refunds.create({"payment_intent": intent.id, "amount": 700}, {"idempotency_key": "r"})
        first.end(signal.SIGKILL)

    taken = []
    shop = Server(lambda request: taken.append(request.headers.get("Stripe-Signature")) or Response())
    with shop, running(state=state, webhook_url=shop.url, retry_base_s=0.05) as second:
        deadline = time.monotonic() + 10
        while second.webhook_counts()["queued"] and time.monotonic() < deadline:
            time.sleep(0.02)
        assert second.retrieve(intent.id)["status"] == "succeeded"
        assert second.totals()["eur"]["refunded"] == 700
        form = f"payment_intent={intent.id}&amount=700".encode()
        headers = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": "r"}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        again = second.handle(Request("POST", "/v1/refunds", {}, headers | kind, form))

    assert again.headers["Idempotent-Replayed"] == "true"
    assert refund.id in again.body.decode()
    assert len(taken) == 8


def test_two_cannot_share_a_state(tmp_path, capsys):
    state = str(tmp_path / "stripe.sqlite3")

    with running(state=state), pytest.raises(SystemExit) as stopped:
        main(["--port", "0", "--state", state])

    assert stopped.value.code == 2
    assert capsys.readouterr().err == "sandbox stripe does not start: database is locked.\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_SECRET_KEY", "sk_live_x"),
        ("STRIPE_SECRET_KEY", "rk_live_x"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_x"),
        ("DJANGO_SETTINGS_MODULE", "config.settings.production"),
    ],
)
def test_it_does_not_start_beside_the_real_thing(name, value, monkeypatch, capsys):
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as stopped:
        main(["--port", "0"])

    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("sandbox stripe does not start: ")
    assert said.count("\n") == 1
    assert "live_x" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--webhook-url", "http://127.0.0.1:1/"], "--webhook-url needs --webhook-secret"),
        (["--webhook-url", "ftp://x", "--webhook-secret", "whsec_x"], "not an http(s) address: ftp://x."),
        (["--secret-key", "sk_live_x"], "a key that is no test key was given."),
        (["--state", "/nowhere/stripe.sqlite3"], "unable to open database file."),
    ],
)
def test_wrong_options_are_said_in_words(arguments, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--port", "0", *arguments])

    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_the_state_is_an_ordinary_database(tmp_path):
    path = tmp_path / "stripe.sqlite3"
    with running(state=str(path)):
        pass

    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
