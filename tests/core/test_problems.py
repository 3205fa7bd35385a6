"""Whatever goes wrong leaves the shop as one kind of document, and tells nobody what only we should know."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client, RequestFactory
from pytest_django import Settings
from rest_framework.exceptions import ValidationError
from rest_framework.fields import ChoiceField, MultipleChoiceField
from rest_framework.test import APIClient

from accounts.models import Cat
from core.api import Input
from core.error_codes import every_error
from orders.models import Rental
from tests.core.broken_urls import SECRET
from tests.core.conftest import stranger_connection, wait_until, wait_until_somebody_waits_for
from tests.factories.accounts import CatFactory, Phone, UserFactory, auth_header, client_for
from tests.factories.inventory import DepotFactory
from tests.factories.orders import ClaimFactory
from tests.routes import Route, api_routes, wrong_methods
from tests.shop import Shop, key

JSON = "application/json"
CAT = {"name": "Minka", "length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4200}
NOTHING_HERE = {
    "type": "/api/errors/#not_found",
    "title": "There is nothing here, or it is not yours.",
    "status": 404,
    "detail": "There is nothing here, or it is not yours.",
    "code": "not_found",
}
NO_OBJECTS = ["[]", "[1, 2]", '"text"', '""', "null", "7", "-1.5", "true"]
NO_JSON = [
    "{",
    "",
    "'a'",
    '{"a": NaN}',
    '{"a": Infinity}',
    "{} {}",
    b"\xff\xfe",
    "\ufeff{}",
    "[" * 100_000,
    '{"a":' * 500 + "1" + "}" * 500,
]


def problem(answer: Any) -> dict[str, Any]:
    """The problem document, sure to be one: complete, consistent with its status, of a code that is explained."""
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) >= {"type", "title", "status", "detail", "code"}
    assert body["status"] == answer.status_code
    assert body["type"] == f"/api/errors/#{body['code']}"
    assert body["title"]
    assert body["detail"]
    assert body["code"] in {error.code for error in every_error()}
    return body


# What the protocol refuses


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/orders/", "/nothing", "/api/v1/me/cats/not-a-uuid"])
def test_an_address_that_does_not_exist_is_not_found(db: None, path: str) -> None:
    assert problem(APIClient().get(path))["code"] == "not_found"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_a_method_that_an_address_does_not_know_is_refused(phone: Phone, method: str) -> None:
    answer = phone.generic(method.upper(), "/api/v1/quotes")

    assert (answer.status_code, problem(answer)["code"]) == (405, "method_not_allowed")
    assert "POST" in answer["Allow"]


def test_a_method_that_an_address_does_not_know_is_refused_everywhere_and_without_a_csrf_token(db: None) -> None:
    phone, routes = Phone(enforce_csrf_checks=True, headers=auth_header(UserFactory())), wrong_methods()
    for route in routes:
        path = route.at(**dict.fromkeys(route.parameters, "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a01"))
        answer = phone.generic(route.method.upper(), path)
        assert answer.status_code == 405, str(route)
        assert answer["Allow"], str(route)
        if route.method != "head":
            assert problem(answer)["code"] == "method_not_allowed", str(route)
    assert {"/livez", "/api/docs/", "/api/schema/", "/media/{path}"} < {route.path for route in routes}


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/", "/api/v1/depots"])
def test_a_problem_is_json_whatever_the_address_answers_otherwise(phone: Phone, path: str) -> None:
    answer = phone.get(path, headers={"Accept": "image/png"})

    assert (answer.status_code, problem(answer)["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "bogus"],
)
def test_a_body_of_another_type_is_refused(phone: Phone, content_type: str) -> None:
    answer = phone.generic("POST", "/api/v1/quotes", b"a=1", content_type=content_type)

    assert (answer.status_code, problem(answer)["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*"])
def test_another_kind_of_answer_cannot_be_had(phone: Phone, accept: str) -> None:
    answer = phone.get("/api/v1/depots", headers={"Accept": accept})

    assert (answer.status_code, problem(answer)["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("accept", [JSON, "*/*", "application/*", "text/html, application/json;q=0.5"])
def test_json_can_be_asked_for_in_all_the_usual_ways(phone: Phone, accept: str) -> None:
    assert phone.get("/api/v1/depots", headers={"Accept": accept}).status_code == 200


def test_too_many_requests_are_told_when_to_come_back(db: None) -> None:
    for _ in range(20):
        assert APIClient().post("/api/v1/auth/token", {}, format="json").status_code == 400

    answer = APIClient().post("/api/v1/auth/token", {}, format="json")

    assert (answer.status_code, problem(answer)["code"]) == (429, "rate_limited")
    assert 1 <= int(answer["Retry-After"]) <= 61


def test_a_request_without_a_token_is_told_what_is_missing(db: None) -> None:
    answer = APIClient().get("/api/v1/me")

    assert (answer.status_code, problem(answer)["code"]) == (401, "authentication_required")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_is_not_ours_is_refused_in_other_words(db: None) -> None:
    answer = APIClient().get("/api/v1/me", headers={"Authorization": "Bearer nonsense"})

    assert (answer.status_code, problem(answer)["code"]) == (401, "token_invalid")


def test_a_host_that_is_not_ours_is_refused(db: None) -> None:
    answer = APIClient().get("/api/v1/me", headers={"Host": "evil.example.com"})

    assert (answer.status_code, problem(answer)["code"]) == (400, "bad_request")
    assert "evil" not in answer.content.decode()


# Languages


LANGUAGES = ("de", "fr", "es")


def refused_in_english(phone: APIClient, method: str, path: str, body: str = "", **more: Any) -> dict[str, Any]:
    """What everybody is told, whatever language they read; {} if it is not refused."""
    said: dict[str, Any] = {}
    for accepted in ("en", *LANGUAGES):
        cache.clear()  # tries are counted
        headers = {"Accept-Language": accepted, **key(), **more.get("headers", {})}
        answer: Any = phone.generic(method, path, body, more.get("content_type", JSON), headers=headers)
        if answer.status_code < 400:
            return {}
        assert answer["Content-Language"] == "en"
        said = said or problem(answer)
        assert problem(answer) == said, (accepted, method, path)
    return said


def test_what_is_missing_or_of_another_kind_is_said_in_english_by_every_operation(shop: Shop) -> None:
    phone, stranger, refusals = shop.phone(), APIClient(), 0
    for route, path in bodies_everywhere(shop):
        method = route.method.upper()
        said = refused_in_english(phone, method, path, "{}")
        names = {error["pointer"].split("/")[1] for error in said.get("errors", ()) if "/" in error["pointer"]}
        for wrong in ([], {}, "", "x", -1, True):
            refusals += bool(refused_in_english(phone, method, path, json.dumps(dict.fromkeys(names, wrong))))
        assert route.public or refused_in_english(stranger, method, path, "{}")["status"] == 401, str(route)
    assert refusals > 100


@pytest.mark.parametrize("query", ["from=x&to=9", "page_size=x", "kind=x", "search=%00", "max_price=-1", "cat=1"])
def test_a_parameter_is_refused_in_english(phone: Phone, query: str) -> None:
    assert refused_in_english(phone, "GET", f"/api/v1/containers?{query}")["status"] == 400


def test_whatever_the_protocol_refuses_is_refused_in_english(phone: Phone) -> None:
    refusals = [
        refused_in_english(phone, "GET", "/nothing"),
        refused_in_english(phone, "PUT", "/api/v1/quotes"),
        refused_in_english(phone, "GET", "/api/v1/depots", headers={"Accept": "image/png"}),
        refused_in_english(phone, "POST", "/api/v1/quotes", "a=1", content_type="text/plain"),
        refused_in_english(phone, "GET", "/api/v1/me", headers={"Authorization": "Bearer x"}),
    ]

    assert [said["status"] for said in refusals] == [404, 405, 406, 415, 401]


def test_a_weak_password_and_a_change_are_refused_in_english(phone: Phone) -> None:
    weak = json.dumps({"email": "mia@example.com", "password": "12345", "name": "Mia"})
    changes = ['{"name": []}', '{"name": null}', '{"nick": 1}']

    assert len(refused_in_english(phone, "POST", "/api/v1/auth/register", weak)["errors"]) > 1
    assert all(refused_in_english(phone, "PATCH", "/api/v1/me", change) for change in changes)


def test_too_many_requests_are_told_so_in_english(db: None) -> None:
    for _ in range(21):
        answer = APIClient().post("/api/v1/auth/token", {}, format="json", headers={"Accept-Language": "de"})

    assert problem(answer)["detail"] == f"Try again in {answer['Retry-After']} seconds."


# Bugs


@pytest.mark.urls("tests.core.broken_urls")
@pytest.mark.parametrize("path", ["/api/v1/broken", "/broken"])
def test_a_bug_tells_nobody_what_it_is_about(db: None, caplog: pytest.LogCaptureFixture, path: str) -> None:
    client = client_for(UserFactory())
    client.raise_request_exception = False

    with caplog.at_level(logging.ERROR, logger="django.request"):
        answer = client.get(path)

    assert (answer.status_code, problem(answer)["code"]) == (500, "internal_error")
    told = answer.content.decode() + str(answer.headers)
    assert not any(word in told for word in (SECRET, "hunter2", "RuntimeError", "Traceback", "broken_urls"))
    assert SECRET in caplog.text  # those who can mend it see all of it


# Bodies


def bodies_everywhere(shop: Shop) -> list[tuple[Route, str]]:
    """Every operation that takes a body, at an address that exists for the shop's customer."""
    order, cat = shop.order(shop.sale(), shop.rental()), CatFactory(owner=shop.customer)
    claim = ClaimFactory(rental=Rental.objects.get(line__order=order))
    address = shop.customer.addresses.create(recipient="M", line1="L", postal_code="1", city="B", country="DE")
    values = {"number": order.number, "cat_id": cat.pk, "address_id": address.pk, "claim_id": claim.pk}
    return [(route, route.at(**values)) for route in api_routes() if route.takes_body]


