"""How request bodies are read. Apart from `core.api`: DRF loads this while its own views are still loading."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser

MOST_NESTED = 32  # levels of a body


class JsonBody(BaseParser):
    """Reads JSON of bounded size and depth, in UTF-8, whose every string can be written out again."""

    media_type = "application/json"

    def parse(self, stream: Any, *_: Any, **__: Any) -> Any:
        """The document. Raises: RequestDataTooBig, UnreadablePostError, ParseError, ValidationError."""
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        try:
            document = json.loads(raw.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_why(error)) from None
        if raw.count(b"[") + raw.count(b"{") > MOST_NESTED and _depth(document) > MOST_NESTED:
            raise ParseError(_TOO_DEEP)
        if b"\\u" in raw and any(_is_broken(text) for text in _texts(document)):
            raise ValidationError("There is half a character in it: a lone surrogate.", code="surrogate")
        return document


_TOO_DEEP = f"The body is nested more than {MOST_NESTED} levels deep."


class _NotANumber(ValueError):
    """Names that Python would read as numbers."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NotANumber(f"{name} is not a number")


def _why(error: ValueError | RecursionError) -> str:
    """Why a body cannot be read, in no language's own words."""
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return "The body is not valid JSON: it is not UTF-8."
    if isinstance(error, json.JSONDecodeError | _NotANumber):
        return f"The body is not valid JSON: {error}."
    return "The body holds a number with too many digits."


def _depth(document: Any) -> int:
    """How many objects and arrays lie in one another."""
    depth, layer = 0, [document]
    while layer := [value for value in layer if isinstance(value, dict | list)]:
        depth += 1
        layer = [inner for value in layer for inner in (value.values() if isinstance(value, dict) else value)]
    return depth


def _texts(document: Any) -> Iterator[str]:
    """Every string of a document, keys too. Its depth is bounded."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from _texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
