"""Why orders says no."""

from datetime import date
from typing import Any

from core.errors import DomainError
from core.money import Money

_NO_LONGER = {
    "overdue": "It should be back already.",
    "longest_rental": "It is not rented for so many days.",
    "too_far": "This is too far ahead; rentals are booked for the next year.",
    "depot_closed": "The depot is closed on this day.",
    "next_booking": "It is promised to the next customer then.",
}


_CUSTOMERS_OWN = frozenset(
    {
        *("cancel", "pay", "extend", "keep", "move", "post_back", "shorten", "tell_late"),
        *("ask_return", "accept", "object", "withdraw"),
    }
)


class TransitionNotAllowed(DomainError):
    """`current` is where it stands now, `allowed` what its customer may do instead; staff have buttons.

    allowed: whatever may be done by anybody.
    """

    code = "transition_not_allowed"
    title = "That cannot be done in this state."

    def __init__(self, *, event: str, status: str, allowed: list[str]) -> None:
        over = "" if allowed else " Nothing more can be done with it."
        super().__init__(
            f"Cannot {event.replace('_', ' ')} what is {status.replace('_', ' ')}.{over}",
            current=status,
            allowed=[one for one in allowed if one in _CUSTOMERS_OWN],
        )


class QuoteExpired(DomainError):
    code = "quote_expired"
    title = "This quote has expired; ask for a new one."
    pointer = "/quote"


class DepotClosed(DomainError):
    """A rental would begin or end on a day that was closed since it was quoted: `closed_on`, at `depot`."""

    code = "depot_closed"
    title = "The depot is closed on this day; ask for a new quote."
    pointer = "/quote"


class QuoteUsed(DomainError):
    """The quote's one order ended without success. `order` is its number, `status` where it ended."""

    code = "quote_used"
    title = "This quote has had its order; ask for a new quote."
    pointer = "/quote"


class OrderExpired(DomainError):
    code = "order_expired"
    title = "This order was not paid in time; start again with a new quote."


class OrderStillReserving(DomainError):
    code = "order_still_reserving"
    title = "The stock is still being confirmed; try again in a moment."
    retry_after = 2


class PartlyHandedOver(DomainError):
    code = "partly_handed_over"
    title = "Something of this order was handed over; bring it back instead of cancelling."


class DepositNotSecured(DomainError):
    code = "deposit_not_secured"
    title = "The deposit is not secured; let the customer confirm it in the app, or write down why not."


class ChargeOutdated(DomainError):
    code = "charge_outdated"
    title = "Something was charged or credited since this page was opened; look again whether this is still right."


class ChargeUnsuitable(DomainError):
    code = "charge_unsuitable"
    title = "A charge needs a kind (damage, cleaning, days late), an amount above zero and a reason."


class ShipmentUnsuitable(DomainError):
    code = "shipment_unsuitable"
    title = "What a carrier takes has its name and its tracking number, or neither."


class ParcelNotTaken(DomainError):
    code = "parcel_not_taken"
    title = "This is to be brought back to its depot; it cannot be sent."
    pointer = "/rental"


class ParcelNotThere(DomainError):
    """`from_on`: the first day on which it can have been posted back."""

    code = "parcel_not_there"
    title = "This was only just shipped to its customer, so it cannot have been posted back yet."
    pointer = "/rental"

    def __init__(self, shipped_on: date, from_on: date) -> None:
        detail = f"It was shipped on {shipped_on}, so it cannot have been posted back before {from_on}; tell us then."
        super().__init__(detail, from_on=from_on.isoformat())


class PhotoUnsuitable(DomainError):
    code = "photo_unsuitable"
    title = "This is no picture that can be read: JPEG, PNG or WebP."


class WrongUnit(DomainError):
    """`expected` is the serial of the unit that stands ready, `scanned` the one that was at hand."""

    code = "wrong_unit"
    title = "This is another unit than the one that stands ready."


class ChecklistOpen(DomainError):
    """`missing`: the points of the checklist that were not ticked."""

    code = "checklist_open"
    title = "Not everything is in order; write in the note why it goes out all the same."


class NothingToShow(DomainError):
    code = "nothing_to_show"
    title = "Nothing of this order is to be picked up or brought back at a counter now."


class CodeForeign(DomainError):
    code = "code_foreign"
    title = "This code was not made by this shop, or it was changed."


class CodeExpired(DomainError):
    code = "code_expired"
    title = "This code has expired; the app shows a new one as soon as it is online."


class CodeUsed(DomainError):
    code = "code_used"
    title = "This code has been used."


class OtherDepot(DomainError):
    code = "other_depot"
    title = "This belongs to another depot."


class ScanUnknown(DomainError):
    code = "scan_unknown"
    title = "This is no code of a customer, no serial of a unit and no number of an order."


