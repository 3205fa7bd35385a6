"""Exit codes that scripts can tell apart: argparse's own 2 would read as "unreachable"."""

from argparse import ArgumentParser
from typing import NoReturn

from django.core.management.base import CommandError, CommandParser

BAD_USAGE = 64


def exit_on_bad_usage(parser: ArgumentParser) -> None:
    """Have everything that cannot be parsed end with BAD_USAGE."""

    def refuse(message: str) -> NoReturn:
        if isinstance(parser, CommandParser) and not parser.called_from_command_line:
            raise CommandError(f"Error: {message}", returncode=BAD_USAGE)
        parser.print_usage()
        parser.exit(BAD_USAGE, f"error: {message}\n")

    parser.error = refuse  # type: ignore[method-assign]  # Django makes the parser itself
