"""Have pictures that were there before in the sizes that phones load."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.services import make_missing_sizes


class Command(BaseCommand):
    help = "Make the small pictures of those that have none. Safe to repeat; new uploads get theirs at once."

    def handle(self, *_: Any, **__: Any) -> None:
        made, broken = make_missing_sizes()
        self.stdout.write(f"pictures in the sizes of phones: {made}")
        for name in broken:
            self.stdout.write(f"{name} cannot be read; choose another picture")
