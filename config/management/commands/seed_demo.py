from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from config.groups import setup_groups
from config.seeding.catalog import seed_airlines, seed_catalog, seed_places
from config.seeding.people import PASSWORD, address_of, seed_people
from config.seeding.pictures import seed_pictures
from config.seeding.stock import StandInUnreachable, has_stand_in, seed_stock


class Command(BaseCommand):
    help = "Fill an empty shop with the demo. What is there is left alone, and what staff deleted does not come back."
    requires_system_checks = ()  # `migrate` ran them a moment ago

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-stock", action="store_true", help="leave the inventory stand-in alone")
        parser.add_argument("--no-pictures", action="store_true", help="draw nothing")

    def handle(self, *, no_stock: bool, no_pictures: bool, **_options: Any) -> None:
        _refuse_where_real()
        self._say("rights of groups", sum(setup_groups().values()))
        self._say("people", seed_people())
        self._say("depots", seed_places())
        self._say("rows about airlines", seed_airlines())
        self._say("containers", seed_catalog(inspector=User.objects.get_by_natural_key(address_of("catalog"))))
        if not no_pictures:
            self._say("pictures", seed_pictures(self.stderr))  # type: ignore[arg-type]  # writes lines
        if not no_stock and has_stand_in():
            try:
                self._say("rows of stock", seed_stock())
            except StandInUnreachable as error:
                raise CommandError(str(error)) from error

    def _say(self, what: str, count: int) -> None:
        self.stdout.write(f"{what}: {count} new" if count else f"{what}: up to date")


def _refuse_where_real() -> None:
    production = settings.SECURE_SSL_REDIRECT  # config.settings.production alone sets it
    if production or "_live_" in settings.STRIPE_SECRET_KEY:
        raise CommandError(f"The demo has a public password ({PASSWORD}); it is not for production.")
