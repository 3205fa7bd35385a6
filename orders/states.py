"""The lives of orders, rentals, sale lines, claims and places in the waitlist: what may follow what, said only here."""

from collections.abc import Mapping

from django.db import models

from orders.errors import TransitionNotAllowed


class OrderStatus(models.TextChoices):
    RESERVING = "reserving"  # held here; the IMS has not answered yet
    PENDING_PAYMENT = "pending_payment"  # held here and there until expires_at
    CONFIRMED = "confirmed"  # paid, and the goods are ours to hand over
    COMPLETED = "completed"  # everything delivered and back, balance zero
    EXPIRED = "expired"  # not paid in time
    CANCELLED = "cancelled"


class RentalStatus(models.TextChoices):
    BOOKED = "booked"
    READY = "ready"  # prepared, its unit chosen
    OUT = "out"  # with the customer
    RETURNED = "returned"  # back, not inspected yet
    CLOSED = "closed"
    CANCELLED = "cancelled"
    LOST = "lost"
    KEPT = "kept"  # bought by the customer


class SaleStatus(models.TextChoices):
    RESERVED = "reserved"
    READY = "ready"  # packed
    SHIPPED = "shipped"
    COLLECTED = "collected"
    RETURN_REQUESTED = "return_requested"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class ClaimStatus(models.TextChoices):
    OPEN = "open", "Waiting for the customer"
    OBJECTED = "objected", "Objected"
    CHARGED = "charged"
    DROPPED = "dropped"


class WaitlistStatus(models.TextChoices):
    WAITING = "waiting"
    OFFERED = "offered"  # an order holds it until it is paid or its half hour is over
    TAKEN = "taken"
    LAPSED = "lapsed"  # not paid in time: whoever is next has it
    WITHDRAWN = "withdrawn"
    OVER = "over"  # its days have begun, or it is not offered any more


W = WaitlistStatus
O, R, S, C = OrderStatus, RentalStatus, SaleStatus, ClaimStatus  # noqa: E741

ORDER: dict[tuple[str, str], str] = {
    # event      from                to                  called by
    ("hold",     O.RESERVING):       O.PENDING_PAYMENT,  # place_order, settle_reserving: the IMS said yes
    ("refuse",   O.RESERVING):       O.CANCELLED,        # place_order, settle_reserving: the IMS said no
    ("expire",   O.RESERVING):       O.EXPIRED,          # expire_orders: the clock
    ("expire",   O.PENDING_PAYMENT): O.EXPIRED,          # expire_orders, mark_order_paid: the clock
    ("pay",      O.PENDING_PAYMENT): O.CONFIRMED,        # mark_order_paid: payments
    ("pay_late", O.EXPIRED):         O.CONFIRMED,        # confirm_late: payments, the stock won anew
    ("cancel",   O.RESERVING):       O.CANCELLED,        # cancel_order: customer, staff
    ("cancel",   O.PENDING_PAYMENT): O.CANCELLED,        # cancel_order: customer, staff
    ("cancel",   O.CONFIRMED):       O.CANCELLED,        # cancel_order: while nothing is handed over
    ("recheck_fit", O.CONFIRMED):    O.CONFIRMED,        # recheck_rules: the clock, it fits less well than told
    ("settle_fit", O.CONFIRMED):     O.CONFIRMED,        # settle_fit: staff, a way was found with the customer
    ("complete", O.CONFIRMED):       O.COMPLETED,        # complete_order: all delivered, all closed, balance zero
}  # fmt: skip

RENTAL: dict[tuple[str, str], str] = {
    # event       from         to            called by
    ("prepare",   R.BOOKED):   R.READY,      # prepare_rental: clerk
    ("unprepare", R.READY):    R.BOOKED,     # unprepare_rental: clerk
    ("hand_over", R.READY):    R.OUT,        # hand_over_rental: clerk
    ("ship",      R.READY):    R.OUT,        # hand_over_rental: clerk, of a delivery
    ("take_back", R.OUT):      R.RETURNED,   # take_back_rental: clerk
    ("close",     R.RETURNED): R.CLOSED,     # close_rental: clerk, after inspection
    ("extend",    R.BOOKED):   R.BOOKED,     # extend_rental: customer, staff
    ("extend",    R.READY):    R.READY,      # extend_rental: the same; unprepared when its unit is needed elsewhere
    ("extend",    R.OUT):      R.OUT,        # extend_rental: the same, until it is late
    ("move",      R.BOOKED):   R.BOOKED,     # move_rental_days: customer, staff, before it begins
    ("move",      R.READY):    R.READY,      # move_rental_days: the same; unprepared with its unit
    ("rearrange", R.BOOKED):   R.BOOKED,     # rearrange_rental: staff, as its days cannot be kept
    ("rearrange", R.READY):    R.READY,      # rearrange_rental: the same; unprepared with its unit
    ("rearrange", R.OUT):      R.OUT,        # rearrange_rental: the same, its last day only, until it is late
    ("replace",   R.BOOKED):   R.BOOKED,     # swap_container: staff, as an airline changed its rules
    ("replace",   R.READY):    R.READY,      # swap_container: the same; unprepared before
    ("shorten",   R.OUT):      R.OUT,        # shorten_rental: customer, staff, before its last day
    ("tell_late", R.OUT):      R.OUT,        # report_late: customer
    ("post_back", R.OUT):      R.OUT,        # post_back_rental: customer
    ("deny_parcel", R.OUT):    R.OUT,        # deny_parcel: clerk, it was never posted
    ("be_late",   R.OUT):      R.OUT,        # charge_late_days: the clock, with the first late fee
    ("miss",      R.BOOKED):   R.BOOKED,     # settle_no_show: the clock, its first day is over
    ("miss",      R.READY):    R.READY,      # settle_no_show: the same
    ("forfeit",   R.BOOKED):   R.CANCELLED,  # settle_no_show: the clock, its last day is over
    ("forfeit",   R.READY):    R.CANCELLED,  # settle_no_show: the same
    ("keep",      R.OUT):      R.KEPT,       # keep_rental: customer, staff
    ("lose",      R.OUT):      R.LOST,       # lose_rental: clerk
    ("cancel",    R.BOOKED):   R.CANCELLED,  # give_back: with its order, however that ends
    ("cancel",    R.READY):    R.CANCELLED,  # give_back: with its order, cancelled
    ("call_off",  R.BOOKED):   R.CANCELLED,  # call_off_rental: staff, as it cannot be served
    ("call_off",  R.READY):    R.CANCELLED,  # call_off_rental: the same
    ("restore",   R.CANCELLED): R.BOOKED,    # confirm_late: with its order
}  # fmt: skip

