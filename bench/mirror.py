"""What it costs to mirror everything that an inventory system counts (`make bench`; figures in docs/performance.md).

Builds 500 variants at 20 depots in a database of its own, which it drops again, and a stand-in that counts all 10,000
of them and has 2,000 units, in no order. Then everything is read over HTTP: into nothing, without news, and with news
of everything.
"""

import gc
import os
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

if not apps.ready:
    django.setup()

from inventory.models import StockLevel, Unit
from inventory.services import mirror_changes
from sandbox.inventory.server import Sandbox, running

VARIANTS, DEPOTS, UNITS = 500, 20, 2_000

_CATALOG = """
INSERT INTO catalog_container (slug, name, brand, kind, description, published, created_at, updated_at)
VALUES ('bench', 'Bench', 'Bench', 'soft', '', true, now(), now());
INSERT INTO catalog_variant (container_id, sku, size, colour, colour_hex, inner_length_mm, inner_width_mm,
    inner_height_mm, outer_length_mm, outer_width_mm, outer_height_mm, weight_g, max_load_g)
SELECT c.id, 'BENCH-' || n, '', 'sage', '#8aa38a', 420, 250, 240, 440, 270, 260, 1100, 7500
FROM catalog_container c, generate_series(1, %(variants)s) n;
INSERT INTO inventory_depot (code, name, street, postal_code, city, country, time_zone, opening_days, active)
SELECT 'D' || n, 'Depot ' || n, '', '', 'Berlin', 'DE', 'Europe/Berlin', '{1,2,3,4,5,6,7}', true
FROM generate_series(1, %(depots)s) n;
"""


def fill(variants: int, depots: int) -> None:
    """Names, and nothing counted yet."""
    with connection.cursor() as cursor:
        for statement in _CATALOG.split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"variants": variants, "depots": depots})


def stock(ims: Sandbox, variants: int, depots: int, units: int, *, pieces: int = 5, seed: int = 1) -> None:
    """What the system has, told in no order; a second time with other pieces: news of everything."""
    skus, codes = [f"BENCH-{n + 1}" for n in range(variants)], [f"D{n + 1}" for n in range(depots)]
    levels = [{"sku": sku, "depot": code, "on_hand": pieces} for sku in skus for code in codes]
    things = [
        {"serial": f"U-{n}", "sku": skus[n % variants], "depot": codes[n % depots], "condition": "ABCD"[pieces % 4]}
        for n in range(units)
    ]
    chance = random.Random(seed)  # noqa: S311 (an order, not a secret)
    chance.shuffle(levels)
    chance.shuffle(things)
    ims.store.seed(levels, things, replace=True)


@contextmanager
def statements() -> Iterator[list[float]]:
    """The seconds of every statement that is run."""
    seen: list[float] = []

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, *how: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, *how)
        finally:
            seen.append(time.perf_counter() - began)

    with connection.execute_wrapper(wrapper):
        yield seen


def show(what: str) -> None:
    rounds: list[float] = []
    pages: list[str] = []
    for _ in range(3 if what == "without news" else 1):
        pages.clear()
        began = time.perf_counter()
        with statements() as seen:
            written = mirror_changes(anew=True, progress=pages.append)
        rounds.append(time.perf_counter() - began)
    seconds = statistics.median(rounds)
    say(
        f"{what:14} {written:6,} rows written in {seconds:.2f} s ({sum(seen):.2f} s of it in PostgreSQL), "
        f"{len(pages)} pages, {len(seen)} statements"
    )


def peak_of_a_round() -> int:
    """The most bytes that reading everything anew holds at a time, the stand-in's included; watched, it is slow."""
    gc.collect()  # nor is what was left before
    tracemalloc.start()
    try:
        mirror_changes(anew=True)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def show_memory() -> None:
    say(f"at most {peak_of_a_round() / 1024 / 1024:.1f} MB of Python objects at a time")


def say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"bench_{name}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        fill(VARIANTS, DEPOTS)
        with running() as ims:
            settings.INVENTORY_PROVIDER, settings.INVENTORY_URL, settings.INVENTORY_TOKEN = "http", ims.url, ims.token
            say(f"\n# mirror of {VARIANTS * DEPOTS:,} levels and {UNITS:,} units")
            say(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            stock(ims, VARIANTS, DEPOTS, UNITS)
            show("into nothing")
            say(f"{StockLevel.objects.count():,} levels and {Unit.objects.count():,} units here")
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
            show("without news")
            stock(ims, VARIANTS, DEPOTS, UNITS, pieces=7, seed=2)
            show("all is news")
            show_memory()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