def refused(shop: Shop, path: str, method: str, body: str | bytes) -> str:
    cache.clear()  # tries are counted
    answer = shop.phone().generic(method.upper(), path, body, content_type=JSON, headers=key())
    assert answer.status_code == 400, (method, path, body[:40], answer.status_code)
    return str(problem(answer)["code"])


def test_a_body_that_is_no_object_is_refused_by_every_operation(shop: Shop) -> None:
    for route, path in bodies_everywhere(shop):
        wanted = "signature_invalid" if "webhooks" in path else "invalid_input"
        assert {refused(shop, path, route.method, body) for body in NO_OBJECTS} == {wanted}, str(route)


def test_a_body_that_is_no_json_is_refused_by_every_operation(shop: Shop) -> None:
    for route, path in bodies_everywhere(shop):
        wanted = "signature_invalid" if "webhooks" in path else "malformed_request"
        said = {refused(shop, path, route.method, body) for body in NO_JSON if body}
        assert said == {wanted}, str(route)


class BrokenOff:
    """A client that went away in the middle of what it sent."""

    def read(self, *_: Any) -> bytes:
        raise OSError("connection reset by peer")

    readline = read


def test_a_body_that_breaks_off_is_a_bad_request_for_every_operation(shop: Shop) -> None:
    for route, path in bodies_everywhere(shop):
        broken = {"wsgi.input": BrokenOff(), "CONTENT_LENGTH": "1000"}
        answer = shop.phone().generic(route.method.upper(), path, "{", JSON, headers=key(), **broken)
        assert (answer.status_code, problem(answer)["code"]) == (400, "malformed_request"), str(route)


