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
    """What `rule` decided, and what is left beyond all that was asked: below zero, so much is missing.

    `inside`: beyond what the cats need, to stand and turn in the hold, to lie curled up in the cabin; `load_g`: beyond
    their weight, of what the container carries. `outside`, `sum_mm` and `weight_g`: beyond the container, and the cats
    in it; None where nothing is limited.
    """

    answer: Answer
    reason: Reason
    rule: Rule | None
    inside: Size
    load_g: int
    outside: Room
    sum_mm: int | None
    weight_g: int | None

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
    """What is plain whatever an airline says comes first; then doubt; then what the airline says."""
    told = Verdict(
        answer=Answer.FITS, reason=Reason.ROOM, rule=need.rule,
        inside=box.inner.beyond(need.least), load_g=box.max_load_g - need.load_g, outside=_room(need.outer, box.outer),
        sum_mm=None if need.sum_mm is None else need.sum_mm - box.outer.total,
        weight_g=None if need.weight_g is None else need.weight_g - need.load_g - box.weight_g,
    )  # fmt: skip
    huge = None if need.most is None else need.most.beyond(box.outer)
    if huge is not None and huge.least < 0:  # for any seat that we know
        told = replace(told, outside=(huge.length, huge.width, huge.height))
    if plain := _plain_no(box, need, told):
        return replace(told, answer=Answer.TOO_SMALL, reason=plain)
    if need.doubt is not None:
        return replace(told, answer=Answer.ASK_AIRLINE, reason=need.doubt)
    if no := need.no or _no_by_size(told):
        return replace(told, answer=Answer.TOO_SMALL, reason=no)
    answer, reason = _yes(box, need, told)
    return replace(told, answer=answer, reason=reason)


def _yes(box: Box, need: Needs, told: Verdict) -> tuple[Answer, Reason]:
    if box.inner.length**2 + box.inner.width**2 < need.turns_in_mm**2:
        return Answer.ASK_AIRLINE, Reason.NO_ROOM_TO_TURN
    if min([told.inside.least, *_limited(told)]) < TIGHT_BELOW_MM:
        return Answer.TIGHT, Reason.LITTLE_ROOM
    is_heavy = told.load_g < TIGHT_BELOW_G or (told.weight_g is not None and told.weight_g < TIGHT_BELOW_G)
    return (Answer.TIGHT, Reason.LITTLE_WEIGHT) if is_heavy else (Answer.FITS, Reason.ROOM)


def _plain_no(box: Box, need: Needs, told: Verdict) -> Reason | None:
    if told.inside.least < 0:
        return Reason.CAT_TOO_LARGE
    if told.load_g < 0:
        return Reason.CAT_TOO_HEAVY
    if box.for_cars and need.by_air:
        return Reason.MADE_FOR_CARS
    if need.most is not None and need.most.beyond(box.outer).least < 0:
        return Reason.SPACE_TOO_SMALL
    return Reason.SOFT_IN_HOLD if need.no == Reason.SOFT_IN_HOLD else None


def _no_by_size(told: Verdict) -> Reason | None:
    if any(side < 0 for side in _limited(told)):
        return Reason.SPACE_TOO_SMALL
    return Reason.TOO_HEAVY if told.weight_g is not None and told.weight_g < 0 else None


def _limited(told: Verdict) -> list[int]:
    """The room outside, on each axis and of their sum, as far as something limits it."""
    return [side for side in (*told.outside, told.sum_mm) if side is not None]


def _room(limit: Room, size: Size) -> Room:
    """What is left around a container, turned as it stands best; None where there is no limit."""

    def left(length: int, width: int) -> Room:
        sides = zip(limit, (length, width, size.height), strict=True)
        first, second, third = (None if most is None else most - side for most, side in sides)
        return first, second, third

    ways = [left(size.length, size.width), left(size.width, size.length)]
    return max(ways, key=lambda way: min((side for side in way if side is not None), default=0))
