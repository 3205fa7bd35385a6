"""Why payments says no."""

from core.errors import DomainError


class PaymentProviderUnavailable(DomainError):
    code = "payment_provider_unavailable"
    title = "The payment service does not answer; nothing was charged. Try again in a moment."
    status = 503
    retry_after = 3


class PaymentRefused(DomainError):
    """`reason` is a stable code (payments.declines)."""

    code = "payment_refused"
    title = "The payment service refused this payment."


class NothingToPay(DomainError):
    code = "nothing_to_pay"
    title = "Nothing is owed for this order."


class RefundTooLarge(DomainError):
    """`refundable` is what is left of the payment, in minor units."""

    code = "refund_too_large"
    title = "This is more than is left to refund."


class RefundOutdated(DomainError):
    code = "refund_outdated"
    title = "Something was refunded meanwhile; look again at what is left."


class SignatureInvalid(DomainError):
    code = "signature_invalid"
    title = "The event is not signed with a known secret, or is too old."
    status = 400


class ApprovalByAnother(DomainError):
    code = "approval_by_another"
    title = "Whoever asked for this refund cannot approve it; somebody else must."


class RefundDecided(DomainError):
    """`status` is what it is now."""

    code = "refund_decided"
    title = "This refund does not wait for approval any more."


class DisputeDecided(DomainError):
    code = "dispute_decided"
    title = "There is nothing to decide about this dispute now."


class PaymentDisputed(DomainError):
    code = "payment_disputed"
    title = "A bank decides about this payment; nothing more can be given back until it has."
