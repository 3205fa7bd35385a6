"""Why a card was declined, as codes that apps may switch on and sentences that people understand.

Banks' reasons that would help a thief (lost, stolen, fraudulent) all read "card_declined".
"""

SENTENCES: dict[str, str] = {
    "card_declined": "The card was declined. Please use another card or ask your bank.",
    "insufficient_funds": "The card does not have enough money for this. Please use another card.",
    "expired_card": "The card has expired. Please use another card.",
    "incorrect_cvc": "The security code is wrong. Please check it and try again.",
    "incorrect_number": "The card number is wrong. Please check it and try again.",
    "incorrect_expiry": "The expiry date is wrong. Please check it and try again.",
    "card_not_supported": "This card cannot be used for this purchase. Please use another card.",
    "currency_not_supported": "The card cannot pay in this currency. Please use another card.",
    "limit_exceeded": "The card's limit is reached. Please use another card or ask your bank.",
    "authentication_required": "Your bank wants you to confirm this payment. Please try again and confirm it.",
    "try_again_later": "The bank could not be reached. Please try again in a moment; nothing was charged.",
    "amount_too_small": "This amount is too small to be paid by card. Please add something to the order.",
    "amount_too_large": "This amount is too large to be paid at once. Please order in parts.",
    "no_card_kept": "No card is kept for this order. Please confirm the deposit in the app.",
    "hold_expired": "The bank let go of the deposit. Please confirm it again in the app.",
    "deposit_refunded": "The deposit went back to your card. Please confirm it again in the app.",
    "deposit_disputed": "Your bank took the deposit back. Please confirm it again in the app.",
    "under_review": "This payment must be looked at by us first; nothing more is charged. Please contact us.",
    "payment_refused": "The payment was refused. Please use another way to pay.",
}


def sentence(code: str) -> str:
    """What to tell the customer; "" when nothing went wrong."""
    return SENTENCES.get(code, SENTENCES["payment_refused"]) if code else ""
