"""The OpenAPI document: valid, complete, up to date, and its examples are true."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from core.error_codes import every_error
from core.errors import DomainError
from orders.errors import COUPON_REFUSED
from tests.document import Operation, document, operations, violations
from tests.routes import api_routes

COMMITTED = Path(__file__).resolve().parent.parent / "docs" / "openapi.yaml"
PROBLEM = "application/problem+json"
every_operation = pytest.mark.parametrize("operation", operations(), ids=str)


def test_the_document_is_valid_openapi_31() -> None:
    assert document()["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


def test_the_committed_document_says_what_the_code_does(tmp_path: Path) -> None:
    made = tmp_path / "openapi.yaml"

    call_command("spectacular", "--validate", "--fail-on-warn", file=str(made))

    assert made.read_text() == COMMITTED.read_text(), "make openapi"


def test_every_address_is_in_the_document_and_no_other() -> None:
    documented = {str(operation) for operation in operations()}

    assert documented == {str(route) for route in api_routes()}


def test_every_operation_has_a_name_of_its_own() -> None:
    names = Counter(operation.about.get("operationId") for operation in operations())

    assert [name for name, count in names.items() if count > 1 or not re.fullmatch("[a-z][A-Za-z]+", str(name))] == []


def test_every_tag_is_explained_and_used() -> None:
    used = {tag for operation in operations() for tag in operation.about["tags"]}

    assert used == {tag["name"] for tag in document()["tags"]}
    assert all(tag["description"] for tag in document()["tags"])


@every_operation
def test_an_operation_says_in_a_line_what_it_is_for(operation: Operation) -> None:
    assert len(operation.about["tags"]) == 1
    assert 5 <= len(operation.about["summary"]) <= 80
    assert not operation.about["summary"].endswith(".")


@every_operation
def test_an_operation_says_who_may_call_it(operation: Operation) -> None:
    [public] = {route.public for route in api_routes() if str(route) == str(operation)}

    assert operation.about.get("security", []) == ([] if public else [{"accessToken": []}])


@every_operation
def test_what_is_sent_and_answered_is_shown_by_an_example(operation: Operation) -> None:
    shown = {where: content.get("examples") for where, content, _ in operation.contents()}
    successes = {status for status in operation.about["responses"] if status.startswith("2")}

    assert [where for where, examples in shown.items() if not examples] == []
    assert successes
    assert successes <= {*shown, "204"}


@every_operation
def test_every_example_keeps_to_its_own_schema(operation: Operation) -> None:
    for where, content, pointer in operation.contents():
        for name, example in content.get("examples", {}).items():
            assert violations(example["value"], f"{pointer}/schema") == [], (where, name)


@every_operation
def test_what_can_go_wrong_is_a_problem_document_of_a_known_code(operation: Operation) -> None:
    codes = {error.code: error.status for error in every_error()}
    failures = {status: answer for status, answer in operation.about["responses"].items() if not status.startswith("2")}

    assert set(failures) >= {"400", "429", "503"}
    for status, answer in failures.items():
        [(media_type, content)] = answer["content"].items()
        assert media_type == PROBLEM
        assert is_a_problem(content["schema"]["$ref"])
        assert {codes[example["value"]["code"]] for example in content["examples"].values()} == {int(status)}


def is_a_problem(reference: str) -> bool:
    """Problem, or Problem with further members that may be missing."""
    schemas = document()["components"]["schemas"]
    shape, problem = schemas[reference.rpartition("/")[2]], schemas["Problem"]
    return bool(
        shape["required"] == problem["required"] and shape["properties"].items() >= problem["properties"].items()
    )


@every_operation
def test_the_usual_failures_are_told_where_they_can_happen(operation: Operation) -> None:
    told = set(operation.about["responses"])
    parameters = {p["name"]: p for p in operation.about.get("parameters", [])}
    needs_key = parameters.get("Idempotency-Key", {}).get("required", False)

    assert ("401" in told) >= bool(operation.about.get("security"))
    assert ("404" in told) >= ("{" in operation.path)
    assert (told >= {"409", "422"}) >= needs_key
    assert (told >= {"413", "415"}) == (operation.method in {"post", "patch", "put"})
    assert (operation.method != "get") >= needs_key


def test_every_post_that_moves_things_or_money_needs_a_key() -> None:
    without = {"/api/v1/quotes", "/api/v1/me/calendar", "/api/v1/trips/search"}  # these move nothing
    posts = [operation for operation in operations() if operation.method == "post" and operation.about.get("security")]
    keyed = {o.path for o in posts if any(p["name"] == "Idempotency-Key" for p in o.about.get("parameters", []))}

    assert {operation.path for operation in posts} - keyed == without


def test_the_examples_of_two_operations_never_share_a_key() -> None:
    parameters = [p for operation in operations() for p in operation.about.get("parameters", [])]
    keys = [e["value"] for p in parameters if p["name"] == "Idempotency-Key" for e in p.get("examples", {}).values()]

    assert keys
    assert len(set(keys)) == len(keys)


def test_every_parameter_of_an_address_is_required_and_no_other_kind_of_it_is() -> None:
    for operation in operations():
        inside = {p["name"] for p in operation.about.get("parameters", []) if p["in"] == "path" and p["required"]}
        assert inside == set(re.findall(r"{(\w+)}", operation.path)), str(operation)


def test_money_is_never_a_float() -> None:
    money = document()["components"]["schemas"]["MoneyOutput"]["properties"]

    assert money["amount"]["type"] == "integer"
    assert '"number"' not in str(document()["components"]["schemas"])


def test_what_may_be_missing_is_said_as_openapi_31_says_it() -> None:
    assert '"nullable"' not in json.dumps(document())


def test_a_request_may_not_have_members_that_nobody_knows() -> None:
    requests = {n: s for n, s in document()["components"]["schemas"].items() if n.endswith("Request")}

    assert requests
    assert [name for name, schema in requests.items() if schema.get("additionalProperties") is not False] == []


# The pages


def test_the_document_is_served_to_everybody(db: None) -> None:
    answer = Client().get("/api/schema/")

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi")


def foreign(page: str) -> list[str]:
    """Addresses on a page that lead to another host."""
    return re.findall(
        r"""(?:(?:src|href|action|url)\s*[=:]\s*["']|url\(["']?|@import\s+["'])((?:https?:)?//[^"')\s]+)""", page
    )


