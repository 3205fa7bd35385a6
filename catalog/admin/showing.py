"""Small pieces of HTML that several pages of the catalog show."""

from collections.abc import Iterable
from typing import Any

from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.models import BundlePart, Offer, RentalOffer, RentalRate, Variant
from core.backoffice import NOTHING, badge
from core.money import format_minor
from core.time import day_after

MEASURES = "Millimetres and grams; 46 cm and 1.2 kg may be written so."
_BREAK = SafeString("<br>")


def picture_url(name: str | None) -> str | None:
    return default_storage.url(name) if name else None


def picture(name: str | None, *, size: int) -> SafeString | str:
    """A picture that fits a square of `size` pixels; nothing where there is none."""
    if not name:
        return ""
    return format_html(
        '<img src="{}" alt="" loading="lazy" class="rounded-default border border-base-200 object-contain '
        'bg-white dark:border-base-700" style="width:{}px;height:{}px;max-width:none">',
        picture_url(name), size, size,
    )  # fmt: skip


def swatch(colour: str, colour_hex: str) -> SafeString:
    """A colour's name with a dot of it."""
    return format_html(
        '<span class="inline-flex items-center gap-2"><span class="inline-block rounded-full border border-base-300" '
        'style="width:14px;height:14px;background:{}"></span>{}</span>',
        colour_hex, colour,
    )  # fmt: skip


def lines(texts: Iterable[str]) -> SafeString | str:
    """Short texts, none of them broken, one below the other."""
    return format_html_join(_BREAK, '<span class="whitespace-nowrap">{}</span>', ((text,) for text in texts)) or NOTHING


def rate_ladder(rates: Iterable[RentalRate], currency: str) -> SafeString | str:
    """ "1+ €4.90 · 4+ €3.90": from how many days on a day costs how much."""
    steps = [(rate.from_days, format_minor(rate.per_day_minor, currency)) for rate in rates]
    return format_html_join(" · ", '<span class="whitespace-nowrap"><b>{}+</b> {}</span>', steps) or NOTHING


def sale_prices(variant: Variant) -> SafeString | str:
    """What it costs to buy, by currency. Needs `sale_offers` loaded."""
    return lines(format_minor(offer.price_minor, offer.currency) for offer in variant.sale_offers.all())


def least_days(variant: Variant) -> SafeString | str:
    """What a day costs at least, by currency. Needs `rental_offers__rates` loaded."""
    offers = [(offer, [rate.per_day_minor for rate in offer.rates.all()]) for offer in variant.rental_offers.all()]
    return lines(f"{format_minor(min(days), offer.currency)} a day" for offer, days in offers if days)


def since_when(row: Offer) -> SafeString:
    """When a version of an offer is in force."""
    if row.is_to_come:
        return badge(f"From {date_format(row.valid_from)}", "warning")
    if row.is_over:
        last = date_format(day_after(row.valid_until, -1)) if row.valid_until else ""
        return badge(f"{date_format(row.valid_from)} to {last}")
    return badge("Today", "success", title=f"Since {date_format(row.valid_from)}")


def all_prices(rows: Iterable[Offer], *, may_undo: bool) -> SafeString:
    """Every version of what a variant costs, with a way to undo what has not begun. Needs `set_by`, and `rates`."""
    heads = ("When", "How", "Price", "Deposit, late fee a day", "Set by", "")
    return table(heads, (_version(row, may_undo=may_undo) for row in rows))


def price_of(row: Any) -> SafeString | str:
    """What a version of an offer costs: to buy, or a day."""
    if isinstance(row, RentalOffer):
        return rate_ladder(row.rates.all(), row.currency)
    return format_minor(row.price_minor, row.currency)


def _version(row: Any, *, may_undo: bool) -> tuple[Any, ...]:
    is_rent = isinstance(row, RentalOffer)
    more = [format_minor(minor, row.currency) for minor in (row.deposit_minor, row.late_fee_minor)] if is_rent else []
    undo: SafeString | str = ""
    if row.is_to_come and may_undo:
        address = reverse(f"admin:catalog_{'rentaloffer' if is_rent else 'saleoffer'}_delete", args=[row.pk])
        undo = anchor(address, "Withdraw…")
    who = row.set_by or NOTHING
    return since_when(row), "To rent" if is_rent else "To buy", price_of(row), ", ".join(more) or NOTHING, who, undo


def link(model: str, pk: Any, text: str) -> SafeString:
    """A link to a row's page; `model` as in "catalog_variant"."""
    return anchor(reverse(f"admin:{model}_change", args=[pk]), text)


def anchor(address: str, text: str) -> SafeString:
    return format_html('<a class="text-primary-600 dark:text-primary-500 font-medium" href="{}">{}</a>', address, text)


def measured_with(variant: Variant) -> SafeString | str:
    """Whose sizes and weights a bundle has, or which bundles have those of a variant; "" for all others."""
    if parts := list(variant.parts.all()):
        lead = link("catalog_variant", parts[0].part_id, str(parts[0].part))
        return format_html("A bundle measures what its first part does, and follows it: change {}.", lead)
    rows = BundlePart.objects.filter(part=variant).select_related("bundle").prefetch_related("bundle__parts")
    led = [row.bundle for row in rows.order_by("bundle__sku") if row.bundle.parts.all()[0].part_id == variant.pk]
    if not led:
        return ""
    links = format_html_join(", ", "{}", ((link("catalog_variant", row.pk, row.sku),) for row in led))
    return format_html("{} What is changed here changes in bundles led by it: {}.", MEASURES, links)


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> SafeString:
    """A table of figures, which scrolls by itself where it is wider than the page."""
    cells = ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows)
    return format_html(
        '<div class="bo-card bo-scroll"><table class="bo-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>'
        "</div>",
        format_html_join("", "<th>{}</th>", ((title,) for title in head)),
        format_html_join("", "<tr>{}</tr>", cells),
    )
