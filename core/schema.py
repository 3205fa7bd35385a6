"""How the OpenAPI document is made: every operation says how it can fail, and every failure is a problem document."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from core.idempotency import IdempotencyKeyReused
from core.problems import MEDIA_TYPE


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

    class Meta:
        ref_name = "Problem"


_WHEN = {
    "400": ("invalid_input", "The request has fields that cannot be accepted."),
    "401": ("authentication_required", "No access token, or one that is not valid."),
    "404": ("not_found", "There is nothing here, or it is not yours."),
    "409": ("transition_not_allowed", "The state of things does not allow it."),
    "422": (IdempotencyKeyReused.code, IdempotencyKeyReused.title),
    "429": ("rate_limited", "Too many requests; see Retry-After."),
    "503": ("busy", "Try again; see Retry-After."),
}


def problem_example(status: str) -> dict[str, Any]:
    """A problem document as it might be answered with this status."""
    code, title = _WHEN[status]
    body: dict[str, Any] = {
        "type": f"/api/errors/#{code}",
        "title": title,
        "status": int(status),
        "detail": title,
        "code": code,
    }
    if status == "400":
        body["detail"] = "quantity: Ensure this value is greater than or equal to 1."
        body["errors"] = [{"pointer": "#/quantity", "detail": body["detail"][10:], "code": "min_value"}]
    return body


class ProblemAwareSchema(AutoSchema):
    """Adds to each operation the problems that its method, its permissions and its headers can cause."""

    def get_response_serializers(self) -> Any:
        declared = super().get_response_serializers()
        responses: dict[Any, Any] = dict(declared) if isinstance(declared, dict) else {self._success_status(): declared}
        for status in self._problem_statuses():
            if not any(str(key[0] if isinstance(key, tuple) else key) == status for key in responses):
                responses[(status, MEDIA_TYPE)] = OpenApiResponse(
                    ProblemOutput,
                    description=_WHEN[status][1],
                    examples=[OpenApiExample(_WHEN[status][0], value=problem_example(status), media_type=MEDIA_TYPE)],
                )
        return responses

    def _success_status(self) -> str:
        return {"POST": "201", "DELETE": "204"}.get(self.method, "200")

    def _problem_statuses(self) -> list[str]:
        statuses = ["400", "429", "503"]
        if self.view.permission_classes and self.get_auth():
            statuses.append("401")
        if "{" in self.path or self.method in {"POST", "PUT", "PATCH"}:
            statuses.append("404")
        if self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            statuses.append("409")
        if self._needs_key():
            statuses.append("422")
        return sorted(statuses)

    def _needs_key(self) -> bool:
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        return bool(getattr(handler, "needs_idempotency_key", False))

    def get_override_parameters(self) -> list[Any]:
        declared = list(super().get_override_parameters())
        if self._needs_key():
            declared.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    str,
                    OpenApiParameter.HEADER,
                    required=True,
                    description="Chosen by the client and kept until the answer is known; a repeat gets that answer.",
                    examples=[OpenApiExample("a UUID", value="0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a01")],
                )
            )
        return declared


__all__ = ["ProblemAwareSchema", "ProblemOutput", "problem_example"]
