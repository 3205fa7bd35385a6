"""What this shop asks of a payment gateway, in our own words; no gateway's object or term leaves its adapter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID


class RemoteStatus(StrEnum):
    PENDING = "pending"  # waits for the customer
    PROCESSING = "processing"  # waits for the bank
    AUTHORISED = "authorised"  # the bank keeps it for us: capture it, or let it go
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    FAILED = "failed"  # of a refund


@dataclass(frozen=True, slots=True)
class RemotePayment:
    """A payment as the gateway has it now."""

    ref: str
    status: RemoteStatus
    amount_minor: int
    captured_minor: int
    currency: str
    payment_id: UUID | None  # ours, which we attached when we created it
    order_number: str
    client_secret: str = ""  # lets the customer's phone pay this one payment
    last_error: str = ""  # a stable code, see payments.declines
    capture_before: datetime | None = None  # while authorised: afterwards the bank lets go
    customer_ref: str = ""
    card_ref: str = ""  # the card it was paid or held with
    keeps_card: bool = False  # its card is kept for the customer when it is paid, and may be charged again
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What is to be collected, or only held."""

    key: str  # repeated with the same key, it is the same payment
    payment_id: UUID
    amount_minor: int
    currency: str
    order_number: str
    customer_ref: str = ""
    keeps_card: bool = False  # the customer agreed that the card is kept and charged later
    captures_later: bool = False


@dataclass(frozen=True, slots=True)
class NewPage:
    """A page of the gateway's on which its customer pays a payment in a browser."""

    title: str  # what it is for, as customers read it
    ends_at: datetime  # nobody can pay on it afterwards
    paid_url: str  # where the browser goes when it is paid
    left_url: str  # where it goes when its customer turns back


@dataclass(frozen=True, slots=True)
class RemotePage:
    """A payment page as the gateway has it now."""

    ref: str
    is_open: bool  # somebody may still pay on it
    url: str = ""  # while it is open
    payment_ref: str = ""  # the payment made on it, once somebody tried


@dataclass(frozen=True, slots=True)
class RemoteRefund:
    """A refund as the gateway has it now."""

    ref: str
    payment_ref: str
    status: RemoteStatus
    amount_minor: int
    refund_id: UUID | None  # ours; none when somebody refunded at the gateway itself
    failure: str = ""
    made_at: datetime | None = None


class RemoteDisputeStatus(StrEnum):
    NEEDS_RESPONSE = "needs_response"  # the bank waits for evidence
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    DROPPED = "dropped"  # ended without a decision, no money moved


@dataclass(frozen=True, slots=True)
class RemoteDispute:
    """A dispute as the gateway has it now."""

    ref: str
    payment_ref: str
    status: RemoteDisputeStatus
    amount_minor: int  # what it is about
    withdrawn_minor: int  # what the bank took, less what it gave back
    currency: str
    is_inquiry: bool  # the bank only asks
    is_refundable: bool  # whether the gateway still gives back what of the payment is left
    opened_at: datetime
    evidence_due_at: datetime | None = None
    reason: str = ""


