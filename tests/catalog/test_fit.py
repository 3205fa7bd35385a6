"""Which container fits which cat on which flight, worked out by hand from the rules that are delivered."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.fit import (
    Answer,
    Box,
    Cat,
    Leg,
    Reason,
    Rules,
    Shell,
    Size,
    Verdict,
    crate_for,
    needs,
    sentence,
    verdict,
    worst,
)
from tests.catalog.rules import RULES

TODAY = date(2026, 12, 1)
SOFT, HARD = Shell.SOFT, Shell.HARD

CATS = {
    "Miso": Cat(a=460, b=140, c=160, d=280, weight_g=4300),
    "Odin": Cat(a=560, b=190, c=180, d=370, weight_g=7600),  # a Maine Coon
    "Pepa": Cat(a=420, b=120, c=165, d=260, weight_g=4700, snub_nosed=True),
    "Nut": Cat(a=250, b=90, c=90, d=180, weight_g=1300, born_on=date(2026, 8, 1)),
    "Wide": Cat(a=460, b=140, c=255, d=280, weight_g=4300),
    "Bear": Cat(a=600, b=200, c=200, d=380, weight_g=14_500),
}


def box(shell: Shell, outer: tuple[int, int, int], inner: tuple[int, int, int], weight_g: int, load_g: int) -> Box:
    return Box(shell=shell, outer=Size(*outer), inner=Size(*inner), weight_g=weight_g, max_load_g=load_g)


BOXES = {
    "bag 40": box(SOFT, (400, 270, 200), (390, 260, 190), 1100, 9000),
    "bag 46": box(SOFT, (460, 280, 240), (450, 270, 230), 1400, 9000),
    "bag 46 high": box(SOFT, (460, 280, 280), (450, 270, 270), 1500, 9000),
    "bag 55": box(SOFT, (550, 400, 230), (530, 380, 220), 1800, 10_000),
    "slim bag": box(SOFT, (400, 200, 180), (390, 150, 170), 900, 4000),
    "hard 44": box(HARD, (440, 300, 190), (420, 280, 180), 1500, 8000),
    "hard 48": box(HARD, (480, 330, 230), (450, 300, 215), 1700, 8000),
    "crate 530": box(HARD, (560, 360, 330), (530, 320, 300), 3200, 12_000),
    "crate 583": box(HARD, (620, 390, 360), (583, 352, 330), 3600, 12_000),
    "crate 690": box(HARD, (720, 520, 510), (690, 480, 480), 5200, 25_000),
    "car crate": replace(box(HARD, (720, 520, 510), (690, 480, 480), 5200, 25_000), for_cars=True),
    "crate 320": box(HARD, (360, 560, 330), (320, 530, 300), 3200, 12_000),  # as others call its length and width
}

F, T, A, N = Answer.FITS, Answer.TIGHT, Answer.ASK_AIRLINE, Answer.TOO_SMALL
_ = None
CASES: list[tuple[str, str, str, Any, Reason, Any]] = [
    # cats, container, airline and where, answer, why, room around the container
    # the smallest bag goes nearly everywhere
    ("Miso", "bag 40", "DL economy", T, Reason.LITTLE_ROOM, (57, 9, 79)),
    ("Miso", "bag 40", "UA economy", F, Reason.ROOM, (60, 10, 80)),
    ("Miso", "bag 40", "AA economy", F, Reason.ROOM, (60, 10, 80)),
    ("Miso", "bag 40", "WN economy", F, Reason.ROOM, (70, 73, 16)),
    ("Miso", "bag 40", "B6 economy", F, Reason.ROOM, (30, 48, 16)),
    ("Miso", "bag 40", "AS economy", F, Reason.ROOM, (30, 10, 40)),
    ("Miso", "bag 40", "F9 economy", T, Reason.LITTLE_ROOM, (57, 86, 3)),
    ("Miso", "bag 40", "LH economy", F, Reason.ROOM, (150, 130, 30)),
    ("Miso", "bag 40", "KL business", F, Reason.ROOM, (60, 10, 40)),
    ("Miso", "bag 40", "TK economy", T, Reason.LITTLE_ROOM, (0, 30, 30)),
    ("Miso", "bag 40", "IB economy", F, Reason.ROOM, (50, 80, 50)),
    ("Miso", "bag 40", "V7 economy", T, Reason.LITTLE_ROOM, (100, 130, 0)),
    ("Miso", "bag 40", "AV economy", F, Reason.ROOM, (160, 90, 50)),
    # what depends on the aircraft, the class or the shell
    ("Miso", "bag 40", "A3 economy ATR", N, Reason.SPACE_TOO_SMALL, (0, -20, 50)),
    ("Miso", "bag 40", "A3 economy 320", A, Reason.BY_AIRCRAFT, (150, 130, 30)),
    ("Miso", "bag 40", "A3 economy", A, Reason.BY_AIRCRAFT, (150, 130, 30)),
    ("Miso", "bag 46", "AC economy", A, Reason.BY_AIRCRAFT, (90, 120, 30)),
    ("Miso", "bag 46", "AC economy 777", N, Reason.SPACE_TOO_SMALL, (-30, 100, -30)),
    ("Miso", "bag 40", "AC economy 777", F, Reason.ROOM, (30, 110, 10)),
    ("Miso", "bag 40", "AC business", N, Reason.SPACE_TOO_SMALL, (10, -60, 80)),
    ("Miso", "bag 46 high", "AC business", N, Reason.SPACE_TOO_SMALL, (-50, -70, 0)),
    ("Miso", "bag 40", "DL business", N, Reason.NOT_TAKEN, (_, _, _)),
    ("Miso", "hard 44", "UA economy", A, Reason.DOUBTFUL_RULE, (0, 0, 0)),  # its height is uncertain
    ("Miso", "hard 44", "LH economy", N, Reason.SHELL_NOT_TAKEN, (_, _, _)),
    ("Miso", "crate 530", "TP economy", A, Reason.NO_RULE, (_, _, _)),
    ("Miso", "crate 583", "TP economy", N, Reason.SPACE_TOO_SMALL, (-20, 60, -30)),  # under no seat
    ("Miso", "hard 48", "AA economy", T, Reason.LITTLE_ROOM, (0, 0, 0)),
    ("Miso", "hard 48", "KL economy", N, Reason.SPACE_TOO_SMALL, (-20, -50, -30)),
    ("Miso", "hard 44", "AY economy", A, Reason.DOUBTFUL_RULE, (-90, 0, 10)),  # given for rodents
    ("Miso", "hard 44", "TK economy", A, Reason.NO_RULE, (_, _, _)),
    # sums, weights, and the cat itself
    ("Miso", "bag 46 high", "IB economy", N, Reason.SPACE_TOO_SMALL, (-10, 70, -30)),
    ("Miso", "bag 55", "LH economy", T, Reason.LITTLE_ROOM, (0, 0, 0)),
    ("Odin", "bag 40", "LH economy", N, Reason.TOO_HEAVY, (150, 130, 30)),
    ("Odin", "bag 40", "AA economy", A, Reason.NO_ROOM_TO_TURN, (60, 10, 80)),  # 560 mm long, on a diagonal of 468
    ("Odin", "slim bag", "UA economy", N, Reason.CAT_TOO_LARGE, (60, 80, 100)),
    ("Miso", "slim bag", "UA economy", N, Reason.CAT_TOO_LARGE, (60, 80, 100)),  # 10 mm wider than it is inside
    ("Miso+Pepa", "bag 55", "LH economy", N, Reason.TOO_MANY_CATS, (0, 0, 0)),
    # who must be asked, and who says no
    ("Miso", "bag 40", "AF economy", A, Reason.DOUBTFUL_RULE, (60, 10, 40)),
    ("Miso", "bag 40", "AY economy", A, Reason.DOUBTFUL_RULE, (_, _, _)),
    ("Miso", "bag 40", "AI economy", A, Reason.NO_LIMIT, (_, _, _)),
    ("Miso", "bag 40", "AI business", N, Reason.NOT_TAKEN, (_, _, _)),
    ("Miso", "bag 40", "TP economy", A, Reason.NO_RULE, (_, _, _)),
    ("Miso", "bag 40", "BA economy", N, Reason.NOT_TAKEN, (_, _, _)),
    ("Miso", "bag 40", "NK economy", A, Reason.DOUBTFUL_RULE, (_, _, _)),
    # the hold
    ("Miso", "crate 530", "TK hold", T, Reason.LITTLE_ROOM, (_, _, _)),
    ("Miso", "crate 320", "TK hold", T, Reason.LITTLE_ROOM, (_, _, _)),
    ("Miso", "crate 583", "TK hold", F, Reason.ROOM, (_, _, _)),
    ("Miso", "crate 583", "LH hold", A, Reason.NO_RULE, (_, _, _)),  # which takes cats in the cabin
    ("Odin", "crate 583", "LH hold", N, Reason.CAT_TOO_LARGE, (_, _, _)),
    ("Odin", "crate 690", "TK hold", F, Reason.ROOM, (_, _, _)),
    ("Miso", "bag 55", "LH hold", N, Reason.CAT_TOO_LARGE, (_, _, _)),
    ("Nut", "bag 55", "LH hold", N, Reason.SOFT_IN_HOLD, (_, _, _)),
    ("Pepa", "crate 690", "TK hold", N, Reason.SNUB_NOSED_NOT_TAKEN, (_, _, _)),
    ("Pepa", "crate 690", "LH hold", A, Reason.SNUB_NOSED_UNKNOWN, (_, _, _)),
    ("Pepa", "crate 583", "LH hold", N, Reason.CAT_TOO_LARGE, (_, _, _)),  # 363 mm wide, with a tenth more
    ("Miso", "crate 690", "FR hold", A, Reason.NO_RULE, (_, _, _)),  # which takes no cats in the cabin
    ("Miso", "crate 690", "EK hold", A, Reason.NO_RULE, (_, _, _)),
    ("Odin", "crate 530", "EK hold", N, Reason.CAT_TOO_LARGE, (_, _, _)),
    ("Miso", "car crate", "LH hold", N, Reason.MADE_FOR_CARS, (_, _, _)),
    ("Miso+Pepa", "crate 690", "LH hold", N, Reason.CAT_TOO_LARGE, (_, _, _)),
    ("Miso+Miso", "crate 690", "TK hold", A, Reason.USED_TO_EACH_OTHER, (_, _, _)),
    ("Nut+Nut+Nut", "crate 583", "TK hold", F, Reason.ROOM, (_, _, _)),  # turned: 360 x 295
    ("Nut+Nut+Nut", "crate 530", "TK hold", F, Reason.ROOM, (_, _, _)),
    ("Bear+Bear", "crate 690", "TK hold", N, Reason.CAT_TOO_LARGE, (_, _, _)),
]  # fmt: skip


def leg(words: str) -> Leg:
    airline, cabin, *aircraft = words.split()
    return Leg(airline=airline, cabin=cabin, on=TODAY, aircraft=" ".join(aircraft))


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case[:3]))
def test_a_verdict_is_what_one_works_out_by_hand(case: Any) -> None:
    cats, container, flight, *expected = case

    told = judged(BOXES[container], cats, flight)

    assert [told.answer, told.reason, told.outside] == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case[:3]))
def test_words_and_numbers_agree(case: Any) -> None:
    cats, container, flight, *_ = case
    told = judged(BOXES[container], cats, flight)
    millimetres = [told.inside.least, *(mm for mm in (*told.outside, told.sum_mm) if mm is not None)]
    grams = [g for g in (told.load_g, told.weight_g) if g is not None]

    assert (told.inside.least < 0) == (told.reason == Reason.CAT_TOO_LARGE)
    if told.reason == Reason.ROOM:
        assert (min(millimetres) >= 10, min(grams) >= 300) == (True, True)
    if told.reason == Reason.LITTLE_ROOM:
        assert 0 <= min(millimetres) < 10
    if told.reason == Reason.LITTLE_WEIGHT:
        assert 0 <= min(grams) < 300
    if told.reason == Reason.SPACE_TOO_SMALL:
        assert min(millimetres) < 0
    if told.reason == Reason.CAT_TOO_HEAVY:
        assert told.load_g < 0
    if told.reason == Reason.TOO_HEAVY:
        assert told.weight_g is not None
        assert told.weight_g < 0


SAID = [
    ("Miso", "bag 40", "LH economy", "It fits under the seat: 3 cm to spare in height."),
    ("Miso", "bag 40", "DL economy", "It only just fits under the seat: 9 mm to spare in width."),
    ("Miso", "bag 40", "TK economy", "It only just fits under the seat: nothing to spare in length."),
    (
        "Wide",
        "bag 40",
        "LH economy",
        "It fits under the seat, but is only just large enough for the cat: 5 mm to spare in width.",
    ),
    ("Miso", "weak bag", "LH economy", "It fits, but is nearly too heavy: 200 g to spare of what it can carry."),
    (
        "Miso",
        "heavy bag",
        "LH economy",
        "It fits, but is nearly too heavy: nothing to spare of what the airline allows.",
    ),
    ("Miso", "slim bag", "UA economy", "It is too small inside for the cat: 1 cm too narrow."),
    ("Odin", "slim bag", "UA economy", "It is too small inside for the cat: 3 cm too narrow and 2 cm too low."),
    ("Bear", "slim bag", "IB economy", "It is too small inside for the cat: 5 cm too narrow and 3 cm too low."),
    ("Odin", "weak bag", "LH economy", "The cat is heavier than it can carry: 3.1 kg too much."),
    (
        "Miso",
        "hard 48",
        "KL economy",
        "It is too large to go under the seat: 2 cm too long, 5 cm too wide and 3 cm too high.",
    ),
    ("Odin", "bag 40", "LH economy", "Cat and carrier together are heavier than the airline allows: 700 g too much."),
    ("Miso", "bag 40", "BA economy", "The airline takes no cats in this cabin."),
    ("Miso", "hard 44", "LH economy", "The airline does not take this kind of carrier in the cabin."),
    ("Miso+Pepa", "bag 55", "LH economy", "So many cats may not share one carrier."),
    ("Odin", "bag 40", "AA economy", "Ask the airline: the cat may be too long to turn around in it."),
    ("Miso", "bag 40", "TP economy", "Ask the airline: we do not know its rules for cats in the cabin."),
    ("Miso", "bag 40", "AI economy", "Ask the airline: it takes cats in the cabin, but names no size."),
    ("Miso", "bag 40", "AF economy", "Ask the airline: we are not sure of its rule."),
    ("Miso", "bag 40", "A3 economy", "Ask the airline which plane it is: this goes on some of them, on others not."),
    ("Miso", "crate 583", "TK hold", "The cat can stand and turn in it: 3 cm to spare in height."),
    ("Miso", "crate 530", "TK hold", "The cat can only just stand and turn in it: nothing to spare in height."),
    (
        "Odin",
        "crate 583",
        "LH hold",
        "The cat could not stand and turn in it: 7.2 cm too short, 8 mm too narrow and 6 cm too low.",
    ),
    ("Miso", "crate 583", "LH hold", "Ask the airline: we do not know its rules for cats in the hold."),
    ("Nut", "bag 55", "LH hold", "Only hard crates travel in the hold."),
    ("Pepa", "crate 690", "TK hold", "The airline takes no snub-nosed cats in the hold."),
    ("Pepa", "crate 690", "LH hold", "Ask the airline: many do not take snub-nosed cats in the hold."),
    ("Miso", "car crate", "LH hold", "It is made for cars, not for planes."),
    (
        "Miso+Miso",
        "crate 690",
        "TK hold",
        "Ask the airline: grown cats may share a crate only if they are used to each other.",
    ),
    ("Nut+Odin", "hall", "TK hold", "Only cats of similar size and age may share a crate."),
    ("Bear+Bear", "hall", "TK hold", "So many cats may not share one crate."),
]


@pytest.mark.parametrize("case", SAID, ids=lambda case: " ".join(case[:3]))
def test_a_verdict_is_said_so_that_somebody_at_an_airport_understands_it(case: Any) -> None:
    cats, container, flight, said = case
    boxes = BOXES | {
        "weak bag": replace(BOXES["bag 40"], max_load_g=4500),
        "heavy bag": replace(BOXES["bag 40"], weight_g=3700),
        "hall": box(HARD, (900, 800, 800), (800, 700, 700), 9000, 60_000),
    }

    told = judged(boxes[container], cats, flight)

    assert sentence(told, place=leg(flight).cabin) == said


def test_what_the_sum_of_all_sides_decides_is_said_so() -> None:
    allowed = replace(RULES, cabin=[replace(rule, sum_mm=875) for rule in RULES.cabin if rule.airline == "IB"])
    asked = needs([CATS["Miso"]], leg("IB economy"), SOFT, allowed, today=TODAY)
    little, none = verdict(BOXES["bag 40"], asked), verdict(BOXES["bag 46"], asked)

    assert sentence(little, place="economy") == (
        "It only just fits under the seat: 5 mm to spare in length, width and height together."
    )
    assert sentence(replace(none, outside=(0, 0, 0)), place="economy") == (
        "It is too large to go under the seat: 10.5 cm too much in length, width and height together."
    )


def test_a_rule_that_nobody_has_read_for_long_is_said_to_be_old() -> None:
    told = judged(BOXES["bag 40"], "Miso", "LH economy", today=date(2028, 1, 1))

    assert sentence(told, place="economy") == "Ask the airline: we last read its rule more than 180 days ago."


@pytest.mark.parametrize(
    ("cats", "inside"),
    [
        ("Miso", (530, 320, 300)),
        ("Pepa", (528, 363, 308)),
        ("Miso+Odin", (655, 540, 390)),
        ("Nut+Nut+Nut", (295, 360, 200)),
    ],
)
def test_a_crate_for_the_hold_is_measured_to_the_millimetre(cats: str, inside: tuple[int, int, int]) -> None:
    assert crate_for([CATS[name] for name in cats.split("+")], bedding_mm=20, snub_nosed_percent=10) == Size(*inside)


def test_a_snub_nosed_cat_needs_a_tenth_more_on_every_side() -> None:
    miso = replace(CATS["Miso"], snub_nosed=True)

    assert crate_for([miso], bedding_mm=20, snub_nosed_percent=10) == Size(583, 352, 330)


def test_a_length_is_rounded_once() -> None:
    cat = replace(CATS["Miso"], a=461, b=139, snub_nosed=True)

    assert crate_for([cat], bedding_mm=20, snub_nosed_percent=10).length == 584  # 583.55


def test_half_a_millimetre_is_rounded_up() -> None:
    assert crate_for([replace(CATS["Miso"], b=141)], bedding_mm=0, snub_nosed_percent=0).length == 531


def test_height_is_never_turned() -> None:
    upright = replace(BOXES["crate 530"], inner=Size(300, 320, 530))

    assert judged(upright, "Miso", "LH hold").reason == Reason.CAT_TOO_LARGE


def test_two_grown_cats_share_a_crate_at_best_if_they_are_used_to_each_other_and_neither_is_too_heavy() -> None:
    hall = box(HARD, (900, 800, 800), (800, 700, 700), 9000, 60_000)

    assert judged(hall, "Odin+Odin", "TK hold").reason == Reason.USED_TO_EACH_OTHER
    assert judged(hall, "Bear+Odin", "TK hold").reason == Reason.TOO_MANY_CATS
    assert judged(hall, "Bear", "TK hold").answer == F


@pytest.mark.parametrize(
    ("born_on", "reason"), [(date(2026, 6, 1), Reason.ROOM), (date(2026, 5, 31), Reason.TOO_MANY_CATS)]
)
def test_three_share_a_crate_up_to_six_months_of_age(born_on: date, reason: Reason) -> None:
    litter = [replace(CATS["Nut"], born_on=born_on)] * 3
    crate = BOXES["crate 690"]

    assert verdict(crate, needs(litter, leg("TK hold"), HARD, RULES, today=TODAY)).reason == reason


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"weight_g": 13_000}, Reason.UNLIKE_CATS),
        ({"weight_g": 3000}, Reason.USED_TO_EACH_OTHER),
        ({"weight_g": 3000, "born_on": date(2026, 8, 1)}, Reason.UNLIKE_CATS),
    ],
)
def test_cats_of_unlike_size_or_age_share_no_crate(others: dict[str, Any], reason: Reason) -> None:
    hall = box(HARD, (900, 800, 800), (800, 700, 700), 9000, 60_000)
    small = replace(CATS["Miso"], weight_g=2500)

    told = verdict(hall, needs([small, replace(small, **others)], leg("TK hold"), HARD, RULES, today=TODAY))

    assert told.reason == reason


def test_kittens_of_two_litters_share_a_crate_only_if_they_are_used_to_each_other() -> None:
    pair = [CATS["Nut"], replace(CATS["Nut"], born_on=date(2026, 8, 4))]

    told = verdict(BOXES["crate 690"], needs(pair, leg("TK hold"), HARD, RULES, today=TODAY))

    assert told.reason == Reason.USED_TO_EACH_OTHER


def test_where_a_cat_may_not_be_able_to_turn_the_airline_must_be_asked() -> None:
    burrow = box(SOFT, (400, 270, 200), (170, 165, 145), 1000, 9000)
    wider = replace(burrow, inner=Size(390, 250, 200))  # a diagonal of 463

    assert judged(burrow, "Miso", "LH economy").reason == Reason.NO_ROOM_TO_TURN
    assert judged(wider, "Miso", "LH economy").answer == F
    assert judged(burrow, "Miso", "TP economy").reason == Reason.NO_RULE


@pytest.mark.parametrize(("spare", "answer"), [(0, T), (299, T), (300, F), (-1, N)])
def test_less_than_300_g_to_spare_is_tight(spare: int, answer: Answer) -> None:
    for weighs, carries in ((8000 - 4300 - spare, 9000), (1000, 4300 + spare)):  # what the airline allows, and the bag
        bag = replace(BOXES["bag 40"], weight_g=weighs, max_load_g=carries)

        assert judged(bag, "Miso", "LH economy").answer == answer


# Rules as data


def flying(rules: Rules, flight: str, found: Box, cat: str = "Miso") -> Verdict:
    return verdict(found, needs([CATS[cat]], leg(flight), found.shell, rules, today=TODAY))


def test_rules_for_the_class_and_for_the_aircraft_both_count() -> None:
    bag = box(SOFT, (420, 230, 205), (410, 220, 195), 1100, 9000)

    assert flying(RULES, "AC economy 777", bag).answer == T
    assert flying(RULES, "AC business 777", bag).reason == Reason.SPACE_TOO_SMALL  # 20 mm wider than a lie-flat seat


def test_what_forbids_gives_way_to_nothing() -> None:
    delta = next(rule for rule in RULES.cabin if rule.airline == "DL" and rule.allowed)
    own = [rule for rule in RULES.cabin if rule.airline in ("DL", "LH")]
    aircraft = replace(delta, version="767", aircraft="767", cabin="business", width_mm=400)
    every_shell = replace(delta, version="first", airline="LH", cabin="first", shell="", width_mm=400)
    rules = Rules([*own, replace(aircraft, cabin=""), aircraft, every_shell])

    assert flying(rules, "DL business 767", BOXES["bag 40"]).reason == Reason.NOT_TAKEN
    assert flying(rules, "DL economy 767", BOXES["bag 40"]).answer == F
    assert flying(rules, "LH first", BOXES["hard 44"]).reason == Reason.SHELL_NOT_TAKEN


def test_a_closer_rule_takes_the_place_of_a_wider_one() -> None:
    tall = box(SOFT, (390, 240, 240), (390, 250, 230), 1100, 9000)

    assert flying(RULES, "A3 economy ATR", tall).answer == F  # 240 mm high, of 230 elsewhere
    assert flying(RULES, "A3 economy", tall).reason == Reason.BY_AIRCRAFT


def test_where_the_aircraft_is_not_known_the_worst_of_all_counts() -> None:
    general, atr = [rule for rule in RULES.cabin if rule.airline == "A3" and rule.aircraft in ("", "ATR")]
    roomy = replace(atr, length_mm=550, width_mm=400)
    old, tight = replace(roomy, checked_on=date(2025, 1, 1)), replace(roomy, height_mm=205)

    told = [flying(Rules([general, rule]), "A3 economy", BOXES["bag 40"]).reason for rule in (roomy, old, tight)]

    assert told == [Reason.ROOM, Reason.OLD_RULE, Reason.LITTLE_ROOM]


def test_a_rule_of_one_aircraft_says_nothing_of_another() -> None:
    cabin = next(rule for rule in RULES.cabin if rule.airline == "AC" and rule.aircraft)
    hold = replace(RULES.hold[1], aircraft="ATR", allowed=False)
    rules = Rules([cabin], [RULES.hold[0], hold])

    assert flying(rules, "AC economy 777", BOXES["bag 40"]).answer == F
    assert flying(rules, "AC economy ATR", BOXES["bag 40"]).reason == Reason.NO_RULE
    assert flying(rules, "TK hold ATR", BOXES["crate 690"]).reason == Reason.NOT_TAKEN
    assert flying(rules, "TK hold 777", BOXES["crate 690"]).reason == Reason.BY_AIRCRAFT
    assert flying(rules, "TK hold 777", BOXES["crate 530"], "Odin").reason == Reason.CAT_TOO_LARGE


def test_a_good_rule_allows_more_than_seats_mostly_do() -> None:
    large = box(SOFT, (640, 430, 340), (630, 420, 330), 1500, 9000)
    named = replace(next(r for r in RULES.cabin if r.airline == "DL"), length_mm=650, width_mm=450, height_mm=350)
    old, unnamed = replace(named, checked_on=date(2025, 1, 1)), replace(named, height_mm=None)

    told = [flying(Rules([rule]), "DL economy", large).reason for rule in (named, old, unnamed)]

    assert told == [Reason.ROOM, Reason.SPACE_TOO_SMALL, Reason.SPACE_TOO_SMALL]


@pytest.mark.parametrize(("trust", "answer"), [("good", F), ("medium", F), ("low", A), ("uncertain", A)])
def test_a_source_of_little_trust_says_only_that_the_airline_must_be_asked(trust: str, answer: Answer) -> None:
    rules = Rules([replace(rule, trust=trust) for rule in RULES.cabin])

    assert flying(rules, "LH economy", BOXES["bag 40"]).answer == answer


@pytest.mark.parametrize(("today", "answer"), [(date(2027, 5, 21), F), (date(2027, 5, 22), A)])
def test_a_rule_that_nobody_has_checked_for_180_days_says_only_that_the_airline_must_be_asked(
    today: date, answer: Answer
) -> None:
    assert judged(BOXES["bag 40"], "Miso", "LH economy", today=today).answer == answer
    assert judged(BOXES["bag 55"], "Miso", "BA economy", today=today).is_no is (answer == F)


def test_what_is_plainly_too_small_for_the_cat_needs_no_rule() -> None:
    assert judged(BOXES["slim bag"], "Odin", "TP economy").reason == Reason.CAT_TOO_LARGE
    assert judged(BOXES["crate 530"], "Odin", "LH hold", today=date(2030, 1, 1)).reason == Reason.CAT_TOO_LARGE


def test_the_version_in_force_on_the_day_of_the_flight_decides() -> None:
    now = next(rule for rule in RULES.cabin if rule.airline == "LH" and rule.allowed)
    then = replace(now, version="later", height_mm=180, valid_from=date(2026, 12, 24))
    rules = Rules([then, *RULES.cabin], RULES.hold)

    told = [
        verdict(BOXES["bag 40"], needs([CATS["Miso"]], replace(leg("LH economy"), on=on), SOFT, rules, today=TODAY))
        for on in (date(2026, 12, 23), date(2026, 12, 24))
    ]

    assert [one.answer for one in told] == [F, N]
    assert [one.rule.version if one.rule else "" for one in told] == [now.version, "later"]


def test_before_any_rule_was_in_force_none_is_known() -> None:
    early = replace(leg("LH economy"), on=date(2025, 12, 31))

    assert verdict(BOXES["bag 40"], needs([CATS["Miso"]], early, SOFT, RULES, today=TODAY)).reason == Reason.NO_RULE


def test_a_trip_is_as_good_as_its_worst_leg() -> None:
    legs = [judged(BOXES["bag 40"], "Miso", flight) for flight in ("LH economy", "AF economy", "TK economy")]

    assert worst(legs).reason == Reason.DOUBTFUL_RULE


# What must hold for every cat and container

mm, share = st.integers(100, 900), st.integers(0, 60)
flights = st.sampled_from(
    [
        f"{code} {cabin}"
        for code in ("LH", "TK", "AC", "A3", "IB", "AF", "BA", "UA", "TP")
        for cabin in ("economy", "hold")
    ]
)
cats = st.builds(
    Cat, a=st.integers(200, 700), b=st.integers(50, 200), c=st.integers(60, 250), d=st.integers(201, 450),
    weight_g=st.integers(800, 12_000), snub_nosed=st.booleans(),
)  # fmt: skip


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    inner, walls = [draw(mm) for _ in range(3)], draw(share)
    outer = [side + walls for side in inner]
    shell, weight_g, load_g = (
        draw(st.sampled_from(Shell)),
        draw(st.integers(500, 9000)),
        draw(st.integers(2000, 30_000)),
    )
    return Box(shell=shell, inner=Size(*inner), outer=Size(*outer), weight_g=weight_g, max_load_g=load_g)


def of(cat: Cat, found: Box, flight: str) -> Verdict:
    return verdict(found, needs([cat], leg(flight), found.shell, RULES, today=TODAY))


@given(cats, boxes(), flights)
def test_a_container_that_lies_the_other_way_round_fits_alike(cat: Cat, found: Box, flight: str) -> None:
    turned = replace(found, inner=found.inner.turned, outer=found.outer.turned)

    assert of(cat, found, flight).reason == of(cat, turned, flight).reason


@given(cats, boxes(), flights, st.tuples(share, share, share))
def test_more_room_inside_and_less_outside_is_never_worse(
    cat: Cat, found: Box, flight: str, by: tuple[int, int, int]
) -> None:
    more, less, grams = by
    inner = Size(found.inner.length + more, found.inner.width + more, found.inner.height + more)
    outer = Size(found.outer.length - less, found.outer.width - less, found.outer.height - less)
    better = replace(
        found, inner=inner, outer=outer, weight_g=found.weight_g - grams, max_load_g=found.max_load_g + grams
    )

    first, second = of(cat, found, flight), of(cat, better, flight)

    order = list(Answer)
    assert (
        order.index(second.answer) <= order.index(first.answer) or first.reason == second.reason == Reason.BY_AIRCRAFT
    )


@given(cats, boxes())
def test_cabin_and_hold_are_judged_apart(cat: Cat, found: Box) -> None:
    """A yes of one never follows from a yes of the other: soft carriers never travel in the hold."""
    if found.shell == SOFT:
        assert of(cat, found, "LH hold").is_no
    else:
        assert of(cat, found, "LH economy").is_no


def judged(found: Box, cats: str, flight: str, *, today: date = TODAY) -> Verdict:
    return verdict(found, needs([CATS[name] for name in cats.split("+")], leg(flight), found.shell, RULES, today=today))
