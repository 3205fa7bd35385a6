"""The price of a rental and the days around it: what they promise. The SQL twin: test_selectors."""

from datetime import date, timedelta
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.buffers import Buffers, bookable_by_day
from catalog.pricing import Adjustment, Calendar, SeasonDays, Step, rental_fee, without_effect

DAYS = st.integers(min_value=1, max_value=180)
STEPS = st.dictionaries(DAYS, st.integers(min_value=0, max_value=500_00), min_size=1, max_size=6)


def rates(steps: dict[int, int]) -> list[Step]:
    return [Step(from_days, per_day) for from_days, per_day in steps.items()]


LADDER = rates({1: 900, 4: 700, 8: 500})


@pytest.mark.parametrize(
    ("days", "amount", "billed", "from_days"),
    [
        (1, 900, 1, 1),
        (3, 2700, 3, 1),
        (4, 2800, 4, 4),
        (6, 4000, 8, 8),
        (7, 4000, 8, 8),
        (8, 4000, 8, 8),
        (10, 5000, 10, 8),
    ],
)
def test_a_rental_is_billed_at_the_step_that_costs_least(days: int, amount: int, billed: int, from_days: int):
    fee = rental_fee(LADDER, days)

    assert (fee.amount_minor, fee.billed_days, fee.from_days) == (amount, billed, from_days)
    assert fee.per_day_minor * fee.billed_days == fee.amount_minor


def test_of_equal_prices_the_one_with_fewer_billed_days_explains_the_fee():
    assert rental_fee(rates({1: 1000, 5: 800}), 4).billed_days == 4


@given(steps=STEPS, days=DAYS)
def test_a_longer_rental_never_costs_less(steps: dict[int, int], days: int):
    assert rental_fee(rates(steps), days).amount_minor <= rental_fee(rates(steps), days + 1).amount_minor


@given(steps=STEPS, days=DAYS)
def test_a_rental_never_costs_more_than_the_entry_to_a_later_step(steps: dict[int, int], days: int):
    fee = rental_fee(rates(steps), days)

    assert all(fee.amount_minor <= step.per_day_minor * max(days, step.from_days) for step in rates(steps))
    assert fee.billed_days >= days


@pytest.mark.parametrize(("steps", "days"), [([], 3), (LADDER, 0), (LADDER, -1)])
def test_no_rate_or_no_day_has_no_price(steps: list[Step], days: int):
    with pytest.raises(ValueError, match=r"at least one day|without rates"):
        rental_fee(steps, days)


FIRST = date(2027, 12, 20)


def season(name: str, first: int, last: int, percent: int) -> SeasonDays:
    """From one day to another, counted from the first of the rental, which is 0."""
    return SeasonDays(name, FIRST + timedelta(days=first), FIRST + timedelta(days=last), percent)


CHRISTMAS = season("Christmas", 2, 5, 20)


@pytest.mark.parametrize(
    ("days", "amount", "in_season", "extra"),
    [
        (2, 1800, None, 0),
        (3, 2880, 1, 180),  # 3 × 9.00, a fifth of 9.00 more
        (4, 3080, 2, 280),  # 4 × 7.00, a fifth of 14.00 more
        (8, 4400, 4, 400),
        (7, 4400, 4, 400),  # charged as 8 days, as without a season
    ],
)
def test_the_days_of_a_season_cost_their_part_of_the_day_price_more(
    days: int, amount: int, in_season: int | None, extra: int
):
    fee = rental_fee(LADDER, days, Calendar(FIRST, [CHRISTMAS]))

    assert fee.amount_minor == amount
    assert fee.adjustments == ((Adjustment("Christmas", in_season, 20, extra),) if in_season else ())


def test_a_day_that_is_charged_but_not_used_costs_no_more_for_its_season():
    after = season("New Year", 7, 7, 100)

    fee = rental_fee(LADDER, 7, Calendar(FIRST, [after]))

    assert (fee.amount_minor, fee.billed_days, fee.adjustments) == (4000, 8, ())  # 8 × 5.00
    assert rental_fee(LADDER, 8, Calendar(FIRST, [after])).amount_minor == 4500


def test_a_day_that_is_charged_but_not_used_costs_less_for_its_season():
    after = season("Quiet days", 7, 7, -50)

    fee = rental_fee(LADDER, 7, Calendar(FIRST, [after]))

    assert (fee.amount_minor, fee.billed_days) == (3750, 8)  # as eight days would


def test_a_season_of_all_and_one_of_a_kind_both_count_where_they_meet():
    fee = rental_fee(rates({1: 1000}), 3, Calendar(FIRST, [season("Summer", 0, 1, 20), season("Fair", 1, 2, -50)]))

    assert fee.amount_minor == 3000 + 400 - 1000


