"""How the OpenAPI document is made: every operation says how it can fail, and every failure is a problem document."""

from itertools import groupby
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import exceptions as drf
from rest_framework import serializers

from core.api import Input
from core.errors import Busy, DomainError, FieldError, InvalidInput, NotFound, Unavailable
from core.idempotency import IdempotencyKeyReused, RequestInProgress
from core.problems import MEDIA_TYPE, BodyTooLarge, problem_of


class FieldProblem(serializers.Serializer[Any]):
    """One field that cannot be accepted."""

    pointer = serializers.CharField(help_text="JSON pointer into the request: #/lines/0/quantity")
    detail = serializers.CharField()
    code = serializers.CharField()


class ProblemOutput(serializers.Serializer[Any]):
    """RFC 9457. `code` is stable; `title`, `detail` are for people. Some codes carry further members."""

    type = serializers.CharField(help_text="Address of the explanation.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]  # a member, not DRF's property
    errors_left_out = serializers.IntegerField(required=False, help_text="How many more fields are wrong.")

    class Meta:
        ref_name = "Problem"


_WRONG_FIELD = InvalidInput([FieldError("/quantity", "Ensure this value is greater than or equal to 1.", "min_value")])
_WRITES = frozenset({"POST", "PUT", "PATCH"})


def refused(
    *reasons: DomainError | type[DomainError], shape: type[ProblemOutput] = ProblemOutput
) -> dict[tuple[str, str], OpenApiResponse]:
    """The documented problem answer of these errors, which share one status: for `extend_schema(responses=...)`.

    shape: a `ProblemOutput` with the members that some of them carry.
    """
    told = [reason() if isinstance(reason, type) else reason for reason in reasons]
    return {(str(told[0].status), MEDIA_TYPE): _response(*told, shape=shape)}


def _response(*reasons: Exception, shape: type[ProblemOutput] = ProblemOutput) -> OpenApiResponse:
    problems = [problem_of(reason) for reason in reasons]
    examples = [OpenApiExample(problem.code, value=problem.body, media_type=MEDIA_TYPE) for problem in problems]
    return OpenApiResponse(shape, " ".join(problem.title for problem in problems), examples)


class ProblemAwareSchema(AutoSchema):
    """Adds to each operation the problems that its method, its permissions and its headers can cause."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """Here, as what `extend_schema` declares replaces whatever is declared above."""
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status, reasons in groupby(self._problems(), key=lambda reason: str(problem_of(reason).status)):
            if status not in bodies:
                bodies[status] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                    _response(*reasons), status, [MEDIA_TYPE], direction
                )
        return dict(sorted(bodies.items()))

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, Input):
            schema["additionalProperties"] = False  # as the input refuses what it does not know
        return schema

    def _problems(self) -> list[Exception]:
        problems: list[Exception] = [_WRONG_FIELD, drf.Throttled(wait=30), Busy(), Unavailable()]
        if self.get_auth():
            problems.append(drf.NotAuthenticated())
        if "{" in self.path:
            problems.append(NotFound())
        if self.method in _WRITES:
            problems += [BodyTooLarge(), drf.UnsupportedMediaType("text/plain")]
        if self._needs_key():
            problems += [RequestInProgress(), IdempotencyKeyReused()]
        return problems

    def _needs_key(self) -> bool:
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        return bool(getattr(handler, "needs_idempotency_key", False))

    def _key_of_its_own(self) -> str:
        """As a key is good for one request: what is tried in /api/docs/ is one operation after the other."""
        return str(uuid5(NAMESPACE_URL, f"{self.method} {self.path}"))

    def get_override_parameters(self) -> list[Any]:
        declared = list(super().get_override_parameters())
        if self._needs_key():
            declared.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    str,
                    OpenApiParameter.HEADER,
                    required=True,
                    description="Chosen by the client for each new request and kept until its answer is known; a "
                    "repeat gets that answer.",
                    examples=[OpenApiExample("a UUID", value=self._key_of_its_own())],
                )
            )
        return declared


__all__ = ["ProblemAwareSchema", "ProblemOutput", "refused"]
