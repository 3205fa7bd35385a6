"""Stripe's test payment methods: what each does when it is saved, charged, refunded.

Source: https://docs.stripe.com/testing. A token such as `pm_card_visa` stands for a card number; each use of a token
makes a payment method of its own, as at Stripe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Authentication = Literal["never", "always", "unless_set_up", "on_session"]


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a payment failed: Stripe's `code`, the bank's `decline_code`, the words for the customer."""

    code: str
    decline_code: str | None
    message: str
    param: str | None = None
    blocked: bool = False  # by Stripe, before the bank was asked

    @classmethod
    def named(cls, decline_code: str) -> Decline:
        """The decline with this decline_code. One that is not listed is a plain `card_declined`."""
        known = {decline.decline_code: decline for decline in _DECLINES}
        return known.get(decline_code) or cls("card_declined", decline_code, "Your card was declined.")


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card", "Your card was declined.")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.")
FRAUDULENT = Decline("card_declined", "fraudulent", "Your card was declined.", blocked=True)
VELOCITY = Decline(
    "card_declined",
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
)
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "exp_month")
WRONG_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "cvc")
PROCESSING = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
AUTHENTICATION_FAILED = Decline(
    "payment_intent_authentication_failure",
    None,
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod"
    " to attempt to fulfill this PaymentIntent again.",
)
SETUP_AUTHENTICATION_FAILED = Decline(
    "setup_intent_authentication_failure",
    None,
    "The latest attempt to set up the payment method has failed because authentication failed.",
)
BANK_REFUSED = Decline("payment_method_provider_decline", "generic_decline", "The customer's bank refused the debit.")
_DECLINES = (
    GENERIC, NO_FUNDS, LOST, STOLEN, FRAUDULENT, VELOCITY, EXPIRED, WRONG_CVC, PROCESSING, AUTHENTICATION_REQUIRED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TestMethod:
    """How one test payment method behaves."""

    __test__ = False  # pytest: not a test class

    token: str
    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    type: Literal["card", "sepa_debit"] = "card"
    declines: Decline | None = None
    can_be_saved: bool = True
    authentication: Authentication = "never"
    disputed: str | None = None  # the reason of a dispute that opens as soon as it is charged
    inquiry: bool = False
    refund: Literal["succeeded", "pending", "failed"] = "succeeded"

    def must_authenticate(self, *, off_session: bool, set_up: bool) -> bool:
        if self.authentication == "always":
            return True
        if self.authentication == "on_session":
            return not off_session
        return self.authentication == "unless_set_up" and not (off_session and set_up)


def _refused(token: str, number: str, decline: Decline) -> TestMethod:
    return TestMethod(token, number, declines=decline, can_be_saved=False)


_METHODS = (
    TestMethod("visa", "4242424242424242"),
    TestMethod("visa_debit", "4000056655665556", funding="debit"),
    TestMethod("mastercard", "5555555555554444", brand="mastercard"),
    TestMethod("mastercard_debit", "5200828282828210", brand="mastercard", funding="debit"),
    TestMethod("mastercard_prepaid", "5105105105105100", brand="mastercard", funding="prepaid"),
    TestMethod("amex", "378282246310005", brand="amex"),
    TestMethod("discover", "6011111111111117", brand="discover"),
    TestMethod("diners", "3056930009020004", brand="diners"),
    TestMethod("jcb", "3566002020360505", brand="jcb"),
    TestMethod("unionpay", "6200000000000005", brand="unionpay"),
    TestMethod("de", "4000002760000016", country="DE"),
    TestMethod("fr", "4000002500000003", country="FR"),
    TestMethod("gb", "4000008260000000", country="GB"),
    TestMethod("us", "4242424242424242"),
    TestMethod("bypassPending", "4000000000000077"),
    _refused("chargeDeclined", "4000000000000002", GENERIC),
    _refused("chargeDeclinedInsufficientFunds", "4000000000009995", NO_FUNDS),
    _refused("chargeDeclinedLostCard", "4000000000009987", LOST),
    _refused("chargeDeclinedStolenCard", "4000000000009979", STOLEN),
    _refused("chargeDeclinedFraudulent", "4100000000000019", FRAUDULENT),
    _refused("radarBlock", "4100000000000019", FRAUDULENT),
    _refused("chargeDeclinedExpiredCard", "4000000000000069", EXPIRED),
    _refused("chargeDeclinedIncorrectCvc", "4000000000000127", WRONG_CVC),
    _refused("chargeDeclinedProcessingError", "4000000000000119", PROCESSING),
    _refused("chargeDeclinedVelocityLimitExceeded", "4000000000006975", VELOCITY),
    TestMethod("chargeCustomerFail", "4000000000000341", declines=GENERIC),  # is saved, but never pays
    TestMethod("authenticationRequiredOnSetup", "4000002500003155", authentication="unless_set_up"),
    TestMethod("authenticationRequired", "4000002760003184", authentication="always"),
    TestMethod("authenticationRequiredSetupForOffSession", "4000003800000446", authentication="on_session"),
    TestMethod(
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        declines=NO_FUNDS,
        authentication="always",
    ),
    TestMethod("threeDSecure2Required", "4000000000003220", authentication="always"),
    TestMethod("threeDSecureRequired", "4000000000003063", authentication="always"),
    TestMethod("threeDSecureRequiredChargeDeclined", "4000008400001629", declines=GENERIC, authentication="always"),
    TestMethod("threeDSecureOptional", "4000000000003055"),
    TestMethod("amex_threeDSecureNotSupported", "378282246310005", brand="amex"),
    TestMethod("createDispute", "4000000000000259", disputed="fraudulent"),
    TestMethod("createDisputeProductNotReceived", "4000000000002685", disputed="product_not_received"),
    TestMethod("createDisputeInquiry", "4000000000001976", disputed="fraudulent", inquiry=True),
    TestMethod("pendingRefund", "4000000000007726", refund="pending"),
    TestMethod("refundFail", "4000000000005126", refund="failed"),
)
_SEPA = (
    TestMethod("pm_success_de", "DE89370400440532013000", type="sepa_debit", country="DE"),
    TestMethod("pm_failed_de", "DE62370400440532013001", type="sepa_debit", country="DE", declines=BANK_REFUSED),
)

_BY_TOKEN = {f"pm_card_{method.token}": method for method in _METHODS} | {method.token: method for method in _SEPA}
_BY_NUMBER = {method.number: method for method in reversed(_METHODS)}


def find(token: str) -> TestMethod | None:
    """The test method of `pm_card_visa`, `tok_visa`, `pm_card_visa_chargeDeclined`... or a card number."""
    token = "pm_card_" + token.removeprefix("tok_") if token.startswith("tok_") else token
    without_brand = token.replace("pm_card_visa_", "pm_card_", 1)
    return _BY_TOKEN.get(token) or _BY_TOKEN.get(without_brand) or _BY_NUMBER.get(token)


def tokens() -> list[str]:
    return list(_BY_TOKEN)