SALE: dict[tuple[str, str], str] = {
    # event           from                 to                  called by
    ("prepare",       S.RESERVED):         S.READY,            # prepare_sale: clerk
    ("ship",          S.READY):            S.SHIPPED,          # deliver_sale: clerk
    ("replace",       S.RESERVED):         S.RESERVED,         # swap_container: staff, as an airline changed its rules
    ("collect",       S.READY):            S.COLLECTED,        # deliver_sale: clerk
    ("ask_return",    S.SHIPPED):          S.RETURN_REQUESTED, # ask_return: customer, within the days of return
    ("ask_return",    S.COLLECTED):        S.RETURN_REQUESTED, # ask_return: the same
    ("receive",       S.RETURN_REQUESTED): S.RETURNED,         # receive_return: clerk, credits it
    ("refuse_return", S.RETURN_REQUESTED): S.COLLECTED,        # refuse_return: clerk; it stays the customer's
    ("cancel",        S.RESERVED):         S.CANCELLED,        # give_back: with its order, however that ends
    ("cancel",        S.READY):            S.CANCELLED,        # give_back: with its order, cancelled
    ("restore",       S.CANCELLED):        S.RESERVED,         # confirm_late: with its order
}  # fmt: skip

CLAIM: dict[tuple[str, str], str] = {
    # event    from          to           called by
    ("accept", C.OPEN):      C.CHARGED,   # accept_claim: customer
    ("accept", C.OBJECTED):  C.CHARGED,   # accept_claim: customer, after a second thought
    ("object", C.OPEN):      C.OBJECTED,  # object_to_claim: customer, within the days to do so
    ("lapse",  C.OPEN):      C.CHARGED,   # settle_claim: the clock, nobody objected
    ("uphold", C.OBJECTED):  C.CHARGED,   # uphold_claim: staff, all of it
    ("reduce", C.OBJECTED):  C.CHARGED,   # uphold_claim: staff, less of it
    ("drop",   C.OPEN):      C.DROPPED,   # drop_claim: staff
    ("drop",   C.OBJECTED):  C.DROPPED,   # drop_claim: staff
}  # fmt: skip
UNDECIDED = (C.OPEN, C.OBJECTED)

WAITLIST: dict[tuple[str, str], str] = {
    # event     from         to            called by
    ("offer",    W.WAITING): W.OFFERED,    # offer_to: the clock, it is free and this one is next
    ("refuse",   W.OFFERED): W.WAITING,    # follow_offer: the clock, the IMS said no
    ("take",     W.OFFERED): W.TAKEN,      # follow_offer: the clock, its order is paid
    ("lapse",    W.OFFERED): W.LAPSED,     # follow_offer: the clock, its order is not
    ("withdraw", W.WAITING): W.WITHDRAWN,  # leave_waitlist: customer
    ("withdraw", W.OFFERED): W.WITHDRAWN,  # leave_waitlist: customer, its order is cancelled
    ("end",      W.WAITING): W.OVER,       # offer_to: the clock
}  # fmt: skip

_NOBODYS = frozenset(
    {
        "offer",
        "take",
        "lapse",
        "end",
        "hold",
        "refuse",
        "expire",
        "pay_late",
        "complete",
        "restore",
        "be_late",
        "miss",
        "forfeit",
        "recheck_fit",
        "settle_fit",
    }
)

Table = Mapping[tuple[str, str], str]


def next_status(table: Table, event: str, status: str) -> str:
    """The status after `event`. Raises: TransitionNotAllowed, naming the events that are allowed now."""
    try:
        return table[event, status]
    except KeyError:
        raise TransitionNotAllowed(event=event, status=status, allowed=allowed_events(table, status)) from None


def allowed_events(table: Table, status: str) -> list[str]:
    """What somebody may do with something in this status; what the clock and other systems do is not told."""
    return sorted({event for event, source in table if source == status} - _NOBODYS)