def test_a_field_that_nobody_knows_is_refused_by_every_operation_that_is_not_a_webhook(shop: Shop) -> None:
    for route, path in bodies_everywhere(shop):
        if "webhooks" not in path:
            answer = shop.phone().generic(route.method.upper(), path, '{"discount\\u0000": 1}', JSON, headers=key())
            codes = {error["code"] for error in problem(answer)["errors"]}
            assert (answer.status_code, "unknown_field" in codes) == (400, True), str(route)


@pytest.mark.parametrize(
    ("name", "pointer"), [("a/b", "#/a~1b"), ("~", "#/~0"), ("~1", "#/~01"), ("a b#", "#/a%20b%23"), ("ü", "#/%C3%BC")]
)
def test_a_pointer_to_a_field_that_nobody_knows_is_escaped(phone: Phone, name: str, pointer: str) -> None:
    answer = phone.post("/api/v1/me/cats", {**CAT, name: 1}, headers=key())

    assert pointer in {error["pointer"] for error in problem(answer)["errors"]}


def test_no_body_at_all_is_an_empty_object(shop: Shop) -> None:
    order = shop.order()

    assert shop.phone().post(f"/api/v1/orders/{order.number}/cancel", headers=key()).status_code == 200


@pytest.mark.parametrize("body", ['{"name": "\\ud800"}', '{"\\udfff": 1}', '{"a": [{"b": "x\\udc00y"}]}', '"\\ud800"'])
def test_half_a_character_is_refused_wherever_it_stands(phone: Phone, body: str) -> None:
    answer = phone.generic("POST", "/api/v1/me/cats", body, content_type=JSON, headers=key())

    assert (answer.status_code, problem(answer)["code"]) == (400, "invalid_input")


