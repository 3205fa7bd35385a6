"""What management commands that compare two systems share: exit codes that scripts can tell apart, and tables.

argparse's own 2 would read as "unreachable".
"""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import NoReturn

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

DIFFERENT, UNREACHABLE, BAD_USAGE, NO_DATABASE = 1, 2, 64, 70  # exit codes


def exit_on_bad_usage(parser: ArgumentParser) -> None:
    """Have everything that cannot be parsed end with BAD_USAGE."""

    def refuse(message: str) -> NoReturn:
        if isinstance(parser, CommandParser) and not parser.called_from_command_line:
            raise CommandError(f"Error: {message}", returncode=BAD_USAGE)
        parser.print_usage()
        parser.exit(BAD_USAGE, f"error: {message}\n")

    parser.error = refuse  # type: ignore[method-assign]  # Django makes the parser itself


def seconds(text: str) -> float:
    """A number of seconds from 0 on, as an argument. Raises: ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        raise ArgumentTypeError(f'"{text}" is no number of seconds') from None
    if not isfinite(number) or number < 0:
        raise ArgumentTypeError("seconds from 0 on")
    return number


def age(since: str) -> str:
    """How long ago an instant was, in its largest whole unit; "-" for none."""
    if not since:
        return "-"
    minutes = int((timezone.now() - datetime.fromisoformat(since)).total_seconds() // 60)
    for size, name in ((24 * 60, "d"), (60, "h")):
        if minutes >= size:
            return f"{minutes // size} {name}"
    return f"{max(minutes, 0)} min"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned; the last one is not padded."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
