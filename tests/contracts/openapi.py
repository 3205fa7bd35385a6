"""Checks calls and answers against `docs/inventory-provider.openapi.yaml`."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sandbox.http import Request, Response

PATH = Path(__file__).parents[2] / "docs" / "inventory-provider.openapi.yaml"
METHODS = ("get", "put", "post")


@cache
def contract() -> dict[str, Any]:
    return yaml.safe_load(PATH.read_text())


@cache
def _registry() -> Registry:
    return Registry().with_resource("urn:contract", Resource(contents=contract(), specification=DRAFT202012))


def violations(instance: object, pointer: str) -> list[str]:
    """What of the schema at this pointer the instance breaks."""
    checker = Draft202012Validator.FORMAT_CHECKER
    schema = {"$ref": f"urn:contract#{pointer}"}
    validator = Draft202012Validator(schema, registry=_registry(), format_checker=checker)
    return [f"{pointer} {error.json_path}: {error.message}" for error in validator.iter_errors(instance)]


def escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def resolved(node: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str]:
    """A node and where it stands, after following its $ref."""
    while "$ref" in node:
        pointer = node["$ref"].removeprefix("#")
        node = contract()
        for part in pointer.strip("/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
    return node, pointer


def operations() -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """(method, path, operation, pointer) of everything that a bridge serves."""
    for path, item in contract()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method], f"/paths/{escaped(path)}/{method}"


def _operation(request: Request) -> tuple[dict[str, Any], str] | None:
    for method, path, operation, pointer in operations():
        if method == request.method.lower() and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.path):
            return operation, pointer
    return None


def breaches(request: Request, response: Response) -> list[str]:
    """What this call or its answer breaks of the contract."""
    found = _operation(request)
    if found is None:
        return [] if response.status in {404, 405} else [f"{request.method} {request.path} is not in the contract"]
    operation, pointer = found
    answers = operation["responses"]
    status = str(response.status) if str(response.status) in answers else "default"
    answer, answer_pointer = resolved(answers[status], f"{pointer}/responses/{status}")
    if response.content_type not in answer["content"]:
        return [f"{request.method} {request.path} {status}: {response.content_type}"]
    schema = f"{answer_pointer}/content/{escaped(response.content_type)}/schema"
    faults = violations(json.loads(response.body), schema)
    if response.status < 300 and "requestBody" in operation:
        schema = f"{pointer}/requestBody/content/application~1json/schema"
        faults += violations(json.loads(request.body), schema)
    return faults


def checked(route: Callable[[Request], Response], seen: list[str]) -> Callable[[Request], Response]:
    """The same route; what breaks the contract is noted in `seen`."""

    def watched(request: Request) -> Response:
        response = route(request)
        seen.extend(breaches(request, response))
        return response

    return watched
