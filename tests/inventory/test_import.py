"""A shop's first stock from a file: all of it or nothing, and never against the inventory system's word."""

import json
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.errors import ImportRefused
from inventory.models import Reservation, StockLevel, Unit
from inventory.providers.base import Changes, Level, UnitRecord
from inventory.services import apply_changes, import_stock
from inventory.services.importing import Imported
from inventory.stock_file import LARGEST_COUNT
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import COUNTED_AT, DepotFactory, StockLevelFactory, UnitFactory
from tests.inventory.shelf import Shelf
from tests.jobs import run_jobs, waiting_jobs

pytestmark = pytest.mark.django_db

COUNTS = "sku,depot,on_hand\nBAG-1,BER,4\nBAG-2,BER,0\nBAG-1,VIE,12\n"
UNITS = "serial;sku;depot;condition\nA-1;BAG-1;BER;b\nA-2;BAG-1;VIE;\n"


@pytest.fixture(autouse=True)
def _names() -> None:
    for sku in ("BAG-1", "BAG-2"):
        VariantFactory(sku=sku)
    for code in ("BER", "VIE"):
        DepotFactory(code=code)


def taken(text: str | bytes, **options: Any) -> Imported:
    return import_stock(file=BytesIO(text.encode() if isinstance(text, str) else text), **options)


def refusal(text: str | bytes, **options: Any) -> list[tuple[int, str, str]]:
    """(line, column, what is wrong) of each error; nothing is written."""
    before = counts(), units()
    with pytest.raises(ImportRefused) as no:
        taken(text, **options)
    assert (counts(), units()) == before
    assert all(error.advice for error in no.value.errors)
    return [(error.line, error.column, error.problem) for error in no.value.errors]


def counts() -> dict[tuple[str, str], int]:
    rows = StockLevel.objects.order_by("variant__sku", "depot__code")
    return {(sku, depot): on_hand for sku, depot, on_hand in rows.values_list("variant__sku", "depot__code", "on_hand")}


def units() -> dict[str, tuple[str, str, str, str]]:
    rows = Unit.objects.values_list("serial", "variant__sku", "depot__code", "condition", "status")
    return {serial: (sku, depot, condition, status) for serial, sku, depot, condition, status in rows}


def run(path: Path, **options: Any) -> tuple[int, str, str]:
    """(exit code, stdout, stderr)"""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("import_stock", path, stdout=out, stderr=err, **options)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return code, out.getvalue(), err.getvalue()


# What is taken


def test_counts_are_written_and_wait_for_the_inventory_system_to_count():
    done = taken(COUNTS)

    assert (done.kind, done.rows, done.new, done.changed, done.unchanged) == ("counts", 3, 3, 0, 0)
    assert counts() == {("BAG-1", "BER"): 4, ("BAG-1", "VIE"): 12, ("BAG-2", "BER"): 0}
    assert set(StockLevel.objects.values_list("as_of", flat=True)) == {None}


def test_units_are_written_with_the_levels_that_promises_are_made_under():
    done = taken(UNITS)

    assert (done.kind, done.rows, done.new) == ("units", 2, 2)
    assert units() == {"A-1": ("BAG-1", "BER", "B", "available"), "A-2": ("BAG-1", "VIE", "A", "available")}
    assert counts() == {("BAG-1", "BER"): 0, ("BAG-1", "VIE"): 0}


@pytest.mark.parametrize(
    "text",
    [
        COUNTS.encode("utf-8-sig"),
        COUNTS.replace(",", ";").encode(),
        COUNTS.replace("\n", "\r\n").encode(),
        COUNTS.replace("sku,depot,on_hand", " SKU , Depot,On_Hand").encode(),
        COUNTS.replace("\n", "\n\n,,\n").encode(),
        b'on_hand,sku,depot\n4,BAG-1,BER\n"0","BAG-2","BER"\n 12 , BAG-1 ,VIE',
    ],
    ids=["byte order mark", "semicolons", "Windows lines", "header as people write it", "empty rows", "another order"],
)
def test_files_are_read_as_spreadsheets_write_them(text: bytes):
    taken(text)

    assert counts() == {("BAG-1", "BER"): 4, ("BAG-1", "VIE"): 12, ("BAG-2", "BER"): 0}


