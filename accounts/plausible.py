"""What a cat can measure and weigh, and the sentence for whoever typed something else (docs/adr/0030)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

OLDEST_CAT = 40  # years; the oldest known reached 38
_LARGEST_SAID = 1_000_000  # what is larger is not repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The least and the most of one measure, from kittens of a few weeks to the largest cats known, and a bit more.

    Narrow enough that what was meant in a larger unit lies outside.
    """

    of: str
    least: int
    most: int
    unit: str
    larger: dict[str, int]  # units people think in: how many of ours each has

    @property
    def words(self) -> str:
        return f"between {self.least} and {self.most} {self.unit}"

    def refusal(self, told: float) -> str | None:
        """Why this is none, with a guess at what was meant; None: it can be."""
        if self.least <= told <= self.most:
            return None
        if not -_LARGEST_SAID <= told <= _LARGEST_SAID:  # nor is what is no number at all
            return f"This is no cat's {self.of}; it is {self.words}."
        no = f"{told:.15g} {self.unit} is no cat's {self.of}; "
        for unit, many in self.larger.items():
            meant = round(told * many)
            if self.least <= meant <= self.most:
                return f"{no}did you mean {meant} {self.unit} ({told:.15g} {unit})? It is {self.words}."
        return f"{no}it is {self.words}."


def _length(of: str, least: int, most: int) -> Range:
    return Range(of=of, least=least, most=most, unit="mm", larger={"cm": 10, "m": 1000})


LENGTH = _length("length", 120, 900)
ELBOW_HEIGHT = _length("elbow height", 40, 350)
WIDTH = _length("width", 40, 350)
HEIGHT = _length("height", 80, 600)
WEIGHT = Range(of="weight", least=200, most=20_000, unit="g", larger={"kg": 1000})

MEASURES = ("length_mm", "elbow_height_mm", "width_mm", "height_mm", "weight_g")


def wrong_together(measures: Mapping[str, int], *, born_on: date | None, today: date) -> dict[str, str]:
    """Of measures that are each possible, those that no cat has together, and why; and an impossible birthday.

    measures: all of `MEASURES`. Returns: {the name of a field: a sentence}.
    """
    wrong = {}
    if measures["elbow_height_mm"] >= measures["height_mm"]:
        why = "The elbow is below the top of the head: elbow_height_mm must be less than height_mm."
        wrong["elbow_height_mm"] = why
    if measures["width_mm"] >= measures["length_mm"]:
        wrong["width_mm"] = "A cat is longer than it is wide: width_mm must be less than length_mm."
    if (birthday := _wrong_birthday(born_on, today)) is not None:
        wrong["born_on"] = birthday
    return wrong


def _wrong_birthday(born_on: date | None, today: date) -> str | None:
    tomorrow = today + timedelta(days=1)  # which it may be already where the cat lives
    if born_on is not None and born_on > tomorrow:
        return "A birthday cannot be in the future."
    if born_on is not None and born_on.year < tomorrow.year - OLDEST_CAT:
        return f"No cat is older than {OLDEST_CAT} years; look at the year again."
    return None
