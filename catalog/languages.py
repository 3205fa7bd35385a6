"""The languages that the catalog is told in: those of settings.LANGUAGES; the first is the shop's own (ADR 34)."""

from collections.abc import Mapping

from django.conf import settings
from modeltrans.utils import get_language

from catalog.models import Kind

TRANSLATIONS = [(code, name) for code, name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]

KIND_LABELS: Mapping[str, Mapping[str, str]] = {
    "de": {
        Kind.SOFT: "Weiche Tragetasche",
        Kind.HARD: "Feste Transportbox",
        Kind.BACKPACK: "Rucksack",
        Kind.WHEELED: "Trolley mit Rollen",
        Kind.CAR_CRATE: "Autobox",
        Kind.AIRLINE_CRATE: "Flugbox",
        Kind.ACCESSORY: "Zubehör",
    },
    "fr": {
        Kind.SOFT: "Sac souple",
        Kind.HARD: "Caisse rigide",
        Kind.BACKPACK: "Sac à dos",
        Kind.WHEELED: "Sac à roulettes",
        Kind.CAR_CRATE: "Caisse pour la voiture",
        Kind.AIRLINE_CRATE: "Caisse pour l’avion",
        Kind.ACCESSORY: "Accessoire",
    },
    "es": {
        Kind.SOFT: "Bolso blando",
        Kind.HARD: "Transportín rígido",
        Kind.BACKPACK: "Mochila",
        Kind.WHEELED: "Trolley con ruedas",
        Kind.CAR_CRATE: "Jaula para el coche",
        Kind.AIRLINE_CRATE: "Jaula para el avión",
        Kind.ACCESSORY: "Accesorio",
    },
}

# What everything here is for: beside other words of a search it says nothing, and most descriptions do not say it.
COMMONPLACE: Mapping[str, frozenset[str]] = {
    "en": frozenset(["cat", "cats", "pet", "pets", "travel", "travelling", "traveling"]),
    "de": frozenset(["katze", "katzen", "haustier", "haustiere", "tier", "tiere", "reise", "transport"]),
    "fr": frozenset(["chat", "chats", "animal", "animaux", "voyage", "transport"]),
    "es": frozenset(["gato", "gatos", "gata", "gatas", "mascota", "mascotas", "viaje", "transporte"]),
}

# What a price is of: something bought, the days asked for, or a day where none were.
_PRICE_LABELS: Mapping[str, tuple[str, str, str]] = {
    "en": ("To buy", "To rent, for these days", "To rent, a day from"),
    "de": ("Kaufen", "Mieten, für diese Tage", "Mieten, pro Tag ab"),
    "fr": ("À l’achat", "À la location, pour ces jours", "À la location, par jour dès"),
    "es": ("Para comprar", "Para alquilar, por estos días", "Para alquilar, al día desde"),
}


def language_asked() -> str:
    """The language of whoever asks, if it is one of the shop's; else the shop's own."""
    return str(get_language())


def kind_label(kind: str) -> str:
    """What a kind is called in the language of whoever asks."""
    return KIND_LABELS.get(language_asked(), {}).get(kind) or str(Kind(kind).label)


def price_label(mode: str, *, for_days: bool) -> str:
    """What prices to buy or to rent are called in that language; `for_days`: those of the days asked for."""
    bought, stay, day = _PRICE_LABELS[language_asked()]
    return bought if mode == "buy" else stay if for_days else day
