"""The price of a rental and the days around it: what they promise. The SQL twin: test_selectors."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.buffers import blocked_period, bookable_by_day
from catalog.pricing import Step, rental_fee

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
    blocked = blocked_period(date(2027, 5, 3), date(2027, 5, 5), prep_days=1, turnaround_days=2)

    assert blocked == (date(2027, 5, 2), date(2027, 5, 8))