def test_a_character_written_as_two_escapes_is_whole(phone: Phone) -> None:
    body = json.dumps({**CAT, "name": "Minka 🐈"})
    assert "\\ud83d\\udc08" in body

    assert phone.generic("POST", "/api/v1/me/cats", body, content_type=JSON, headers=key()).status_code == 201


def test_a_document_may_be_nested_but_not_endlessly(phone: Phone) -> None:
    def nested(levels: int) -> Any:
        return phone.generic("POST", "/api/v1/quotes", '{"a":' * levels + "1" + "}" * levels, content_type=JSON)

    assert problem(nested(32))["code"] == "invalid_input"
    assert problem(nested(33))["code"] == "malformed_request"


def test_a_long_flat_list_is_not_called_deep(phone: Phone) -> None:
    body = json.dumps({"depot": "BER", "lines": [{"kind": "sale", "sku": "A"}] * 40})

    assert problem(phone.generic("POST", "/api/v1/quotes", body, content_type=JSON))["code"] == "invalid_input"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/me/cats",
        "/api/v1/quotes",
        "/api/v1/auth/token",
        "/api/v1/webhooks/stripe",
        "/api/v1/webhooks/inventory",
    ],
)
def test_a_body_that_is_too_large_is_refused(phone: Phone, settings: Settings, path: str) -> None:
    body = b'{"name": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'

    answer = phone.generic("POST", path, body, content_type=JSON, headers=key())

    assert (answer.status_code, problem(answer)["code"]) == (413, "body_too_large")


