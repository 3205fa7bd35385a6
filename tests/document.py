"""The OpenAPI document as the tests read it: its operations, its examples, and whether an answer keeps to it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "patch", "delete")
OPEN_ENDED = ("Problem",)  # some codes carry further members


@cache
def document() -> dict[str, Any]:
    """As /api/schema/ gives it, in plain JSON."""
    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))


@cache
def _strict() -> Registry:
    """The document, in which an object has the members it is said to have and no others."""
    strict = deepcopy(document())
    for name, schema in strict["components"]["schemas"].items():
        if schema.get("type") == "object" and name not in OPEN_ENDED:
            schema.setdefault("additionalProperties", False)
    return Registry().with_resource("urn:api", Resource(contents=strict, specification=DRAFT202012))


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    about: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def pointer(self) -> str:
        return f"/paths/{_escaped(self.path)}/{self.method}"

    def contents(self) -> Iterator[tuple[str, dict[str, Any], str]]:
        """("request" or the status, what is said of one media type, where that stands)."""
        for media_type, content in self.about.get("requestBody", {}).get("content", {}).items():
            yield "request", content, f"{self.pointer}/requestBody/content/{_escaped(media_type)}"
        for status, response in self.about["responses"].items():
            for media_type, content in response.get("content", {}).items():
                yield status, content, f"{self.pointer}/responses/{status}/content/{_escaped(media_type)}"

    def violations(self, status: int, media_type: str, body: Any) -> list[str]:
        """How an answer differs from what the document says of it."""
        response = self.about["responses"].get(str(status))
        if response is None:
            return [f"{self} {status}: not documented"]
        if media_type not in response.get("content", {}):
            return [] if not media_type and "content" not in response else [f"{self} {status}: {media_type!r}"]
        pointer = f"{self.pointer}/responses/{status}/content/{_escaped(media_type)}/schema"
        return [f"{self} {status} {violation}" for violation in violations(body, pointer)]


def operations() -> list[Operation]:
    paths = document()["paths"].items()
    return [Operation(method, path, item[method]) for path, item in paths for method in METHODS if method in item]


def violations(instance: object, pointer: str) -> list[str]:
    """What of the schema at this pointer the instance breaks."""
    validator = Draft202012Validator(
        {"$ref": f"urn:api#{pointer}"}, registry=_strict(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
