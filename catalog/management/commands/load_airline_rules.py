"""Take in airlines and their rules from files, as the admin's import does."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.resources import OUR_RULES, import_airline_rules
from core.commands import exit_on_bad_usage


class Command(BaseCommand):
    help = (
        "Take in airlines.csv, cabin_rules.csv and hold_rules.csv of a folder; those we collected when none is named."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument("folder", nargs="?", type=Path, default=OUR_RULES)
        parser.add_argument("--dry-run", action="store_true", help="say what would be new or changed; change nothing")

    def handle(self, *_: Any, folder: Path, dry_run: bool, **__: Any) -> None:
        try:
            moved = import_airline_rules(folder, dry_run=dry_run)
        except FileNotFoundError as error:
            raise CommandError(f"There is no {error.filename}.") from None
        except ValidationError as no:
            raise CommandError(" ".join(no.messages)) from None
        said = ", ".join(f"{name}: {moved[name]} new or changed" for name in moved)
        self.stdout.write(f"{said}; nothing is done." if dry_run else said)