def test_a_body_just_within_the_bound_is_read(phone: Phone, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = len(json.dumps(CAT))
    answers = [
        phone.generic("POST", "/api/v1/me/cats", json.dumps(CAT) + more, JSON, headers=key()) for more in ("", " ")
    ]

    assert [answer.status_code for answer in answers] == [201, 413]


@pytest.mark.parametrize(
    "number", ["9" * 5000, "1e400", "-1e400", "1e-400", "9" * 400, "0.5", "1e2", "true", "[]", "{}", '"1\\u0000"']
)
def test_odd_numbers_are_refused_or_read_but_never_break_anything(phone: Phone, number: str) -> None:
    body = json.dumps(CAT).replace("4200", number)

    answer = phone.generic("POST", "/api/v1/me/cats", body, content_type=JSON, headers=key())

    assert problem(answer)["code"] in {"invalid_input", "malformed_request"}
    assert not Cat.objects.exists()


# Addresses


def test_a_zero_byte_in_an_address_is_not_found_or_refused_by_every_operation(phone: Phone) -> None:
    for route in api_routes():
        for name in route.parameters:
            path = route.at(**{p: "%00" if p == name else "x" for p in route.parameters})
            answer = phone.generic(route.method.upper(), path, "{}", content_type=JSON, headers=key())
            assert (answer.status_code, problem(answer)["code"]) == (404, "not_found"), str(route)


@pytest.mark.parametrize("unknown", ["0192f1c8-7c1e-7cc4-9c0c-4b6d0a2f3e11", "CAT-7Q4M-KX2P", "x"])
def test_an_unknown_id_is_answered_alike_by_every_operation(phone: Phone, unknown: str) -> None:
    depot = DepotFactory()
    asked = {"depot": depot.code, "from": depot.today.isoformat(), "to": depot.today.isoformat()}
    routes = [route for route in api_routes() if route.parameters]

    for route in routes:
        path = route.at(**dict.fromkeys(route.parameters, unknown))
        query = f"?{urlencode(asked)}" if route.path.endswith("/calendar") else ""
        answer = phone.generic(route.method.upper(), path + query, "{}", content_type=JSON, headers=key())

        assert answer.status_code == 404, str(route)
        assert problem(answer) == NOTHING_HERE, str(route)
    assert len(routes) > 30


@pytest.mark.parametrize(
    "path",
    [
        "containers",
        "containers/facets",
        "containers/x",
        "containers/x/calendar",
        "availability",
        "depots",
        "categories",
        "orders",
        "me/cats",
        "me/addresses",
    ],
)
@pytest.mark.parametrize(
    "query",
    ["cursor=%00", "page_size=%00", "depot=%00", "a=%ff", "%00=%00", "from=%00&to=%F0%9F%90%88", "cursor=%ED%A0%80"],
)
def test_no_query_string_breaks_anything(phone: Phone, path: str, query: str) -> None:
    answer = phone.get(f"/api/v1/{path}?{query}")

    assert answer.status_code in {200, 400, 404}
    if answer.status_code != 200:
        problem(answer)


# The database is busy


@pytest.fixture
def impatient(transactional_db: None) -> Iterator[Callable[[str], None]]:
    """Wait for a lock for no longer than a test should, or for whatever else a test names."""

    def wait_briefly(what: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"RESET lock_timeout; SET {what} = '150ms'")

    wait_briefly("lock_timeout")
    yield wait_briefly
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout; RESET statement_timeout")


def test_a_row_that_somebody_else_holds_makes_the_shop_busy_and_the_repeat_succeeds(
    impatient: Callable[[str], None], shop: Shop, somebody_else: psycopg.Connection[Any]
) -> None:
    order, headers = shop.order(), key()
    address = f"/api/v1/orders/{order.number}/cancel"
    somebody_else.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [order.pk])

    held_up = shop.phone().post(address, {}, format="json", headers=headers)
    somebody_else.rollback()
    repeat = shop.phone().post(address, {}, format="json", headers=headers)

    assert (held_up.status_code, problem(held_up)["code"]) == (503, "busy")
    assert int(held_up["Retry-After"]) >= 1
    assert (repeat.status_code, repeat.json()["status"]) == (200, "cancelled")


