# mypy: disable-error-code="misc"
# import-export carries no types
"""What people keep their lists in, as formats of files: Excel's .xlsx, and text as any spreadsheet saves it."""

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import BadZipFile, ZipFile

import tablib
from import_export.formats.base_formats import CSV, Format
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from catalog.spreadsheets import MOST_ROWS

MOST_UNPACKED = 20_000_000  # bytes; five thousand rows of the widest sheet are a third of it
MOST_FILES = 500
MOST_COLUMNS = 100
_PLACES = re.compile(r"0\.(0{1,4})")
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,4})?")


class UnreadableFile(ValueError):
    """A file that cannot be read. Its text says why, and what to do."""


class Csv(CSV):
    """Text whose cells are apart by whatever its first line uses most: commas, semicolons (as Excel saves it where
    decimals have commas) or tabs. Is given with commas.
    """

    def create_dataset(self, in_stream: str, **_: Any) -> tablib.Dataset:
        """Raises: UnreadableFile, naming the row; csv.Error."""
        delimiter = max(",;\t", key=in_stream.partition("\n")[0].count)
        rows = _without_empty_end(list(csv.reader(StringIO(in_stream, newline=""), delimiter=delimiter)))
        if not rows:
            raise UnreadableFile("The file is empty: the first row names the columns.")
        width = _width_of(rows[:1])
        for number, row in enumerate(rows, 1):
            if any(row[width:]):
                raise UnreadableFile(
                    f"Row {number} has more cells than there are columns. Where commas part them, write 49.90 for "
                    "49,90, and put other text with a comma in quotation marks."
                )
        return tablib.Dataset(*(_as_wide(row, width) for row in rows[1:]), headers=rows[0][:width])


def _as_wide(row: list[str], width: int) -> list[str]:
    return [*row[:width], *[""] * (width - len(row))]


class Xlsx(Format):
    """The first sheet of a workbook, every cell as the text that stands for it in a CSV file.

    Takes no formula, and unpacks no more than MOST_UNPACKED, whatever the file says of itself.
    """

    def __init__(self, encoding: str | None = None) -> None:
        """encoding: as the formats of text take it; a workbook knows its own."""

    def get_title(self) -> str:
        return "xlsx"

    def get_extension(self) -> str:
        return "xlsx"

    def get_content_type(self) -> str:
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        """Raises: UnreadableFile; what else is broken in a file, openpyxl raises as it likes."""
        book = load_workbook(_unpacked(in_stream), read_only=True, keep_links=False)
        if not book.worksheets:
            raise UnreadableFile("The workbook has no sheet.")
        rows = _without_empty_end(list(_rows(book.worksheets[0])))
        if not rows:
            raise UnreadableFile("The first sheet is empty: the first row names the columns.")
        if (width := _width_of(rows)) > MOST_COLUMNS:
            raise UnreadableFile(f"The sheet has more than {MOST_COLUMNS} columns.")
        return tablib.Dataset(*(row[:width] for row in rows[1:]), headers=rows[0][:width])

    def export_data(self, dataset: tablib.Dataset, **_: Any) -> bytes:
        """Numbers as numbers, so that they can be summed; what Excel cannot hold is left out."""
        book = Workbook()
        sheet: Any = book.active
        sheet.append(dataset.headers)
        for number, row in enumerate(dataset, 2):
            for place, text in enumerate(map(str, row), 1):
                cell = sheet.cell(number, place, _native(text))
                if isinstance(cell.value, float):
                    cell.number_format = f"0.{'0' * len(text.partition('.')[2])}"  # 49.90 stays 49.90
        for number, header in enumerate(dataset.headers, 1):
            widest = max([len(str(header)), *(len(str(row[number - 1])) for row in dataset)])
            sheet.column_dimensions[get_column_letter(number)].width = min(max(widest + 3, 9), 60)
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
        written = BytesIO()
        book.save(written)
        return written.getvalue()


def _native(text: str) -> str | int | float:
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return str(ILLEGAL_CHARACTERS_RE.sub("", text))


def _unpacked(packed: bytes) -> BytesIO:
    """The same workbook, unpacked within limits: what its directory says of sizes may be a lie."""
    plain, left = BytesIO(), MOST_UNPACKED
    try:
        with ZipFile(BytesIO(packed)) as archive, ZipFile(plain, "w") as copy:
            members = {info.filename: info for info in archive.infolist()}
            if len(members) > MOST_FILES:
                raise UnreadableFile("This is no ordinary workbook: it has too many parts.")
            for name, info in members.items():
                with archive.open(info) as member:
                    content = member.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise UnreadableFile("Unpacked it is too large. Leave pictures and other sheets out, or split it.")
                copy.writestr(name, content)
    except BadZipFile:
        raise UnreadableFile(
            "This is no .xlsx workbook, or it is locked with a password. Save it as .xlsx without one."
        ) from None
    return plain


def _rows(sheet: Any) -> Iterator[list[str]]:
    """As texts. Raises: UnreadableFile, naming the cell."""
    sheet.reset_dimensions()  # what a sheet says of its size may be a lie too
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), 1):
        if number > MOST_ROWS + 1:
            raise UnreadableFile(f"The sheet goes on below row {number - 1}. Delete what is empty there, or split it.")
        yield [_text(cell, f"{get_column_letter(place)}{number}") for place, cell in enumerate(row, 1)]


def _without_empty_end(rows: list[list[str]]) -> list[list[str]]:
    """Without the empty rows that a sheet has below what is written."""
    while rows and not any(rows[-1]):
        rows.pop()
    return rows


def _width_of(rows: list[list[str]]) -> int:
    """Up to the last column in which something is written."""
    return max((place for row in rows for place, text in enumerate(row, 1) if text), default=0)


def _as_shown(number: float, number_format: str) -> str:
    """With the decimals that its cell shows, unless it has more."""
    if (places := _PLACES.fullmatch(number_format)) and float(shown := f"{number:.{len(places[1])}f}") == number:
        return shown
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _text(cell: Any, place: str) -> str:
    value = cell.value
    if cell.data_type == "f":
        raise UnreadableFile(f"Cell {place} holds a formula. Copy it, and paste it as a value.")
    if cell.data_type == "e":
        raise UnreadableFile(f"Cell {place} holds an error, {value}. Write its value.")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return _as_shown(value, cell.number_format)
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)
