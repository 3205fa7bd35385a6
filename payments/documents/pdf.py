"""A receipt or credit note on A4. The same document is the same bytes, whenever and wherever it is drawn."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.dates import format_date
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from core.money import format_minor
from payments.models import Document, DocumentKind, DocumentLine

_PLAIN, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_INK, _QUIET, _RULE, _ACCENT = HexColor("#22262b"), HexColor("#6a717a"), HexColor("#d9dde2"), HexColor("#1f5f5b")


@dataclass(frozen=True, slots=True)
class _Style:
    font: str
    size: float
    colour: Color = _INK

    def width(self, text: str) -> float:
        return float(pdfmetrics.stringWidth(text, self.font, self.size))


_SHOP, _HEADLINE, _TOTAL = _Style(_BOLD, 15.0, _ACCENT), _Style(_BOLD, 22.0), _Style(_BOLD, 12.0)
_NAME, _BODY, _FACT = _Style(_BOLD, 9.5), _Style(_PLAIN, 9.5), _Style(_PLAIN, 9.5, _QUIET)
_FIGURE, _TAXES = _Style(_PLAIN, 9.0), _Style(_PLAIN, 8.5)
_LABEL, _DETAIL = _Style(_PLAIN, 8.0, _QUIET), _Style(_PLAIN, 7.5, _QUIET)

_WIDTH, _HEIGHT = A4
_LEFT, _RIGHT = 57.0, _WIDTH - 57.0
_TOP, _BOTTOM = _HEIGHT - 57.0, 76.0
_TITLES = {DocumentKind.RECEIPT: "Receipt", DocumentKind.CREDIT_NOTE: "Credit note"}
# Right edges of the columns of figures.
_QUANTITY, _DAYS, _UNIT_PRICE, _RATE = _RIGHT - 232.0, _RIGHT - 196.0, _RIGHT - 120.0, _RIGHT - 74.0
_SUMS, _NET, _TAX = _RIGHT - 270.0, _RIGHT - 170.0, _RIGHT - 85.0
_FACTS = _RIGHT - 180.0
_TITLE_WIDTH = _QUANTITY - _LEFT - 34.0
_NAME_WIDTH = _FACTS - _LEFT - 20.0
_LEADING, _SMALL = 13.0, 10.5


def draw(document: Document) -> bytes:
    """The document as a PDF; reads its lines and the number of its order."""
    return _Drawing(document).finish()


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table, its texts already broken to fit."""

    line: DocumentLine
    title: Sequence[str]
    detail: Sequence[str]
    rates: Sequence[str]

    @property
    def height(self) -> float:
        texts = len(self.title) * _LEADING + len(self.detail) * _SMALL
        return max(texts, len(self.rates) * _LEADING) + 11.0


