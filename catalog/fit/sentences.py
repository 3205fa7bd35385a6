"""A verdict as one sentence, with the number that it hangs on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from catalog.fit.measures import Room, Size
from catalog.fit.verdicts import TIGHT_BELOW_MM, Verdict
from catalog.fit.words import HOLD, Reason

Side: TypeAlias = tuple[int, str]  # what is left there in mm, below zero missing; and where that is
_AXES = ("in length", "in width", "in height")
_TOGETHER = "in length, width and height together"
_TOO_SMALL = dict(zip(_AXES, ("too short", "too narrow", "too low"), strict=True))
_TOO_LARGE = {**dict(zip(_AXES, ("too long", "too wide", "too high"), strict=True)), _TOGETHER: f"too much {_TOGETHER}"}
_OTHERWISE_TIGHT = {
    False: "It fits under the seat, but is only just large enough for the cat.",
    True: "It is only just within what the airline takes in the hold.",
}


def sentence(told: Verdict, *, place: str) -> str:
    """Why, and by how much: all that is missing of what does not fit, the least that is left of what does.

    place: a class of the cabin, or the hold.
    """
    why, much = told.reason.in_place(place), ""
    match told.reason:
        case Reason.ROOM | Reason.LITTLE_ROOM:
            why, much = _room(told, why, in_hold=place == HOLD)
        case Reason.LITTLE_WEIGHT:
            much = _weight_left(told)
        case Reason.CAT_TOO_LARGE:
            much = _listed(_missing(_sides(told.inside), _TOO_SMALL))
        case Reason.SPACE_TOO_SMALL:
            over = _missing(_sides_outside(told), _TOO_LARGE)
            much = _listed([one for one in over if _TOGETHER not in one] or over)  # too long is too much together, too
        case Reason.CAT_TOO_HEAVY:
            much = f"{_grams(-told.load_g)} too much"
        case Reason.TOO_HEAVY if told.weight_g is not None:
            much = f"{_grams(-told.weight_g)} too much"
    return f"{why.removesuffix('.')}: {much}." if much else why


def _room(told: Verdict, why: str, *, in_hold: bool) -> tuple[str, str]:
    """In the cabin it hangs on the space under the seat, in the hold on the cat; or on what alone is tight."""
    inside, outside = min(_sides(told.inside)), min(_sides_outside(told), default=None)
    first, other = (inside, outside) if in_hold else (outside, inside)
    is_tight_otherwise = (
        other is not None and other[0] < TIGHT_BELOW_MM and (first is None or first[0] >= TIGHT_BELOW_MM)
    )
    if is_tight_otherwise:
        why, first = _OTHERWISE_TIGHT[in_hold], other
    return why, "" if first is None else _left(_millimetres(first[0]), first[1])


def _weight_left(told: Verdict) -> str:
    if told.weight_g is not None and told.weight_g <= told.load_g:
        return _left(_grams(told.weight_g), "of what the airline allows")
    return _left(_grams(told.load_g), "of what it can carry")


def _left(much: str, where: str) -> str:
    return f"{much} to spare {where}"


def _missing(sides: Iterable[Side], said: Mapping[str, str]) -> list[str]:
    return [f"{_millimetres(-left)} {said[where]}" for left, where in sides if left < 0]


def _listed(said: Sequence[str]) -> str:
    *first, last = said
    return f"{', '.join(first)} and {last}" if first else last


def _sides(room: Size | Room) -> list[Side]:
    sizes = (room.length, room.width, room.height) if isinstance(room, Size) else room
    return [(left, where) for left, where in zip(sizes, _AXES, strict=True) if left is not None]


def _sides_outside(told: Verdict) -> list[Side]:
    return [*_sides(told.outside), *([] if told.sum_mm is None else [(told.sum_mm, _TOGETHER)])]


def _millimetres(number: int) -> str:
    if number == 0:
        return "nothing"
    return f"{number} mm" if number < 10 else f"{number / 10:g} cm"


def _grams(number: int) -> str:
    if number == 0:
        return "nothing"
    return f"{number} g" if number < 1000 else f"{number / 1000:g} kg"
