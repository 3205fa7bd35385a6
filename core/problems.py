"""Every error leaves the shop as one RFC 9457 problem document, whoever raised it."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from psycopg import Error as PostgresError
from psycopg.errors import (
    AdminShutdown,
    CannotConnectNow,
    CrashShutdown,
    DeadlockDetected,
    LockNotAvailable,
    QueryCanceled,
)
from psycopg_pool import PoolTimeout, TooManyRequests
from rest_framework import exceptions as drf
from rest_framework.fields import get_error_detail

from core.errors import LANGUAGE, Busy, DomainError, InvalidInput, NotFound, Unavailable

MEDIA_TYPE = "application/problem+json"
_DOCS = "/api/errors/#"
MOST_ERRORS = 50  # fields that one answer complains about
_LONGEST_NAME = 100  # of a field in a pointer


class BodyTooLarge(drf.APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "Send less at once."
    default_code = "body_too_large"


_DRF_CODES: dict[type[drf.APIException], tuple[str, str]] = {
    drf.ParseError: ("malformed_request", "The body is not valid JSON."),
    drf.AuthenticationFailed: ("token_invalid", "The access token is not valid; refresh it or log in again."),
    drf.NotAuthenticated: ("authentication_required", "This needs an access token: Authorization: Bearer …"),
    drf.PermissionDenied: ("permission_denied", "You are not allowed to do this."),
    drf.NotFound: ("not_found", "There is nothing here, or it is not yours."),
    drf.MethodNotAllowed: ("method_not_allowed", "This address does not know that method."),
    drf.NotAcceptable: ("not_acceptable", "Answers here are JSON only."),
    drf.UnsupportedMediaType: ("unsupported_media_type", "Send the body as application/json."),
    BodyTooLarge: ("body_too_large", "The body is larger than the shop reads."),
    drf.Throttled: ("rate_limited", "Too many requests; wait before the next one."),
}

# DRF says these itself, in whatever language was active when it raised them: their title is said instead.
_SAID_BY_DRF = (
    drf.NotAuthenticated, drf.PermissionDenied, drf.MethodNotAllowed, drf.NotAcceptable, drf.UnsupportedMediaType,
)  # fmt: skip

_BUG = ("internal_error", "Something broke on our side; we have been told.")
_BAD_REQUEST = ("bad_request", "The request cannot be understood.")

# (code, status, title) of what the protocol itself refuses; the shop's own reasons are DomainErrors.
PROTOCOL_ERRORS = [(code, kind.status_code, title) for kind, (code, title) in _DRF_CODES.items()] + [
    (_BUG[0], 500, _BUG[1]),
    (_BAD_REQUEST[0], 400, _BAD_REQUEST[1]),
    ("uri_too_long", 414, "The address is longer than the shop reads."),  # deploy/gunicorn.conf.py
    ("headers_too_large", 431, "The headers are larger than the shop reads."),
]


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document and the status and headers it travels with."""

    status: int
    code: str
    title: str
    detail: str
    members: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        return {
            "type": _DOCS + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.members,
        }

    @property
    def sent_with(self) -> dict[str, str]:
        return {"Content-Language": LANGUAGE, **self.headers}


def problem_of(error: Exception) -> Problem:
    """The problem document of an anticipated error. Anything unanticipated is a bug and comes back as a bare 500.

    In English: texts that are translated when they are read are read here.
    """
    with translation.override(LANGUAGE):
        return _problem_of(error)


def _problem_of(error: Exception) -> Problem:
    error = _in_our_words(error)
    if isinstance(error, DomainError):
        return _of_domain_error(error)
    if isinstance(error, drf.ValidationError):
        return _of_validation_error(error)
    if isinstance(error, drf.APIException):
        return _of_api_exception(error)
    return Problem(500, *_BUG, "Try again later.")


def _in_our_words(error: Exception) -> Exception:
    """What Django and the database raise, as what DRF or the shop would have raised."""
    if isinstance(error, ModelValidationError):
        return drf.ValidationError(get_error_detail(error))
    if isinstance(error, UnreadablePostError):
        return drf.ParseError("The body did not arrive as a whole.")
    words: dict[type[Exception], type[Exception]] = {
        Http404: NotFound, PermissionDenied: drf.PermissionDenied, RequestDataTooBig: BodyTooLarge,
    }  # fmt: skip
    said = next((ours() for theirs, ours in words.items() if isinstance(error, theirs)), error)
    if is_busy(said):
        return Busy()
    return Unavailable() if is_lost(said) else said