class _Drawing:
    """`y` is where the next thing goes, from the top of the page downwards."""

    def __init__(self, document: Document) -> None:
        _load_fonts()
        self.document = document
        self.rows = [_row(line) for line in document.lines.all()]
        self.customer = _broken(document.customer["name"], _NAME_WIDTH, _NAME)
        self.address = [part for line in document.customer["address"] for part in _broken(line, _NAME_WIDTH, _BODY)]
        self.note = _broken(document.note, _RIGHT - _LEFT, _BODY)
        self.title = _TITLES[DocumentKind(document.kind)]
        self.paper = BytesIO()
        self.canvas = Canvas(
            self.paper,
            pagesize=A4,
            invariant=True,
            lang="en",
            initialFontName=_PLAIN,  # type: ignore[arg-type]  # the stubs take it for a number
        )
        self.y = _TOP
        self._describe()

    def finish(self) -> bytes:
        pages = list(self._pages())
        for number, rows in enumerate(pages, start=1):
            self.y = _TOP
            if number == 1:
                self._letterhead()
            else:
                self._running_head()
            if rows:
                self._table_head()
            for row in rows:
                self._draw_row(row)
            if number == len(pages):
                self._closing()
            self._foot(f"{number} of {len(pages)}")
            self.canvas.showPage()
        self.canvas.save()
        return self.paper.getvalue()

    def _describe(self) -> None:
        document, canvas = self.document, self.canvas
        canvas.setTitle(f"{self.title} {document.number}")
        canvas.setAuthor(document.seller["name"])
        canvas.setSubject(f"Order {document.order.number}")
        canvas.setCreator("Cat Travel Logistics")
        canvas.setViewerPreference("DisplayDocTitle", "true")
        issued = document.issued_at.astimezone(UTC)
        canvas.setDateFormatter(lambda *_: f"D:{issued:%Y%m%d%H%M%S}+00'00'")

    # Where what goes

    def _pages(self) -> Iterator[list[_Row]]:
        """The rows of each page; the sums stand below the last row, and never alone on a page."""
        room = self._head_bottom() - 28.0 - _BOTTOM
        page: list[_Row] = []
        for index, row in enumerate(self.rows):
            last = index == len(self.rows) - 1
            needed = row.height + (self._closing_height() if last else 0.0)
            if page and needed > room:
                yield page
                page, room = [], _TOP - 34.0 - 28.0 - _BOTTOM
            page.append(row)
            room -= row.height
        yield page

    def _head_bottom(self) -> float:
        letterhead = max(len(self._seller()), 2) * _SMALL
        parties = max(len(self.customer) + len(self.address), 3) * _LEADING
        return _TOP - 10.0 - letterhead - 92.0 - parties - 26.0

    def _closing_height(self) -> float:
        return 82.0 + (len(self.document.taxes) + len(self.note)) * _LEADING

    # What is drawn

    def _letterhead(self) -> None:
        self._text(_LEFT, self.y - 4.0, self.document.seller["name"], _SHOP)
        told = self._seller()
        for n, line in enumerate(told):
            self._text_right(_RIGHT, self.y - n * _SMALL, line, _LABEL)
        self.y -= 10.0 + max(len(told), 2) * _SMALL
        self._rule(self.y, _ACCENT, 1.2)
        self.y -= 44.0
        self._text(_LEFT, self.y, self.title, _HEADLINE)
        self.y -= 48.0
        top = self.y
        for style, lines in ((_NAME, self.customer), (_BODY, self.address)):
            for line in lines:
                self._text(_LEFT, self.y, line, style)
                self.y -= _LEADING
        facts = [
            ("Number", self.document.number),
            ("Date", format_date(self.document.issued_on, "d MMMM y", locale="en")),
            ("Order", self.document.order.number),
        ]
        for n, (name, value) in enumerate(facts):
            self._text(_FACTS, top - n * _LEADING, name, _FACT)
            self._text_right(_RIGHT, top - n * _LEADING, value, _BODY)
        self.y = self._head_bottom()

    def _running_head(self) -> None:
        self._text(_LEFT, self.y, f"{self.title} {self.document.number}", _NAME)
        self._text_right(_RIGHT, self.y, "continued", _FACT)
        self.y -= 34.0

    def _table_head(self) -> None:
        self._text(_LEFT, self.y, "Description", _LABEL)
        for edge, name in (
            (_QUANTITY, "Quantity"),
            (_DAYS, "Days"),
            (_UNIT_PRICE, "Unit price"),
            (_RATE, "Tax"),
            (_RIGHT, "Total"),
        ):
            self._text_right(edge, self.y, name, _LABEL)
        self._rule(self.y - 8.0, _INK, 0.8)
        self.y -= 28.0 - 4.0

    def _draw_row(self, row: _Row) -> None:
        line, y = row.line, self.y
        for edge, told in (
            (_QUANTITY, str(line.quantity)),
            (_DAYS, str(line.days or "")),
            (_UNIT_PRICE, self._money(line.unit_price_minor)),
            (_RIGHT, self._money(line.total_minor)),
        ):
            self._text_right(edge, y, told, _FIGURE)
        for n, rate in enumerate(row.rates):
            self._text_right(_RATE, y - n * _LEADING, rate, _FIGURE)
        for text in row.title:
            self._text(_LEFT, y, text, _BODY)
            y -= _LEADING
        for text in row.detail:
            self._text(_LEFT, y + 1.0, text, _DETAIL)
            y -= _SMALL
        self.y -= row.height
        self._rule(self.y + 15.0, _RULE, 0.5)

    def _closing(self) -> None:
        document = self.document
        self.y -= 12.0
        self._text(_SUMS, self.y, "Total", _TOTAL)
        self._text_right(_RIGHT, self.y, self._money(document.total_minor), _TOTAL)
        self.y -= 30.0
        columns = (_NET, _TAX, _RIGHT)
        self._text(_SUMS, self.y, "Tax included", _LABEL)
        for edge, name in zip(columns, ("Net", "Tax", "Gross"), strict=True):
            self._text_right(edge, self.y, name, _LABEL)
        self._rule(self.y - 6.0, _RULE, 0.5, _SUMS)
        self.y -= 6.0
        for part in document.taxes:
            self.y -= _LEADING
            gross, tax = part["gross_minor"], part["tax_minor"]
            self._text(_SUMS, self.y, _percent(part["rate_bp"]), _TAXES)
            for edge, minor in zip(columns, (gross - tax, tax, gross), strict=True):
                self._text_right(edge, self.y, self._money(minor), _TAXES)
        self.y -= 34.0
        for line in self.note:
            self._text(_LEFT, self.y, line, _BODY)
            self.y -= _LEADING

    def _foot(self, page: str) -> None:
        seller = self.document.seller
        self._rule(48.0, _RULE, 0.5)
        self._text(_LEFT, 34.0, f"{seller['name']} · {self.title} {self.document.number}", _DETAIL)
        self._text_right(_RIGHT, 34.0, page, _DETAIL)

    # By what

    def _text(self, x: float, y: float, text: str, style: _Style) -> None:
        self.canvas.setFillColor(style.colour)
        self.canvas.setFont(style.font, style.size)
        self.canvas.drawString(x, y, text)

    def _text_right(self, x: float, y: float, text: str, style: _Style) -> None:
        self._text(x - style.width(text), y, text, style)

    def _rule(self, y: float, colour: Color, width: float, start: float = _LEFT) -> None:
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(width)
        self.canvas.line(start, y, _RIGHT, y)

    def _seller(self) -> list[str]:
        seller = self.document.seller
        return [*seller["address"], *([f"Tax ID {seller['tax_id']}"] if seller["tax_id"] else [])]

    def _money(self, minor: int) -> str:
        return format_minor(minor, self.document.currency).replace("-", "\N{MINUS SIGN}")


