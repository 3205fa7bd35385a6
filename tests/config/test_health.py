"""Health: alive is not the same as ready."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from config.views import require_current_schema
from tests.core.conftest import stranger_connection


@pytest.fixture(autouse=True)
def _nothing_is_known_of_the_schema() -> Iterator[None]:
    require_current_schema.cache_clear()
    yield
    require_current_schema.cache_clear()


def asked(path: str) -> tuple[int, str]:
    answer = Client().get(path)
    assert answer["Content-Type"] == "application/json"
    return answer.status_code, answer.json()["status"]


def test_a_process_is_alive_without_asking_the_database() -> None:
    assert asked("/livez") == (200, "ok")  # this test may not use one


def test_a_process_is_ready_when_the_database_answers_and_its_schema_is_current(db: None) -> None:
    assert asked("/readyz") == (200, "ok")


def test_a_process_is_not_ready_while_migrations_are_pending_and_ready_once_they_ran(db: None) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("core", "0002_key_states")
    before = asked("/readyz")

    recorder.record_applied("core", "0002_key_states")

    assert (before, asked("/readyz")) == ((503, "migrations pending"), (200, "ok"))


def test_a_process_is_not_ready_while_the_database_is_gone_and_ready_once_it_is_back(transactional_db: None) -> None:
    asked("/readyz")
    with stranger_connection() as operator:
        operator.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])

    gone = asked("/readyz")
    connection.close()

    assert (gone, asked("/readyz")) == ((503, "database unreachable"), (200, "ok"))


def test_asking_again_costs_one_small_statement(db: None, django_assert_num_queries: Any) -> None:
    asked("/readyz")

    with django_assert_num_queries(1):
        asked("/readyz")


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_is_only_asked_not_changed(db: None, path: str) -> None:
    assert Client().post(path).status_code == 405
    assert Client().head(path).status_code == 200


def test_health_tells_a_stranger_nothing_more(db: None) -> None:
    assert set(Client().get("/readyz").json()) == {"status"}