class UnitOnNoRental(DomainError):
    code = "unit_on_no_rental"
    title = "This unit is on no rental."


class ClaimUnsuitable(DomainError):
    code = "claim_unsuitable"
    title = "A claim needs an amount above zero, of at most what was claimed, and a reason."


class ClaimPending(DomainError):
    code = "claim_pending"
    title = "A claim of this kind is not decided yet; decide it first."


class ClaimTooLate(DomainError):
    """`until`: the instant until which it could be objected to."""

    code = "claim_too_late"
    title = "The days in which one could object to this claim are over."


class ExtensionNotPossible(DomainError):
    """`reason`: overdue, longest_rental, too_far, depot_closed or next_booking; `latest_on`: the last day possible."""

    code = "extension_not_possible"
    title = "It cannot be kept until this day."
    pointer = "/end_on"

    def __init__(self, reason: str, latest_on: date | None) -> None:
        instead = f" Until {latest_on} it can." if latest_on else ""
        latest = latest_on.isoformat() if latest_on else None
        super().__init__(f"{_NO_LONGER[reason]}{instead}", reason=reason, latest_on=latest)


class ReturnTooLate(DomainError):
    """`until`: the instant at which the days of return were over."""

    code = "return_too_late"
    title = "The days in which this may be sent back are over."


class TooLateToMove(DomainError):
    code = "too_late_to_move"
    title = "Its days can be moved for nothing as long as cancelling is free; that is over. Cancel it, or ask us."
    pointer = "/rental"


class KeepNotOffered(DomainError):
    code = "keep_not_offered"
    title = "This container is not for sale; please bring it back."
    pointer = "/rental"


class PriceChanged(DomainError):
    """What the customer was told is not what it is by now: `amount_minor`."""

    code = "price_changed"
    title = "The amount is another one by now; look again before you confirm."
    pointer = "/price"

    def __init__(self, amount_minor: int, currency: str) -> None:
        super().__init__(amount=Money(amount_minor, currency).as_json())


class NothingPaid(DomainError):
    code = "nothing_paid"
    title = "Nothing is paid: everything was refunded. Cancel the order instead."


class CouponUnknown(DomainError):
    code = "coupon_unknown"
    title = "There is no such coupon."
    pointer = "/coupon"


class CouponNotYetValid(DomainError):
    """`valid_from`: its first day."""

    code = "coupon_not_yet_valid"
    title = "This coupon is not valid yet."
    pointer = "/coupon"


class CouponExpired(DomainError):
    code = "coupon_expired"
    title = "This coupon is no longer valid."
    pointer = "/coupon"


class CouponCurrency(DomainError):
    """`currency`: the one it is for."""

    code = "coupon_currency"
    title = "This coupon is for another currency."
    pointer = "/coupon"


class CouponMinimum(DomainError):
    """`minimum`: what goods and rents must come to at least, without delivery."""

    code = "coupon_minimum"
    title = "This coupon is for larger orders."
    pointer = "/coupon"


class CouponFirstOrder(DomainError):
    code = "coupon_first_order"
    title = "This coupon is for a first order."
    pointer = "/coupon"


class CouponUsed(DomainError):
    code = "coupon_used"
    title = "You have used this coupon as often as it can be."
    pointer = "/coupon"


class CouponUsedUp(DomainError):
    code = "coupon_used_up"
    title = "This coupon is used up."
    pointer = "/coupon"


COUPON_REFUSED = (
    CouponUnknown,
    CouponNotYetValid,
    CouponExpired,
    CouponCurrency,
    CouponMinimum,
    CouponFirstOrder,
    CouponUsed,
    CouponUsedUp,
)
COUPON_GONE = (CouponFirstOrder, CouponUsed, CouponUsedUp)  # what an order may still find of what its quote promised


class CanBeHadNow(DomainError):
    code = "can_be_had_now"
    title = "Nobody needs to wait for this: it is free. Ask for a quote."


class AlreadyWaiting(DomainError):
    """`entry`: the place that this customer has."""

    code = "already_waiting"
    title = "You wait for this already."


class WaitlistFull(DomainError):
    """`most`: for how many things one customer may wait at a time."""

    code = "waitlist_full"
    title = "You wait for as much as one can; leave one place to take another."


class OrderRefused(DomainError):
    """The IMS had less than we believed, or does not know it. `lines` name what is short."""

    code = "out_of_stock"
    title = "Not enough is free for this."


class NotHadAnew(DomainError):
    code = "not_had_anew"
    title = "What was paid too late cannot be had any more."


def short_line(sku: str, **facts: Any) -> dict[str, Any]:
    """One line of an out-of-stock answer. only_others: neither other days nor another depot nor waiting will help."""
    return {"sku": sku, **facts}
