"""A stand-in for Stripe's API version 2026-10-28.endive, as stripe-python 16.1.0 uses it. See README.md."""

from sandbox.stripe.client import InProcessHTTPClient
from sandbox.stripe.errors import ApiError
from sandbox.stripe.sandbox import StripeSandbox
from sandbox.stripe.version import API_VERSION
from sandbox.stripe.webhooks import signed

__all__ = ["API_VERSION", "ApiError", "InProcessHTTPClient", "StripeSandbox", "signed"]
