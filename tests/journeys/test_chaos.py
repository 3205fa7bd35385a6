"""`make chaos`, but short: the same engine, fewer customers, half a minute. Its verdict must not depend on luck."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.inventory.server import Sandbox as InventorySandbox
from tests.journeys.chaos.engine import environment, run_chaos
from tests.journeys.chaos.plan import Plan
from tests.journeys.stack import Stack, running_stack

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]


@pytest.fixture
def stack(transactional_db: None, ims: InventorySandbox, tmp_path: Path, settings: object) -> Iterator[Stack]:
    with running_stack(ims, tmp_path, **environment(tmp_path)) as stack:
        yield stack


def test_whatever_fails_while_everybody_shops_nothing_is_lost_sold_twice_or_unexplained(
    ims: InventorySandbox, stack: Stack
) -> None:
    outcome = run_chaos(Plan(seed=3, seconds=25, customers=6), ims, stack)

    print(*outcome.lines(), sep="\n")
    assert outcome.wrong == []
    assert outcome.figures["orders by end"].total() >= 10
    assert outcome.figures["faults"].total() >= 10
