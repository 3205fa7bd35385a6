"""Which inventory system the settings may name."""

import pytest

from config import env
from tests.config.starting import start
from tests.config.test_production import EX_CONFIG, GOOD


def stops(call: object, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a bad value ends the process with."""
    with pytest.raises(SystemExit) as ended:
        call()  # type: ignore[operator]
    assert ended.value.code == 78
    return capsys.readouterr().err


def test_the_adapter_is_one_of_two(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert env.choice("INVENTORY_PROVIDER", "http", ("http", "inventree")) == "http"
    monkeypatch.setenv("INVENTORY_PROVIDER", "odoo")

    said = stops(lambda: env.choice("INVENTORY_PROVIDER", "http", ("http", "inventree")), capsys)

    assert said == "configuration: INVENTORY_PROVIDER must be one of http, inventree.\n"


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("", {}), ("AMS=12", {"AMS": 12}), (" AMS = 12 , RTM=15,", {"AMS": 12, "RTM": 15}), ("A=B=1", {"A=B": 1})],
)
def test_depots_are_named_by_location(monkeypatch: pytest.MonkeyPatch, value: str, meaning: dict[str, int]):
    monkeypatch.setenv("INVENTREE_LOCATIONS", value)

    assert env.numbers_by_name("INVENTREE_LOCATIONS") == meaning


@pytest.mark.parametrize("value", ["AMS", "AMS=", "=12", "AMS=-1", "AMS=1.5", "AMS=x", "AMS=1,AMS=2", "AMS=\u0661"])
def test_other_pairs_stop_the_process_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
):
    monkeypatch.setenv("INVENTREE_LOCATIONS", value)

    said = stops(lambda: env.numbers_by_name("INVENTREE_LOCATIONS"), capsys)

    assert said.startswith("configuration: INVENTREE_LOCATIONS ")
    assert said.count("\n") == 1


def test_an_inventree_without_its_customer_does_not_start():
    ended = start(GOOD | {"INVENTORY_PROVIDER": "inventree"}, "manage.py", "check")

    assert ended.code == EX_CONFIG
    assert ended.err == "configuration: INVENTREE_CUSTOMER is not set; docs/inventree.md explains it.\n"


def test_an_inventree_with_its_customer_starts():
    chosen = {"INVENTORY_PROVIDER": "inventree", "INVENTREE_CUSTOMER": "3", "INVENTREE_LOCATIONS": "AMS=12"}

    assert start(GOOD | chosen, "manage.py", "check").code == 0
