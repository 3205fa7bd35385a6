"""Everything that can happen to money, in any order: no cent astray, no order without money, no money without an order.

Each chapter begins where something can go wrong (tests/payments/machine.py), holds every step against a second
bookkeeper (books.py), and must have come by what it is about (milestones.py): a test of nothing does not pass.
"""

import random
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
from hypothesis import settings as profiles
from pytest_django import Settings

from tests.examples import run_machine
from tests.payments.between import Belated
from tests.payments.machine import Money, opened
from tests.shop import Shop

EXAMPLES, STEPS = 6, 68  # of a chapter; with more than ten examples Hypothesis would mostly vary the same few
LONG = 20  # times as many, others each time, under the profile "long"


@dataclass(frozen=True)
class Chapter:
    """beginnings: where its examples start. favoured: what happens more often. least: what they must come by."""

    beginnings: list[str]
    favoured: list[str]
    least: Mapping[str, int]
    seed: int


CHAPTERS = {
    "paying": Chapter(
        ["asked by the bank", "declined", "paid late", "paid late, charged"],
        ["pay", "pay_on_a_page", "answer_the_banks_question", "pay_what_was_opened_long_ago", "all_that_waits_is_done"],
        {
            "order confirmed late": 1,
            "order cancelled before payment": 2,
            "order paid on a page": 1,
            "payment declined": 1,
        },
        1,
    ),
    "giving back": Chapter(
        ["asked back", "asked back, charged", "paid", "sold"],
        ["staff_refunds", "somebody_decides_about_a_refund", "a_refund_goes_on", "events_arrive"],
        {
            "refund waiting": 4,
            "refund approved": 2,
            "refund declined": 2,
            "refund failed": 5,
            "refunded in part": 2,
            "refunded in full": 5,
            "order cancelled after payment": 4,
            "event lost": 5,
            "event twice": 5,
            "events backwards": 4,
            "stray payment counted": 1,
        },
        6,
    ),
    "deposits": Chapter(
        ["out long", "out", "broken", "back, charged"],
        ["pay_the_deposit", "pay_on_a_page", "the_counter_works", "a_periodic_job_runs", "all_that_waits_is_done"],
        {
            "deposit held": 3,
            "deposit charged": 1,
            "deposit paid on a page": 1,
            "deposit given back": 3,
            "deposit renewed": 1,
            "deposit kept in part": 2,
            "order completed, balance 0": 3,
            "refund at the gateway": 4,
        },
        0,
    ),
    "damage": Chapter(
        ["broken", "broken, charged", "ruined", "ruined, charged", "refused"],
        ["something_is_broken", "the_counter_works", "pay_more", "pay_on_a_page"],
        {
            "deposit kept whole": 2,
            "extra paid by its owner": 2,
            "extra paid on a page": 1,
            "dispute of a deposit": 1,
            "order completed, balance 0": 3,
            "process died": 2,
            "overtaken": 1,
        },
        0,
    ),
    "banks": Chapter(
        ["disputed", "disputed, charged", "lost", "lost, charged", "over, charged"],
        ["a_bank_decides", "staff_decides_about_lost_money", "the_counter_works"],
        {
            "dispute opened": 6,
            "dispute won": 2,
            "dispute lost": 4,
            "dispute decided: ask": 2,
            "dispute decided: write_off": 2,
            "dispute of a deposit": 1,
            "order completed, balance 0": 2,
        },
        0,
    ),
}


@pytest.mark.timeout(1800)
@pytest.mark.django_db
@pytest.mark.parametrize("name", CHAPTERS)
def test_no_cent_goes_astray_whatever_happens_in_whatever_order(settings: Settings, name: str) -> None:
    chapter, is_long = CHAPTERS[name], profiles.get_current_profile_name() == "long"

    class Told(Money):
        beginnings, favoured = chapter.beginnings, chapter.favoured
        reached = Counter[str]()

        @staticmethod
        def open_shop() -> AbstractContextManager[tuple[Shop, Belated]]:
            return opened(settings)

    numbers = random.sample(range(10**6), LONG) if is_long else [chapter.seed]
    for number in numbers:
        run_machine(Told, number=number, count=EXAMPLES, steps=STEPS)

    print(f"\n{name}:", *(f"{n:5} {what}" for what, n in sorted(Told.reached.items())), sep="\n")
    few = {what: Told.reached[what] for what, least in chapter.least.items() if Told.reached[what] < least}
    assert not few, f"hardly reached: {few}"
