"""`make bench --quick`: that the measures run and hold each answer against the truth. How fast is not asked here."""

from typing import Any

import pytest

from bench import api
from tests.factories.inventory import ReservationFactory

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
MOST_STATEMENTS = {"list": 3, "list, unchanged": 3, "detail": 4, "board": 3, "trip search": 6}


@pytest.fixture(autouse=True)
def _as_the_server(settings: Any) -> None:
    settings.PUBLIC_URL = "https://shop.example.com"


def test_every_measure_runs_and_nothing_is_oversold(capsys: Any):
    figures = api.measure(60, api.QUICK)

    more = {"hello", "hello, again", "list, stock changing", "list, never asked before"}
    assert {figure.what for figure in figures} == {*api.AIMS, *more}
    assert all(figure.answers > 0 and figure.p50 <= figure.p99 for figure in figures)
    statements = {figure.what: figure.statements for figure in figures}
    assert all(statements[what] <= most for what, most in MOST_STATEMENTS.items())
    assert "nothing oversold" in capsys.readouterr().out


def look_for_mistakes(bench: api.Bench) -> list[api.Figure]:
    request = bench.lists()[0]
    with pytest.raises(SystemExit, match="the driver ended early"):
        bench._measure("hello", {"kind": "reading", "requests": [{"path": "/hello"}], "expected": [204]}, 1)
    wrong = bench._ask(request).content.decode().replace('"next":', '"next": ', 1)
    with pytest.raises(SystemExit, match="was answered wrong at 8"):
        bench._held_against_the_truth([request], {"0": [200, wrong]})
    level = api.StockLevel.objects.get(variant__sku=api.shelf.SCARCE, depot__code="BER")
    there = level.on_hand - level.reserved_elsewhere
    ReservationFactory(variant=level.variant, depot=level.depot, quantity=there + 1, committed=True)
    with pytest.raises(SystemExit, match="is oversold"):
        api.nothing_oversold()
    return []


def test_a_measure_ends_at_an_answer_that_is_wrong():
    assert api.measure(60, api.QUICK, look_for_mistakes) == []
