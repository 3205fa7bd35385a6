"""Who travels on which flights, and whether one container is right for all of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from django.utils import timezone

from catalog.fit import Asked, Box, Cat, Leg, Rules, Shell, Size, Verdict, needs, verdict
from catalog.models import Kind
from catalog.rules import rules_of
from core.errors import FieldError, InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """cats: each in a container of its own, or all in one when `together`."""

    cats: Sequence[Cat]
    together: bool
    legs: Sequence[Leg]

    @property
    def parties(self) -> list[Sequence[Cat]]:
        """Who shares a container."""
        return [self.cats] if self.together else [[cat] for cat in self.cats]

    def cats_of(self, party: int) -> list[int]:
        """Which of the cats a party is."""
        return list(range(len(self.cats))) if self.together else [party]

    @property
    def airlines(self) -> set[str]:
        return {leg.airline for leg in self.legs}

    @property
    def last_on(self) -> date:
        """The day of the last flight."""
        return max(leg.on for leg in self.legs)

    def asks(self, rules: Rules) -> Asked:
        """What it asks of every container, by what is known today."""
        today = timezone.now().date()
        return [
            {shell: needs(party, leg, shell, rules, today=today) for shell in Shell}
            for party in self.parties
            for leg in self.legs
        ]

    def judge(self, box: Box, asked: Asked) -> "list[PartyOnLeg]":
        """asked: of `asks`."""
        return [
            PartyOnLeg(party=party, leg=leg, verdict=verdict(box, by_shell[box.shell]))
            for (party, leg), by_shell in zip(map(self.party_and_leg, range(len(asked))), asked, strict=True)
        ]

    def party_and_leg(self, number: int) -> tuple[int, int]:
        """Who asks what `asks` lists under this number, and on which leg."""
        return divmod(number, len(self.legs))

    def as_json(self) -> dict[str, Any]:
        """As it is kept; `of` reads it back."""
        cats = [{name: getattr(cat, of) for name, of in _MEASURES.items()} for cat in self.cats]
        for cat in cats:
            cat["born_on"] = cat["born_on"] and cat["born_on"].isoformat()
        legs = [asdict(leg) | {"on": leg.on.isoformat()} for leg in self.legs]
        return {"cats": cats, "together": self.together, "legs": legs}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        cats = [
            measured(cat | {"born_on": cat["born_on"] and date.fromisoformat(cat["born_on"])}) for cat in kept["cats"]
        ]
        legs = [Leg(**leg | {"on": date.fromisoformat(leg["on"])}) for leg in kept["legs"]]
        return cls(cats=cats, together=kept["together"], legs=legs)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyOnLeg:
    """One verdict: who (the number of its party), and on which leg."""

    party: int
    leg: int
    verdict: Verdict


_MEASURES = {
    "length_mm": "a", "elbow_height_mm": "b", "width_mm": "c", "height_mm": "d", "weight_g": "weight_g",
    "snub_nosed": "snub_nosed", "born_on": "born_on",
}  # fmt: skip


def measured(told: Mapping[str, Any]) -> Cat:
    """A cat by the names under which clients give its measures."""
    return Cat(**{of: told[name] for name, of in _MEASURES.items() if name in told})


def known_rules(legs: Sequence[Leg], pointer: str = "/legs/{}/airline") -> Rules:
    """The rules of all their airlines. One statement. Raises: InvalidInput for an unknown airline."""
    rules, known = rules_of({leg.airline for leg in legs})
    unknown = [
        FieldError(pointer.format(number), f'We know no airline "{leg.airline}"; GET /airlines lists them.', "unknown")
        for number, leg in enumerate(legs)
        if leg.airline not in known
    ]
    if unknown:
        raise InvalidInput(unknown)
    return rules


def require_within(legs: Sequence[Leg], spans: Collection[tuple[date, date]]) -> None:
    """Whoever flies has the container on that day.

    spans: the first and last days on which it is had, both included. Raises: InvalidInput, naming every other flight.
    """
    had = " or ".join(f"from {first} to {last}" for first, last in sorted(spans))
    wrong = [
        FieldError(f"/legs/{number}/on", f"You fly on a day on which you have the container: {had}.", "outside")
        for number, leg in enumerate(legs)
        if not any(first <= leg.on <= last for first, last in spans)
    ]
    if wrong:
        raise InvalidInput(wrong)


def box_of(row: Mapping[str, Any], kind: str) -> Box:
    """A variant, by the names of its columns, as it is measured and weighed."""
    return Box(
        shell=Kind(kind).shell,
        inner=Size(row["inner_length_mm"], row["inner_width_mm"], row["inner_height_mm"]),
        outer=Size(row["outer_length_mm"], row["outer_width_mm"], row["outer_height_mm"]),
        weight_g=row["weight_g"],
        max_load_g=row["max_load_g"],
        for_cars=kind == Kind.CAR_CRATE,
    )


_RULE = ("version", "airline", "source", "checked_on", "valid_from", "trust", "note")


def rule_as_json(rule: Any) -> dict[str, Any]:
    told = {name: getattr(rule, name) for name in _RULE}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}
