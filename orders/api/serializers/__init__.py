"""What orders accepts and answers. Inputs refuse fields they do not know; outputs describe the documents."""

from orders.api.serializers.orders import (
    CUSTOMER_EVENTS,
    EVENTS,
    ROLES,
    CancelInput,
    CancellationOutput,
    EventOutput,
    OrderInput,
    OrderOutput,
    ReturnInput,
)
from orders.api.serializers.quotes import QuoteInput, QuoteOutput
from orders.api.serializers.rentals import (
    DelayInput,
    DelayOutput,
    ExtendInput,
    ExtensionOutput,
    KeepInput,
    MoveInput,
    ParcelInput,
    ShortenInput,
)
from orders.api.serializers.shortage import OutOfStockOutput
from orders.api.serializers.waitlist import WaitlistInput, WaitlistOutput

__all__ = [
    "CUSTOMER_EVENTS",
    "EVENTS",
    "ROLES",
    "CancelInput",
    "CancellationOutput",
    "DelayInput",
    "DelayOutput",
    "EventOutput",
    "ExtendInput",
    "ExtensionOutput",
    "KeepInput",
    "MoveInput",
    "OrderInput",
    "OrderOutput",
    "OutOfStockOutput",
    "ParcelInput",
    "QuoteInput",
    "QuoteOutput",
    "ReturnInput",
    "ShortenInput",
    "WaitlistInput",
    "WaitlistOutput",
]
