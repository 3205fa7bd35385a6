"""What the staff pages share."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib import admin
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from psycopg.errors import DiskFull, LockNotAvailable

from core.backoffice import Table, amount, attempt, moment, page_of, people
from core.errors import Busy, NotFound
from tests.factories.accounts import UserFactory


def failing(error: Exception, cause: Exception | None = None) -> str:
    raise error from cause


def test_a_rules_no_and_a_busy_row_are_said_and_a_bug_stays_a_bug() -> None:
    assert attempt(lambda: "Done.") == ("Done.", "")
    assert attempt(lambda: failing(NotFound("There is no such rental."))) == ("", "There is no such rental.")
    assert attempt(lambda: failing(OperationalError(), LockNotAvailable())) == ("", Busy().detail)
    with pytest.raises(OperationalError):
        attempt(lambda: failing(OperationalError(), DiskFull()))


def steps() -> Iterator[str]:
    """The addresses' names of everything that staff may do with one row."""
    for model, page in admin.site._registry.items():
        for told in getattr(page, "actions_detail", ()):
            for name in told["items"] if isinstance(told, dict) else [told]:
                yield f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}"


@pytest.mark.django_db
@pytest.mark.parametrize("step", [*steps(), "admin:payments_document_pdf"])
def test_a_step_about_a_row_that_is_not_there_is_not_found(admin_client: Client, step: str) -> None:
    answers = [admin_client.get(reverse(step, args=[unknown])).status_code for unknown in ("999999", "abc")]

    assert answers == [404, 404]


@pytest.mark.django_db
def test_actors_are_shown_by_name_in_one_statement(django_assert_num_queries: object) -> None:
    mia = UserFactory(name="Mia Vogel")
    actors = [f"customer:{mia.pk}", f"staff:{mia.pk}", "clock", "provider", "staff:gone", "something else"]

    with django_assert_num_queries(1):  # type: ignore[operator]
        names = people(actors)

    assert [names[actor] for actor in actors] == [
        "Mia Vogel",
        "Mia Vogel",
        "Automatic",
        "Gateway or warehouse",
        "staff:gone",
        "something else",
    ]


@time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC))
def test_an_instant_is_read_at_the_clock_of_its_depot() -> None:
    assert moment(datetime(2026, 5, 31, 22, 30, tzinfo=UTC), "Europe/Berlin") == "1 Jun, 00:30 CEST"
    assert moment(datetime(2025, 12, 31, 22, 30, tzinfo=UTC)) == "31 Dec 2025, 22:30 UTC"
    assert moment(None) == "-"


def test_figures_stand_flush_right_under_their_heading() -> None:
    table = Table(["What", ">Amount"], [["Rent", amount(4990, "EUR")]], ["In all", "x"])

    assert [(cell.text, cell.css) for cell in table.header] == [("What", ""), ("Amount", "figure")]
    assert [cell.css for cell in table.body[0]] == [cell.css for cell in table.foot] == ["", "figure"]
    assert "€49.90" in table.body[0][1].text


@pytest.mark.django_db
def test_a_link_is_only_text_for_who_may_not_follow_it() -> None:
    user = UserFactory()

    assert page_of("accounts_user", user.pk, "<Mia>", viewer=UserFactory(staff=True)) == "<Mia>"
    assert f'href="/admin/accounts/user/{user.pk}/change/">&lt;Mia&gt;</a>' in page_of(
        "accounts_user", user.pk, "<Mia>"
    )
