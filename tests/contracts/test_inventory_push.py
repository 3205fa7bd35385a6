"""Pushes of an inventory system: who may make this shop look, and who may not."""

import hashlib
import hmac
import threading
import time

import pytest

from inventory.providers.base import InventoryProvider, PushRejected
from inventory.providers.http import HttpInventoryProvider
from sandbox.http import Request, Response, Server
from sandbox.inventory.push import signature
from sandbox.inventory.server import running

NOW = 1_800_000_000
BODY = b'{"id":"3f0c7a52-64a7-4d8e-8a0e-0c8c6a8f3a11","type":"changes.available"}'


def provider(*secrets: str) -> HttpInventoryProvider:
    return HttpInventoryProvider("http://127.0.0.1:9", "token", secrets, clock=lambda: NOW)


def parse(value: str | None, *, body: bytes = BODY, secrets: tuple[str, ...] = ("new", "old")) -> None:
    headers = {"Content-Type": "application/json"} | ({} if value is None else {"X-Inventory-Signature": value})
    provider(*secrets).parse_push(headers=headers, body=body)


@pytest.mark.parametrize("secret", ["new", "old"])
@pytest.mark.parametrize("age", [0, 299, -299])
def test_a_push_signed_with_any_current_secret_is_accepted(secret: str, age: int):
    parse(signature(secret, BODY, NOW - age))


def test_a_sender_that_rotates_may_sign_with_both_secrets():
    one, two = signature("unknown", BODY, NOW), signature("old", BODY, NOW)

    parse(f"{one},{two.partition(',')[2]}")


def test_the_header_is_found_however_it_is_written():
    provider("new").parse_push(headers={"x-inventory-signature": signature("new", BODY, NOW)}, body=BODY)


def test_the_signature_is_what_the_contract_says():
    digest = hmac.new(b"new", b"%d." % NOW + BODY, hashlib.sha256).hexdigest()

    parse(f"t={NOW},v1={digest}")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "t=",
        f"t={NOW}",
        f"v1={'0' * 64}",
        f"t={NOW},v1={'0' * 64}",
        f"t={NOW},v1={'0' * 63}",
        f"t={NOW},v1=é{'0' * 63}",
        "t=\u0661,v1=" + "0" * 64,
        signature("wrong", BODY, NOW),
        signature("", BODY, NOW),
        signature("new", BODY + b" ", NOW),
        signature("new", BODY, NOW - 301),
        signature("new", BODY, NOW + 301),
        signature("new", BODY, NOW).replace(f"t={NOW}", f"t={NOW + 1}"),
        signature("new", BODY, NOW) + ",v2=1",
        "t=" + "9" * 500 + ",v1=" + "0" * 64,
    ],
)
def test_any_other_push_is_rejected(value: str | None):
    with pytest.raises(PushRejected):
        parse(value)


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nobody_can_push(secrets: tuple[str, ...]):
    with pytest.raises(PushRejected):
        parse(signature("", BODY, NOW), secrets=secrets)


def test_a_push_that_is_not_heard_comes_again():
    answers, heard = [503, 200], threading.Event()

    def shop(_request: Request) -> Response:
        status = answers.pop(0)
        if status == 200:
            heard.set()
        return Response(status)

    with Server(shop) as listener, running(push_url=listener.url) as stand_in:
        stand_in.store.receive("BAG", "AMS", 1)
        assert heard.wait(5)
        until = time.monotonic() + 2
        while stand_in.store.announced() < stand_in.store.latest() and time.monotonic() < until:
            time.sleep(0.01)

        assert stand_in.store.announced() == stand_in.store.latest()


def test_the_adapter_keeps_the_protocol():
    adapter: InventoryProvider = provider("new")

    assert isinstance(adapter, HttpInventoryProvider)
