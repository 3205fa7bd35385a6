from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from config.groups import setup_groups


class Command(BaseCommand):
    help = "Give the groups of staff (catalog, clerk, refunds, approvals, auditor) their rights. Safe to repeat."

    @transaction.atomic
    def handle(self, **_options: Any) -> None:
        try:
            changed = setup_groups()
        except LookupError as error:
            raise CommandError(str(error)) from error
        for name, count in changed.items():
            self.stdout.write(f"{name}\t{count} rights changed" if count else f"{name}\tup to date")
