"""What the budgets of stock cost at full volume (`make bench`; figures in docs/performance.md).

Builds 200 variants at one depot with 100,000 live and 1,000,000 past reservations in a database of its own, which it
drops again, then prints plans and timings.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import django
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

if not apps.ready:
    django.setup()

from inventory.models import Reservation, StockLevel, Unit
from inventory.selectors import availability
from inventory.services import Claim, hold
from inventory.states import LIVE, ReservationKind

DAYS, RUNS = 90, 15
BUDGET_SECONDS, BUDGET_STATEMENTS = 0.3, 12


@dataclass(frozen=True)
class Volume:
    """How much there is: live and past reservations of all variants together, units of each variant."""

    variants: int = 200
    units: int = 100
    live: int = 100_000
    past: int = 1_000_000

    @property
    def out(self) -> int:
        """Units of each variant that are with a customer."""
        return self.live // 10 // self.variants


_CATALOG = """
INSERT INTO catalog_container (slug, name, brand, kind, description, published, created_at, updated_at)
VALUES ('bench', 'Bench', 'Bench', 'soft', '', true, now(), now());
INSERT INTO catalog_variant (container_id, sku, size, colour, colour_hex, inner_length_mm, inner_width_mm,
    inner_height_mm, outer_length_mm, outer_width_mm, outer_height_mm, weight_g, max_load_g)
SELECT c.id, 'BENCH-' || n, '', 'sage', '#8aa38a', 420, 250, 240, 440, 270, 260, 1100, 7500
FROM catalog_container c, generate_series(1, %(variants)s) n;
INSERT INTO inventory_depot (code, name, street, postal_code, city, country, time_zone, opening_days, active)
VALUES ('BER', 'Berlin', '', '', 'Berlin', 'DE', 'Europe/Berlin', '{1,2,3,4,5,6,7}', true);
INSERT INTO inventory_stocklevel (variant_id, depot_id, on_hand, reserved_elsewhere, as_of)
SELECT v.id, d.id, 1000, 5, now() FROM catalog_variant v, inventory_depot d;
INSERT INTO inventory_unit (serial, variant_id, depot_id, condition, status, decided_here)
SELECT v.sku || '-' || n, v.id, d.id, 'A', CASE WHEN n <= %(out)s THEN 'out' ELSE 'available' END, false
FROM catalog_variant v, inventory_depot d, generate_series(1, %(units)s) n;
INSERT INTO inventory_downtime (unit_id, period, reason, is_turnaround)
SELECT id, daterange(current_date + id::int %% 60, current_date + id::int %% 60 + 4), '', false
FROM inventory_unit WHERE id %% 20 = 0 AND status = 'available';
"""

# Bookings come in the order of time: what lives lies among the latest rows. Of ten that live seven are rentals to come
# within the year, one is out with its unit, two are sales; every tenth claim to come is a hold.
_PAST = """
SELECT v.id AS variant_id, d.id AS depot_id, 'rental' AS kind,
       daterange(current_date - 400 + n %% 390, current_date - 395 + n %% 390) AS period,
       (array['fulfilled', 'released', 'expired'])[1 + n %% 3] AS status, NULL::bigint AS unit_id,
       NULL::timestamptz AS expires_at
FROM inventory_depot d, generate_series(%(first)s, %(last)s) n
JOIN catalog_variant v ON v.sku = 'BENCH-' || 1 + n %% %(variants)s
"""
_TO_COME = """
SELECT v.id, d.id, CASE WHEN n %% 9 < 7 THEN 'rental' ELSE 'sale' END,
       CASE WHEN n %% 9 < 7 THEN daterange(current_date + days.off, current_date + days.off + 3 + n %% 12) END,
       CASE WHEN n %% 10 = 0 THEN 'held' ELSE 'committed' END, NULL,
       CASE WHEN n %% 10 = 0 THEN now() + interval '1 hour' END
FROM inventory_depot d, generate_series(1, %(to_come)s) n
JOIN catalog_variant v ON v.sku = 'BENCH-' || 1 + n %% %(variants)s
CROSS JOIN LATERAL (SELECT (n * 7919 / %(variants)s) %% 365 AS off) days
"""
_OUT = """
SELECT u.variant_id, u.depot_id, 'rental', daterange(current_date - 10, current_date + u.id::int %% 9 - 1),
       'shipped', u.id, NULL
FROM inventory_unit u WHERE u.status = 'out'
"""
_INSERT = """
INSERT INTO inventory_reservation (id, variant_id, depot_id, kind, quantity, period, turnaround_days, status,
    provider_state, sync_failures, sync_error, created_at, unit_id, expires_at)
