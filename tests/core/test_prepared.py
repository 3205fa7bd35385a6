"""Queries that are written once answer as the ORM's own do, whatever is given and whichever thread asks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from accounts.models import User
from core.models import IdempotencyKey
from core.postgres.prepared import Given, IsOneOf, Prepared, PreparedUpdate, insert
from tests.factories.accounts import UserFactory

_BY_ID = Prepared(lambda: User.objects.filter(pk=Given("id"), is_active=True))
_NAMED = Prepared(lambda: User.objects.filter(IsOneOf(F("email"), Given("emails"))).order_by("email"))
_EMAILS = Prepared(lambda: User.objects.order_by("email").values_list("email", flat=True))
_PERCENT = Prepared(lambda: User.objects.filter(name__contains="50%_", email=Given("email")))
_LOCKED = Prepared(lambda: User.objects.filter(pk=Given("id")).select_for_update())
_SAVED = PreparedUpdate(lambda: User.objects.filter(pk=Given("pk")), "name")
_RENAMED = PreparedUpdate(lambda: User.objects.filter(pk=Given("id")), "name")


def test_a_row_is_what_the_orm_reads(db: None) -> None:
    mia = UserFactory(email="mia@example.com", name="Mia")

    found = _BY_ID.first(id=mia.pk)

    expected = User.objects.get(pk=mia.pk)
    assert found == expected
    assert {f.attname: getattr(found, f.attname) for f in User._meta.fields} == {
        f.attname: getattr(expected, f.attname) for f in User._meta.fields
    }


def test_each_asking_is_answered_by_what_was_given_to_it(db: None) -> None:
    mia, tom = UserFactory(), UserFactory()

    assert [_BY_ID.first(id=user.pk) for user in (mia, tom, mia)] == [mia, tom, mia]


def test_what_is_constant_is_as_it_was_written(db: None) -> None:
    gone = UserFactory(is_active=False)

    assert _BY_ID.first(id=gone.pk) is None


def test_a_constant_may_hold_a_percent_sign(db: None) -> None:
    sale = UserFactory(email="sale@example.com", name="minus 50%_")
    UserFactory(email="other@example.com", name="minus 50 x")

    assert _PERCENT.all(email="sale@example.com") == [sale]
    assert _PERCENT.all(email="other@example.com") == []


@pytest.mark.parametrize("emails", [[], ["a@example.com"], ["a@example.com", "c@example.com"]])
def test_of_any_number_of_values_one_statement_finds_all(
    db: None, emails: list[str], django_assert_num_queries: Any
) -> None:
    for name in "abc":
        UserFactory(email=f"{name}@example.com")

    with django_assert_num_queries(1):
        assert [user.email for user in _NAMED.all(emails=emails)] == emails


def test_values_come_as_values(db: None) -> None:
    UserFactory(email="b@example.com")
    UserFactory(email="a@example.com")

    assert _EMAILS.all() == ["a@example.com", "b@example.com"]


def test_postgresql_plans_it_once_a_connection(db: None) -> None:
    """Among the connection's prepared statements it is once, however often it was asked."""
    for _ in range(3):
        _EMAILS.all()

    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE \'SELECT "accounts_user"."email"%\''
        )
        assert cursor.fetchone() == (1,)


def test_threads_ask_each_by_its_own_connection(transactional_db: None) -> None:
    users = [UserFactory() for _ in range(4)]

    def ask(user: User) -> list[User | None]:
        try:
            return [_BY_ID.first(id=user.pk) for _ in range(20)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, users)) == [[user] * 20 for user in users]


def test_a_row_is_locked_in_a_transaction_only(transactional_db: None) -> None:
    with pytest.raises(TransactionManagementError):
        _LOCKED.first(id=UserFactory().pk)


def test_an_update_changes_its_rows_alone_and_tells_how_many(db: None) -> None:
    mia, tom = UserFactory(name="Mia"), UserFactory(name="Tom")

    changed = _RENAMED.run(id=mia.pk, name="Mia %s Mayer")

    mia.refresh_from_db()
    tom.refresh_from_db()
    assert (changed, mia.name, tom.name) == (1, "Mia %s Mayer", "Tom")


def test_a_row_is_saved_by_its_key_with_the_fields_that_were_named(db: None) -> None:
    mia = UserFactory(name="Mia", email="mia@example.com")
    mia.name, mia.email = "Mia Mayer", "other@example.com"

    _SAVED.save(mia)

    there = User.objects.get(pk=mia.pk)
    assert (there.name, there.email) == ("Mia Mayer", "mia@example.com")


def _key(number: int, body: Any = None) -> IdempotencyKey:
    return IdempotencyKey(
        owner="mia", key=str(number), request_hash="x", operation="POST /", response_status=number, response_body=body,
        running_until=timezone.now() + timedelta(seconds=number),
    )  # fmt: skip


def test_rows_are_inserted_as_they_are_and_know_their_keys(db: None) -> None:
    rows = insert([_key(1), _key(400, {"name": "Mia"})])

    read = [IdempotencyKey.objects.get(key=row.key) for row in rows]
    assert [row.pk for row in rows] == [row.pk for row in read]
    for row, there in zip(rows, read, strict=True):
        assert {f.attname: getattr(row, f.attname) for f in row._meta.fields} == {
            f.attname: getattr(there, f.attname) for f in there._meta.fields
        }


def test_an_inserted_row_is_saved_as_one_that_is_there(db: None) -> None:
    [row] = insert([_key(1)])

    row.operation = "POST /other"
    row.save()

    assert IdempotencyKey.objects.get().operation == "POST /other"


def test_numbers_of_every_size_are_inserted_by_one_plan(db: None) -> None:
    for number in (1, 30_000):
        insert([_key(number)])

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO \"core_idempotencykey\"%'"
        )
        assert cursor.fetchone() == (1,)


def test_nothing_to_insert_costs_nothing(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert list(insert([])) == []
