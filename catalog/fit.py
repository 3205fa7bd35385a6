"""Does this container fit this cat, and does this airline take it? In mm and g, by rules that are data.

Cabin and hold are judged apart, as neither says anything about the other: the hold by the formula that the carriage
rules of airlines (IATA Live Animals Regulations, container requirement 1) give for the inside of a crate, the cabin by
the outside of the carrier and the space under the seat. A rule that is old, doubtful or missing never says yes; it says
that the airline must be asked. Height is never turned, the footprint may be.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias, TypeVar

from django.db.models import TextChoices

TIGHT_BELOW_MM = 10
TIGHT_BELOW_G = 300  # a meal, and the difference between two scales
UNLIKE_FROM = 2  # times as heavy: not of similar size by any reading
LITTER_WITHIN = timedelta(days=2)  # a litter is born in a day or two
BELIEVED_FOR = timedelta(days=180)  # a rule that nobody has read again since is a guess
KITTEN_MONTHS = 6
HOLD = "hold"
Room: TypeAlias = tuple[int | None, int | None, int | None]  # None: no limit on this axis


class CabinClass(TextChoices):
    ECONOMY = "economy", "Economy"
    PREMIUM_ECONOMY = "premium_economy", "Premium economy"
    BUSINESS = "business", "Business"
    FIRST = "first", "First"


PLACES = [*CabinClass.values, HOLD]  # where a cat travels on a leg


class Shell(TextChoices):
    SOFT = "soft", "Soft carriers"
    HARD = "hard", "Hard carriers"


class Trust(TextChoices):
    """How far the source of a rule can be believed."""

    GOOD = "good", "Good"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"
    UNCERTAIN = "uncertain", "Uncertain"


BELIEVED = (Trust.GOOD, Trust.MEDIUM)  # enough to say yes or no by it


class Answer(TextChoices):
    """From best to worst. `too_small` is the only no: `Reason` says for whom or what there is too little room."""

    FITS = "fits"
    TIGHT = "tight"
    ASK_AIRLINE = "ask_airline"
    TOO_SMALL = "too_small"


class Reason(TextChoices):
    ROOM = "room", "It fits, with room to spare."
    LITTLE_ROOM = "little_room", "It fits with less than 10 mm to spare."
    LITTLE_WEIGHT = "little_weight", "It fits with less than 300 g to spare."
    CAT_TOO_LARGE = "cat_too_large", "The container is too small inside."
    CAT_TOO_HEAVY = "cat_too_heavy", "The container does not carry that much."
    SPACE_TOO_SMALL = "space_too_small", "The container is larger than the space there is for it."
    TOO_HEAVY = "too_heavy", "Cat and container weigh more than the airline allows."
    NOT_TAKEN = "not_taken", "The airline does not take cats there."
    SHELL_NOT_TAKEN = "shell_not_taken", "The airline does not take this kind of carrier there."
    SNUB_NOSED_NOT_TAKEN = "snub_nosed_not_taken", "The airline does not take snub-nosed cats there."
    TOO_MANY_CATS = "too_many_cats", "So many cats may not share one container."
    UNLIKE_CATS = "unlike_cats", "Only cats of similar size and age share a crate."
    USED_TO_EACH_OTHER = "used_to_each_other", "Only cats that are used to each other share a crate."
    NO_ROOM_TO_TURN = "no_room_to_turn", "The cat may not be able to turn in it."
    SOFT_IN_HOLD = "soft_in_hold", "Only hard crates travel in the hold."
    MADE_FOR_CARS = "made_for_cars", "It is made for cars."
    NO_RULE = "no_rule", "We know no rule of this airline for this."
    NO_LIMIT = "no_limit", "The airline names no size."
    OLD_RULE = "old_rule", "Nobody has checked the airline's rule for 180 days."
    DOUBTFUL_RULE = "doubtful_rule", "Our source for the airline's rule is not sure enough."
    BY_AIRCRAFT = "by_aircraft", "It depends on the aircraft."
    SNUB_NOSED_UNKNOWN = "snub_nosed_unknown", "Many airlines take no snub-nosed cats in the hold."


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one leg asks of every container of one shell, as numbers: worked out once, compared with each container.

    `no`: no container will do. `doubt`: where one would do, the airline must be asked. `least`: what it must measure
    inside; `turns_in_mm`: the diagonal of the floor in which the cat can turn; `most`: outside, whatever the airline
    says; `cat`: what the cat measures, from which the room around it is told. `by_air`: False where nobody flies.
    `aircraft`: of which one it is asked, by number; what has the same number is asked all together.
    """

    rule: Rule | None
    cat: Size
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


@dataclass(frozen=True, slots=True)
class Rules:
    """Every version of every rule of the airlines concerned. `catalog_version`: which they were read under."""

    cabin: Collection[CabinRule] = ()
    hold: Collection[HoldRule] = ()
    catalog_version: str = ""


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
    known: Sequence[Sequence[CabinRule | None]] = _by_aircraft(own, leg)
    return [
        replace(_cabin_need(cats, rule, today), aircraft=number)
        for number, applying in enumerate(known)
        for rule in applying or [None]
    ]


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


def needs_of_cats(cats: Sequence[Cat]) -> Needs:
    """What cats that do not fly ask of every container: only what is plainly impossible is refused."""
    lying = Size(max(cat.a for cat in cats), sum(cat.c for cat in cats), max(cat.d for cat in cats))
    least = Size(max(cat.c for cat in cats), lying.width, max(cat.b for cat in cats))
    return Needs(rule=None, cat=lying, least=least, load_g=_weight(cats), by_air=False)


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
    own = _by_aircraft([rule for rule in rules.hold if rule.airline == leg.airline], leg)
    common: Sequence[HoldRule | None] = _by_aircraft([rule for rule in rules.hold if not rule.airline], leg)[0]
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
    bare = Needs(rule=rule, cat=crate, least=crate, load_g=_weight(cats), no=soft)
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


def _by_aircraft(rules: Iterable[_R], leg: Leg) -> list[list[_R]]:
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


def _weight(cats: Sequence[Cat]) -> int:
    return sum(cat.weight_g for cat in cats)


def _up(number: int, by: int) -> int:
    return -(-number // by)
