"""Take a shop's first counts and units from a file."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from core.commands import BAD_USAGE, exit_on_bad_usage
from core.problems import is_busy
from inventory.errors import ImportRefused
from inventory.models import Depot
from inventory.services import import_stock
from inventory.services.importing import Imported

REFUSED = 1  # exit code


class Command(BaseCommand):
    help = (
        "Import counts (columns sku, depot, on_hand) or units (serial, sku, depot, condition) from a CSV in UTF-8; "
        "all or nothing. What the inventory system has counted is left to it. Exit 0: imported; 1: refused, nothing "
        "written; 64: bad usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--depot", help="the depot of every row, by its code; the column may then be left out")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--json", action="store_true", help="the result as JSON")

    def handle(self, *_args: Any, file: Path, depot: str | None, **options: Any) -> None:
        if depot is not None and not Depot.objects.filter(code=depot).exists():
            raise CommandError(f'There is no depot "{depot}".', returncode=BAD_USAGE)
        try:
            with Path(file).open("rb") as opened:
                done = import_stock(file=opened, depot=depot, dry_run=options["dry_run"], progress=self.stderr.write)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=BAD_USAGE) from error
        except ImportRefused as no:
            _show_errors(no, self.stdout.write, as_json=options["json"])
            raise CommandError(str(no), returncode=REFUSED) from no
        except OperationalError as error:
            if not is_busy(error):
                raise
            raise CommandError(
                "Somebody else is writing this stock now; nothing was written. Run it again.", returncode=REFUSED
            ) from error
        _show(done, self.stdout.write, dry_run=options["dry_run"], as_json=options["json"])


def _show(done: Imported, say: Callable[[str], Any], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"dry_run": dry_run, **asdict(done)}, indent=2))
        return
    for change in done.changes if dry_run else ():
        before = change.before or "new"
        say(f"line {change.line}: {change.ref} at {change.depot}: {before} -> {change.after}")
    more = done.new + done.changed - len(done.changes)
    if dry_run and more:
        say(f"and {more} more")
    verb = "would be " if dry_run else ""
    say(f"{done.rows} {done.kind}: {done.new} {verb}new, {done.changed} {verb}changed, {done.unchanged} as they were")


def _show_errors(no: ImportRefused, say: Callable[[str], Any], *, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"count": no.count, "errors": [asdict(error) for error in no.errors]}, indent=2))
        return
    for error in no.errors:
        where = f"line {error.line}" + (f", {error.column}" if error.column else "")
        say(f"{where}: {error.problem} {error.advice}")
    if no.count > len(no.errors):
        say(f"and {no.count - len(no.errors)} more")