def test_the_test_for_foreign_hosts_finds_them() -> None:
    page = '<script src="https://cdn.example/x.js"></script><link href=\'//cdn.example/y.css\'> @import "https://z"'

    assert foreign(page) == ["https://cdn.example/x.js", "//cdn.example/y.css", "https://z"]


def test_the_swagger_page_loads_everything_from_here(db: None) -> None:
    page = Client().get("/api/docs/").content.decode()
    local = re.findall(r"""(?:src|href)=["'](/static/[^"']+)""", page)

    assert foreign(page) == []
    assert "cdn" not in page
    assert len(local) >= 3
    assert [path for path in local if finders.find(path.removeprefix("/static/")) is None] == []
    assert re.search(r'url: "/api/schema/"', page)


def errors_page() -> str:
    return Client().get("/api/errors/").content.decode()


def test_every_code_is_explained_once(db: None) -> None:
    anchors = re.findall(r'<dt id="(\w+)">', errors_page())

    assert anchors == sorted(set(anchors))
    assert set(anchors) == {error.code for error in every_error()}


def reasons(error: type[DomainError] = DomainError) -> list[type[DomainError]]:
    return [error, *(deeper for direct in error.__subclasses__() for deeper in reasons(direct))]


def test_every_reason_of_the_product_has_a_code_a_title_and_an_honest_status(db: None) -> None:
    listed = {error.code: error for error in every_error()}

    for reason in reasons()[1:]:
        assert re.fullmatch("[a-z][a-z_]+", reason.code), reason
        assert reason.title.endswith((".", "…")), reason
        assert 400 <= reason.status < 600
        assert listed[reason.code].status == reason.status, f"{reason.code} has two statuses"


def test_the_page_of_errors_loads_nothing_from_elsewhere(db: None) -> None:
    page: Any = errors_page()

    assert foreign(page) == []
    assert "<script" not in page


# What is refused for the sake of one field of the request, wherever that is told.
BY_FIELD = {
    **dict.fromkeys((error.code for error in COUPON_REFUSED), ("#/coupon", "#/quote")),
    **dict.fromkeys(("quote_expired", "quote_used", "depot_closed"), ("#/quote",)),
    "price_changed": ("#/price", "#/credit"),
    "return_too_late": ("#/lines/0",),
    "extension_not_possible": ("#/end_on",),
    **dict.fromkeys(("keep_not_offered", "parcel_not_taken", "parcel_not_there", "too_late_to_move"), ("#/rental",)),
    "email_taken": ("#/email",),
    **dict.fromkeys(("refresh_token_invalid", "refresh_token_reused"), ("#/refresh_token",)),
}


def test_what_one_field_of_a_request_is_the_reason_for_points_to_that_field() -> None:
    told = set()
    for operation in operations():
        for refusal in shown_refusals(operation):
            if refusal["code"] in BY_FIELD:
                told.add(refusal["code"])
                [error] = refusal["errors"]
                assert error["pointer"] in BY_FIELD[refusal["code"]], str(operation)
                assert error["pointer"].split("/")[1] in fields_sent(operation), str(operation)
                assert (error["detail"], error["code"]) == (refusal["detail"], refusal["code"])

    assert told == set(BY_FIELD)


def shown_refusals(operation: Operation) -> list[Any]:
    contents = [content for answer in operation.about["responses"].values() for content in [answer.get("content", {})]]
    shown = [example for content in contents for example in content.get(PROBLEM, {}).get("examples", {}).values()]
    return [example["value"] for example in shown]


def fields_sent(operation: Operation) -> set[str]:
    bodies = operation.about.get("requestBody", {}).get("content", {}).values()
    schemas = [document()["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]] for body in bodies]
    return {name for schema in schemas for name in schema["properties"]}