def is_busy(error: Exception) -> bool:
    """True for a lock or an end that was not had in time, a deadlock's victim, or no free connection: nothing happened.

    PostgreSQL undoes the transaction of each.
    """
    cause = error.__cause__
    nothing_happened = (LockNotAvailable, QueryCanceled, DeadlockDetected, PoolTimeout, TooManyRequests)
    return isinstance(error, OperationalError) and isinstance(cause, nothing_happened)


def is_lost(error: Exception) -> bool:
    """True when the database went away: shut down, starting up, or gone without a word (then it says no SQLSTATE)."""
    cause = error.__cause__
    if not isinstance(error, OperationalError) or not isinstance(cause, PostgresError):
        return False
    return cause.sqlstate is None or isinstance(cause, AdminShutdown | CrashShutdown | CannotConnectNow)


def _of_domain_error(error: DomainError) -> Problem:
    members = dict(error.members)
    if isinstance(error, InvalidInput):
        members["errors"] = [{"pointer": "#" + e.pointer, "detail": e.detail, "code": e.code} for e in error.errors]
    elif error.pointer is not None:
        members["errors"] = [{"pointer": "#" + error.pointer, "detail": error.detail, "code": error.code}]
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    return Problem(error.status, error.code, error.title, error.detail, members, headers)


def _of_validation_error(error: drf.ValidationError) -> Problem:
    wrong = list(_flatten(error.get_full_details(), ""))
    errors = [{"pointer": "#" + p, "detail": d, "code": c} for p, d, c in wrong[:MOST_ERRORS]]
    members: dict[str, Any] = {"errors": errors}
    detail = _summary(errors)
    if more := len(wrong) - len(errors):
        detail += f"; and {len(wrong) - _SUMMED_UP} more"
        members["errors_left_out"] = more
    return Problem(400, InvalidInput.code, InvalidInput.title, detail, members)


def _of_api_exception(error: drf.APIException) -> Problem:
    known = next((v for k, v in _DRF_CODES.items() if isinstance(error, k)), None)
    code, title = known or (str(error.default_code), HTTPStatus(error.status_code).phrase)
    detail = title if isinstance(error, _SAID_BY_DRF) else str(error.detail)
    headers = {}
    if (challenge := getattr(error, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait) + 1)
        detail = f"Try again in {headers['Retry-After']} seconds."
    return Problem(error.status_code, code, title, detail, {}, headers)


def _flatten(details: Any, pointer: str) -> Iterator[tuple[str, str, str]]:
    """DRF's nested error structure as (JSON pointer, sentence, code), in the order of the fields."""
    if isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["code"], str):
        yield pointer, str(details["message"]), details["code"]
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _flatten(inner, pointer if name == "non_field_errors" else f"{pointer}/{_escaped(str(name))}")
    elif isinstance(details, list):
        for index, inner in enumerate(details):
            leaf = isinstance(inner, dict) and set(inner) == {"message", "code"}
            if inner:
                yield from _flatten(inner, pointer if leaf else f"{pointer}/{index}")


def _escaped(name: str) -> str:
    """One step of a JSON pointer as a URI fragment (RFC 6901): names that nobody knows may hold anything."""
    name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~!$&'()*+,;=:@?")


_SUMMED_UP = 5


def _summary(errors: list[dict[str, str]]) -> str:
    return "; ".join(f"{e['pointer'].removeprefix('#/') or 'body'}: {e['detail']}" for e in errors[:_SUMMED_UP])


def problem_response(problem: Problem) -> JsonResponse:
    """For Django's own handlers, which run outside DRF."""
    return JsonResponse(problem.body, status=problem.status, headers=problem.sent_with, content_type=MEDIA_TYPE)


def read_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For plain views: they are read by GET and HEAD, and any other method is told so, with or without a CSRF token."""

    @csrf_exempt
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in {"GET", "HEAD"}:
            return view(request, *args, **kwargs)
        refusal = problem_response(problem_of(drf.MethodNotAllowed(str(request.method))))
        refusal["Allow"] = "GET, HEAD"
        return refusal

    return answer


def _is_page(request: HttpRequest) -> bool:
    """Staff look at pages; everybody else is a program and reads problem documents."""
    return request.path_info.startswith("/admin/")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_page(request):
        return defaults.page_not_found(request, exception)
    return problem_response(problem_of(NotFound()))


def refuse_zero_bytes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: no address of ours has a zero byte in it, and PostgreSQL could not even look for one."""

    def answer(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            return page_not_found(request, Http404())
        return get_response(request)

    return answer


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return problem_response(problem_of(exception))
    return problem_response(Problem(400, *_BAD_REQUEST, "Check the host and the headers of the request."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_page(request):
        return defaults.permission_denied(request, exception)
    return problem_response(problem_of(drf.PermissionDenied()))


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_page(request):
        return defaults.server_error(request)
    return problem_response(problem_of(RuntimeError()))
