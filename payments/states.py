"""The lives of payments, refunds, deposits and gateway events."""

from collections.abc import Mapping

from django.db import models


class PaymentStatus(models.TextChoices):
    CREATED = "created"  # our row exists; the gateway may or may not have heard of it
    PENDING = "pending"  # the gateway waits for the customer; declines leave it here
    PROCESSING = "processing"  # the gateway waits for the bank
    AUTHORISED = "authorised"  # the bank keeps it for us; nothing is taken yet
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


LIVE = (PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.PROCESSING)
NOT_OVER = (*LIVE, PaymentStatus.AUTHORISED)


class ParkedBy(models.TextChoices):
    """What somebody looked at who parked a payment."""

    PAYMENT = "payment"  # amount, currency, order, a part
    REFUND = "refund"  # one made at the gateway does not fit
    DISPUTE = "dispute"  # in another currency
    SUMS = "sums"  # more went back than was paid


class RefundStatus(models.TextChoices):
    WAITING = "waiting"  # above the limit: a second person must approve it, nothing is sent or credited before
    REQUESTED = "requested"  # our row exists; the gateway may or may not have heard of it
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the money is still owed and shows as such
    DECLINED = "declined"  # the second person said no, or whoever asked took it back


UNDER_WAY = (RefundStatus.REQUESTED, RefundStatus.PENDING)
PROMISED = (*UNDER_WAY, RefundStatus.SUCCEEDED, RefundStatus.FAILED)  # what customers are told of


class DisputeStatus(models.TextChoices):
    NEEDS_RESPONSE = "needs_response"  # the bank waits for our evidence
    UNDER_REVIEW = "under_review"  # the bank has it
    WON = "won"
    LOST = "lost"
    DROPPED = "dropped"  # ended without a decision, no money moved


DISPUTE_OPEN = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW)


class DisputeDecision(models.TextChoices):
    """What staff decided about money that a bank kept: until then the customer is not asked for it."""

    NONE = "", "Not decided"
    WRITE_OFF = "write_off", "Written off"
    ASK = "ask", "The customer is asked"


class EventStatus(models.TextChoices):
    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"  # a kind of event that changes nothing here
    PARKED = "parked"  # it contradicts what we know: a person must look


class DepositStatus(models.TextChoices):
    PLANNED = "planned"  # to be secured shortly before the pickup
    UNSECURED = "unsecured"  # the card said no, must be confirmed, or let go: the customer must act
    SECURED = "secured"  # held on the card, or charged
    RELEASED = "released"  # nothing of it was kept
    CAPTURED = "captured"  # something of it was kept, the rest given back


D = DepositStatus
DEPOSIT_LIVE = (D.PLANNED, D.UNSECURED, D.SECURED)
DEPOSIT: Mapping[tuple[str, str], str] = {
    # event     from           to             when
    ("secure",  D.PLANNED):    D.SECURED,   # the gateway holds or has charged it
    ("secure",  D.UNSECURED):  D.SECURED,
    ("decline", D.PLANNED):    D.UNSECURED, # the card said no, or there is none
    ("lapse",   D.SECURED):    D.UNSECURED, # the hold ran out or was let go at the gateway
    ("release", D.PLANNED):    D.RELEASED,  # the order ended
    ("release", D.UNSECURED):  D.RELEASED,
    ("release", D.SECURED):    D.RELEASED,
    ("capture", D.SECURED):    D.CAPTURED,  # all is back, and something is owed
    ("lose",    D.CAPTURED):   D.RELEASED,  # what was to be kept could not be had any more, or went back
}  # fmt: skip