def test_the_depot_of_all_rows_can_be_named_beside_the_file():
    taken("sku,on_hand\nBAG-1,4\n", depot="BER")
    taken("sku,depot,on_hand\nBAG-2,,5\nBAG-1,BER,6\n", depot="BER")

    assert counts() == {("BAG-1", "BER"): 6, ("BAG-2", "BER"): 5}
    assert refusal("sku,depot,on_hand\nBAG-1,VIE,4\n", depot="BER") == [(2, "depot", 'This row is of depot "VIE".')]


def test_a_file_that_comes_again_changes_nothing():
    taken(COUNTS)
    taken(UNITS)

    again = taken(COUNTS), taken(UNITS)

    assert [(done.new, done.changed, done.unchanged) for done in again] == [(0, 0, 3), (0, 0, 2)]


def test_a_corrected_file_corrects_what_the_first_one_wrote():
    taken(COUNTS)
    taken(UNITS)

    done = taken(COUNTS.replace("4", "7"))
    moved = taken(UNITS.replace("A-1;BAG-1;BER;b", "A-1;BAG-2;VIE;C"))

    assert (done.changed, done.unchanged, counts()["BAG-1", "BER"]) == (1, 2, 7)
    assert (moved.changed, units()["A-1"]) == (1, ("BAG-2", "VIE", "C", "available"))


def test_a_dry_run_tells_what_would_change_and_changes_nothing():
    taken(COUNTS)
    before = counts(), units()

    dry = [taken(COUNTS.replace("4", "7"), dry_run=True), taken(UNITS, dry_run=True)]

    assert (counts(), units()) == before
    assert [(change.ref, change.before, change.after) for done in dry for change in done.changes] == [
        ("BAG-1", "4", "7"),
        ("A-1", "", "BAG-1 at BER, B"),
        ("A-2", "", "BAG-1 at VIE, A"),
    ]
    assert waiting_jobs("review") == []


# The inventory system's word


def test_its_first_count_replaces_what_was_imported():
    taken(COUNTS)
    taken(UNITS)

    level = Level("BAG-1", "BER", 9, 0, COUNTED_AT)
    apply_changes(
        Changes([level], [UnitRecord("A-1", "BAG-1", "BER", "D", "maintenance", COUNTED_AT)], "1", more=False)
    )

    assert counts()["BAG-1", "BER"] == 9
    assert units()["A-1"] == ("BAG-1", "BER", "D", "maintenance")


def test_what_it_has_counted_is_left_to_it():
    StockLevelFactory(variant__sku="BAG-9", depot=DepotFactory(code="HAM"), on_hand=3, as_of=COUNTED_AT)
    unit = UnitFactory(as_of=COUNTED_AT, serial="X-1")
    sku, depot = unit.variant.sku, unit.depot.code

    assert refusal("sku,depot,on_hand\nBAG-1,BER,4\nBAG-9,HAM,4\n") == [
        (3, "on_hand", "The inventory system counted 3 at 2026-11-01 06:00 UTC.")
    ]
    assert refusal(f"serial,sku,depot,condition\nX-1,{sku},{depot},B\n") == [
        (2, "serial", f"The inventory system knows X-1 as {sku} at {depot}, condition A.")
    ]
    assert taken("sku,depot,on_hand\nBAG-9,HAM,3\n").unchanged == 1
    assert taken(f"serial,sku,depot\nX-1,{sku},{depot}\n").unchanged == 1


def test_a_unit_that_was_rented_out_already_stays_what_it_is():
    shelf = Shelf(units=2)
    first, other = shelf.all_units
    shelf.reserved(rental=("2027-04-12", "2027-04-18"), status="fulfilled", unit=first, provider_state="checked_in")
    Unit.objects.filter(pk=other.pk).update(status="lost")

    errors = refusal(f"serial,sku,depot\n{first.serial},BAG-1,BER\n{other.serial},BAG-1,BER\n")

    assert errors == [
        (2, "serial", f"{first.serial} was rented out already as {shelf.variant.sku} at {shelf.depot.code}."),
        (3, "serial", f"{other.serial} is lost, so nothing else can be said of it."),
    ]


