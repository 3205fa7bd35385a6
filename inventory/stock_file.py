"""Reads a stock file: a CSV of counts or of units, a row at a time, each checked by itself. No database.

Counts have the columns sku, depot, on_hand; units have serial, sku, depot and, if wanted, condition. UTF-8 with or
without a byte order mark, commas or semicolons, columns in any order. The whole file is never in memory.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from inventory.errors import ImportRefused, RowError

COUNTS = ("sku", "depot", "on_hand")
UNITS = ("serial", "sku", "depot", "condition")
OPTIONAL = frozenset({"condition"})

LONGEST_LINE = 64 * 1024
LONGEST_TEXT = 100
LARGEST_COUNT = 2**31 - 1
MOST_ROWS = 200_000
_FORMULA = re.compile(r"[=+\-@\t\r]")
_AS_UTF8 = 'Save it as "CSV UTF-8".'


@dataclass(frozen=True, slots=True)
class StockRow:
    """One row; what its file does not tell is empty."""

    line: int
    sku: str
    depot: str
    on_hand: int | None = None
    serial: str | None = None
    condition: str | None = None


class _Bad(Exception):
    """What is wrong with a cell, and what to do about it."""


class StockFile:
    """depot: of every row, where there is no such column. Raises: ImportRefused when the first line is no header."""

    def __init__(self, file: BinaryIO, *, depot: str | None = None) -> None:
        self._file, self._depot = file, depot
        self._line = 0
        self._broken: RowError | None = None
        header = self._first_line()
        self._delimiter = ";" if header.count(";") > header.count(",") else ","
        self._columns = [name.strip().casefold() for name in _cells(header, self._delimiter)]
        self.has_units = "serial" in self._columns
        self._check_header()

    def rows(self) -> Iterator[StockRow | RowError]:
        """Every row, or what is wrong with it. A file that cannot be read on ends with that error."""
        reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
        count, first_line = 0, 2
        try:
            for cells in reader:
                if any(map(str.strip, cells)):
                    count += 1
                    if count > MOST_ROWS:
                        yield RowError(first_line, "", f"There are more than {MOST_ROWS} rows.", "Split the file.")
                        return
                    yield from self._parsed(first_line, cells)
                first_line = self._line + 1
        except csv.Error as error:
            yield RowError(first_line, "", f"This is no CSV: {error}.", "Look for a quote that is not closed.")
        if self._broken is not None:
            yield self._broken

    # Lines

    def _first_line(self) -> str:
        raw = self._file.readline(LONGEST_LINE + 1).removeprefix(codecs.BOM_UTF8)
        self._line = 1
        if not raw.strip():
            raise _refused("The file is empty.", f"Its first line names the columns: {', '.join(COUNTS)}.")
        try:
            if len(raw) > LONGEST_LINE:
                raise ValueError
            return raw.decode()
        except ValueError:
            raise _refused("The first line is not UTF-8 text.", _AS_UTF8) from None

    def _lines(self) -> Iterator[str]:
        while raw := self._file.readline(LONGEST_LINE + 1):
            self._line += 1
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                self._broken = RowError(self._line, "", "This line is not UTF-8; the rest was not read.", _AS_UTF8)
                return
            if len(raw) > LONGEST_LINE:
                self._broken = RowError(self._line, "", "This line is too long to be a row.", "Is this the right file?")
                return
            yield text

    # The header

    def _check_header(self) -> None:
        wanted = UNITS if self.has_units else COUNTS
        needed = [name for name in wanted if name not in OPTIONAL and not (name == "depot" and self._depot)]
        missing = [name for name in needed if name not in self._columns]
        if missing:
            advice = f"The first line names the columns: {', '.join(COUNTS)} for counts, {', '.join(UNITS)} for units."
            raise _refused(f"There is no column {', '.join(missing)}.", advice)
        unknown = [name for name in self._columns if name not in wanted]
        if unknown:
            names = ", ".join(name or "without a name" for name in unknown)
            raise _refused(f"Nothing is known of the column {names}.", f"Only {', '.join(wanted)} are read here.")
        if twice := sorted({name for name in self._columns if self._columns.count(name) > 1}):
            raise _refused(f"The column {', '.join(twice)} is there twice.", "Remove one of them.")

    # Rows

    def _parsed(self, line: int, cells: list[str]) -> Iterator[StockRow | RowError]:
        if len(cells) != len(self._columns):
            problem = f"This row has {len(cells)} cells, and there are {len(self._columns)} columns."
            yield RowError(line, "", problem, "Put a text that contains the delimiter in quotes.")
            return
        told = dict(zip(self._columns, map(str.strip, cells), strict=True))
        errors: list[RowError] = []
        values: dict[str, str | int] = {"depot": self._depot or ""}
        for column, cell in told.items():
            try:
                values[column] = self._value(column, cell)
            except _Bad as bad:
                errors.append(RowError(line, column, *bad.args))
        if errors:
            yield from errors
            return
        if self.has_units:
            values.setdefault("condition", "A")
        yield StockRow(line=line, **values)  # type: ignore[arg-type]  # each column has its own type, see _value

    def _value(self, column: str, cell: str) -> str | int:
        if column == "on_hand":
            return _count(cell)
        if column == "condition":
            return _condition(cell)
        if column == "depot" and self._depot and cell not in ("", self._depot):
            raise _Bad(
                f'This row is of depot "{_short(cell)}".', f"Leave it out, or import without --depot {self._depot}."
            )
        return (self._depot if column == "depot" and not cell else None) or _text(cell)


def _refused(problem: str, advice: str) -> ImportRefused:
    return ImportRefused([RowError(1, "", problem, advice)], 1)


def _cells(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _refused(f"The first line is no CSV: {error}.", "It names the columns.") from None


def _short(cell: str) -> str:
    return cell if len(cell) <= 40 else f"{cell[:39]}…"


def _text(cell: str) -> str:
    if not cell:
        raise _Bad("This is empty.", "Fill it in, or remove the row.")
    if _FORMULA.match(cell):
        raise _Bad(f'"{_short(cell)}" looks like a formula.', "Write the value itself.")
    if len(cell) > LONGEST_TEXT or not cell.isprintable():
        raise _Bad(f"This is not a text of 1 to {LONGEST_TEXT} printable characters.", "Correct it.")
    return cell


def _count(cell: str) -> int:
    if not cell:
        raise _Bad("This is empty.", "Write 0 where there is none.")
    if re.fullmatch(r"-[0-9]+", cell, re.ASCII):
        raise _Bad(f"{_short(cell)} is less than nothing.", "Count again; 0 is the least.")
    if _FORMULA.match(cell):
        raise _Bad(f'"{_short(cell)}" looks like a formula.', "Write the number itself.")
    if not re.fullmatch(r"[0-9]+", cell, re.ASCII):
        raise _Bad(f'"{_short(cell)}" is no whole number.', "Write figures only, such as 12.")
    if len(cell) > 10 or int(cell) > LARGEST_COUNT:
        raise _Bad(f"{_short(cell)} is more than can be.", f"{LARGEST_COUNT} is the most.")
    return int(cell)


def _condition(cell: str) -> str:
    if cell.upper() not in ("", "A", "B", "C", "D"):
        raise _Bad(f'"{_short(cell)}" is no condition.', "A (as new), B, C or D (worn); empty is A.")
    return cell.upper() or "A"
