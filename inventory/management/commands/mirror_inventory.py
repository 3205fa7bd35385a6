"""Follow the counts of the inventory management system now, from a shell."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.commands import exit_on_bad_usage
from inventory.providers.base import ProviderError
from inventory.services import mirror_changes

UNREACHABLE = 2  # exit code


class Command(BaseCommand):
    help = (
        "Read what the inventory system counts and write what is newer here, as a job does every ten seconds. With "
        "--anew everything is read, not only what changed. Progress goes to stderr; what was written before an "
        "interruption stays. Exit 0: read to the end; 2: system unreachable; 64: bad usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        exit_on_bad_usage(parser)
        parser.add_argument("--anew", action="store_true", help="read everything, not only what changed")

    def handle(self, *_args: Any, anew: bool, **_options: Any) -> None:
        try:
            written = mirror_changes(anew=anew, progress=self.stderr.write)
        except ProviderError as error:
            raise CommandError(f"The inventory system cannot be read: {error}", returncode=UNREACHABLE) from error
        self.stdout.write(f"{written} rows written")
