"""The published contract of inventory bridges is valid, complete and what the stand-in serves."""

import json
import warnings
from typing import Any

import pytest
from openapi_spec_validator import validate

from sandbox.http import Request, Response
from sandbox.inventory.server import PATHS
from tests.contracts.openapi import PATH, breaches, contract, escaped, operations, resolved, violations

OPERATIONS = {operation["operationId"]: (operation, pointer) for _, _, operation, pointer in operations()}
PUSH = contract()["webhooks"]["changes"]["post"]
BODIES = {**OPERATIONS, "push": (PUSH, "/webhooks/changes/post")}


def examples(media: dict[str, Any]) -> list[Any]:
    named = [resolved(example, "")[0]["value"] for example in media.get("examples", {}).values()]
    return ([media["example"]] if "example" in media else []) + named


def contents(operation: dict[str, Any], pointer: str) -> list[tuple[dict[str, Any], str]]:
    """Every body of an operation, asked and answered: the media object and the place of its schema."""
    found = []
    bodies = [(f"{pointer}/responses/{status}", answer) for status, answer in operation["responses"].items()]
    if "requestBody" in operation:
        bodies.append((f"{pointer}/requestBody", operation["requestBody"]))
    for place, node in bodies:
        body, at = resolved(node, place)
        found += [(media, f"{at}/content/{escaped(kind)}/schema") for kind, media in body.get("content", {}).items()]
    return found


def test_the_contract_is_valid_openapi_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        validate(contract())

    assert contract()["openapi"].startswith("3.1.")
    assert PATH.name == "inventory-provider.openapi.yaml"


@pytest.mark.parametrize("name", BODIES)
def test_every_body_of_an_operation_has_examples_and_they_keep_its_schema(name: str):
    for media, schema in contents(*BODIES[name]):
        assert examples(media), schema
        for example in examples(media):
            assert violations(json.loads(json.dumps(example)), schema) == []


def test_every_error_is_a_problem_document_with_a_code_that_is_listed():
    listed = contract()["components"]["schemas"]["Problem"]["properties"]["code"]["description"]
    for operation, pointer in OPERATIONS.values():
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                continue
            body, _ = resolved(answer, pointer)
            assert list(body["content"]) == ["application/problem+json"]
            for example in examples(body["content"]["application/problem+json"]):
                assert f"`{example['code']}`" in listed


def test_the_stand_in_serves_exactly_the_contract():
    assert {(method, path) for method, path, _ in PATHS} == {
        (method.upper(), path) for method, path, _, _ in operations()
    }


def test_an_answer_that_breaks_the_contract_is_noticed():
    request = Request("GET", "/levels", {}, {}, b"")
    level = {"sku": "A", "depot": "D", "on_hand": 1, "reserved_elsewhere": 0, "as_of": "2027-01-01T00:00:00Z"}

    assert breaches(request, Response.json({"levels": [level], "cursor": None})) == []
    for change in ({"on_hand": "1"}, {"on_hand": -1}, {"as_of": "now"}, {"as_of": "2027-01-01T00:00:00"}):
        assert breaches(request, Response.json({"levels": [{**level, **change}], "cursor": None}))
    assert breaches(request, Response.html("<p>"))
