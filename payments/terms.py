"""What a customer agrees to when a card is kept, in words."""

from core.money import format_minor
from payments.models import Payment


def card_terms(payment: Payment) -> str:
    """What becomes of the card that this payment is paid with; needs `order`."""
    order = payment.order
    deposit = format_minor(order.deposit_minor, order.currency) if order.deposit_plan else ""
    if payment.keeps_card:
        charged = f"for the deposit of {deposit} and for what you owe at the end beyond it" if deposit else ""
        return (
            f"Your card is kept for this order. It is charged only {charged or 'for what you owe for it later'}: "
            "days late, cleaning, damage, and at once for longer rentals that you ask for."
        )
    asked = f" You are asked to confirm the deposit of {deposit} before anything leaves." if deposit else ""
    return f"Your card is not kept and charged only this once.{asked}"
