"""Customers in a process of their own (`python -m bench.driver`): a plan comes in as JSON, what was seen goes out.

One thread and raw sockets, so that asking costs little beside answering. Each connection is kept alive and walks
through its steps, one request after the other. An answer of a status that was not said to be right ends the run.
"""

import itertools
import json
import math
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

LONGEST_WARM_UP = 60  # seconds; a server that is slower than that is none
MOST_TRIES = 100  # connections opened for one that is kept
PATIENCE = 20  # seconds beyond the time, until everybody was answered once

Answer = tuple[int, bytes]
# What a connection does: yields (name of the step, request, statuses that are right), is sent each answer, and returns
# after each walk through all of its steps.
Steps = Generator[tuple[str, bytes, tuple[int, ...]], Answer, str]


def request_of(plan: dict[str, Any], asked: dict[str, Any], customer: int) -> bytes:
    body = json.dumps(asked["body"]).encode() if "body" in asked else b""
    lines = [f"{asked.get('method', 'GET')} {asked['path']} HTTP/1.1", f"Host: 127.0.0.1:{plan['port']}"]
    lines += [f"{name}: {value}" for name, value in (plan["headers"] | asked.get("headers", {})).items()]
    lines += [f"Authorization: Bearer {plan['tokens'][customer % len(plan['tokens'])]}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def opened(plan: dict[str, Any]) -> Iterator[socket.socket]:
    """So many connections, each worker holding its share of them.

    A connection stays with the worker that its port falls to. Of thousands each gets its share; of eight, once in
    fourteen times, one gets seven or all, and half the machine is measured.
    """
    most, held = math.ceil(plan["connections"] / plan["workers"]), Counter[int]()
    for _ in range(plan["connections"]):
        for _ in range(MOST_TRIES):
            phone = socket.create_connection(("127.0.0.1", plan["port"]), timeout=30)
            phone.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            worker = _holder(phone, plan)
            if held[worker] < most:
                held[worker] += 1
                yield phone
                break
            phone.close()
        else:
            raise SystemExit(f"one worker takes every connection: {dict(held)}")


def _holder(phone: socket.socket, plan: dict[str, Any]) -> int:
    phone.sendall(request_of(plan, {"path": "/worker"}, 0))
    answer = b""
    while not answer.endswith(b"}"):
        if not (received := phone.recv(65_536)):
            raise SystemExit("the server closed a connection before it told who holds it")
        answer += received
    return int(json.loads(answer.partition(b"\r\n\r\n")[2])["worker"])


class Reading:
    """The same requests over and over; each must be answered by the same bytes every time."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan, self.expected = plan, tuple(plan["expected"])
        self.first: dict[int, Answer] = {}
        self.numbers = itertools.count()

    def walk(self, customer: int) -> Iterator[Steps]:
        requests = [request_of(self.plan, asked, customer) for asked in self.plan["requests"]]
        while True:
            yield self.one(next(self.numbers) % len(requests), requests)

    def one(self, number: int, requests: list[bytes]) -> Steps:
        answer = yield "read", requests[number], self.expected
        if self.plan.get("same", True) and self.first.setdefault(number, answer) != answer:
            raise SystemExit(f"{self.plan['requests'][number]['path']} was answered in two ways")
        return "answered"


class Shopping:
    """Customers who ask for a price, order and begin to pay; `steps` says how far they go."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.wishes = itertools.cycle(plan["wishes"])
        self.quotes: list[list[Any]] = plan.get("quotes", [])
        self.made: list[list[Any]] = []
        self.run = str(time.time_ns())
        self.numbers = itertools.count()

    def walk(self, customer: int) -> Iterator[Steps]:
        mine = (quote for owner, quote in self.quotes if owner == customer)
        while True:
            if self.plan["steps"] == ["order"]:
                if (quote := next(mine, None)) is None:
                    return
                yield self.order(customer, quote)
            else:
                yield self.checkout(customer)

    def checkout(self, customer: int) -> Steps:
        asked = {"method": "POST", "path": "/api/v1/quotes", "body": next(self.wishes)}
        status, body = yield "quote", request_of(self.plan, asked, customer), (201, 409)
        if status == 409:
            return "refused"
        quote = json.loads(body)["id"]
        self.made.append([customer, quote])
        if "order" in self.plan["steps"]:
            return (yield from self.order(customer, quote))
        return "answered"

    def order(self, customer: int, quote: str) -> Steps:
        key = {"Idempotency-Key": f"bench-{self.run}-{next(self.numbers)}"}
        asked = {"method": "POST", "path": "/api/v1/orders", "body": {"quote": quote}, "headers": key}
        status, body = yield "order", request_of(self.plan, asked, customer), (201, 202, 409)
        if status != 201:
            return "refused" if status == 409 else "waiting"  # the inventory system was not quick enough
        if "payment" in self.plan["steps"]:
            key = {"Idempotency-Key": f"bench-{self.run}-{next(self.numbers)}"}
            path = f"/api/v1/orders/{json.loads(body)['number']}/payment"
            asked = {"method": "POST", "path": path, "body": {}, "headers": key}
            yield "payment", request_of(self.plan, asked, customer), (200, 201)
        return "answered"


@dataclass
class Connection:
    """One customer's phone. `began`: of the walk and of the request that is under way."""

    socket: socket.socket
    walks: Iterator[Steps]
    steps: Steps | None = None
    step: str = ""
    right: tuple[int, ...] = ()
    buffer: bytearray = field(default_factory=bytearray)
    needed: int = 0
    began: float = 0.0
    walk_began: float = 0.0


class Driver:
    """Keeps so many connections busy until the time is over, or nobody wants anything more."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.kind = Reading(plan) if plan["kind"] == "reading" else Shopping(plan)
        self.selector = selectors.DefaultSelector()
        self.walks: list[float] = []
        self.steps: dict[str, list[float]] = {}
        self.ends: Counter[str] = Counter()
        self.measuring, self.answered = False, 0

    def run(self) -> dict[str, Any]:
        for number, phone in enumerate(opened(self.plan)):
            connection = Connection(phone, self.kind.walk(number))
            self.selector.register(phone, selectors.EVENT_READ, connection)
            self._next_walk(connection)
        began = time.perf_counter()
        end, busy_before = began + LONGEST_WARM_UP, 0.0
        most = self.plan["most"]
        while self.selector.get_map() and len(self.walks) < most:
            now = time.perf_counter()
            if now >= end + PATIENCE or (now >= end and len(self.walks) >= self.plan["connections"]):
                break
            if not self.measuring and now >= began + self.plan["warm_up"] and self.answered >= self.plan["connections"]:
                print("measuring", flush=True)
                sys.stdin.readline()  # the other side has noted what everybody used so far
                self.measuring, began, busy_before = True, time.perf_counter(), time.process_time()
                end = began + self.plan["seconds"]
            for key, _ in self.selector.select(0.5):
                self._read(key.data)
        seconds = time.perf_counter() - began
        return {
            "seconds": seconds, "walks": self.walks, "steps": self.steps, "ends": dict(self.ends),
            "driver_seconds": time.process_time() - busy_before, **self._told(),
        }  # fmt: skip

    def _told(self) -> dict[str, Any]:
        if isinstance(self.kind, Shopping):
            return {"quotes": self.kind.made}
        return {"first": {n: [status, body.decode()] for n, (status, body) in self.kind.first.items()}}

    def _next_walk(self, connection: Connection) -> None:
        connection.steps = next(connection.walks, None)
        if connection.steps is None:
            self.selector.unregister(connection.socket)
            connection.socket.close()
            return
        connection.walk_began = time.perf_counter()
        self._send(connection, next(connection.steps))

    def _send(self, connection: Connection, asked: tuple[str, bytes, tuple[int, ...]]) -> None:
        connection.step, request, connection.right = asked
        connection.began = time.perf_counter()
        connection.socket.sendall(request)

    def _read(self, connection: Connection) -> None:
        received = connection.socket.recv(262_144)
        if not received:
            raise SystemExit(f"{connection.step}: the server closed a connection")
        connection.buffer += received
        if not connection.needed:
            head, there, _ = connection.buffer.partition(b"\r\n\r\n")
            if not there:
                return
            connection.needed = len(head) + 4 + _length(bytes(head))
        if len(connection.buffer) < connection.needed:
            return
        answer = bytes(connection.buffer)
        connection.buffer.clear()
        connection.needed = 0
        self._answered(connection, int(answer[9:12]), answer)

    def _answered(self, connection: Connection, status: int, answer: bytes) -> None:
        now = time.perf_counter()
        body = answer.partition(b"\r\n\r\n")[2]
        if status not in connection.right:
            raise SystemExit(f"{connection.step} was answered {status}: {body[:500]!r}")
        self.answered += 1
        if self.measuring:
            self.steps.setdefault(connection.step, []).append(now - connection.began)
        assert connection.steps is not None  # noqa: S101 (a request is under way)
        try:
            self._send(connection, connection.steps.send((status, body)))
        except StopIteration as end:
            if self.measuring:
                self.ends[end.value] += 1
                if end.value == "answered":
                    self.walks.append(now - connection.walk_began)
            self._next_walk(connection)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    if head[9:12] == b"304":
        return 0
    raise SystemExit(f"an answer without a length: {head!r}")


def main() -> int:
    plan = json.loads(sys.stdin.readline())
    print(json.dumps(Driver(plan).run()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
