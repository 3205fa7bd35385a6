"""Every event in every state: allowed exactly where the table says so."""

import inspect
import re

import pytest
from django.conf import settings

from orders import services, states
from orders.diagrams import draw
from orders.errors import TransitionNotAllowed
from orders.services import placing
from orders.states import (
    CLAIM,
    ORDER,
    RENTAL,
    SALE,
    WAITLIST,
    ClaimStatus,
    OrderStatus,
    RentalStatus,
    SaleStatus,
    WaitlistStatus,
    allowed_events,
    next_status,
)

TABLES = {
    "order": (ORDER, OrderStatus),
    "rental": (RENTAL, RentalStatus),
    "sale": (SALE, SaleStatus),
    "claim": (CLAIM, ClaimStatus),
    "waitlist": (WAITLIST, WaitlistStatus),
}

# Written out a second time, by hand, so that a slip in the table cannot agree with itself.
EXPECTED = {
    "order": {
        "hold": {"reserving": "pending_payment"},
        "refuse": {"reserving": "cancelled"},
        "expire": {"reserving": "expired", "pending_payment": "expired"},
        "pay": {"pending_payment": "confirmed"},
        "pay_late": {"expired": "confirmed"},
        "cancel": {"reserving": "cancelled", "pending_payment": "cancelled", "confirmed": "cancelled"},
        "recheck_fit": {"confirmed": "confirmed"},
        "settle_fit": {"confirmed": "confirmed"},
        "complete": {"confirmed": "completed"},
    },
    "rental": {
        "prepare": {"booked": "ready"},
        "unprepare": {"ready": "booked"},
        "hand_over": {"ready": "out"},
        "ship": {"ready": "out"},
        "take_back": {"out": "returned"},
        "close": {"returned": "closed"},
        "extend": {"booked": "booked", "ready": "ready", "out": "out"},
        "move": {"booked": "booked", "ready": "ready"},
        "rearrange": {"booked": "booked", "ready": "ready", "out": "out"},
        "call_off": {"booked": "cancelled", "ready": "cancelled"},
        "shorten": {"out": "out"},
        "replace": {"booked": "booked", "ready": "ready"},
        "tell_late": {"out": "out"},
        "post_back": {"out": "out"},
        "deny_parcel": {"out": "out"},
        "be_late": {"out": "out"},
        "miss": {"booked": "booked", "ready": "ready"},
        "forfeit": {"booked": "cancelled", "ready": "cancelled"},
        "keep": {"out": "kept"},
        "lose": {"out": "lost"},
        "cancel": {"booked": "cancelled", "ready": "cancelled"},
        "restore": {"cancelled": "booked"},
    },
    "sale": {
        "prepare": {"reserved": "ready"},
        "ship": {"ready": "shipped"},
        "replace": {"reserved": "reserved"},
        "collect": {"ready": "collected"},
        "ask_return": {"shipped": "return_requested", "collected": "return_requested"},
        "receive": {"return_requested": "returned"},
        "refuse_return": {"return_requested": "collected"},
        "cancel": {"reserved": "cancelled", "ready": "cancelled"},
        "restore": {"cancelled": "reserved"},
    },
    "claim": {
        "accept": {"open": "charged", "objected": "charged"},
        "object": {"open": "objected"},
        "lapse": {"open": "charged"},
        "uphold": {"objected": "charged"},
        "reduce": {"objected": "charged"},
        "drop": {"open": "dropped", "objected": "dropped"},
    },
    "waitlist": {
        "offer": {"waiting": "offered"},
        "refuse": {"offered": "waiting"},
        "take": {"offered": "taken"},
        "lapse": {"offered": "lapsed"},
        "withdraw": {"waiting": "withdrawn", "offered": "withdrawn"},
        "end": {"waiting": "over"},
    },
}

CUSTOMERS = {
    *("cancel", "pay", "extend", "keep", "move", "post_back", "shorten", "tell_late"),
    *("ask_return", "accept", "object", "withdraw"),
}
EVERY_PAIR = [
    (name, event, status)
    for name, (_, statuses) in TABLES.items()
    for event in EXPECTED[name]
    for status in statuses.values
]


@pytest.mark.parametrize(("name", "event", "status"), EVERY_PAIR)
def test_an_event_leads_where_the_table_says_and_nowhere_else(name: str, event: str, status: str) -> None:
    table, _ = TABLES[name]
    expected = EXPECTED[name][event].get(status)

    if expected is not None:
        assert next_status(table, event, status) == expected
        return
    with pytest.raises(TransitionNotAllowed) as refused:
        next_status(table, event, status)
    assert refused.value.members["current"] == status
    assert set(refused.value.members["allowed"]) <= set(allowed_events(table, status)) & CUSTOMERS


@pytest.mark.parametrize("name", TABLES)
def test_no_event_is_in_the_table_that_nobody_expects(name: str) -> None:
    table, _ = TABLES[name]

    assert {event for event, _ in table} == set(EXPECTED[name])


@pytest.mark.parametrize(
    ("name", "dead"), [("order", "cancelled"), ("order", "completed"), ("rental", "closed"), ("claim", "dropped")]
)
def test_what_is_over_stays_over(name: str, dead: str) -> None:
    table, _ = TABLES[name]

    assert allowed_events(table, dead) == []


def test_what_only_the_clock_and_other_systems_do_is_told_to_nobody_as_possible() -> None:
    told = {
        event for table, statuses in TABLES.values() for status in statuses for event in allowed_events(table, status)
    }

    assert told.isdisjoint(
        {"hold", "refuse", "expire", "pay_late", "complete", "restore", "be_late", "miss", "forfeit", "lapse"}
    )
    assert allowed_events(ORDER, OrderStatus.PENDING_PAYMENT) == ["cancel", "pay"]


def test_the_tables_name_only_services_that_there_are() -> None:
    rows = re.findall(r"^    \(.*# (.*)$", inspect.getsource(states), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"[a-z]+_[a-z_]+", row.partition(":")[0])}

    assert len(rows) == sum(len(table) for table, _ in TABLES.values())
    assert named <= {*dir(services), *dir(placing)}


def test_the_diagrams_in_the_docs_are_those_of_the_tables() -> None:
    drawn = (settings.BASE_DIR / "docs" / "states.md").read_text(encoding="utf-8")

    assert drawn == draw(), "manage.py draw_states"
    assert all(f": {event}" in drawn or f", {event}" in drawn for event in ("extend", "pay late", "refuse return"))
