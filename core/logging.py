"""Structured logs on stdout: one JSON object a line in production, coloured lines at a desk. Never personal data."""

import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


# PostgreSQL quotes the row that it refuses: "DETAIL:  Key (email)=(mia@example.com) already exists."
_QUOTED_ROW = re.compile(
    r"^DETAIL: .*?(?=^The above exception|^During handling of the above|\Z)", re.MULTILINE | re.DOTALL
)


# As long as only secrets are: some addresses are themselves the key to something.
_SECRET_SEGMENT = re.compile(r"/[A-Za-z0-9_-]{40,}(?=/|\s|$)")


def without_secret(address: str) -> str:
    """The address with what is a secret in it left out."""
    return _SECRET_SEGMENT.sub("/(left out)", address)


def without_secret_addresses(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: a segment of an address that is a secret is left out."""
    for name, told in line.items():
        if isinstance(told, str) and "/" in told:
            line[name] = without_secret(told)
    return line


def without_quoted_rows(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: what the database says about a refused row names the rule, and not what is in the row."""
    for name, told in line.items():
        if isinstance(told, str) and "DETAIL: " in told:
            line[name] = _QUOTED_ROW.sub("DETAIL: (left out)\n\n", told).rstrip("\n")
    return line


def logging_config(*, level: str, json: bool) -> dict[str, Any]:
    """Django's LOGGING setting; the standard library's loggers and structlog's end in the same line format."""
    renderer = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    without_quoted_rows,
                    without_secret_addresses,
                    renderer,
                ],
            }
        },
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}},
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "procrastinate": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},
        },
    }


def get_logger(name: str) -> Any:
    """A structlog logger: `log.info("order_confirmed", order=number)`."""
    return structlog.get_logger(name)
