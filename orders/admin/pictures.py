"""How a unit looked, side by side: when it left, when it was back, and what is claimed."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.backoffice import NOTHING, Card, Table
from inventory.models import Unit
from orders.checklists import points_of
from orders.models import Rental, RentalPhoto

_MOMENTS = (
    (RentalPhoto.Moment.HANDED_OVER, "When it left"),
    (RentalPhoto.Moment.TAKEN_BACK, "When it was back"),
    (RentalPhoto.Moment.CLAIMED, "Claimed"),
)


def picture_cards(photos: Iterable[RentalPhoto]) -> list[Card]:
    """One card with a row of pictures for each moment; none when nothing was photographed."""
    rows = list(photos)
    shown = [(title, strip(photo for photo in rows if photo.moment == moment)) for moment, title in _MOMENTS]
    parts = format_html_join("", "<figure><figcaption>{}</figcaption>{}</figure>", [one for one in shown if one[1]])
    return [Card("Pictures", text=format_html('<div class="bo-photos">{}</div>', parts))] if parts else []


def strip(photos: Iterable[RentalPhoto]) -> SafeString:
    """Small pictures, each a link to itself."""
    links = [(reverse("admin:orders_rental_picture", args=[photo.pk]), photo.get_moment_display()) for photo in photos]
    return format_html_join("", '<a href="{0}"><img src="{0}" alt="{1}" loading="lazy"></a>', links)


def condition_cards(rental: Rental) -> list[Card]:
    """The two looks at a unit beside each other, point by point; none before the first."""
    report = rental.condition_report
    looks = [when for when in ("handed_over", "returned") if f"{when}_condition" in report]
    if not looks:
        return []
    grades = dict(Unit.Condition.choices)
    rows: list[list[Any]] = [["Condition", *(grades.get(report[f"{when}_condition"], NOTHING) for when in looks)]]
    checks = [report.get(f"{when}_checks", {}) for when in looks]
    for point in points_of(rental.line.variant.container.kind) if any(checks) else ():
        rows.append([point.text, *(_tick(answers.get(point.code)) for answers in checks)])
    notes = [report.get(f"{when}_note", "") for when in looks]
    if any(notes):
        rows.append(["Note", *notes])
    headings = {"handed_over": "When it left", "returned": "When it was back"}
    return [Card("Condition", table=Table(["", *(headings[when] for when in looks)], rows))]


def came_back(rental: Rental) -> list[tuple[str, Any]]:
    """How the unit came back, as the counter wrote it down."""
    report = rental.condition_report
    grades = dict(Unit.Condition.choices)
    facts = [("Came back as", grades.get(report["returned_condition"]))] if "returned_condition" in report else []
    return [*facts, ("Note", report["returned_note"])] if report.get("returned_note") else facts


def _tick(answer: bool | None) -> SafeString | str:  # noqa: FBT001 (an answer of a checklist)
    if answer is None:
        return NOTHING
    shown = ("ok", "check", "In order") if answer else ("bad", "close", "Not in order")
    return format_html('<span class="bo-tick {0} material-symbols-outlined" title="{2}">{1}</span>', *shown)
