"""Telling phones: what we ask of a push service, and the adapters."""

from payments.providers.push.base import (
    PushMessage,
    PushProvider,
    PushRefused,
    PushUnavailable,
    Unregistered,
)
from payments.providers.push.registry import get_push_provider

__all__ = ["PushMessage", "PushProvider", "PushRefused", "PushUnavailable", "Unregistered", "get_push_provider"]
