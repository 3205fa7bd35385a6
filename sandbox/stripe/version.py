"""The one version of Stripe's API that is spoken here: the one stripe-python 16.1.0 is locked to."""

API_VERSION = "2026-10-28.endive"
