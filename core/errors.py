"""The one way a rule says no: a `DomainError` subclass per reason, answered as an RFC 9457 problem."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

LANGUAGE = "en"  # of all that is said of errors, whatever language the catalog is told in (ADR 34)


class DomainError(Exception):
    """A rule of the shop was not met; nothing was changed.

    `code` is stable and switched on by clients; `title` is its meaning, `detail` what happened this time and what to
    do about it. `members` are further fields of the problem document. `pointer`, where one field of the request is the
    reason, is a JSON pointer to it: "/coupon".
    """

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int] = 409
    pointer: str | None = None
    retry_after: int | None = None  # seconds

    def __init__(self, detail: str = "", **members: Any) -> None:
        self.detail = detail or self.title
        self.members = members
        super().__init__(self.detail)

    def at(self, pointer: str) -> Self:
        """The same, of a request that calls this field otherwise."""
        self.pointer = pointer
        return self


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of the input. `pointer` is a JSON pointer: "/lines/0/quantity"."""

    pointer: str
    detail: str
    code: str = "invalid"


class InvalidInput(DomainError):
    """The request asks for something that does not make sense, field by field."""

    code = "invalid_input"
    title = "The request has fields that cannot be accepted."
    status = 400

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{e.pointer.lstrip('/')}: {e.detail}" for e in errors))
        self.errors = tuple(errors)


class NotFound(DomainError):
    """There is no such thing, or it is somebody else's: the two are not told apart."""

    code = "not_found"
    title = "There is nothing here, or it is not yours."
    status = 404


class Busy(DomainError):
    """Somebody else holds what this request needs for too long; nothing was changed."""

    code = "busy"
    title = "The shop is busy; try again in a moment."
    status = 503
    retry_after = 1


class Unavailable(DomainError):
    """The database went away in the middle. Nothing was changed, unless it went with the very last word: a repeat is
    right in both cases."""

    code = "unavailable"
    title = "The shop lost its database for a moment; repeat the request, with the same Idempotency-Key if it had one."
    status = 503
    retry_after = 2