def test_the_first_days_may_be_cheaper_and_their_season_counts_of_what_they_cost():
    calendar = Calendar(FIRST, [season("Summer", 0, 9, 20)], acclimatisation_days=2, acclimatisation_percent=50)

    fee = rental_fee(rates({1: 1000}), 3, calendar)

    assert fee.amount_minor == 2 * 600 + 1200
    assert fee.adjustments == (Adjustment("", 2, -50, -1000), Adjustment("Summer", 3, 20, 400))


def test_a_half_cent_is_rounded_up_once_and_the_parts_come_to_the_whole():
    calendar = Calendar(FIRST, [season("A", 0, 0, 50), season("B", 1, 1, 50)])

    fee = rental_fee(rates({1: 1}), 2, calendar)

    assert fee.amount_minor == 3  # 1.5 + 1.5, not 2 + 2
    assert [part.amount_minor for part in fee.adjustments] == [1, 0]


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """At most one season of all and one of the kind on a day, as the database sees to."""
    seasons: list[SeasonDays] = []
    for scope in ("all", "kind"):
        day = -5
        for number, (gap, length) in enumerate(draw(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40))))):
            first = day + gap
            day = first + length
            seasons.append(season(f"{scope} {number}", first, day - 1, draw(st.integers(-50, 200))))
    return Calendar(FIRST, seasons, draw(st.integers(0, 14)), draw(st.integers(0, 100)))


@given(steps=STEPS, days=DAYS, calendar=calendars())
def test_a_rate_without_effect_changes_no_fee(steps: dict[int, int], days: int, calendar: Calendar):
    ladder = rates(steps)
    left = list(ladder)
    while found := without_effect(left):
        left.remove(found[0])  # type: ignore[arg-type]

    assert rental_fee(left, days, calendar) == rental_fee(ladder, days, calendar)


def test_only_a_dearer_day_from_more_days_on_is_without_effect():
    assert without_effect(rates({1: 900, 4: 700, 8: 700})) is None
    assert without_effect(rates({8: 800, 1: 900, 4: 700})) == (Step(8, 800), Step(4, 700))


@given(steps=STEPS, calendar=calendars(), days=DAYS)
def test_in_any_seasons_a_longer_rental_that_begins_the_same_day_never_costs_less(
    steps: dict[int, int], calendar: Calendar, days: int
):
    shorter, longer = (rental_fee(rates(steps), n, calendar).amount_minor for n in (days, days + 1))

    assert 0 <= shorter <= longer


@given(steps=STEPS, calendar=calendars(), days=DAYS)
def test_a_fee_is_the_sum_of_its_days_and_of_what_it_says(steps: dict[int, int], calendar: Calendar, days: int):
    fee = rental_fee(rates(steps), days, calendar)

    by_day = Fraction(0)
    for n in range(fee.billed_days):
        on = FIRST + timedelta(days=n)
        inside = [season.percent for season in calendar.seasons if season.start_on <= on <= season.end_on]
        of_season = sum(percent for percent in inside if percent < 0 or n < days)
        of_rest = calendar.acclimatisation_percent if n < calendar.acclimatisation_days else 100
        by_day += fee.per_day_minor * Fraction((100 + of_season) * of_rest, 100 * 100)
    assert fee.amount_minor == floor(by_day + Fraction(1, 2))
    told = sum(part.amount_minor for part in fee.adjustments)
    assert fee.per_day_minor * fee.billed_days + told == fee.amount_minor


@given(steps=STEPS, days=DAYS)
def test_without_seasons_a_dated_fee_is_the_plain_one(steps: dict[int, int], days: int):
    assert rental_fee(rates(steps), days, Calendar(FIRST)) == rental_fee(rates(steps), days)


BUFFER = st.integers(min_value=0, max_value=14)


@given(data=st.data(), prep=BUFFER, turnaround=BUFFER)
def test_the_least_of_the_days_shown_is_what_the_blocked_period_allows(data: st.DataObject, prep: int, turnaround: int):
    shown_days = data.draw(st.integers(min_value=1, max_value=40))
    asked = shown_days + prep + turnaround
    free = data.draw(st.lists(st.integers(0, 5), min_size=asked, max_size=asked))
    first = data.draw(st.integers(min_value=0, max_value=shown_days - 1))
    last = data.draw(st.integers(min_value=first, max_value=shown_days - 1))

    shown = bookable_by_day(free, prep_days=prep, turnaround_days=turnaround)

    assert len(shown) == shown_days
    assert min(shown[first : last + 1]) == min(free[first : last + prep + 1 + turnaround])


def test_a_blocked_period_is_half_open_and_holds_its_buffers():
    blocked = Buffers(prep_days=1, turnaround_days=2).blocked(date(2027, 5, 3), date(2027, 5, 5))

    assert blocked == (date(2027, 5, 2), date(2027, 5, 8))
