"""What was read of the catalog is remembered under its version, and no longer."""

from collections.abc import Mapping
from typing import Any

from catalog.version import Remembered


class Reader:
    """Knows words by their numbers, and which were asked for."""

    def __init__(self, **words: str) -> None:
        self.words, self.asked = words, list[list[str]]()

    def __call__(self, keys: list[str]) -> Mapping[str, str]:
        self.asked.append(sorted(keys))
        return {key: self.words[key] for key in keys if key in self.words}


def test_only_what_is_not_known_yet_is_read() -> None:
    known, read = Remembered[str, str](10), Reader(a="Anna", b="Berta")
    known.get("1", {"a"}, read)

    assert known.get("1", {"a", "b"}, read) == {"a": "Anna", "b": "Berta"}
    assert read.asked == [["a"], ["b"]]


def test_under_another_version_all_is_read_anew() -> None:
    known = Remembered[str, str](10)
    known.get("1", {"a"}, Reader(a="Anna"))

    assert known.get("2", {"a"}, Reader(a="Alma")) == {"a": "Alma"}


def test_what_is_not_there_is_asked_for_again() -> None:
    known, read = Remembered[str, str](10), Reader()
    known.get("1", {"a"}, read)
    read.words["a"] = "Anna"

    assert known.get("1", {"a"}, read) == {"a": "Anna"}


def test_what_was_read_while_the_version_moved_is_answered_and_not_kept() -> None:
    known = Remembered[str, str](10)

    def read(keys: list[str]) -> Any:
        known.get("2", {"b"}, Reader(b="Berta"))  # somebody else saw the change
        return dict.fromkeys(keys, "old")

    assert known.get("1", {"a"}, read) == {"a": "old"}
    assert known.get("2", {"a"}, Reader(a="new")) == {"a": "new"}


def test_no_more_than_so_many_are_kept() -> None:
    known, read = Remembered[str, str](2), Reader(a="Anna", b="Berta", c="Clara")
    for key in "abc":
        known.get("1", {key}, read)

    known.get("1", {"b", "c"}, read)
    known.get("1", {"a"}, read)

    assert read.asked == [["a"], ["b"], ["c"], ["a"]]