def test_bookings_that_a_smaller_count_or_a_moved_unit_takes_are_found():
    shelf = Shelf(units=1)
    StockLevel.objects.update(as_of=None, on_hand=2)
    (unit,) = shelf.all_units
    sold = shelf.reserved(quantity=2, status="committed", expires_at=None)
    rented = shelf.reserved(rental=("2099-04-12", "2099-04-18"), status="committed", expires_at=None)

    taken(f"sku,depot,on_hand\n{shelf.variant.sku},{shelf.depot.code},1\n")
    taken(f"serial,sku,depot\n{unit.serial},BAG-1,BER\n")
    run_jobs()

    assert set(Reservation.objects.exclude(misfit_at=None)) == {sold, rented}


# What is wrong with a row


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        ("BAG-1,BER,-3", "on_hand", "-3 is less than nothing."),
        ("BAG-1,BER,many", "on_hand", '"many" is no whole number.'),
        ("BAG-1,BER,1.5", "on_hand", '"1.5" is no whole number.'),
        ("BAG-1,BER,٣", "on_hand", '"٣" is no whole number.'),
        ("BAG-1,BER,", "on_hand", "This is empty."),
        (f"BAG-1,BER,{LARGEST_COUNT + 1}", "on_hand", f"{LARGEST_COUNT + 1} is more than can be."),
        ("BAG-1,BER,=1+1", "on_hand", '"=1+1" looks like a formula.'),
        ("=cmd|x,BER,1", "sku", '"=cmd|x" looks like a formula.'),
        ("@BAG,BER,1", "sku", '"@BAG" looks like a formula.'),
        (",BER,1", "sku", "This is empty."),
        ("BAG\x00-1,BER,1", "sku", "This is not a text of 1 to 100 printable characters."),
        ("bag-1,BER,1", "sku", 'There is no variant "bag-1".'),
        ("BAG-1,MOON,1", "depot", 'There is no depot "MOON".'),
        ("BAG-1,BER", "", "This row has 2 cells, and there are 3 columns."),
        ("BAG-1,BER,1,2", "", "This row has 4 cells, and there are 3 columns."),
        ("BAG-2,VIE,1", "sku", "BAG-2 at VIE is on line 2 already."),
    ],
)
def test_each_fault_is_named_with_its_line_and_column(row: str, column: str, problem: str):
    errors = refusal(f"sku,depot,on_hand\nBAG-2,VIE,1\n{row}\n")

    assert errors == [(3, column, problem)]


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        ("A-9,BAG-1,BER,E", "condition", '"E" is no condition.'),
        ("=A-9,BAG-1,BER,A", "serial", '"=A-9" looks like a formula.'),
        (f"{'A' * 101},BAG-1,BER,A", "serial", "This is not a text of 1 to 100 printable characters."),
        ("A-1,BAG-2,VIE,A", "serial", "A-1 is on line 2 already."),
    ],
)
def test_so_it_is_for_units(row: str, column: str, problem: str):
    assert refusal(f"serial,sku,depot,condition\nA-1,BAG-1,BER,A\n{row}\n") == [(3, column, problem)]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (b"", 1, "The file is empty."),
        (b"sku,depot\nBAG-1,BER\n", 1, "There is no column on_hand."),
        (b"sku\ton_hand\tdepot\n", 1, "There is no column sku, depot, on_hand."),
        (b"sku,depot,on_hand,colour\n", 1, "Nothing is known of the column colour."),
        (b"sku,depot,on_hand,on_hand\n", 1, "The column on_hand is there twice."),
        ("sku,depot,on_hand\n".encode("utf-16"), 1, "The first line is not UTF-8 text."),
        (b"sku,depot,on_hand\nBAG-1,BER,1\nM\xfcnchen,BER,1\n", 3, "This line is not UTF-8; the rest was not read."),
        (b'sku,depot,on_hand\n"BAG-1,BER,1\n', 2, "This is no CSV: unexpected end of data."),
        (b"sku,depot,on_hand\n" + b"x" * 70_000, 2, "This line is too long to be a row."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: bytes, line: int, problem: str):
    assert refusal(text) == [(line, "", problem)]


def test_all_errors_are_told_at_once_in_the_order_of_the_lines():
    errors = refusal("sku,depot,on_hand\nBAG-1,MOON,1\nBAG-1,BER,x\n\nBAG-7,BER,1\nBAG-1,BER,2\nBAG-1,BER,2\n")

    assert [(line, column) for line, column, _ in errors] == [(2, "depot"), (3, "on_hand"), (5, "sku"), (7, "sku")]


