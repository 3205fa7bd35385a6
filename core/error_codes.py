"""Every error code there is, read from the classes that raise it, so that the list cannot go stale."""

from dataclasses import dataclass

from core.errors import DomainError
from core.problems import PROTOCOL_ERRORS


@dataclass(frozen=True, slots=True)
class ErrorCode:
    code: str
    status: int
    title: str


def every_error() -> list[ErrorCode]:
    """All codes that are loaded, in alphabetical order; one code may have several classes, the first is told."""
    found = {code: ErrorCode(code, status, title) for code, status, title in PROTOCOL_ERRORS}
    for error in _subclasses(DomainError):
        if "code" in vars(error):
            found.setdefault(error.code, ErrorCode(error.code, error.status, error.title))
    return sorted(found.values(), key=lambda entry: entry.code)


def _subclasses(error: type[DomainError]) -> list[type[DomainError]]:
    direct = error.__subclasses__()
    return direct + [deeper for subclass in direct for deeper in _subclasses(subclass)]
