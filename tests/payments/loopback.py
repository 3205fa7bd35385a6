"""A Stripe account that is reached over real HTTP, by us and by customers' browsers."""

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_django import Settings

from core.http import breaker_of
from sandbox.stripe.sandbox import StripeSandbox
from sandbox.stripe.server import running


@contextmanager
def stripe_on_loopback(settings: Settings) -> Iterator[StripeSandbox]:
    breaker_of("stripe").reset()  # it is the process's; another test may have opened it
    with running(check_answers=True, webhook_secrets=["whsec_new"]) as sandbox:
        settings.STRIPE_API_BASE, settings.STRIPE_HTTP_CLIENT = sandbox.url, None
        yield sandbox
    breaker_of("stripe").reset()
