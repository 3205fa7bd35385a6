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


def language_asked() -> str:
    """The language of whoever asks, if it is one of the shop's; else the shop's own."""
    return str(get_language())


def kind_label(kind: str) -> str:
    """What a kind is called in the language of whoever asks."""
    return KIND_LABELS.get(language_asked(), {}).get(kind) or str(Kind(kind).label)
