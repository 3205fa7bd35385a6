"""What every endpoint shares: inputs that refuse what they do not know, problems, pages, ETags."""

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as ModelValidationError
from django.http import Http404, UnreadablePostError
from django.utils import translation
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, NotAuthenticated, NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import LANGUAGE, DomainError
from core.money import MAX_MINOR, Money
from core.problems import MEDIA_TYPE, is_busy, is_lost, problem_of


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:  # noqa: ARG001 (DRF calls it so)
    """DRF's EXCEPTION_HANDLER: anticipated errors become problems, bugs stay bugs (500 and an alert)."""
    anticipated = (DomainError, APIException, Http404, ModelValidationError, RequestDataTooBig, UnreadablePostError)
    if not isinstance(error, anticipated) and not is_busy(error) and not is_lost(error):
        return None
    set_rollback()
    problem = problem_of(error)
    return ProblemResponse(problem.body, status=problem.status, headers=problem.sent_with, content_type=MEDIA_TYPE)


class ProblemResponse(Response):
    """JSON, also where the view would have answered in YAML or HTML."""

    @property
    def rendered_content(self) -> Any:
        self.accepted_renderer, self.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().rendered_content


class Input(serializers.Serializer[Any]):
    """What a client may send. A field nobody knows is refused, so that a typo is never silently ignored."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "This must be an object: {{…}}."}

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Whoever chose what cannot be chosen is told what can."""
        fields = super().get_fields()
        for one in fields.values():
            if isinstance(one, serializers.ChoiceField):
                names = ", ".join(str(choice) for choice in one.choices)
                one.error_messages["invalid_choice"] = f'"{{input}}" cannot be chosen here, only: {names}.'
        return fields

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if hasattr(data, "keys") else []
        if unknown:
            raise serializers.ValidationError(
                {name: [ErrorDetail("There is no such field here.", code="unknown_field")] for name in unknown}
            )
        return super().to_internal_value(data)


class ListInput(serializers.ListField):
    """Several of one kind."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_a_list": "This must be an array: […].",
        "empty": "Send at least one.",
        "min_length": "Send at least {min_length}.",
        "max_length": "Send at most {max_length}.",
    }


# Line and paragraph ends, and what turns the direction of the text around it: a name is shown among other words.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class LineInput(serializers.CharField):
    """One line, such as a name: nothing in it is invisible and acts on what stands beside it."""

    def to_internal_value(self, data: Any) -> str:
        text = str(super().to_internal_value(data))
        if _UNSEEN.search(text):
            raise serializers.ValidationError("Control characters cannot be part of this.", code="control_character")
        return text


def refuse_parameters(request: Request, *known: str) -> None:
    """A parameter nobody knows is refused, as an unknown field is. Raises: ValidationError."""
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        no = [ErrorDetail("There is no such parameter here.", code="unknown_field")]
        raise serializers.ValidationError(dict.fromkeys(unknown, no))


def parse(serializer: type[serializers.BaseSerializer[Any]], data: Any, **context: Any) -> dict[str, Any]:
    """Validated input. Raises: ValidationError, with a pointer to each wrong field."""
    if isinstance(data, Mapping) and not context:
        with translation.override(LANGUAGE):
            return dict(_reader(serializer).run_validation(data))  # type: ignore[arg-type]  # a class can be hashed
    return validated(serializer(data=data, context=context))


def validated(body: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """What it was given, valid. In English, as DRF reads its texts when it refuses. Raises: ValidationError."""
    with translation.override(LANGUAGE):
        body.is_valid(raise_exception=True)
    result: dict[str, Any] = dict(body.validated_data)
    return result


@cache
def _reader(serializer: Callable[[], serializers.BaseSerializer[Any]]) -> serializers.BaseSerializer[Any]:
    """One for all requests, as it keeps nothing of what it read: to copy its fields takes longer than to read."""
    return serializer()


def user_id(request: Request) -> UUID:
    """Whose request this is; views without authentication must not ask."""
    key = request.user.pk
    if not isinstance(key, UUID):
        raise NotAuthenticated
    return key


class MoneyOutput(serializers.Serializer[Any]):
    """Integer minor units and an ISO 4217 code: 4990 EUR is 49.90 euros."""

    amount = serializers.IntegerField(help_text="Minor units: 4990 is 49.90 EUR.")
    currency = serializers.CharField(help_text="ISO 4217.")


class MoneyInput(Input):
    """An amount that a client was shown, sent back to say that this is what it agrees to."""

    amount = serializers.IntegerField(min_value=0, max_value=MAX_MINOR)
    currency = serializers.CharField(min_length=3, max_length=3)


def money(amount_minor: int, currency: str) -> dict[str, int | str]:
    """An amount as every answer shows it."""
    return Money(amount_minor, currency).as_json()


_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]+")


class KeysetPagination(CursorPagination):
    """Pages by the last row seen: nothing is counted, nothing doubles or is skipped when rows are added."""

    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering: Any = "-id"
    invalid_cursor_message = "This cursor is not one of ours; start again without it."

    def get_page_size(self, request: Request) -> int:
        """As asked, within bounds. Raises: ValidationError with a pointer to `page_size`."""
        sent = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not re.fullmatch(r"[0-9]{1,4}", sent) or not 1 <= int(sent) <= self.max_page_size:
            raise serializers.ValidationError({"page_size": [f"Ask for 1 to {self.max_page_size} rows."]}, code="range")
        return int(sent)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """OpenAPI 3.1; DRF's own is 3.0."""
        what = "The whole address of that page; null: there is none."
        link = {"type": ["string", "null"], "format": "uri", "description": what, "example": None}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002 (DRF calls it so)
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            {
                "name": "cursor",
                "in": "query",
                "description": "From `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {"name": "page_size", "in": "query", "description": "Rows a page.", "schema": size},
        ]

    def decode_cursor(self, request: Request) -> Any:
        encoded = request.query_params.get(self.cursor_query_param, "")
        if encoded and not _BASE64.fullmatch(encoded):
            raise self._not_ours()
        try:
            return super().decode_cursor(request)
        except NotFound:
            raise self._not_ours() from None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        refuse_parameters(request, self.cursor_query_param, self.page_size_query_param)
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ModelValidationError, ValueError):  # well-formed, but of no row of ours
            raise self._not_ours() from None

    def _not_ours(self) -> serializers.ValidationError:
        return serializers.ValidationError({"cursor": [self.invalid_cursor_message]}, code="invalid_cursor")


def conditional(request: Request, data: Any) -> Response:
    """The answer with an ETag of its content, or 304 when the client has that already.

    The tag is of what is said, so it can never be stale. Answers are private to no one but may change at any time:
    `no-cache` makes clients ask again.
    """
    rendered = JSONRenderer().render(data)
    tag = f'"{hashlib.blake2b(rendered, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    sent = {t.strip().removeprefix("W/") for t in request.headers.get("If-None-Match", "").split(",")}
    if tag in sent or "*" in sent:
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)
