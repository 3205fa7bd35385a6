"""The circuit breaker of `core.http`: when it refuses calls, and when it lets them through again."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import pytest

from core.http import CircuitBreaker, HttpClient, NotSent, OutcomeUnknown, breaker_of
from tests.core.peer import OK, Script, answers, client_of, hangs_up, peer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def open_breaker(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(f"b-{uuid4().hex[:8]}", failures=3, cool_down=10, clock=clock)
    for _ in range(3):
        breaker.failed(breaker.enter() or 0)
    return breaker


def test_a_breaker_opens_after_failures_in_a_row():
    breaker = CircuitBreaker(f"b-{uuid4().hex[:8]}", failures=3, cool_down=10, clock=Clock())
    outcomes = [breaker.failed, breaker.failed, breaker.succeeded, breaker.failed, breaker.failed]

    for outcome in outcomes:
        outcome(breaker.enter() or 0)
    assert not breaker.is_open

    breaker.failed(breaker.enter() or 0)
    assert breaker.is_open
    assert breaker.enter() is None


def test_after_the_cool_down_one_probe_is_let_through_and_its_success_closes():
    clock = Clock()
    breaker = open_breaker(clock)

    clock.now += 10
    with ThreadPoolExecutor(8) as pool:
        permits = [p for p in pool.map(lambda _: breaker.enter(), range(50)) if p is not None]
    assert len(permits) == 1

    breaker.succeeded(permits[0])
    assert not breaker.is_open
    assert breaker.enter() is not None


def test_a_failed_probe_keeps_the_breaker_open_for_another_cool_down():
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now += 10
    permit = breaker.enter()
    assert permit is not None

    breaker.failed(permit)

    clock.now += 9
    assert breaker.enter() is None
    clock.now += 1
    assert breaker.enter() is not None


def test_a_probe_that_never_reports_is_replaced():
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now += 10
    lost = breaker.enter()

    clock.now += 10
    assert breaker.enter() not in {None, lost}


def test_results_from_before_the_breaker_opened_no_longer_count():
    breaker = CircuitBreaker(f"b-{uuid4().hex[:8]}", failures=2, cool_down=10, clock=Clock())
    early = [breaker.enter() or 0 for _ in range(3)]
    breaker.failed(early[0])
    breaker.failed(early[1])

    breaker.succeeded(early[2])

    assert breaker.is_open


def test_a_late_failure_does_not_lengthen_the_cool_down():
    clock = Clock()
    breaker = CircuitBreaker(f"b-{uuid4().hex[:8]}", failures=1, cool_down=10, clock=clock)
    early = [breaker.enter() or 0 for _ in range(2)]
    breaker.failed(early[0])

    clock.now += 9
    breaker.failed(early[1])

    clock.now += 1
    assert breaker.enter() is not None


def test_clients_of_one_name_share_their_breaker():
    name = f"shared-{uuid4().hex[:8]}"

    one, two = HttpClient(name, "http://127.0.0.1:9"), HttpClient(name, "http://127.0.0.1:9")

    assert one.breaker is two.breaker is breaker_of(name)


@pytest.mark.parametrize(
    "script", [answers(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"), hangs_up], ids=["5xx", "no answer"]
)
def test_an_open_breaker_refuses_without_calling_and_recovers(script: Script):
    clock, broken = Clock(), True

    def flaky(wire: socket.socket) -> None:
        (script if broken else answers(OK))(wire)

    breaker = CircuitBreaker(f"b-{uuid4().hex[:8]}", failures=2, cool_down=10, clock=clock)
    with peer(flaky) as server, client_of(server.url, breaker=breaker) as client:
        for _ in range(2):
            with suppress(OutcomeUnknown):
                client.request("GET", "/")
        with pytest.raises(NotSent, match="breaker"):
            client.request("GET", "/")
        assert len(server.requests) == 2

        broken = False
        clock.now += 10
        assert client.request("GET", "/").status == 200
        assert not breaker.is_open


def test_refusals_of_the_other_side_do_not_open_the_breaker():
    with peer(answers(b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n")) as server, client_of(server.url) as client:
        assert [client.request("GET", "/").status for _ in range(20)] == [429] * 20
