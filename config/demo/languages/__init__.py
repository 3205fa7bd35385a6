"""The range in the shop's other languages. Names that are names stay as they are."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.demo.languages.french import FRENCH, FRENCH_NAMES
from config.demo.languages.german import GERMAN, GERMAN_NAMES
from config.demo.languages.spanish import SPANISH, SPANISH_NAMES


@dataclass(frozen=True, slots=True)
class Language:
    """texts: by slug, what a container is and how it is cleaned. names: of those whose name is a word."""

    texts: Mapping[str, tuple[str, str]]
    names: Mapping[str, str]
    care: str
    colour: str

    def name(self, slug: str, name: str) -> str:
        return self.names.get(slug, name)

    def description(self, slug: str) -> str:
        description, care = self.texts[slug]
        return f"{description}\n\n{self.care} {care}"


LANGUAGES = {
    "de": Language(GERMAN, GERMAN_NAMES, care="Pflege:", colour="Farbe"),
    "fr": Language(FRENCH, FRENCH_NAMES, care="Entretien :", colour="coloris"),
    "es": Language(SPANISH, SPANISH_NAMES, care="Cuidados:", colour="color"),
}