def test_no_free_connection_makes_the_shop_busy(transactional_db: None) -> None:
    client = client_for(UserFactory())
    pool = connection.pool
    patience, pool.timeout = pool.timeout, 0.2
    taken = []
    try:
        while pool.get_stats()["pool_size"] < pool.max_size or pool.get_stats()["pool_available"]:
            taken.append(pool.getconn(timeout=2))
        with ThreadPoolExecutor(1) as threads:  # a thread has a connection of its own
            answer = threads.submit(client.get, "/api/v1/depots").result()
    finally:
        pool.timeout = patience
        for each in taken:
            pool.putconn(each)

    assert (answer.status_code, problem(answer)["code"]) == (503, "busy")
    assert int(answer["Retry-After"]) >= 1
    assert client.get("/api/v1/depots").status_code == 200


def test_a_statement_that_takes_too_long_makes_the_shop_busy(
    impatient: Callable[[str], None], shop: Shop, somebody_else: psycopg.Connection[Any]
) -> None:
    order = shop.order()
    somebody_else.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [order.pk])
    impatient("statement_timeout")

    answer = shop.phone().post(f"/api/v1/orders/{order.number}/cancel", {}, format="json", headers=key())

    assert (answer.status_code, problem(answer)["code"]) == (503, "busy")
    assert int(answer["Retry-After"]) >= 1


# The database goes away


SHOPS = "FROM pg_stat_activity WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)"


def restart_of_the_database(operator: psycopg.Connection[Any], spared: int) -> None:
    """Every session ends but the operator's and one."""
    operator.execute(f"SELECT pg_terminate_backend(pid) {SHOPS}", [spared])
    wait_until(lambda: operator.execute(f"SELECT count(*) {SHOPS}", [spared]).fetchone() == (0,))


@pytest.fixture
def operator(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Somebody at the database's own console."""
    with stranger_connection() as console:
        console.autocommit = True
        yield console
    connection.close()  # what was used before the restart


def test_the_first_request_after_a_restart_of_the_database_is_served(operator: psycopg.Connection[Any]) -> None:
    client, pool = client_for(UserFactory()), connection.pool
    connection.close()  # to the pool, as after every request
    for used in [pool.getconn() for _ in range(pool.max_size)]:  # on a busy day it holds as many as it may
        pool.putconn(used)
    restart_of_the_database(operator, spared=0)
    started = monotonic()

    assert client.get("/api/v1/depots").status_code == 200
    assert monotonic() - started < 5  # not one connection after the other


def test_a_request_whose_connection_is_lost_is_told_to_repeat_it_and_the_repeat_succeeds(
    shop: Shop, operator: psycopg.Connection[Any], somebody_else: psycopg.Connection[Any]
) -> None:
    order, phone, headers = shop.order(), shop.phone(), key()
    holder = somebody_else.info.backend_pid
    somebody_else.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [order.pk])
    connection.close()

    def cancel() -> Any:
        try:
            return phone.post(f"/api/v1/orders/{order.number}/cancel", {}, format="json", headers=headers)
        finally:
            connection.close()  # as after every request

    with ThreadPoolExecutor(1) as threads:
        cancelling = threads.submit(cancel)
        wait_until_somebody_waits_for(somebody_else)
        restart_of_the_database(operator, spared=holder)
        lost = cancelling.result()
    somebody_else.rollback()

    assert (lost.status_code, problem(lost)["code"]) == (503, "unavailable")
    assert int(lost["Retry-After"]) >= 1
    assert cancel().json()["status"] == "cancelled"


# Staff pages


def test_a_staff_page_with_a_zero_byte_in_its_address_is_not_found(db: None) -> None:
    assert Client().get("/admin/nothing/%00/").status_code == 404


def test_a_staff_page_that_does_not_exist_asks_a_stranger_to_log_in_first(db: None) -> None:
    answer = Client().get("/admin/nothing/")

    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/nothing/")


def test_the_staff_pages_are_found_without_their_slash(db: None) -> None:
    assert Client().get("/admin", follow=True).redirect_chain == [("/admin/", 302), ("/admin/login/?next=/admin/", 302)]


# Much at once


