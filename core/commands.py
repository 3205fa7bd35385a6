"""What management commands share: exit codes that scripts can tell apart, and tables.

argparse's own 2 would read as "unreachable".
"""

import json
from abc import abstractmethod
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from core.comparing import Finding, Report

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


class ClockCommand(BaseCommand):
    """Does by hand what a job of the clock does. Prints a table of what is due, then how many; exit 0.

    columns: headings of the table. said: how it ends, of a dry run and of the other.
    """

    columns: ClassVar[tuple[str, ...]]
    dry_said: ClassVar[str] = "nothing is done"
    said: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument("--dry-run", action="store_true", help="only list what is due")

    @abstractmethod
    def due(self, *, dry_run: bool) -> Iterable[Sequence[str]]:
        """One row for each thing that is due; and have it done, unless it is a dry run."""

    def handle(self, *_: Any, dry_run: bool, **__: Any) -> None:
        try:
            rows = list(self.due(dry_run=dry_run))
        except (OperationalError, InterfaceError) as error:
            raise _no_database(error) from error
        if rows:
            self.stdout.write(table([self.columns, *rows]))
        self.stdout.write(f"{len(rows)} due; {self.dry_said if dry_run else self.said}.")


class CompareCommand(BaseCommand):
    """Compares with another system, and prints what differs. settle_setting: seconds until the second look."""

    other: ClassVar[str]  # as in "The gateway"
    away: ClassVar[type[Exception]]  # that the other system cannot be asked
    settle_setting: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]  # fields of a finding

    @abstractmethod
    def compare(self, options: Mapping[str, Any]) -> Report[Any]: ...

    def add_arguments(self, parser: ArgumentParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument("--repair", action="store_true", help="repair what can be without harm, and look again")
        parser.add_argument("--json", action="store_true", help="the report as JSON instead of a table")
        parser.add_argument(
            "--settle",
            type=seconds,
            default=getattr(settings, self.settle_setting),
            help="seconds until the second look (default: %(default)g)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = self.compare(options)
        except self.away as error:
            raise CommandError(f"{self.other} cannot be asked: {error}", returncode=UNREACHABLE) from error
        except (OperationalError, InterfaceError) as error:
            raise _no_database(error) from error
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        elif report.findings:
            cells = ([_cell(finding, name) for name in self.columns] for finding in report.findings)
            self.stdout.write(table([self.columns, *cells]))
        if report.left:
            raise CommandError(_summary(report), returncode=DIFFERENT)
        self.stderr.write(_summary(report) if report.findings else "equal")


def _no_database(error: Exception) -> CommandError:
    return CommandError(f"The database cannot be asked: {type(error).__name__}", returncode=NO_DATABASE)


def _summary(report: Report[Any]) -> str:
    counts = f"{report.left} differences left" if report.left else "all differences are repaired"
    return f"{counts}, {report.repaired} repaired" if report.repaired else counts


def _cell(finding: Finding, name: str) -> str:
    text = str(getattr(finding, name))
    if name == "note":
        return text
    return age(text) if name == "since" else text or "-"
