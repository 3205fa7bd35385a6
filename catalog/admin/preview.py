"""A container as the app shows it, in any of its languages and currencies."""

from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.utils import translation

from catalog.admin.showing import picture_url, rate_ladder, swatch
from catalog.admin.variants import APPROVAL_LABELS, APPROVED, approval_state, with_approval
from catalog.languages import TRANSLATIONS, kind_label
from catalog.models import BundlePart, Container
from catalog.price_changes import offers_in_force
from core.backoffice import badge
from core.money import format_minor


def as_the_app_shows(container: Container, language: str, currency: str) -> dict[str, Any]:
    """The context of the page: texts as customers read them, and each variant with why they do not see it.

    A language or currency that there is not is that of the shop. A constant number of statements.
    """
    parts = Prefetch("parts", BundlePart.objects.select_related("part__container"))
    rows = with_approval(container.variants.all()).prefetch_related(*offers_in_force(), parts).order_by("sku")
    variants, images = list(rows), list(container.images.all())
    offers: list[Any] = [offer for row in variants for offer in (*row.sale_offers.all(), *row.rental_offers.all())]
    currencies = sorted({settings.DEFAULT_CURRENCY, *(offer.currency for offer in offers)})
    if language not in dict(settings.LANGUAGES):
        language = settings.LANGUAGE_CODE
    if currency not in currencies:
        currency = settings.DEFAULT_CURRENCY
    with translation.override(language):
        return {
            "container": container,
            "language": language,
            "languages": settings.LANGUAGES,
            "currency": currency,
            "currencies": currencies,
            **_texts(container, images),
            "variants": [_variant(row, container, currency) for row in variants],
            "untranslated": _untranslated(container, images, language),
        }


def _texts(container: Any, images: list[Any]) -> dict[str, Any]:
    return {
        "name": container.name_i18n,
        "kind": kind_label(container.kind),
        "description": container.description_i18n,
        "pictures": [(picture_url(image.widest), image.alt_i18n) for image in images],
    }


def _variant(row: Any, container: Container, currency: str) -> dict[str, Any]:
    state = approval_state(row)
    sale = next((offer for offer in row.sale_offers.all() if offer.currency == currency), None)
    rental = next(
        (offer for offer in row.rental_offers.all() if offer.currency == currency and offer.rates.all()), None
    )
    why_not = {
        "its container is a draft": not container.published,
        f"it is {state.lower()}": state != APPROVED,
        f"it has no price in {currency}": not (sale or rental),
    }
    return {
        "row": row,
        "swatch": swatch(row.colour, row.colour_hex),
        "approval": badge(state, APPROVAL_LABELS[state]),
        "why_not": [why for why, is_so in why_not.items() if is_so],
        "parts": [(part.quantity, part.part.title, part.comes_back) for part in row.parts.all()],
        "to_buy": format_minor(sale.price_minor, currency) if sale else "",
        "to_rent": rate_ladder(rental.rates.all(), currency) if rental else "",
        "deposit": format_minor(rental.deposit_minor, currency) if rental else "",
        "days": f"{rental.min_days} to {rental.max_days} days" if rental else "",
    }


def _untranslated(container: Any, images: list[Any], language: str) -> list[str]:
    """What is told in the shop's own language, as nobody has translated it."""
    if language not in dict(TRANSLATIONS):
        return []
    texts = [
        text
        for text in ("name", "description")
        if getattr(container, text) and not getattr(container, f"{text}_{language}")
    ]
    missing = [image for image in images if image.alt and not getattr(image, f"alt_{language}")]
    return [*texts, *([f"text of {len(missing)} picture{'s' * (len(missing) != 1)}"] if missing else [])]