def test_of_very_many_errors_the_first_are_told_and_all_are_counted():
    text = "sku,depot,on_hand\n" + "BAG-1,BER,x\n" * 500

    with pytest.raises(ImportRefused) as no:
        taken(text)

    assert (len(no.value.errors), no.value.count) == (200, 500)


# Very many rows


def test_many_more_rows_take_no_more_statements_and_hardly_more_memory(tmp_path: Path):
    def imported(rows: int) -> tuple[int, int]:
        path = tmp_path / f"{rows}.csv"
        path.write_text("serial,sku,depot,condition\n" + "".join(f"S-{n:06},BAG-1,BER,A\n" for n in range(rows)))
        tracemalloc.start()
        with path.open("rb") as file, CaptureQueriesContext(connection) as statements:
            done = import_stock(file=file)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert done.rows == rows
        return len(statements), peak

    few, small = imported(10_000)
    many, large = imported(40_000)

    assert many - few == 6  # a COPY for each 5,000
    assert large < small + 500_000
    assert Unit.objects.count() == 40_000


# The command


def test_the_command_tells_what_it_did_and_shows_progress(tmp_path: Path):
    path = tmp_path / "stock.csv"
    path.write_text("serial,sku,depot\n" + "".join(f"S-{n},BAG-1,BER\n" for n in range(10_500)))

    code, out, err = run(path, dry_run=True)
    assert code == 0
    assert out.splitlines()[0] == "line 2: S-0 at BER: new -> BAG-1 at BER, A"
    assert out.splitlines()[-2:] == [
        "and 10300 more", "10500 units: 10500 would be new, 0 would be changed, 0 as they were",
    ]  # fmt: skip
    assert err.splitlines()[:2] == ["5000 rows read, 0 errors", "10000 rows read, 0 errors"]
    assert not Unit.objects.exists()

    assert run(path)[:2] == (0, "10500 units: 10500 new, 0 changed, 0 as they were\n")


def test_the_command_names_every_error_and_ends_with_one(tmp_path: Path):
    path = tmp_path / "stock.csv"
    path.write_text("sku,depot,on_hand\nBAG-1,BER,-1\nBAG-1,MOON,1\n")

    code, out, err = run(path)

    assert code == 1
    assert out.splitlines() == [
        "line 2, on_hand: -1 is less than nothing. Count again; 0 is the least.",
        'line 3, depot: There is no depot "MOON". Use its code, such as BER, or make the depot first.',
    ]
    assert "2 rows are not right; nothing was written." in err
    assert json.loads(run(path, json=True)[1])["count"] == 2


def test_the_result_can_be_had_as_json(tmp_path: Path):
    path = tmp_path / "stock.csv"
    path.write_text("sku,depot,on_hand\nBAG-1,BER,1\n")

    code, out, _ = run(path, json=True)

    assert code == 0
    assert json.loads(out) == {
        "dry_run": False, "kind": "counts", "rows": 1, "new": 1, "changed": 0, "unchanged": 0,
        "changes": [{"line": 2, "ref": "BAG-1", "depot": "BER", "before": "", "after": "1"}],
    }  # fmt: skip


def test_a_file_or_a_depot_that_is_not_there_is_bad_usage(tmp_path: Path):
    path = tmp_path / "stock.csv"
    assert run(path)[0] == 64
    assert run(tmp_path)[0] == 64
    path.write_text(COUNTS)
    assert run(path, depot="MOON") == (64, "", 'There is no depot "MOON".')


@pytest.mark.django_db(transaction=True)
def test_stock_that_somebody_works_on_is_busy_and_nothing_is_written(
    tmp_path: Path, holder: Callable[[int], AbstractContextManager[None]]
):
    path = tmp_path / "stock.csv"
    path.write_text(COUNTS)
    taken(COUNTS)
    path.write_text(COUNTS.replace("4", "7"))

    with holder(StockLevel.objects.get(variant__sku="BAG-1", depot__code="BER").variant_id):
        code, _, said = run(path)

    assert (code, counts()["BAG-1", "BER"]) == (1, 4)
    assert "Run it again." in said
    assert run(path)[0] == 0
