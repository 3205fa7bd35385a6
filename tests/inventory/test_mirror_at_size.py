"""Thousands of counts in one round: a page at a time, in as many statements whatever is on it; seen by `make bench`."""

import pytest
from django.db import connection

from bench.mirror import fill, peak_of_a_round, statements, stock
from inventory.models import StockLevel, Unit
from inventory.services import mirror_changes
from sandbox.inventory.server import Sandbox

pytestmark = pytest.mark.django_db

PAGE = 500
MOST_STATEMENTS = 20  # of a page with levels and units, savepoints included


def test_a_page_costs_the_same_statements_whatever_is_on_it_and_tells_of_itself(ims: Sandbox) -> None:
    fill(variants=60, depots=20)
    stock(ims, variants=60, depots=20, units=300)
    told: list[str] = []
    costs: list[int] = []

    def progress(line: str) -> None:
        told.append(line)
        costs.append(len(seen))

    with statements() as seen:
        assert mirror_changes(progress=progress) == 1_500

    assert told == [f"{rows} rows read, {rows} written" for rows in (PAGE, 2 * PAGE, 3 * PAGE)]
    of_each = [after - before for before, after in zip([0, *costs], costs, strict=False)]
    assert max(of_each) <= MOST_STATEMENTS
    assert (StockLevel.objects.count(), Unit.objects.count()) == (1_200, 300)


def test_a_page_locks_the_counts_it_tells_of_and_no_others(ims: Sandbox) -> None:
    fill(variants=10, depots=10)
    stock(ims, variants=10, depots=10, units=0)
    mirror_changes()
    for n in range(1, 11):  # one of each variant, one of each depot
        ims.store.sell(f"BENCH-{n}", f"D{n}", 1)
    locked: list[int] = []

    def count(execute, sql, params, *how):  # type: ignore[no-untyped-def]
        result = execute(sql, params, *how)
        if "FOR UPDATE" in sql and "stocklevel" in sql:
            locked.append(how[-1]["cursor"].rowcount)
        return result

    with connection.execute_wrapper(count):
        assert mirror_changes() == 10

    assert locked == [10]


def test_memory_does_not_grow_with_what_is_counted(ims: Sandbox) -> None:
    fill(variants=200, depots=20)
    stock(ims, variants=40, depots=20, units=200)
    mirror_changes()  # whatever is made once
    two_pages = peak_of_a_round()
    stock(ims, variants=200, depots=20, units=1_000)

    ten_pages = peak_of_a_round()

    assert ten_pages < 1.7 * two_pages
    assert StockLevel.objects.count() == 4_000
