"""The `http` adapter alone: answers that no bridge of ours gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from core.http import CircuitBreaker
from inventory.providers.base import (
    Capability,
    Line,
    NotFound,
    OutOfStock,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
    UnknownOutcome,
)
from inventory.providers.http import HttpInventoryProvider
from sandbox.http import Request, Response, Server
from tests.contracts.conftest import Verb, http_ims
from tests.contracts.test_inventory_failures import READ_FAULTS


@dataclass
class Bridge:
    """Answers every call with what it was told."""

    url: str
    answer: Response = field(default_factory=Response)
    asked: list[Request] = field(default_factory=list)


@contextmanager
def bridge() -> Iterator[Bridge]:
    with Server(lambda request: told.asked.append(request) or told.answer) as server:
        told = Bridge(server.url)
        yield told


@contextmanager
def adapter(url: str, **options: object) -> Iterator[HttpInventoryProvider]:
    settings = {"connect_timeout": 1, "read_timeout": 2, "breaker": CircuitBreaker("inventory", failures=99), **options}
    provider = HttpInventoryProvider(url, "token", ["s"], **settings)
    try:
        yield provider
    finally:
        provider.close()


KEY = UUID("0197a1f0-5a3e-7c11-9d55-6f0a1b2c3d4e")
GOOD = {
    "id": str(KEY),
    "state": "held",
    "lines": [{"sku": "BAG", "depot": "AMS", "quantity": 1, "kind": "sale"}],
    "at": "2027-01-01T00:00:00Z",
}


def reserve(provider: HttpInventoryProvider) -> object:
    return provider.reserve(key=KEY, lines=[Line("BAG", "AMS", 1, "sale")])


def test_an_unreachable_system_is_unavailable():
    with Server(lambda _: Response()) as gone:
        url = gone.url
    with adapter(url) as provider:
        for call in (lambda: reserve(provider), lambda: provider.release(key=KEY), lambda: provider.find(KEY)):
            with pytest.raises(Unavailable):
                call()


def test_after_failures_in_a_row_the_system_is_left_alone():
    breaker = CircuitBreaker("inventory", failures=2, cool_down=60)
    with bridge() as told, adapter(told.url, breaker=breaker) as provider:
        told.answer = Response.json({}, 500)
        for _ in range(2):
            with pytest.raises(UnknownOutcome):
                reserve(provider)
        with pytest.raises(Unavailable, match="breaker"):
            reserve(provider)

    assert len(told.asked) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"id": str(UUID(int=7))},
        {"state": "lost"},
        {"state": "released"},
        {"state": None},
        {"lines": []},
        {"lines": {}},
        {"lines": [{"sku": "BAG", "depot": "AMS", "quantity": True, "kind": "sale"}]},
        {"lines": [{"sku": "BAG", "depot": "AMS", "quantity": 1.0, "kind": "sale"}]},
        {"lines": [{"sku": "BAG", "depot": "AMS", "quantity": 0, "kind": "sale"}]},
        {"lines": [{"sku": "B\x00G", "depot": "AMS", "quantity": 1, "kind": "sale"}]},
        {"lines": [{"sku": "B\ud800G", "depot": "AMS", "quantity": 1, "kind": "sale"}]},
        {"lines": [{"sku": "BAG", "depot": "AMS", "quantity": 1, "kind": "gift"}]},
        {"lines": ["BAG"]},
        {"at": "2027-01-01T00:00:00"},
        {"at": "yesterday"},
        {"at": "0001-01-01T00:00:00+23:59"},
        {"at": 1},
    ],
    ids=str,
)
def test_an_answer_that_breaks_the_contract_is_an_unknown_outcome(change: dict[str, object]):
    with bridge() as told, adapter(told.url) as provider:
        told.answer = Response.json({**GOOD, **change}, 201)
        with pytest.raises(UnknownOutcome):
            reserve(provider)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"held"', b"{}", b"[" * 100_000, b"\xff", b"1" * 10_000])
def test_an_answer_that_is_not_even_close_is_an_unknown_outcome_or_for_reads_unavailable(body: bytes):
    with bridge() as told, adapter(told.url) as provider:
        told.answer = Response(200, body)
        with pytest.raises(UnknownOutcome):
            reserve(provider)
        lists = (lambda: list(provider.units()), lambda: list(provider.reservations()))
        for read in (provider.levels, *lists, lambda: provider.changes(None)):
            with pytest.raises(Unavailable):
                read()


def problem(status: int, code: object = None, **members: object) -> Response:
    response = Response.json({"title": "x", "status": status, "code": code, **members}, status)
    response.content_type = "application/problem+json; charset=utf-8"
    return response


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(400, "not_json"), Refused),
        (problem(401, "unauthorized"), Unavailable),
        (Response.html("<h1>Forbidden</h1>", 403), Unavailable),
        (problem(422, "invalid"), Refused),
        (problem(404, "unknown_sku"), NotFound),
        (problem(404, "unknown_path"), UnknownOutcome),
        (Response.html("<h1>nginx</h1>", 404), UnknownOutcome),
        (problem(409, "out_of_stock", sku="BAG", have=0), OutOfStock),
        (problem(409, "out_of_stock", sku="BAG"), Refused),
        (problem(409, "out_of_stock", sku="BAG", have=-1), Refused),
        (problem(409, "wrong_state"), Refused),
        (problem(409, {"a": 1}), UnknownOutcome),
        (Response.html("<h1>Conflict</h1>", 409), UnknownOutcome),
        (Response.html("<h1>Slow down</h1>", 429), RateLimited),
        (Response.html("<h1>Maintenance</h1>", 503), Unavailable),
        (problem(500, "internal"), UnknownOutcome),
        (Response.html("<h1>Bad gateway</h1>", 502), UnknownOutcome),
        (Response.html("", 504), UnknownOutcome),
        (Response(302, headers={"Location": "/login"}), UnknownOutcome),
        (Response(204), UnknownOutcome),
    ],
    ids=lambda value: f"{value.status} {value.body[-40:]!r}" if isinstance(value, Response) else value.__name__,
)
def test_each_status_means_what_the_contract_says(answer: Response, error: type[ProviderError]):
    with bridge() as told, adapter(told.url) as provider:
        told.answer = answer
        with pytest.raises(ProviderError) as raised:
            reserve(provider)

    assert type(raised.value) is error


def test_a_wrong_address_is_neither_an_unknown_key_nor_a_release():
    with bridge() as told, adapter(told.url) as provider:
        told.answer = Response.html("<h1>404 Not Found</h1>", 404)
        with pytest.raises(Unavailable):
            provider.find(KEY)
        with pytest.raises(UnknownOutcome):
            provider.release(key=KEY)


@pytest.mark.parametrize("cursor", ["same", ""])
def test_pages_that_go_round_in_a_circle_end(cursor: str):
    with bridge() as told, adapter(told.url) as provider:
        told.answer = Response.json({"units": [], "cursor": cursor})
        with pytest.raises(Unavailable):
            list(provider.units())

    assert len(told.asked) <= 2


def test_capabilities_that_this_shop_does_not_know_are_ignored():
    with bridge() as told, adapter(told.url) as provider:
        told.answer = Response.json({"version": "9", "capabilities": ["push", "teleport", 7, None, {}]})
        assert provider.capabilities == {"push"}
        assert provider.capabilities == {"push"}

    assert len(told.asked) == 1


def test_the_token_is_sent_and_never_told():
    with bridge() as told, adapter(told.url) as provider:
        told.answer = Response.json({}, 401)
        with pytest.raises(Unavailable) as refused:
            provider.levels()

    assert told.asked[0].headers["Authorization"] == "Bearer token"
    assert "token" not in str(refused.value)


def test_what_the_system_can_do_is_asked_once_and_believed_while_it_is_down():
    with http_ims() as ims:
        known = ims.provider.capabilities
        ims.staff.stop()
        ims.provider._believed_until = 0

        assert ims.provider.capabilities == known


@pytest.mark.parametrize("fault", READ_FAULTS)
def test_what_the_system_can_do_may_be_asked_again(fault: str):
    with http_ims() as ims:
        ims.staff.breaks(Verb.READ, fault)
        with pytest.raises(READ_FAULTS[fault]):
            _ = ims.provider.capabilities

        assert ims.provider.capabilities == frozenset(Capability)
