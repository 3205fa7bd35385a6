"""What airlines say, and which of it applies."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from catalog.fit.measures import Leg
from catalog.fit.words import BELIEVED, Reason

BELIEVED_FOR = timedelta(days=180)  # a rule that nobody has read again since is a guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of what an airline says; a limit that it does not name is None. `airline` empty: all of them."""

    version: str
    airline: str
    allowed: bool
    aircraft: str
    most_cats: int
    valid_from: date
    source: str
    checked_on: date
    trust: str
    note: str = ""

    def doubt(self, today: date) -> Reason | None:
        if today - self.checked_on > BELIEVED_FOR:
            return Reason.OLD_RULE
        return None if self.trust in BELIEVED else Reason.DOUBTFUL_RULE

    @property
    def about(self) -> tuple[bool, ...]:
        """Which it names of aircraft, class and shell."""
        return tuple(bool(getattr(self, name, "")) for name in ("aircraft", "cabin", "shell"))

    def is_closer_than(self, other: "Rule") -> bool:
        """It names all that the other names, and more."""
        pairs = list(zip(self.about, other.about, strict=True))
        return self.about != other.about and all(mine or not theirs for mine, theirs in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class CabinRule(Rule):
    cabin: str
    shell: str
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    sum_mm: int | None
    weight_g: int | None

    @property
    def scope(self) -> tuple[str, ...]:
        return self.airline, self.aircraft, self.cabin, self.shell


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRule(Rule):
    snub_nosed: bool
    snub_nosed_percent: int
    bedding_mm: int
    cat_weight_g: int | None
    most_kittens: int
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None

    @property
    def scope(self) -> tuple[str, ...]:
        return self.airline, self.aircraft


_R = TypeVar("_R", CabinRule, HoldRule)


@dataclass(frozen=True, slots=True)
class Rules:
    """Every version of every rule of the airlines concerned. `catalog_version`: which they were read under."""

    cabin: Collection[CabinRule] = ()
    hold: Collection[HoldRule] = ()
    catalog_version: str = ""


def by_aircraft(rules: Iterable[_R], leg: Leg) -> list[list[_R]]:
    """The rules that apply to each aircraft that the leg may mean, the closest first.

    If one is told that a rule names, to that alone; else to one that no rule names, which may be none, and then to each
    that is named, as another name may mean it. In force on the day of the flight, the youngest version each.
    """
    in_force: dict[tuple[str, ...], _R] = {}
    for rule in sorted(rules, key=lambda rule: rule.valid_from):
        if rule.valid_from <= leg.on:
            in_force[rule.scope] = rule
    named: list[str] = sorted({rule.aircraft for rule in in_force.values() if rule.aircraft})
    meant = [leg.aircraft] if leg.aircraft in named else ["", *named]
    return [_applying([r for r in in_force.values() if r.aircraft in ("", aircraft)]) for aircraft in meant]


def _applying(rules: Sequence[_R]) -> list[_R]:
    """A rule gives way to one that names all that it names, and more; unless it forbids."""
    left = [rule for rule in rules if not (rule.allowed and any(other.is_closer_than(rule) for other in rules))]
    return sorted(left, key=lambda rule: rule.about, reverse=True)
