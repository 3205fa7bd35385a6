"""What the API serves, against a yardstick (`make bench`; method and figures in docs/performance.md).

A shop of each size in a database of its own, the web server as it is deployed, stand-ins for the two outside systems,
and customers in a process of their own. Every figure is held against what the same server answers when it only says
hello, before and after: ratios carry over to other machines, rates do not.
"""

import argparse
import json
import os
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

if not apps.ready:
    django.setup()

import psutil
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import AccessToken
from bench import shelf
from deploy.local.layout import HERE
from deploy.local.ports import first_free
from deploy.local.run import is_ready
from deploy.local.settings import product_environment, production_like_environment
from inventory.models import Reservation, StockLevel
from inventory.states import LIVE
from sandbox.inventory.server import running as running_ims
from sandbox.stripe.server import running as running_stripe

API = "/api/v1"
CUSTOMERS = 8
WORKERS, THREADS = 2, 4
CHANGES_A_SECOND = 50
MISO = {"length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4300}
AIMS = {
    "list": 0.40, "list, unchanged": 0.50, "detail": 0.45, "board": 0.08, "trip search": 0.05, "quote": 0.10,
    "order": 0.025, "checkout": 0.02,
}  # fmt: skip


@dataclass(frozen=True)
class Effort:
    """How much is asked. `most`: walks of one measure, so that nothing runs on for ever."""

    sizes: tuple[int, ...] = (1_000, 100_000)
    connections: tuple[int, ...] = (1, 8, 32)
    seconds: float = 6.0
    warm_up: float = 2.0
    most: int = 200_000
    only: tuple[str, ...] = ()  # of the measures; none: all


QUICK = Effort(sizes=(60,), connections=(2,), seconds=0.3, warm_up=0.2, most=50)


@dataclass
class Figure:
    """One measure: answers a second, their times in ms, and what one cost: CPU ms of each party."""

    what: str
    variants: int
    connections: int
    rate: float
    p50: float
    p99: float
    answers: int
    refused: int
    load: float
    server_ms: float
    postgres_ms: float
    driver_ms: float
    ratio: float | None = None
    cost: float | None = None  # in yardsticks of CPU: server and PostgreSQL
    statements: int | None = None


@dataclass
class Server:
    """The web server as it is deployed, on the database that was filled."""

    port: int
    root: psutil.Process
    log: Path

    def seconds(self) -> tuple[float, float]:
        """CPU that the server and PostgreSQL have used so far."""
        web = sum(_used(process) for process in [self.root, *self.root.children(recursive=True)])
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            backends = [pid for (pid,) in cursor.fetchall()]
        return web, sum(_used(psutil.Process(pid)) for pid in backends if psutil.pid_exists(pid))


def _used(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


@contextmanager
def serving(ims: str, token: str, stripe: str) -> Iterator[Server]:
    """Gunicorn with production's settings, as deploy/web.py starts it."""
    port = first_free(18_000, taken=set())
    made = production_like_environment(HERE, database_url=_url())
    made |= {
        "DJANGO_SETTINGS_MODULE": "bench.settings", "STRIPE_SECRET_KEY": settings.STRIPE_SECRET_KEY,
        "STRIPE_PUBLISHABLE_KEY": settings.STRIPE_PUBLISHABLE_KEY, "JWT_PRIVATE_KEY": settings.JWT_PRIVATE_KEY,
        "SECRET_KEY": settings.SECRET_KEY, "FIELD_ENCRYPTION_KEYS": settings.FIELD_ENCRYPTION_KEYS[0],
        "INVENTORY_TOKEN": token, "BENCH_INVENTORY_URL": ims, "BENCH_STRIPE_URL": stripe,
        "BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": str(WORKERS), "WEB_THREADS": str(THREADS), "MAX_REQUESTS": "0",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        log, static = Path(folder) / "web.log", Path(folder) / "static"
        static.mkdir()
        made["STATIC_ROOT"] = str(static)  # nothing to look through at start
        with log.open("wb") as out:
            child = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "deploy.web"], cwd=HERE.root, env=product_environment(made),
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not is_ready(f"http://127.0.0.1:{port}"):
                if child.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"the web server does not answer:\n{log.read_text()[-3000:]}")
                time.sleep(0.1)
            yield Server(port, psutil.Process(child.pid), log)
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(10)


def _url() -> str:
    told = connection.settings_dict
    password = f":{told['PASSWORD']}" if told["PASSWORD"] else ""
    return f"postgres://{told['USER']}{password}@{told['HOST']}:{told['PORT']}/{told['NAME']}"


@contextmanager
def stock_changing(times_a_second: int) -> Iterator[None]:
    """Meanwhile units anywhere in the shop are lost and found, by another process than those that serve."""
    over = threading.Event()

    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT min(id), max(id) FROM inventory_unit")
            first, last = cursor.fetchone()
            while not over.wait(1 / times_a_second):
                cursor.execute(_LOSE_OR_FIND, [random.randint(first, last)])  # noqa: S311 (no secret)
        connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


_LOSE_OR_FIND = """
UPDATE inventory_unit SET status = CASE status WHEN 'available' THEN 'lost' ELSE 'available' END
WHERE id = %s AND status IN ('available', 'lost')
"""


@dataclass
class Bench:
    """The measures of one size, one after the other. Wrong answers end the run."""

    effort: Effort
    variants: int
    server: Server
    customers: list[User]
    plenty: list[str]
    figures: list[Figure] = field(default_factory=list)
    quotes: list[Any] = field(default_factory=list)

    def all(self) -> list[Figure]:
        self.read("hello", [{"path": "/hello"}], connections=self.effort.connections, truth=False)
        if self._is_wanted("list"):
            with stock_changing(CHANGES_A_SECOND):
                self.read("list, stock changing", self.lists(), same=False)
        self.read("list", self.lists(), connections=self.effort.connections)  # would find what was stale since
        self.unchanged("list, unchanged", self.lists())
        self.read("list, never asked before", self.lists_anew(), same=False)
        self.read("detail", self.details())
        self.read("board", self.boards())
        self.read("trip search", self.trips())
        self.shop("quote", ["quote"])
        self.shop("order", ["order"])
        self.shop("checkout", ["quote", "order", "payment"])
        self.read("hello, again", [{"path": "/hello"}], truth=False)
        self._hold_against_the_yardstick()
        nothing_oversold()
        return self.figures

    # What is asked: days that are popular, of a depot that the customer chose.

    def lists(self) -> list[dict[str, Any]]:
        return [{"path": f"{API}/containers?{self.days(first, 6)}&depot=BER"} for first in range(1, 17)]

    def lists_anew(self) -> list[dict[str, Any]]:
        runs = [(first, length) for length in range(8, 48) for first in range(1, 180)]
        return [{"path": f"{API}/containers?{self.days(*run)}&depot=HAM"} for run in runs]

    def details(self) -> list[dict[str, Any]]:
        return [{"path": f"{API}/containers/bench-{n}?{self.days(n, 6)}&depot=BER"} for n in range(1, 17)]

    def boards(self) -> list[dict[str, Any]]:
        skus = "&".join(f"sku=BENCH-{n:06}" for n in range(1, 62) if n % 50)
        skus = "&".join(skus.split("&")[:50])
        return [{"path": f"{API}/availability?{self.days(first, 90)}&depot=BER&{skus}"} for first in range(1, 5)]

    def trips(self) -> list[dict[str, Any]]:
        body = {"cats": [MISO], "legs": [{"airline": "LH", "cabin": "economy"}], "depot": "BER"}
        dates = [dict(pair.split("=") for pair in self.days(first, 6).split("&")) for first in range(1, 9)]
        return [{"method": "POST", "path": f"{API}/trips/search", "body": body | asked} for asked in dates]

    def wishes(self) -> list[dict[str, Any]]:
        """One piece of something there is plenty of; of ten customers one wants what is scarce."""
        skus = [sku for sku in self.plenty for _ in range(2)]
        skus[::10] = [shelf.SCARCE] * len(skus[::10])
        return [{"depot": "BER", "lines": [{"kind": "sale", "sku": sku, "quantity": 1}]} for sku in skus]

    @staticmethod
    def days(first: int, length: int) -> str:
        start_on = timezone.now().date() + timedelta(days=first)
        return f"from={start_on}&to={start_on + timedelta(days=length - 1)}"

    # How it is measured.

    def read(self, what: str, requests: list[dict[str, Any]], *, connections: tuple[int, ...] = (8,),
             same: bool = True, truth: bool = True) -> None:  # fmt: skip
        for number in self._connections(connections) if self._is_wanted(what) else ():
            plan = {"kind": "reading", "requests": requests, "expected": [200], "same": same}
            told = self._measure(what, plan, number)
            if truth and same:
                self._held_against_the_truth(requests, told["first"])
        if truth and self._is_wanted(what):
            self.figures[-1].statements = self._statements(requests[0], warm=same)

    def unchanged(self, what: str, requests: list[dict[str, Any]]) -> None:
        if not self._is_wanted(what):
            return
        phone = self._phone()
        kept = [
            asked | {"headers": {"If-None-Match": phone.get(asked["path"], secure=True).headers["ETag"]}}
            for asked in requests
        ]
        self._measure(what, {"kind": "reading", "requests": kept, "expected": [304]}, self._connections((8,))[0])
        self.figures[-1].statements = self._statements(kept[0])

    def shop(self, what: str, steps: list[str]) -> None:
        if not self._is_wanted(what):
            return
        plan = {"kind": "shopping", "steps": steps, "wishes": self.wishes(), "quotes": self.quotes}
        if steps == ["order"]:
            plan["warm_up"] = 0
        told = self._measure(what, plan, self._connections((CUSTOMERS,))[0])
        self.quotes = told["quotes"]

    def _is_wanted(self, what: str) -> bool:
        return not self.effort.only or what.startswith(("hello", *self.effort.only))

    def _connections(self, usual: tuple[int, ...]) -> tuple[int, ...]:
        """As many as are usual for a measure; in a hurry always as few."""
        return usual if len(self.effort.connections) > 1 else self.effort.connections

    def _measure(self, what: str, plan: dict[str, Any], connections: int) -> dict[str, Any]:
        full = {
            "port": self.server.port, "workers": WORKERS, "connections": connections, "seconds": self.effort.seconds,
            "warm_up": self.effort.warm_up, "most": self.effort.most,
            "headers": {"X-Forwarded-Proto": "https", "Accept": "application/json"},
            "tokens": [str(AccessToken.for_user(user)) for user in self.customers], **plan,
        }  # fmt: skip
        load = os.getloadavg()[0]
        told, web, postgres = self._drive(full)
        took = told["steps"]["order"] if plan.get("steps") == ["order"] else told["walks"]
        if not took:
            raise SystemExit(f"{what}: nothing was answered; {told['ends']}\n{self.server.log.read_text()[-2000:]}")
        ms = sorted(1000 * seconds for seconds in took)
        done = sum(told["ends"].values())
        self.figures.append(
            Figure(
                what=what, variants=self.variants, connections=connections, rate=len(ms) / told["seconds"],
                p50=statistics.median(ms), p99=ms[min(len(ms) - 1, len(ms) * 99 // 100)], answers=len(ms),
                refused=done - told["ends"].get("answered", 0), load=load, server_ms=1000 * web / done,
                postgres_ms=1000 * postgres / done, driver_ms=1000 * told["driver_seconds"] / done,
            )
        )  # fmt: skip
        say(line(self.figures[-1]))
        return told

    def _drive(self, plan: dict[str, Any]) -> tuple[dict[str, Any], float, float]:
        """What the driver saw, and the CPU seconds of the server and of PostgreSQL meanwhile."""
        command = [sys.executable, "-m", "bench.driver"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=HERE.root, stdin=pipe, stdout=pipe, text=True) as driver:  # noqa: S603 (ours)
            try:
                return self._talk(driver, plan)
            finally:
                driver.kill()

    def _talk(self, driver: Any, plan: dict[str, Any]) -> tuple[dict[str, Any], float, float]:
        print(json.dumps(plan), file=driver.stdin, flush=True)
        if driver.stdout.readline() != "measuring\n":
            raise SystemExit(f"the driver ended early\n{self.server.log.read_text()[-2000:]}")
        web, postgres = self.server.seconds()
        print("go", file=driver.stdin, flush=True)
        if not (told := driver.stdout.readline()):
            raise SystemExit("the driver ended before it told what it saw")
        after = self.server.seconds()
        return json.loads(told), after[0] - web, after[1] - postgres

    def _phone(self) -> APIClient:
        phone = APIClient()
        phone.credentials(
            HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(self.customers[0])}",
            HTTP_HOST=f"127.0.0.1:{self.server.port}",
        )
        return phone

    def _ask(self, asked: dict[str, Any]) -> Any:
        headers = asked.get("headers")
        if asked.get("method") == "POST":
            return self._phone().post(asked["path"], asked["body"], format="json", secure=True, headers=headers)
        return self._phone().get(asked["path"], secure=True, headers=headers)

    def _held_against_the_truth(self, requests: list[dict[str, Any]], first: dict[str, list[Any]]) -> None:
        """What the server said is what the product says here, on the same database."""
        for number, (_, body) in first.items():
            expected = self._ask(requests[int(number)]).content.decode()
            if body != expected:
                at = next((n for n, two in enumerate(zip(body, expected, strict=False)) if len(set(two)) > 1), 0)
                around = slice(max(0, at - 100), at + 100)
                path = requests[int(number)]["path"]
                raise SystemExit(f"{path} was answered wrong at {at}:\n{body[around]}\ninstead of\n{expected[around]}")

    def _statements(self, asked: dict[str, Any], *, warm: bool = True) -> int:
        if warm:
            self._ask(asked)
        with CaptureQueriesContext(connection) as seen:
            self._ask(asked)
        return len(seen)

    def _hold_against_the_yardstick(self) -> None:
        for figure in self.figures:
            sticks = [f for f in self.figures if f.what.startswith("hello") and f.connections == figure.connections]
            if sticks and not figure.what.startswith("hello"):
                figure.ratio = figure.rate / statistics.mean(f.rate for f in sticks)
                stick = statistics.mean(f.server_ms for f in sticks)
                figure.cost = (figure.server_ms + figure.postgres_ms) / stick


def nothing_oversold() -> None:
    """Of nothing more is promised than there is, of what is scarce everything. Ends the run else."""
    sold = Reservation.objects.filter(kind="sale", status__in=LIVE).values("variant", "depot")
    promised = {(row["variant"], row["depot"]): row["n"] for row in sold.annotate(n=Sum("quantity"))}
    for level in StockLevel.objects.filter(variant__in={variant for variant, _ in promised}):
        if promised.get((level.variant_id, level.depot_id), 0) > level.on_hand - level.reserved_elsewhere:
            raise SystemExit(f"{level} is oversold: {promised[level.variant_id, level.depot_id]} of {level.on_hand}")
    say(f"nothing oversold: {sum(promised.values())} pieces of {len(promised)} pools are promised")


HEAD = f"{'':26}{'variants':>9}{'conn':>5}{'req/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'CPU ms':>8}{'of it pg':>9}{'load':>6}"


def line(one: Figure) -> str:
    return (
        f"{one.what:26}{one.variants:9,}{one.connections:5}{one.rate:8.0f}{one.p50:8.1f}{one.p99:8.1f}"
        f"{one.server_ms + one.postgres_ms:8.2f}{one.postgres_ms:9.2f}{one.load:6.1f}"
    )


def table(figures: list[Figure]) -> Iterator[str]:
    """Against the yardstick."""
    yield f"\n{'':26}{'variants':>9}{'conn':>5}{'ratio':>8}{'aim':>7}{'in CPU':>8}{'p99/p50':>9}{'statements':>12}"
    for one in figures:
        if one.ratio is not None and one.cost is not None:
            aim = AIMS.get(one.what, "")
            statements = "" if one.statements is None else one.statements
            yield (
                f"{one.what:26}{one.variants:9,}{one.connections:5}{one.ratio:8.3f}{aim:>7}{1 / one.cost:8.3f}"
                f"{one.p99 / one.p50:9.1f}{statements:>12}"
            )


def measure(variants: int, effort: Effort, more: Callable[[Bench], Any] = Bench.all) -> list[Figure]:
    """All measures of one size, in a database of its own."""
    with running_ims(token=secrets.token_hex(16), hold_seconds=3600) as ims, running_stripe() as stripe:
        plenty = shelf.fill(variants)
        shelf.tell(ims)
        with serving(ims.url, ims.token, stripe.url) as server:
            bench = Bench(effort, variants, server, shelf.customers(CUSTOMERS), plenty)
            return more(bench) or bench.figures


def say(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.api")
    parser.add_argument("--quick", action="store_true", help="a few requests of each: do the measures run at all")
    parser.add_argument("--sizes", type=int, nargs="+", help="so many variants")
    parser.add_argument("--seconds", type=float, help="of each measure")
    parser.add_argument("--only", nargs="+", help="these measures, and the yardstick")
    parser.add_argument("--json", type=Path, default=HERE.state / "bench.json", help="where the figures go")
    asked = parser.parse_args(arguments)
    usual = QUICK if asked.quick else Effort()
    effort = replace(
        usual, sizes=tuple(asked.sizes or usual.sizes), seconds=asked.seconds or usual.seconds,
        only=tuple(asked.only or ()),
    )  # fmt: skip
    settings.PUBLIC_URL = "https://shop.example.com"  # as the server's, so that answers can be compared
    name, figures = connection.settings_dict["NAME"], []
    connection.settings_dict["TEST"]["NAME"] = f"bench_{name}"
    say(HEAD)
    for variants in effort.sizes:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            figures += measure(variants, effort)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)
    say("\n".join(table(figures)))
    asked.json.parent.mkdir(exist_ok=True)
    asked.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
