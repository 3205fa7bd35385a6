"""docs/pitfalls.md names tests that exist, for every row."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = (TESTS.parent / "docs" / "pitfalls.md").read_text(encoding="utf-8")
ALL = set(range(1, 26))


def rows() -> dict[int, list[tuple[str, str]]]:
    """{number: [(file, test)]}"""
    lines = [line for line in TABLE.splitlines() if re.match(r"\| \d+ \|", line)]
    return {int(line.split("|")[1]): re.findall(r"`([\w/]+\.py)::(\w+)`", line) for line in lines}


def test_every_row_names_tests():
    assert set(rows()) == ALL
    assert all(rows().values())


def test_every_test_that_is_named_exists():
    missing = [(file, test) for named in rows().values() for file, test in named if test not in _tests_of(file)]

    assert missing == []


def _tests_of(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