def test_an_answer_complains_about_fifty_fields_and_counts_the_others(phone: Phone) -> None:
    answer = phone.post("/api/v1/quotes", {f"field{n}": 1 for n in range(20_000)})

    body = problem(answer)
    assert (len(body["errors"]), body["errors_left_out"]) == (50, 19_950)
    assert body["detail"].endswith("; and 19995 more")
    assert len(answer.content) < 10_000


def test_the_name_of_an_unknown_field_is_not_repeated_without_end(phone: Phone) -> None:
    answer = phone.post("/api/v1/quotes", {"x" * 100_000: 1})

    assert problem(answer)["errors"][0]["code"] == "unknown_field"
    assert len(answer.content) < 1_000


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[" * 100_000, "nested more than 32 levels"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "nested more than 32 levels"),
        (b"[" + b"9" * 5_000 + b"]", "a number with too many digits"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b"\xff", "it is not UTF-8"),
        (b'"text"', "This must be an object: {…}."),
        (b'{"depot": "BER", "lines": "many"}', "This must be an array: […]."),
        (b'{"depot": "BER", "lines": ["one"]}', "This must be an object: {…}."),
    ],
)
def test_what_is_wrong_with_a_body_is_said_in_no_languages_own_words(phone: Phone, body: bytes, told: str) -> None:
    answer = phone.generic("POST", "/api/v1/quotes", body, content_type=JSON)

    said = problem(answer)["detail"]
    assert told in said
    assert [word for word in ("dict", "str.", "sys.", "recursion", "codec") if word in said] == []


@pytest.mark.parametrize(
    "path", ["/api/v1/orders", "/api/v1/me/cats", "/api/v1/me/addresses", "/api/v1/depots", "/api/v1/containers"]
)
def test_no_list_ignores_a_parameter_that_it_does_not_know(phone: Phone, path: str) -> None:
    answer = phone.get(path, {"stauts": "paid"})

    assert (answer.status_code, problem(answer)["errors"][0]["pointer"]) == (400, "#/stauts")


def test_what_is_allowed_is_what_is_answered(phone: Phone) -> None:
    assert phone.get("/api/v1/quotes")["Allow"] == "POST"
    assert "OPTIONS" not in phone.get("/api/v1/depots")["Allow"]


@pytest.mark.parametrize("path", ["/api/v1/depots", "/api/errors/", "/livez", "/nothing"])
def test_the_answer_to_head_has_the_length_of_the_body_and_no_body(phone: Phone, path: str) -> None:
    asked = RequestFactory().head(path, headers=auth_header(UserFactory()))  # Django's test client would cut it itself

    whole, answer = phone.get(path), WSGIHandler().get_response(asked)

    assert answer.content == b""
    assert answer["Content-Length"] == str(len(whole.content))


def every_input(kind: type[Input] = Input) -> Iterator[type[Input]]:
    yield kind
    for below in kind.__subclasses__():
        yield from every_input(below)


def test_whoever_chooses_what_cannot_be_chosen_is_told_what_can() -> None:
    import_module("config.urls")
    asked = [
        (field.field_name, field)
        for kind in every_input()
        for field in kind().fields.values()
        if isinstance(field, ChoiceField)
    ]

    assert {"mode", "ordering", "kind", "fulfilment", "purpose", "via", "platform"} <= {name for name, _ in asked}
    for _, field in asked:
        wrong: Any = ["no {such}"] if isinstance(field, MultipleChoiceField) else "no {such}"
        with pytest.raises(ValidationError) as no:
            field.run_validation(wrong)
        allowed = ", ".join(field.choices)
        assert [str(said) for said in no.value.detail] == [f'"no {{such}}" cannot be chosen here, only: {allowed}.']


def test_a_shop_window_asked_for_a_mode_that_there_is_not_names_those_that_there_are(phone: Phone) -> None:
    answer = phone.get("/api/v1/containers", {"mode": "rental"})

    said = {"pointer": "#/mode", "detail": '"rental" cannot be chosen here, only: rent, buy.', "code": "invalid_choice"}
    assert problem(answer)["errors"] == [said]
