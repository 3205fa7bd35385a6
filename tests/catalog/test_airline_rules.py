"""Airlines and their rules are data: taken in from files, kept in versions, read in one statement."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from catalog.fit import Rules
from catalog.models import Airline, CabinRule, HoldRule
from catalog.resources import OUR_RULES, import_airline_rules
from catalog.rules import rules_of
from tests.catalog.rules import RULES

pytestmark = pytest.mark.django_db


def without_versions(rules: Rules) -> tuple[set[Any], set[Any]]:
    return {replace(rule, version="") for rule in rules.cabin}, {replace(rule, version="") for rule in rules.hold}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(copytree(OUR_RULES, tmp_path / "rules"))


def test_what_is_delivered_is_taken_in_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_airline_rules")
    assert capsys.readouterr().out == (
        "airlines: 32 new or changed, cabin_rules: 43 new or changed, hold_rules: 2 new or changed\n"
    )

    call_command("load_airline_rules")
    assert capsys.readouterr().out == (
        "airlines: 0 new or changed, cabin_rules: 0 new or changed, hold_rules: 0 new or changed\n"
    )


def test_a_dry_run_says_what_would_be_taken_in_and_takes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_airline_rules", "--dry-run")

    assert capsys.readouterr().out == (
        "airlines: 32 new or changed, cabin_rules: 43 new or changed, hold_rules: 2 new or changed; nothing is done.\n"
    )
    assert not Airline.objects.exists()


def test_rules_are_read_in_one_statement_as_they_were_written(django_assert_num_queries: Any) -> None:
    import_airline_rules(OUR_RULES)
    codes = {rule.airline for rule in (*RULES.cabin, *RULES.hold)}

    with django_assert_num_queries(1):
        rules, known = rules_of(codes)

    assert known == codes - {""}
    assert without_versions(rules) == without_versions(RULES)
    assert len({rule.version for rule in (*rules.cabin, *rules.hold)}) == len(RULES.cabin) + len(RULES.hold)


def test_an_airline_without_rules_is_known_and_another_is_not() -> None:
    import_airline_rules(OUR_RULES)

    rules, known = rules_of(["TP", "ZZ"])

    assert (known, list(rules.cabin)) == ({"TP"}, [])
    assert [rule.airline for rule in rules.hold] == [""]


def test_a_row_for_a_later_day_is_another_version_beside_the_one_that_was(folder: Path) -> None:
    import_airline_rules(folder)
    file = folder / "cabin_rules.csv"
    file.write_text(file.read_text().replace('2026-01-01,"abouttravel', '2027-01-01,"abouttravel'))
    file.write_text(file.read_text().replace("2026-01-01,abouttravel", "2027-01-01,abouttravel"))

    assert import_airline_rules(folder)["cabin_rules"] == 6

    assert list(CabinRule.objects.filter(airline__code="LH", shell="soft").values_list("valid_from", flat=True)) == [
        date(2027, 1, 1),
        date(2026, 1, 1),
    ]


@pytest.mark.parametrize(
    ("file", "was", "wrong", "said"),
    [
        ("cabin_rules", "DL,,,soft", "ZZ,,,soft", 'cabin_rules.csv: row 2: There is no airline "ZZ".'),
        ("cabin_rules", "457,279,279", "long,279,279", 'cabin_rules.csv: row 2: "long" is not a whole number'),
        (
            "cabin_rules",
            "medium",
            "hearsay",
            'cabin_rules.csv: row 2: "hearsay" is none of good, medium, low, uncertain.',
        ),
        ("hold_rules", "bedding_mm", "straw", "hold_rules.csv: The file has the unknown column straw."),
        ("cabin_rules", "2026-01-01", "2026-13-01", '"2026-13-01" is not a day such as 2026-12-31.'),
        ("cabin_rules", "2026-11-22", "2999-11-22", "Nobody can have read it on a day to come."),
        ("airlines", "A3,", "a3x,", "airlines.csv: row 2: Use the two capitals or digits of its IATA code."),
    ],
)
def test_of_a_file_with_a_mistake_nothing_is_taken_in(folder: Path, file: str, was: str, wrong: str, said: str) -> None:
    path = folder / f"{file}.csv"
    path.write_text(path.read_text().replace(was, wrong, 1))

    with pytest.raises(ValidationError) as no:
        import_airline_rules(folder)

    assert said in " ".join(no.value.messages)
    assert (Airline.objects.count(), CabinRule.objects.count(), HoldRule.objects.count()) == (0, 0, 0)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no .*airlines\.csv"):
        call_command("load_airline_rules", str(tmp_path))


def test_two_versions_of_a_rule_never_begin_on_one_day() -> None:
    import_airline_rules(OUR_RULES)
    common = HoldRule.objects.get(airline=None)
    common.pk = None

    with pytest.raises(IntegrityError, match="hold_rule_once_a_day"):
        common.save()


def test_an_import_never_changes_what_a_version_says_but_how_it_was_read(folder: Path) -> None:
    import_airline_rules(folder)
    file, was = folder / "cabin_rules.csv", (folder / "cabin_rules.csv").read_text()
    file.write_text(was.replace("457,279,279", "457,279,999", 1))

    with pytest.raises(ValidationError, match=r"What a version says is not changed \(height \(mm\)\)"):
        import_airline_rules(folder)
    file.write_text(was.replace(",medium\n", ",good\n", 1))

    assert import_airline_rules(folder)["cabin_rules"] == 1
