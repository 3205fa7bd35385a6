"""What payments answers."""

from typing import Any

from rest_framework import serializers

from core.api import Input, MoneyOutput
from orders.models import DepositPlan
from orders.states import OrderStatus
from payments.history import KINDS
from payments.models import DocumentKind, Payment
from payments.states import PROMISED, DepositStatus, DisputeStatus, PaymentStatus

ENTRY_KINDS = [(kind, kind) for kind in ("charge", "payment", "refund", "dispute")]

MOVEMENT_KINDS = [(kind, kind) for kind in KINDS]

PAYABLE = [(p.value, p.label) for p in (Payment.Purpose.ORDER, Payment.Purpose.DEPOSIT, Payment.Purpose.EXTRA)]

WAYS = ("sheet", "redirect")

_PROMISED = [status.value for status in PROMISED]

ENTRY_STATUSES = [
    (s, s)
    for s in dict.fromkeys(["charged", *PaymentStatus.values, *_PROMISED, *DepositStatus.values, *DisputeStatus.values])
]

MOVEMENT_STATUSES = [(s, s) for s in dict.fromkeys([*PaymentStatus.values, *_PROMISED, *DepositStatus.values])]


class PaymentOfInput(Input):
    """Which of an order's payments: for its price, its deposit, or what came later."""

    purpose = serializers.ChoiceField(choices=PAYABLE, default=Payment.Purpose.ORDER.value)


class StartPaymentInput(PaymentOfInput):
    """What for. The amount is the order's, set by the shop alone."""

    via = serializers.ChoiceField(
        choices=[(way, way) for way in WAYS],
        default="sheet",
        help_text="sheet: in the app. redirect: on a page of the gateway's. The other one is closed, never both.",
    )
    save_card = serializers.BooleanField(
        default=None,
        allow_null=True,
        help_text="Whether the card is kept, as card_terms say. Left out: yes for an order with a deposit, else no.",
    )


class LastErrorOutput(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable: card_declined, insufficient_funds, expired_card …")
    detail = serializers.CharField(help_text="A sentence for people.")


class PaymentOutput(serializers.Serializer[Any]):
    """A payment of an order, and why its last try failed, if it did."""

    id = serializers.UUIDField()
    purpose = serializers.ChoiceField(choices=Payment.Purpose.choices)
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    amount = MoneyOutput()
    captured = MoneyOutput()
    refunded = MoneyOutput()
    last_error = LastErrorOutput(allow_null=True)
    order_status = serializers.ChoiceField(choices=OrderStatus.choices)
    order_expires_at = serializers.DateTimeField(allow_null=True)


class StartedPaymentOutput(PaymentOutput):
    """What the sheet needs, or the page's address. The card's data go to the gateway, never through here.

    Neither: it is paid already or the bank is at it, as `status` tells.
    """

    via = serializers.ChoiceField(choices=[(way, way) for way in WAYS])
    url = serializers.URLField(allow_null=True, help_text="redirect: open it in a browser, and do not keep it.")
    client_secret = serializers.CharField(allow_null=True, help_text="sheet")
    publishable_key = serializers.CharField()
    customer_session = serializers.CharField(
        allow_null=True, help_text="sheet: lets it show and use the cards that the shop keeps."
    )
    card_kept = serializers.BooleanField()
    card_terms = serializers.CharField(help_text="What a kept card is charged for: show it beside the sheet.")


class EntryOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=ENTRY_KINDS)
    what = serializers.CharField()
    status = serializers.ChoiceField(choices=ENTRY_STATUSES)
    amount = MoneyOutput(help_text="Above zero raises what you owe, below zero lowers it.")
    text = serializers.CharField(help_text="The same in plain words.")


class DepositEntryOutput(serializers.Serializer[Any]):
    """What secures the rentals. Only what is kept of it is part of the balance."""

    plan = serializers.ChoiceField(choices=DepositPlan.choices)
    status = serializers.ChoiceField(choices=DepositStatus.choices)
    amount = MoneyOutput()
    kept = MoneyOutput()
    text = serializers.CharField(help_text="How it stands with it, in plain words.")


class StatementOutput(serializers.Serializer[Any]):
    """Every line that makes up the balance: charged − (paid − refunded − disputed)."""

    order = serializers.CharField()
    entries = EntryOutput(many=True)
    deposits = DepositEntryOutput(many=True)
    charged = MoneyOutput()
    paid = MoneyOutput()
    refunded = MoneyOutput()
    refund_under_way = MoneyOutput()
    disputed = MoneyOutput(help_text="Taken back by your bank.")
    balance = MoneyOutput(help_text="Above zero: owed by you; below: owed to you.")


class MovementOutput(serializers.Serializer[Any]):
    """Money that left a card or came back to it; of a hold, that the bank keeps it aside."""

    at = serializers.DateTimeField()
    order = serializers.CharField()
    kind = serializers.ChoiceField(choices=MOVEMENT_KINDS)
    status = serializers.ChoiceField(choices=MOVEMENT_STATUSES)
    amount = MoneyOutput(help_text="Below zero: it left your card. Above: it came back. Zero: nothing has moved.")
    text = serializers.CharField(help_text="The same in plain words.")


class DocumentOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=DocumentKind.choices)
    number = serializers.CharField()
    issued_at = serializers.DateTimeField()
    total = MoneyOutput(help_text="Below zero on a credit note.")
    href = serializers.URLField(help_text="The whole address of the PDF.")
