"""Write docs/states.md from the tables of states."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from orders.diagrams import draw


class Command(BaseCommand):
    help = "Draw the lives of orders, rentals and sales into docs/states.md."
    requires_system_checks = ()

    def handle(self, *_: Any, **__: Any) -> None:
        (Path(settings.BASE_DIR) / "docs" / "states.md").write_text(draw(), encoding="utf-8")
