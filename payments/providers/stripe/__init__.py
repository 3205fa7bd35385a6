"""Stripe, through its own SDK. The only package that imports it; its words end here."""

from payments.providers.stripe.events import TOPICS
from payments.providers.stripe.provider import StripeProvider
from payments.providers.stripe.transport import StripeTransport

__all__ = ["TOPICS", "StripeProvider", "StripeTransport"]