SELECT gen_random_uuid(), variant_id, depot_id, kind, 1, period, 1, status,
       CASE WHEN status IN ('held', 'committed') THEN 'confirmed' WHEN status = 'shipped' THEN 'checked_out'
            ELSE 'released' END, 0, '', now(), unit_id, expires_at
FROM ({rows}) AS row ORDER BY {order}
"""


def fill(volume: Volume) -> None:
    """One depot with all of it. Statistics are the caller's."""
    facts = {"variants": volume.variants, "units": volume.units, "out": volume.out}
    facts["to_come"] = volume.live - volume.out * volume.variants
    older = volume.past * 4 // 5
    latest = f"{_PAST} UNION ALL ({_TO_COME}) UNION ALL ({_OUT})"
    with connection.cursor() as cursor:
        for statement in _CATALOG.split(";\n"):
            cursor.execute(statement, facts)
        cursor.execute(_INSERT.format(rows=_PAST, order="period"), facts | {"first": 1, "last": older})
        cursor.execute(_INSERT.format(rows=latest, order="random()"), facts | {"first": older + 1, "last": volume.past})


def build(volume: Volume) -> None:
    """The whole volume, with statistics as autovacuum keeps them."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        fill(volume)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT version()")
        say(cursor.fetchone()[0])
    live = Reservation.objects.filter(status__in=LIVE).count()
    past, units = Reservation.objects.exclude(status__in=LIVE).count(), Unit.objects.count()
    say(f"{live:,} live and {past:,} past reservations, {volume.variants} variants, {units:,} units")
    say(f"built in {time.perf_counter() - began:.0f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


class Seen:
    """Every statement that is run, with its time in seconds."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any, float]] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, *how: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, *how)
        finally:
            self.statements.append((sql, params, time.perf_counter() - began))

    def explain(self) -> Iterator[str]:
        """The plans of what was read."""
        with connection.cursor() as cursor:
            for sql, params, seconds in self.statements:
                if not sql.lstrip().startswith(("SELECT", "WITH")):
                    yield f"-- {seconds * 1000:.1f} ms: {sql.split(' (')[0]} …"
                    continue
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
                yield "\n".join([f"-- {seconds * 1000:.1f} ms: {summary(sql)}", *(row[0] for row in cursor.fetchall())])


def summary(sql: str) -> str:
    return " ".join(sql.split())[:90] + " …"


def show_availability() -> None:
    pools = list(StockLevel.objects.values_list("variant_id", "depot_id"))
    today = timezone.now().date()
    period = (today, today + timedelta(days=DAYS))
    seen = Seen()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        availability(pools, period=period)
        times.append(time.perf_counter() - began)
    with connection.execute_wrapper(seen):
        availability(pools, period=period)
    say(f"\n# availability of {len(pools)} variants × {DAYS} days (budget {BUDGET_SECONDS} s, 1 statement)")
    say(f"{len(seen.statements)} statement; {spread(times)}\n")
    say(*seen.explain())


def show_hold() -> None:
    pools = list(StockLevel.objects.order_by("id").values_list("variant_id", "depot_id")[:3])
    today = timezone.now().date()
    days = (today + timedelta(days=300), today + timedelta(days=307))
    claims = [
        Claim(*pools[0], ReservationKind.SALE, 2),
        Claim(*pools[1], ReservationKind.RENTAL, 1, days, turnaround_days=1),
        Claim(*pools[2], ReservationKind.RENTAL, 1, days, turnaround_days=1),
    ]
    expires_at = timezone.now() + timedelta(minutes=15)
    times = []
    for _ in range(RUNS):
        with undone():
            began = time.perf_counter()
            hold(claims=claims, expires_at=expires_at)
            times.append(time.perf_counter() - began)
    seen = Seen()
    with undone():
        with connection.execute_wrapper(seen):
            hold(claims=claims, expires_at=expires_at)
        say(f"\n# hold of {len(claims)} lines (budget {BUDGET_STATEMENTS} statements)")
        say(f"{len(seen.statements)} statements; {spread(times)}\n")
        say(*seen.explain())


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def spread(times: list[float]) -> str:
    ms = sorted(1000 * t for t in times)
    return f"{len(ms)} runs: median {statistics.median(ms):.0f} ms, least {ms[0]:.0f} ms, most {ms[-1]:.0f} ms"


def say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


def main() -> int:
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"bench_{name}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        build(Volume())
        show_availability()
        show_hold()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
