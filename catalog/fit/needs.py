"""What a leg asks of every container, as numbers: worked out once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeAlias

from catalog.fit.measures import LARGEST_UNDER_A_SEAT, Cat, Leg, Room, Size
from catalog.fit.rules import CabinRule, HoldRule, Rule, Rules, by_aircraft
from catalog.fit.words import HOLD, Reason, Shell

UNLIKE_FROM = 2  # times as heavy: not of similar size by any reading
LITTER_WITHIN = timedelta(days=2)  # a litter is born in a day or two


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one leg asks of every container of one shell, as numbers: worked out once, compared with each container.

    `no`: no container will do. `doubt`: where one would do, the airline must be asked. `least`: what it must measure
    inside; `turns_in_mm`: the diagonal of the floor in which the cat can turn; `most`: outside, whatever the airline
    says. `by_air`: False where nobody flies. `aircraft`: of which one it is asked, by number; what has the same number
    is asked all together.
    """

    rule: Rule | None
    least: Size
    load_g: int
    most: Size | None = None
    by_air: bool = True
    aircraft: int = 0
    turns_in_mm: int = 0
    no: Reason | None = None
    doubt: Reason | None = None
    outer: Room = (None, None, None)
    sum_mm: int | None = None
    weight_g: int | None = None


# What each party asks of each shell on each leg: every leg of the first party, then of the next.
Asked: TypeAlias = Sequence[Mapping[Shell, Sequence[Needs]]]


def crate_for(cats: Sequence[Cat], *, bedding_mm: int, snub_nosed_percent: int) -> Size:
    """The least inside of a crate in the hold: A + B/2 long, 2C wide (3C for two, 4C for three), D and bedding high.

    Length and height of the largest cat, all of it larger for a snub-nosed one; rounded up.
    """
    twice_length = max(2 * cat.a + cat.b for cat in cats)
    width = (len(cats) + 1) * max(cat.c for cat in cats)
    height = max(cat.d for cat in cats) + bedding_mm
    percent = 100 + snub_nosed_percent if any(cat.snub_nosed for cat in cats) else 100
    return Size(_up(twice_length * percent, 200), _up(width * percent, 100), _up(height * percent, 100))


def needs(cats: Sequence[Cat], leg: Leg, shell: Shell, rules: Rules, *, today: date) -> list[Needs]:
    """What the leg asks of a container of this shell: of each aircraft that it may mean, by every rule that applies."""
    if leg.cabin == HOLD:
        return _hold_needs(cats, leg, shell, rules, today)
    own = [r for r in rules.cabin if r.airline == leg.airline and r.cabin in ("", leg.cabin) and r.shell in ("", shell)]
    known: Sequence[Sequence[CabinRule | None]] = by_aircraft(own, leg)
    return [
        replace(_cabin_need(cats, rule, today), aircraft=number)
        for number, applying in enumerate(known)
        for rule in applying or [None]
    ]


def needs_of_cats(cats: Sequence[Cat]) -> Needs:
    """What cats that do not fly ask of every container: only what is plainly impossible is refused."""
    least = Size(max(cat.c for cat in cats), sum(cat.c for cat in cats), max(cat.b for cat in cats))
    return Needs(rule=None, least=least, load_g=_weight(cats), by_air=False)


def _cabin_need(cats: Sequence[Cat], rule: CabinRule | None, today: date) -> Needs:
    """In the cabin a cat lies curled up; all that is asked besides is a floor on which it can turn."""
    bare = replace(needs_of_cats(cats), rule=rule, by_air=True, turns_in_mm=max(cat.a for cat in cats))
    if rule is None:
        return replace(bare, doubt=Reason.NO_RULE, most=LARGEST_UNDER_A_SEAT)
    outer = (rule.length_mm, rule.width_mm, rule.height_mm)
    doubt = rule.doubt(today) or (Reason.NO_LIMIT if rule.allowed and None in outer else None)
    return replace(
        bare, no=_no(cats, rule), doubt=doubt, most=LARGEST_UNDER_A_SEAT if doubt else None, outer=outer,
        sum_mm=rule.sum_mm, weight_g=rule.weight_g,
    )  # fmt: skip


def _hold_needs(cats: Sequence[Cat], leg: Leg, shell: Shell, rules: Rules, today: date) -> list[Needs]:
    """Where the airline's own rules say nothing, that of all airlines tells the size, and the airline must be asked."""
    own = by_aircraft([rule for rule in rules.hold if rule.airline == leg.airline], leg)
    common: Sequence[HoldRule | None] = by_aircraft([rule for rule in rules.hold if not rule.airline], leg)[0]
    return [
        replace(_hold_need(cats, leg, shell, rule, today), aircraft=number)
        for number, applying in enumerate(own)
        for rule in applying or common or [None]
    ]


def _hold_need(cats: Sequence[Cat], leg: Leg, shell: Shell, rule: HoldRule | None, today: date) -> Needs:
    soft = Reason.SOFT_IN_HOLD if shell == Shell.SOFT else None
    crate = crate_for(
        cats, bedding_mm=rule.bedding_mm if rule else 0, snub_nosed_percent=rule.snub_nosed_percent if rule else 0
    )
    bare = Needs(rule=rule, least=crate, load_g=_weight(cats), no=soft)
    if rule is None:
        return replace(bare, doubt=Reason.NO_RULE)
    snub_nosed = any(cat.snub_nosed for cat in cats)
    no = soft or (Reason.SNUB_NOSED_NOT_TAKEN if snub_nosed and not rule.snub_nosed else _no_in_hold(cats, leg, rule))
    doubt = rule.doubt(today)
    if not rule.airline:
        doubt = Reason.SNUB_NOSED_UNKNOWN if snub_nosed else Reason.NO_RULE
    elif doubt is None and no is None and len(cats) > 1 and not _is_litter(cats, leg.on):
        doubt = Reason.USED_TO_EACH_OTHER
    return replace(bare, no=no, doubt=doubt, outer=(rule.length_mm, rule.width_mm, rule.height_mm))


def _no(cats: Sequence[Cat], rule: Rule) -> Reason | None:
    if not rule.allowed:
        return Reason.SHELL_NOT_TAKEN if getattr(rule, "shell", "") else Reason.NOT_TAKEN
    return Reason.TOO_MANY_CATS if len(cats) > rule.most_cats else None


def _no_in_hold(cats: Sequence[Cat], leg: Leg, rule: HoldRule) -> Reason | None:
    """Who shares a crate: so many litter-mates, or fewer grown cats, alike in size, of which none is too heavy."""
    if _is_litter(cats, leg.on):
        return _no(cats, replace(rule, most_cats=max(rule.most_cats, rule.most_kittens)))
    weights = [cat.weight_g for cat in cats]
    if len(cats) > 1 and rule.cat_weight_g is not None and max(weights) > rule.cat_weight_g:
        return Reason.TOO_MANY_CATS
    is_unlike = max(weights) >= UNLIKE_FROM * min(weights) or len({cat.is_kitten(leg.on) for cat in cats}) > 1
    return _no(cats, rule) or (Reason.UNLIKE_CATS if len(cats) > 1 and is_unlike else None)


def _is_litter(cats: Sequence[Cat], on: date) -> bool:
    born = [cat.born_on for cat in cats if cat.born_on is not None and cat.is_kitten(on)]
    return len(born) == len(cats) and max(born) - min(born) <= LITTER_WITHIN


def _weight(cats: Sequence[Cat]) -> int:
    return sum(cat.weight_g for cat in cats)


def _up(number: int, by: int) -> int:
    return -(-number // by)