class Topic(StrEnum):
    PAYMENT = "payment"
    PAGE = "page"  # a payment page was used, or ended
    REFUND = "refund"
    DISPUTE = "dispute"  # the customer asks the bank for the money back
    OTHER = "other"  # changes nothing here


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified event: only a hint which object to read again."""

    event_id: str
    kind: str  # the gateway's name for it
    topic: Topic
    ref: str  # of the page, if it is about one; else of the payment
    payload: dict[str, Any] = field(default_factory=dict)


class PaymentProvider(Protocol):
    """One gateway. Calls that move money carry a key of ours: repeated, they are the same call.

    Each call may raise ProviderUnavailable or ProviderRefused and is never made inside a transaction.
    """

    publishable_key: str
    shortest_page: timedelta  # a payment page lasts at least so long
    longest_page: timedelta

    def create_customer(self, *, key: str, user_id: UUID) -> str:
        """Make a customer that cards can be kept for. Returns its reference."""

    def forget_customer(self, ref: str) -> None:
        """Delete a customer and the cards kept for them; their payments stay, and money still goes back. Repeatable."""

    def open_session(self, customer_ref: str) -> str:
        """A short-lived secret that lets this customer's phone show and use the cards we keep for them."""

    def create_payment(self, new: NewPayment) -> RemotePayment:
        """Prepare to collect an amount that we alone set; the customer confirms it with the client secret."""

    def charge_card(self, new: NewPayment, *, card_ref: str) -> RemotePayment:
        """Collect or hold an amount now, from a kept card, without its owner. A no of the bank is an answer as well:
        a pending payment with `last_error`, which the customer may still pay with the client secret.
        """

    def change_payment(self, *, key: str, ref: str, amount_minor: int, keeps_card: bool) -> RemotePayment:
        """Ask for another amount, or keep the card or not, while nobody has paid it; afterwards nothing changes.
        Returns it as it then is.
        """

    def open_page(self, new: NewPayment, page: NewPage) -> RemotePage:
        """Prepare to collect an amount that we alone set on a page of the gateway's. Its payment is made, as `new`
        says, when somebody first tries to pay there, and ends with the page.
        """

    def get_page(self, ref: str) -> RemotePage:
        """The page as it is now. Raises: UnknownPayment."""

    def close_page(self, ref: str) -> RemotePage:
        """Make sure that nobody can pay on it any more. Returns it as it then is: with its payment, which succeeded if
        the customer was quicker. Raises: UnknownPayment.
        """

    def get_payment(self, ref: str) -> RemotePayment:
        """The payment as it is now. Raises: UnknownPayment."""

    def payments_of(self, customer_ref: str) -> Sequence[RemotePayment]:
        """A customer's payments, newest first, at most 100."""

    def capture(self, *, key: str, ref: str, amount_minor: int) -> RemotePayment:
        """Take a part or all of what is held, once; the rest is let go. Returns it as it then is, whoever ended it.
        Raises: ProviderRefused when it is held still.
        """

    def cancel_payment(self, ref: str) -> RemotePayment:
        """Make sure it can no longer be paid; what is held is let go. Returns it as it then is: succeeded, if the
        customer was quicker."""

    def refund(self, *, key: str, refund_id: UUID, payment_ref: str, amount_minor: int) -> RemoteRefund:
        """Give money back."""

    def refunds_of(self, payment_ref: str) -> Sequence[RemoteRefund]:
        """Every refund of a payment, whoever made it."""

    def refunds_since(self, moment: datetime) -> Iterator[RemoteRefund]:
        """Every refund made since then, of whatever payment, whoever made it, newest first."""

    def payments_since(self, moment: datetime) -> Iterator[RemotePayment]:
        """Every payment made since then, newest first; pages are asked for as they are needed."""

    def disputes_of(self, payment_ref: str) -> Sequence[RemoteDispute]:
        """Every dispute of a payment."""

    def disputes_since(self, moment: datetime) -> Iterator[RemoteDispute]:
        """Every dispute opened since then, of whatever payment, newest first."""

    def parse_event(self, *, body: bytes, signature: str) -> Notice:
        """Verify the raw bytes and say what the event is about. Raises: EventRejected."""


class ProviderError(Exception):
    """The gateway did not do what was asked."""


class ProviderUnavailable(ProviderError):
    """No usable answer: it may or may not have happened. Repeat with the same key."""


class KeySpent(ProviderUnavailable):
    """The gateway will not do this under this key any more, as it broke or knows another request by it: look first,
    then use a new key."""


class ProviderRefused(ProviderError):
    """The gateway said no, finally. `code` is stable (payments.declines)."""

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.code = code


class UnknownPayment(ProviderRefused):
    """The gateway has no such payment, or no such page."""


class EventRejected(ProviderError):
    """Wrong or missing signature, too old, or not an event."""
