"""Whether one container will do, and how much room is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from catalog.fit.measures import Box, Room, Size
from catalog.fit.needs import Needs
from catalog.fit.rules import Rule
from catalog.fit.words import Answer, Reason

TIGHT_BELOW_MM = 10
TIGHT_BELOW_G = 300  # a meal, and the difference between two scales


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`inside`: room around the cat, which in the cabin may be negative, as a cat lies curled up there.

    `outside`: room around the container; None on an axis for which the airline names no limit. `rule` decided.
    """

    answer: Answer
    reason: Reason
    rule: Rule | None
    inside: Size
    outside: Room

    @property
    def is_no(self) -> bool:
        return self.answer == Answer.TOO_SMALL


def verdict(box: Box, asked: Sequence[Needs]) -> Verdict:
    """Whether this container will do, by what `needs` found for its shell: the worst, if aircraft differ in no more."""
    measured = [(need.aircraft, _measured(box, need)) for need in asked]
    by_aircraft = [worst(one for _, one in same) for _, same in groupby(measured, key=itemgetter(0))]
    if len({one.is_no for one in by_aircraft}) > 1:
        return replace(by_aircraft[0], answer=Answer.ASK_AIRLINE, reason=Reason.BY_AIRCRAFT)
    return worst(by_aircraft)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The one that decides about a trip of several legs."""
    return max(verdicts, key=lambda verdict: list(Answer).index(verdict.answer))  # of equals the first


def _measured(box: Box, need: Needs) -> Verdict:
    outside = _room(need.outer, box.outer)
    answer, reason = _answer(box, need, outside)
    return Verdict(answer=answer, reason=reason, rule=need.rule, inside=box.inner.beyond(need.cat), outside=outside)


def _answer(box: Box, need: Needs, outside: Room) -> tuple[Answer, Reason]:
    """What is plain whatever an airline says comes first; then doubt; then what the airline says."""
    inner = box.inner.beyond(need.least).least
    outer = min((side for side in (*outside, _sum_left(box, need)) if side is not None), default=TIGHT_BELOW_MM)
    if plain := _plain_no(box, need, inner):
        return Answer.TOO_SMALL, plain
    if need.doubt is not None:
        return Answer.ASK_AIRLINE, need.doubt
    if no := need.no or _no_by_size(box, need, outer):
        return Answer.TOO_SMALL, no
    return _yes(box, need, min(inner, outer))


def _yes(box: Box, need: Needs, room: int) -> tuple[Answer, Reason]:
    if box.inner.length**2 + box.inner.width**2 < need.turns_in_mm**2:
        return Answer.ASK_AIRLINE, Reason.NO_ROOM_TO_TURN
    if room < TIGHT_BELOW_MM:
        return Answer.TIGHT, Reason.LITTLE_ROOM
    is_heavy = _grams_left(box, need) < TIGHT_BELOW_G
    return (Answer.TIGHT, Reason.LITTLE_WEIGHT) if is_heavy else (Answer.FITS, Reason.ROOM)


def _plain_no(box: Box, need: Needs, inner: int) -> Reason | None:
    if inner < 0:
        return Reason.CAT_TOO_LARGE
    if need.load_g > box.max_load_g:
        return Reason.CAT_TOO_HEAVY
    if box.for_cars and need.by_air:
        return Reason.MADE_FOR_CARS
    if need.most is not None and need.most.beyond(box.outer).least < 0:
        return Reason.SPACE_TOO_SMALL
    return Reason.SOFT_IN_HOLD if need.no == Reason.SOFT_IN_HOLD else None


def _no_by_size(box: Box, need: Needs, outer: int) -> Reason | None:
    if outer < 0:
        return Reason.SPACE_TOO_SMALL
    is_heavy = need.weight_g is not None and need.load_g + box.weight_g > need.weight_g
    return Reason.TOO_HEAVY if is_heavy else None


def _room(limit: Room, size: Size) -> Room:
    """What is left around a container, turned as it stands best; None where there is no limit."""

    def left(length: int, width: int) -> Room:
        sides = zip(limit, (length, width, size.height), strict=True)
        first, second, third = (None if most is None else most - side for most, side in sides)
        return first, second, third

    ways = [left(size.length, size.width), left(size.width, size.length)]
    return max(ways, key=lambda way: min((side for side in way if side is not None), default=0))


def _sum_left(box: Box, need: Needs) -> int | None:
    outer = box.outer
    return None if need.sum_mm is None else need.sum_mm - outer.length - outer.width - outer.height


def _grams_left(box: Box, need: Needs) -> int:
    inside = box.max_load_g - need.load_g
    return inside if need.weight_g is None else min(inside, need.weight_g - need.load_g - box.weight_g)
