"""The gateway itself: what this shop asks of Stripe."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import stripe

from payments.providers.base import (
    EventRejected,
    NewPage,
    NewPayment,
    Notice,
    ProviderRefused,
    RemoteDispute,
    RemotePage,
    RemotePayment,
    RemoteRefund,
    RemoteStatus,
    UnknownPayment,
)
from payments.providers.stripe.calls import Declined, ask, paged
from payments.providers.stripe.events import read_notice
from payments.providers.stripe.reading import is_release, read_dispute, read_page, read_payment, read_refund
from payments.providers.stripe.transport import StripeTransport

if TYPE_CHECKING:
    from stripe import RequestOptions
    from stripe.params import (
        DisputeListParams,
        PaymentIntentCreateParams,
        PaymentIntentListParams,
        PaymentIntentUpdateParams,
        RefundListParams,
    )
    from stripe.params.checkout import (
        SessionCreateParams,
        SessionCreateParamsLineItem,
        SessionCreateParamsPaymentIntentData,
    )

WEBHOOK_TOLERANCE = 300  # seconds
WITH_CHARGE: list[str] = ["latest_charge"]
PAGE = 100


class StripeProvider:
    """Payments are PaymentIntents by card, wallets included (ADR 9), pages are Checkout sessions (ADR 20); amounts are
    set here alone."""

    shortest_page, longest_page = timedelta(minutes=30), timedelta(hours=24)

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
        made = ask(
            lambda: self._client.v1.customers.create(
                {"metadata": {"user_id": str(user_id)}}, {"idempotency_key": f"customer-{key}"}
            )
        )
        return made.id

    def forget_customer(self, ref: str) -> None:
        with contextlib.suppress(UnknownPayment):  # Stripe's word for whatever is not there: it was forgotten before
            ask(lambda: self._client.v1.customers.delete(ref))

    def open_session(self, customer_ref: str) -> str:
        session = ask(
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
        return read_payment(ask(lambda: self._create(new)))

    def charge_card(self, new: NewPayment, *, card_ref: str) -> RemotePayment:
        try:
            return read_payment(ask(lambda: self._create(new, card_ref=card_ref)))
        except Declined as no:
            return self.get_payment(no.ref)

    def _create(self, new: NewPayment, *, card_ref: str = "") -> stripe.PaymentIntent:
        params: PaymentIntentCreateParams = {
            "amount": new.amount_minor,
            "currency": new.currency.lower(),
            "allowed_payment_method_types": ["card"],
            "metadata": _metadata(new),
            "expand": WITH_CHARGE,
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

    def open_page(self, new: NewPayment, page: NewPage) -> RemotePage:
        params: SessionCreateParams = {
            "mode": "payment",
            "line_items": [_line(new, page.title)],
            "allowed_payment_method_types": ["card"],
            "payment_intent_data": _of_page(new),
            "success_url": page.paid_url,
            "cancel_url": page.left_url,
            "expires_at": int(page.ends_at.timestamp()),
        }
        if new.customer_ref:
            params["customer"] = new.customer_ref
        options: RequestOptions = {"idempotency_key": f"page-{new.key}"}
        return read_page(ask(lambda: self._client.v1.checkout.sessions.create(params, options)))

    def get_page(self, ref: str) -> RemotePage:
        return read_page(ask(lambda: self._client.v1.checkout.sessions.retrieve(ref)))

    def close_page(self, ref: str) -> RemotePage:
        try:
            return read_page(ask(lambda: self._client.v1.checkout.sessions.expire(ref)))
        except UnknownPayment:
            raise
        except ProviderRefused:  # paid or ended already: what it is now is the answer
            now = self.get_page(ref)
            if now.is_open:
                raise
            return now

    def change_payment(self, *, key: str, ref: str, amount_minor: int, keeps_card: bool) -> RemotePayment:
        params: PaymentIntentUpdateParams = {
            "amount": amount_minor,
            "setup_future_usage": "off_session" if keeps_card else "",
            "expand": WITH_CHARGE,
        }
        options: RequestOptions = {"idempotency_key": f"change-{key}"}
        try:
            return read_payment(ask(lambda: self._client.v1.payment_intents.update(ref, params, options)))
        except UnknownPayment:
            raise
        except ProviderRefused:  # paid or cancelled meanwhile: what it is now is the answer
            return self.get_payment(ref)

    def get_payment(self, ref: str) -> RemotePayment:
        return read_payment(ask(lambda: self._client.v1.payment_intents.retrieve(ref, {"expand": WITH_CHARGE})))

    def payments_of(self, customer_ref: str) -> Sequence[RemotePayment]:
        expand = [f"data.{name}" for name in WITH_CHARGE]
        page = ask(
            lambda: self._client.v1.payment_intents.list({"customer": customer_ref, "limit": 100, "expand": expand})
        )
        return [read_payment(intent) for intent in page.data]

    def capture(self, *, key: str, ref: str, amount_minor: int) -> RemotePayment:
        try:
            intent = ask(
                lambda: self._client.v1.payment_intents.capture(
                    ref,
                    {"amount_to_capture": amount_minor, "expand": WITH_CHARGE},
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
        return read_payment(intent)

    def cancel_payment(self, ref: str) -> RemotePayment:
        try:
            return read_payment(ask(lambda: self._client.v1.payment_intents.cancel(ref, {"expand": WITH_CHARGE})))
        except UnknownPayment:
            raise
        except ProviderRefused:  # already paid or already cancelled: what it is now is the answer
            return self.get_payment(ref)

    def refund(self, *, key: str, refund_id: UUID, payment_ref: str, amount_minor: int) -> RemoteRefund:
        refund = ask(
            lambda: self._client.v1.refunds.create(
                {"payment_intent": payment_ref, "amount": amount_minor, "metadata": {"refund_id": str(refund_id)}},
                {"idempotency_key": f"refund-{key}"},
            )
        )
        return read_refund(refund, payment_ref)

    def refunds_of(self, payment_ref: str) -> Sequence[RemoteRefund]:
        return list(self._refunds({"payment_intent": payment_ref, "limit": PAGE}))

    def refunds_since(self, moment: datetime) -> Iterator[RemoteRefund]:
        return self._refunds({"created": {"gte": int(moment.timestamp())}, "limit": PAGE})

    def _refunds(self, params: "RefundListParams") -> Iterator[RemoteRefund]:
        for refund in paged(lambda: self._client.v1.refunds.list(params)):
            if refund.payment_intent and not is_release(refund):
                yield read_refund(refund, str(refund.payment_intent))

    def payments_since(self, moment: datetime) -> Iterator[RemotePayment]:
        params: PaymentIntentListParams = {
            "created": {"gte": int(moment.timestamp())},
            "limit": PAGE,
            "expand": ["data.latest_charge"],
        }
        return map(read_payment, paged(lambda: self._client.v1.payment_intents.list(params)))

    def disputes_of(self, payment_ref: str) -> Sequence[RemoteDispute]:
        return list(self._disputes({"payment_intent": payment_ref, "limit": PAGE}))

    def disputes_since(self, moment: datetime) -> Iterator[RemoteDispute]:
        return self._disputes({"created": {"gte": int(moment.timestamp())}, "limit": PAGE})

    def _disputes(self, params: "DisputeListParams") -> Iterator[RemoteDispute]:
        for dispute in paged(lambda: self._client.v1.disputes.list(params)):
            if dispute.payment_intent:
                yield read_dispute(dispute)

    def parse_event(self, *, body: bytes, signature: str) -> Notice:
        text = self._verified(body, signature)
        try:
            event = self._client.construct_event_without_verification(text)
            return read_notice(event)
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


def _metadata(new: NewPayment) -> dict[str, str]:
    return {"payment_id": str(new.payment_id), "order": new.order_number}


def _line(new: NewPayment, title: str) -> "SessionCreateParamsLineItem":
    return {
        "quantity": 1,
        "price_data": {
            "currency": new.currency.lower(),
            "unit_amount": new.amount_minor,
            "product_data": {"name": title},
        },
    }


def _of_page(new: NewPayment) -> "SessionCreateParamsPaymentIntentData":
    data: SessionCreateParamsPaymentIntentData = {"metadata": _metadata(new)}
    if new.keeps_card:
        data["setup_future_usage"] = "off_session"
    if new.captures_later:
        data["capture_method"] = "manual"
    return data
