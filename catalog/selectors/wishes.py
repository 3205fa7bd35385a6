"""What a customer looks for, and which stretch of it."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.utils import timezone

from catalog.languages import COMMONPLACE, language_asked
from catalog.models import shop_today

MOST_WORDS = 8  # of a search; what a person types, not what a script sends


class Mode(StrEnum):
    RENT = "rent"
    BUY = "buy"


class Sort(StrEnum):
    NAME = "name"
    PRICE = "price"
    CREATED_AT = "created_at"
    RELEVANCE = "rank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a customer looks for. `days` is the length of the rental wanted, from `first_on` on; None: not said."""

    currency: str
    mode: str | None = None
    search: str = ""
    kinds: Collection[str] = ()
    days: int | None = None
    first_on: date | None = None
    sizes: Collection[str] = ()
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    only: Collection[int] | None = None  # ids of variants; None: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The first `limit` rows beyond `after`, which is the sort value and the id of a row."""

    by: Sort = Sort.NAME
    falling: bool = False
    after: tuple[Any, int] | None = None
    limit: int


def parameters_of(wish: Wish) -> dict[str, Any]:
    language = language_asked()
    return {
        "name_in": f"name_{language}",
        "description_in": f"description_{language}",
        "alt_in": f"alt_{language}",
        "currency": wish.currency,
        "mode": wish.mode or "",
        "days": wish.days,
        "first_on": wish.first_on,
        "since": timezone.now().date() - timedelta(days=1),  # no depot's today is before that
        "shop_today": shop_today(),
        "sizes": list(wish.sizes) or None,
        "min_price": wish.min_price_minor,
        "max_price": wish.max_price_minor,
        "only": None if wish.only is None else list(wish.only),
        "slug": None,
        "kinds": list(wish.kinds) or None,
        "language": language,
        "words": _telling(_words(wish.search), language),
    }


def _words(search: str) -> list[str]:
    """Letters and digits, as PostgreSQL takes them apart too; whatever stands between them is not sought."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", search))[:MOST_WORDS]


def _telling(words: Sequence[str], language: str) -> list[str]:
    """Without what everything here is for, unless nothing else is sought."""
    telling = [word for word in words if word.lower() not in COMMONPLACE.get(language, ())]
    return telling or list(words)
