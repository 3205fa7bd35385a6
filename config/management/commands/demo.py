from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.clerk import ClerkRefused
from config.demo.journey import Journey, JourneyFailed
from core.http import HttpError


class Command(BaseCommand):
    help = "Walk the whole journey on a running demo: rent, buy, pay, hand over, return, cancel, refund."

    def handle(self, **_options: Any) -> None:
        if not settings.STRIPE_API_BASE:
            raise CommandError("The demo pays with a stand-in; STRIPE_API_BASE is not set. Start it with `make run`.")
        journey = Journey(public_url=settings.PUBLIC_URL, gateway_url=settings.STRIPE_API_BASE, say=self.stdout.write)
        try:
            journey.walk()
        except (JourneyFailed, ClerkRefused) as error:
            raise CommandError(f"The journey ended early: {error}.") from error
        except HttpError as error:
            raise CommandError(f"The demo does not answer ({error}). Is `make run` running?") from error
        self.stdout.write(self.style.SUCCESS(" The whole journey went well; every statement balances at zero."))
