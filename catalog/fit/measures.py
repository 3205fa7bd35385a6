"""Cats, containers and flights, in mm and g."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from catalog.fit.words import Shell

KITTEN_MONTHS = 6
Room: TypeAlias = tuple[int | None, int | None, int | None]  # None: no limit on this axis


@dataclass(frozen=True, slots=True)
class Size:
    """As a slack, a number may be negative: so much is missing."""

    length: int
    width: int
    height: int

    @property
    def turned(self) -> "Size":
        return Size(self.width, self.length, self.height)

    @property
    def least(self) -> int:
        return min(self.length, self.width, self.height)

    @property
    def total(self) -> int:
        return self.length + self.width + self.height

    def beyond(self, other: "Size") -> "Size":
        """What is left on each axis of this one around `other`, turned as it lies best."""
        ways = [
            Size(self.length - o.length, self.width - o.width, self.height - o.height) for o in (other, other.turned)
        ]
        return max(ways, key=lambda slack: slack.least)  # the first of equals: as it is


LARGEST_UNDER_A_SEAT = Size(600, 450, 330)  # where no rule that we trust says how much room there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Cat:
    """A: nose to root of tail, B: ground to elbow, C: widest point, D: ground to top of head or ears; in mm."""

    a: int
    b: int
    c: int
    d: int
    weight_g: int
    snub_nosed: bool = False
    born_on: date | None = None

    def is_kitten(self, on: date) -> bool:
        """Six months old at most; of unknown age, it is none."""
        if self.born_on is None:
            return False
        months = (on.year - self.born_on.year) * 12 + on.month - self.born_on.month
        return months < KITTEN_MONTHS or (months == KITTEN_MONTHS and on.day <= self.born_on.day)


NO_CAT = Cat(a=0, b=0, c=0, d=0, weight_g=0)  # to ask what an airline takes, whoever is inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A container as it is measured and weighed."""

    shell: Shell
    inner: Size
    outer: Size
    weight_g: int
    max_load_g: int
    for_cars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """`cabin` is a class of the cabin, or `hold`. `aircraft` empty: not known. `on`: the day of the flight."""

    airline: str
    cabin: str
    on: date
    aircraft: str = ""