def _row(line: DocumentLine) -> _Row:
    return _Row(
        line,
        title=_broken(line.title, _TITLE_WIDTH, _BODY),
        detail=_broken(line.detail, _TITLE_WIDTH, _DETAIL),
        rates=[_percent(part["rate_bp"]) for part in line.taxes],
    )


def _broken(text: str, width: float, style: _Style) -> list[str]:
    """As many lines as it takes, broken between words; within one only where it is wider than all there is."""

    def fits(part: str) -> bool:
        return style.width(part) <= width

    lines: list[str] = []
    for word in text.split():
        for piece in _pieces(word, fits):
            if lines and fits(f"{lines[-1]} {piece}"):
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    return lines


def _pieces(word: str, fits: Callable[[str], bool]) -> Iterator[str]:
    start = 0
    for end in range(2, len(word) + 1):
        if not fits(word[start:end]):
            yield word[start : end - 1]
            start = end - 1
    yield word[start:]


def _percent(rate_bp: int) -> str:
    return f"{rate_bp / 100:g} %"


@lru_cache(maxsize=1)
def _load_fonts() -> None:
    for name in (_PLAIN, _BOLD):
        pdfmetrics.registerFont(TTFont(name, Path(__file__).parent / "fonts" / f"{name}.ttf"))
