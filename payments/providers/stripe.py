"""Stripe, through its own SDK. The only module that imports it; its words end here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import stripe

from core.http import HttpClient, NotSent, OutcomeUnknown
from core.logging import get_logger
from payments.providers.base import (
    EventRejected,
    KeySpent,
    NewPayment,
    Notice,
    ProviderRefused,
    ProviderUnavailable,
    RemoteDispute,
    RemoteDisputeStatus,
    RemotePayment,
    RemoteRefund,
    RemoteStatus,
    Topic,
    UnknownPayment,
)

if TYPE_CHECKING:
    from stripe import RequestOptions
    from stripe.params import (
        DisputeListParams,
        PaymentIntentCreateParams,
        PaymentIntentListParams,
        PaymentIntentUpdateParams,
        RefundListParams,
    )

T = TypeVar("T")
R = TypeVar("R", bound=stripe.StripeObject)
log = get_logger(__name__)

CONNECT_SECONDS, READ_SECONDS = 2, 5
WEBHOOK_TOLERANCE = 300  # seconds

_PAYMENT_STATUS = {
    "processing": RemoteStatus.PROCESSING,
    "requires_capture": RemoteStatus.AUTHORISED,
    "succeeded": RemoteStatus.SUCCEEDED,
    "canceled": RemoteStatus.CANCELLED,
}  # requires_payment_method, requires_confirmation, requires_action: pending
_WITH_CHARGE: list[str] = ["latest_charge"]
_REFUND_STATUS = {
    "succeeded": RemoteStatus.SUCCEEDED,
    "failed": RemoteStatus.FAILED,
    "canceled": RemoteStatus.FAILED,
}
_DISPUTE_STATUS = {
    "warning_needs_response": RemoteDisputeStatus.NEEDS_RESPONSE,
    "warning_under_review": RemoteDisputeStatus.UNDER_REVIEW,
    "warning_closed": RemoteDisputeStatus.DROPPED,
    "needs_response": RemoteDisputeStatus.NEEDS_RESPONSE,
    "under_review": RemoteDisputeStatus.UNDER_REVIEW,
    "appeal_needs_response": RemoteDisputeStatus.NEEDS_RESPONSE,
    "appeal_under_review": RemoteDisputeStatus.UNDER_REVIEW,
    "won": RemoteDisputeStatus.WON,
    "lost": RemoteDisputeStatus.LOST,
    "prevented": RemoteDisputeStatus.DROPPED,
}
_PAGE = 100

# What each kind of event is about. A kind that is not here, or is OTHER, changes nothing and is kept as ignored: what
# it tells, another event or the object itself tells as well.
TOPICS: Mapping[str, Topic] = {
    "payment_intent.created": Topic.PAYMENT,
    "payment_intent.succeeded": Topic.PAYMENT,
    "payment_intent.payment_failed": Topic.PAYMENT,
    "payment_intent.canceled": Topic.PAYMENT,
    "payment_intent.amount_capturable_updated": Topic.PAYMENT,
    "payment_intent.requires_action": Topic.PAYMENT,
    "payment_intent.processing": Topic.PAYMENT,
    "payment_intent.partially_funded": Topic.PAYMENT,
    "charge.expired": Topic.PAYMENT,  # a hold ran out
    "charge.captured": Topic.OTHER,  # payment_intent.succeeded
    "charge.failed": Topic.OTHER,  # payment_intent.payment_failed
    "charge.pending": Topic.OTHER,  # payment_intent.processing
    "charge.succeeded": Topic.OTHER,  # payment_intent.succeeded
    "charge.updated": Topic.OTHER,
    "charge.refunded": Topic.REFUND,
    "charge.refund.updated": Topic.REFUND,
    "refund.created": Topic.REFUND,
    "refund.updated": Topic.REFUND,
    "refund.failed": Topic.REFUND,
    "charge.dispute.created": Topic.DISPUTE,
    "charge.dispute.updated": Topic.DISPUTE,
    "charge.dispute.closed": Topic.DISPUTE,
    "charge.dispute.funds_withdrawn": Topic.DISPUTE,
    "charge.dispute.funds_reinstated": Topic.DISPUTE,
    "checkout.session.completed": Topic.PAYMENT,  # of its payment intent
    "checkout.session.expired": Topic.PAYMENT,
    "setup_intent.created": Topic.OTHER,  # cards are kept with a payment, never alone (ADR 16)
    "setup_intent.succeeded": Topic.OTHER,
    "setup_intent.setup_failed": Topic.OTHER,
    "setup_intent.requires_action": Topic.OTHER,
    "setup_intent.canceled": Topic.OTHER,
    "customer.created": Topic.OTHER,
    "customer.updated": Topic.OTHER,
    "customer.deleted": Topic.OTHER,
    "payment_method.attached": Topic.OTHER,
    "payment_method.detached": Topic.OTHER,
}
_DECLINES = {
    "insufficient_funds": "insufficient_funds",
    "expired_card": "expired_card",
    "incorrect_cvc": "incorrect_cvc",
    "invalid_cvc": "incorrect_cvc",
    "incorrect_number": "incorrect_number",
    "invalid_number": "incorrect_number",
    "invalid_expiry_month": "incorrect_expiry",
    "invalid_expiry_year": "incorrect_expiry",
    "card_not_supported": "card_not_supported",
    "transaction_not_allowed": "card_not_supported",
    "currency_not_supported": "currency_not_supported",
    "card_velocity_exceeded": "limit_exceeded",
    "withdrawal_count_limit_exceeded": "limit_exceeded",
    "authentication_required": "authentication_required",
    "payment_intent_authentication_failure": "authentication_required",
    "processing_error": "try_again_later",
    "try_again_later": "try_again_later",
    "issuer_not_available": "try_again_later",
    "reenter_transaction": "try_again_later",
    "amount_too_small": "amount_too_small",
    "amount_too_large": "amount_too_large",
}


class StripeTransport(stripe.HTTPClient):
    """The SDK's way out, through the shop's one outbound client: its deadline, its breaker `stripe`, its metrics.

    While Stripe hangs, the breaker opens, and nobody's thread waits for it any more.
    """

    name = "core.http"

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, read_seconds: float = READ_SECONDS) -> None:
        super().__init__()
        self._connect_seconds, self._read_seconds = connect_seconds, read_seconds
        self._clients: dict[str, HttpClient] = {}

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_usage: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        parts = urlsplit(url)
        body = post_data.encode() if isinstance(post_data, str) else post_data
        try:
            answer = self._client(f"{parts.scheme}://{parts.netloc}").request(
                method.upper(), parts.path, body=body, params=parse_qs(parts.query), headers=_as_text(headers)
            )
            return answer.body.decode(), answer.status, answer.headers
        except (NotSent, OutcomeUnknown, UnicodeDecodeError) as error:
            raise stripe.APIConnectionError(str(error)) from error  # type: ignore[no-untyped-call]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _client(self, base: str) -> HttpClient:
        if base not in self._clients:  # two threads may make two at first; one is kept
            self._clients[base] = HttpClient(
                "stripe", base, connect_timeout=self._connect_seconds, read_timeout=self._read_seconds
            )
        return self._clients[base]


def _as_text(headers: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (headers or {}).items()}


class StripeProvider:
    """Payments are PaymentIntents by card, wallets included (ADR 9); amounts are set here alone."""

    def __init__(
        self,
        *,
        secret_key: str,
        publishable_key: str,
        webhook_secrets: Sequence[str],
        api_base: str = "",
        http_client: stripe.HTTPClient | None = None,
    ) -> None:
        self.publishable_key = publishable_key
        self._webhook_secrets = tuple(webhook_secrets)
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base} if api_base else None,
            max_network_retries=0,  # jobs repeat, where everybody can see it
            http_client=http_client or StripeTransport(),
        )

    def create_customer(self, *, key: str, user_id: UUID) -> str:
        made = _ask(
            lambda: self._client.v1.customers.create(
                {"metadata": {"user_id": str(user_id)}}, {"idempotency_key": f"customer-{key}"}
            )
        )
        return made.id

    def open_session(self, customer_ref: str) -> str:
        session = _ask(
            lambda: self._client.v1.customer_sessions.create(
                {
                    "customer": customer_ref,
                    "components": {
                        "mobile_payment_element": {
                            "enabled": True,
                            "features": {
                                "payment_method_redisplay": "enabled",
                                "payment_method_remove": "enabled",
                                "payment_method_save": "enabled",
                            },
                        }
                    },
                }
            )
        )
        return session.client_secret

    def create_payment(self, new: NewPayment) -> RemotePayment:
        return _payment(_ask(lambda: self._create(new)))

    def charge_card(self, new: NewPayment, *, card_ref: str) -> RemotePayment:
        try:
            return _payment(_ask(lambda: self._create(new, card_ref=card_ref)))
        except _Declined as no:
            return self.get_payment(no.ref)

    def _create(self, new: NewPayment, *, card_ref: str = "") -> stripe.PaymentIntent:
        params: PaymentIntentCreateParams = {
            "amount": new.amount_minor,
            "currency": new.currency.lower(),
            "allowed_payment_method_types": ["card"],
            "metadata": {"payment_id": str(new.payment_id), "order": new.order_number},
            "expand": _WITH_CHARGE,
        }
        if card_ref:
            params |= {"payment_method": card_ref, "confirm": True, "off_session": True}
        if new.customer_ref:
            params["customer"] = new.customer_ref
        if new.keeps_card and not card_ref:
            params["setup_future_usage"] = "off_session"
        if new.captures_later:
            params["capture_method"] = "manual"
        return self._client.v1.payment_intents.create(params, {"idempotency_key": f"payment-{new.key}"})

    def change_payment(self, *, key: str, ref: str, amount_minor: int, keeps_card: bool) -> RemotePayment:
        params: PaymentIntentUpdateParams = {
            "amount": amount_minor,
            "setup_future_usage": "off_session" if keeps_card else "",
            "expand": _WITH_CHARGE,
        }
        options: RequestOptions = {"idempotency_key": f"change-{key}"}
        try:
            return _payment(_ask(lambda: self._client.v1.payment_intents.update(ref, params, options)))
        except UnknownPayment:
            raise
        except ProviderRefused:  # paid or cancelled meanwhile: what it is now is the answer
            return self.get_payment(ref)

    def get_payment(self, ref: str) -> RemotePayment:
        return _payment(_ask(lambda: self._client.v1.payment_intents.retrieve(ref, {"expand": _WITH_CHARGE})))

    def payments_of(self, customer_ref: str) -> Sequence[RemotePayment]:
        expand = [f"data.{name}" for name in _WITH_CHARGE]
        page = _ask(
            lambda: self._client.v1.payment_intents.list({"customer": customer_ref, "limit": 100, "expand": expand})
        )
        return [_payment(intent) for intent in page.data]

    def capture(self, *, key: str, ref: str, amount_minor: int) -> RemotePayment:
        try:
            intent = _ask(
                lambda: self._client.v1.payment_intents.capture(
                    ref,
                    {"amount_to_capture": amount_minor, "expand": _WITH_CHARGE},
                    {"idempotency_key": f"capture-{key}"},
                )
            )
        except UnknownPayment:
            raise
        except ProviderRefused:
            now = self.get_payment(ref)
            if now.status == RemoteStatus.AUTHORISED:
                raise
            return now  # captured already, or let go: what it is now is the answer
        return _payment(intent)

    def cancel_payment(self, ref: str) -> RemotePayment:
        try:
            return _payment(_ask(lambda: self._client.v1.payment_intents.cancel(ref, {"expand": _WITH_CHARGE})))
        except UnknownPayment:
            raise
        except ProviderRefused:  # already paid or already cancelled: what it is now is the answer
            return self.get_payment(ref)

    def refund(self, *, key: str, refund_id: UUID, payment_ref: str, amount_minor: int) -> RemoteRefund:
        refund = _ask(
            lambda: self._client.v1.refunds.create(
                {"payment_intent": payment_ref, "amount": amount_minor, "metadata": {"refund_id": str(refund_id)}},
                {"idempotency_key": f"refund-{key}"},
            )
        )
        return _refund(refund, payment_ref)

    def refunds_of(self, payment_ref: str) -> Sequence[RemoteRefund]:
        return list(self._refunds({"payment_intent": payment_ref, "limit": _PAGE}))

    def refunds_since(self, moment: datetime) -> Iterator[RemoteRefund]:
        return self._refunds({"created": {"gte": int(moment.timestamp())}, "limit": _PAGE})

    def _refunds(self, params: "RefundListParams") -> Iterator[RemoteRefund]:
        for refund in _paged(lambda: self._client.v1.refunds.list(params)):
            if refund.payment_intent and not _is_release(refund):
                yield _refund(refund, str(refund.payment_intent))

    def payments_since(self, moment: datetime) -> Iterator[RemotePayment]:
        params: PaymentIntentListParams = {
            "created": {"gte": int(moment.timestamp())},
            "limit": _PAGE,
            "expand": ["data.latest_charge"],
        }
        return map(_payment, _paged(lambda: self._client.v1.payment_intents.list(params)))

    def disputes_of(self, payment_ref: str) -> Sequence[RemoteDispute]:
        return list(self._disputes({"payment_intent": payment_ref, "limit": _PAGE}))

    def disputes_since(self, moment: datetime) -> Iterator[RemoteDispute]:
        return self._disputes({"created": {"gte": int(moment.timestamp())}, "limit": _PAGE})

    def _disputes(self, params: "DisputeListParams") -> Iterator[RemoteDispute]:
        for dispute in _paged(lambda: self._client.v1.disputes.list(params)):
            if dispute.payment_intent:
                yield _dispute(dispute)

    def parse_event(self, *, body: bytes, signature: str) -> Notice:
        text = self._verified(body, signature)
        try:
            event = self._client.construct_event_without_verification(text)
            return _notice(event)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EventRejected("this is not an event of Stripe's") from error

    def _verified(self, body: bytes, signature: str) -> str:
        """The body as text, if one of our secrets signed these very bytes recently."""
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise EventRejected("the body is not UTF-8") from error
        for secret in self._webhook_secrets:
            try:
                stripe.WebhookSignature.verify_header(text, signature, secret, WEBHOOK_TOLERANCE)
            except (stripe.SignatureVerificationError, ValueError, IndexError, TypeError):  # TypeError: v1=é
                continue
            return text
        raise EventRejected("no known secret signed this, or it is too old")


class _Declined(ProviderRefused):
    """The bank said no to a payment that exists all the same, as `ref`."""

    def __init__(self, detail: str, *, code: str, ref: str) -> None:
        super().__init__(detail, code=code)
        self.ref = ref


def _ask(call: Callable[[], T]) -> T:
    """Make one call; Stripe's exceptions come out as ours.

    Stripe keeps a 500 under its key for a day and answers it to every repeat: the key is spent. So it is when Stripe
    knows another request by it. A key to the account that is wrong or may not do this says nothing about the payment:
    it is our configuration that is broken.
    """
    try:
        return call()
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderUnavailable(_told(error)) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("gateway_denies_us", told=_told(error))
        raise ProviderUnavailable(_told(error)) from error
    except stripe.IdempotencyError as error:
        raise KeySpent(_told(error)) from error
    except stripe.StripeError as error:
        if error.http_status is not None and error.http_status >= 500:
            raise KeySpent(_told(error)) from error
        if error.http_status is None or error.http_status == 409:  # not answered; the same key is being worked on
            raise ProviderUnavailable(_told(error)) from error
        if error.code == "resource_missing":
            raise UnknownPayment(_told(error), code="payment_refused") from error
        code = _decline(error.error) if error.error else "payment_refused"
        intent = getattr(error.error, "payment_intent", None) if isinstance(error, stripe.CardError) else None
        if intent is not None:
            raise _Declined(_told(error), code=code, ref=intent.id) from error
        raise ProviderRefused(_told(error), code=code) from error


def _paged(first: Callable[[], stripe.ListObject[R]]) -> Iterator[R]:
    """Every object of a list, page after page. Raises: as `_ask`."""
    page = _ask(first)
    while True:
        yield from page.data
        if not page.has_more:
            return
        page = _ask(page.next_page)


def _told(error: stripe.StripeError) -> str:
    return f"{type(error).__name__} {error.code or ''} (request {error.request_id or 'not sent'})"


def _decline(error: Any) -> str:
    """Our stable code for why a card was refused."""
    raw = getattr(error, "decline_code", None) or getattr(error, "code", None) or ""
    return _DECLINES.get(raw, "card_declined" if getattr(error, "type", "") == "card_error" else "payment_refused")


def _payment(intent: stripe.PaymentIntent) -> RemotePayment:
    metadata = _metadata(intent)
    status = _PAYMENT_STATUS.get(intent.status, RemoteStatus.PENDING)
    failed = intent.last_payment_error if status == RemoteStatus.PENDING else None
    return RemotePayment(
        ref=intent.id,
        status=status,
        amount_minor=intent.amount,
        captured_minor=intent.amount_received or 0,
        currency=intent.currency.upper(),
        payment_id=_uuid(metadata.get("payment_id")),
        order_number=metadata.get("order", ""),
        client_secret=intent.client_secret or "",
        last_error=_decline(failed) if failed else "",
        capture_before=_capture_before(intent) if status == RemoteStatus.AUTHORISED else None,
        customer_ref=str(intent.customer or ""),
        card_ref=str(intent.payment_method or ""),
        keeps_card=intent.setup_future_usage == "off_session",
        made_at=datetime.fromtimestamp(intent.created, UTC),
    )


def _capture_before(intent: stripe.PaymentIntent) -> datetime | None:
    """Until when the bank keeps what is held; told by the charge, which is read along."""
    charge = intent.latest_charge
    card = getattr(getattr(charge, "payment_method_details", None), "card", None)
    moment = getattr(card, "capture_before", None)
    return datetime.fromtimestamp(moment, UTC) if moment else None


def _refund(refund: stripe.Refund, payment_ref: str) -> RemoteRefund:
    return RemoteRefund(
        ref=refund.id,
        payment_ref=payment_ref,
        status=_REFUND_STATUS.get(refund.status or "", RemoteStatus.PENDING),
        amount_minor=refund.amount,
        refund_id=_uuid(_metadata(refund).get("refund_id")),
        failure=getattr(refund, "failure_reason", None) or "",
        made_at=datetime.fromtimestamp(refund.created, UTC),
    )


def _dispute(dispute: stripe.Dispute) -> RemoteDispute:
    due = dispute.evidence_details.due_by
    status = _DISPUTE_STATUS.get(dispute.status, RemoteDisputeStatus.UNDER_REVIEW)
    return RemoteDispute(
        ref=dispute.id,
        payment_ref=str(dispute.payment_intent),
        status=status,
        amount_minor=dispute.amount,
        withdrawn_minor=_withdrawn(dispute),
        currency=dispute.currency.upper(),
        is_inquiry=dispute.status.startswith("warning_"),
        is_refundable=dispute.is_charge_refundable,
        opened_at=datetime.fromtimestamp(dispute.created, UTC),
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
        reason=dispute.reason,
    )


def _withdrawn(dispute: stripe.Dispute) -> int:
    """What the bank has of us now. Booked in another currency than the payment's, it has all of it or nothing."""
    taken = -sum(moved.amount for moved in dispute.balance_transactions)
    if any(moved.currency != dispute.currency for moved in dispute.balance_transactions):
        return dispute.amount if taken > 0 else 0
    return min(max(0, taken), dispute.amount)


def _is_release(refund: stripe.Refund) -> bool:
    """Stripe shows what is let go of a hold as a refund of it, though no money came."""
    card = getattr(refund.destination_details, "card", None)
    return getattr(card, "type", "") == "reversal" and refund.balance_transaction is None


def _notice(event: Any) -> Notice:
    subject, kind = event.data.object, str(event.type)
    topic = TOPICS.get(kind, Topic.OTHER)
    ref = ""
    if topic != Topic.OTHER:
        ref = subject.id if kind.startswith("payment_intent.") else subject.payment_intent or ""
    payload = event.to_dict(for_json=True)
    return Notice(event.id, kind, topic if ref else Topic.OTHER, payment_ref=str(ref), payload=payload)


def _metadata(resource: Any) -> dict[str, str]:
    return resource.metadata.to_dict() if resource.metadata else {}


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
