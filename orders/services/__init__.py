"""Every write to quotes and orders that means something."""

from orders.services.cancelling import call_off_rental, cancel_order
from orders.services.changes import (
    complete_order,
    confirm_late,
    expire_orders,
    hold_anew,
    is_delivered,
    let_go_again,
    mark_deposit_secured,
    mark_order_paid,
    note_deposit,
    ready_for_more,
    ready_for_payment,
)
from orders.services.charging import add_charge
from orders.services.claims import (
    accept_claim,
    drop_claim,
    file_claim,
    object_to_claim,
    settle_claim,
    settle_claims,
    uphold_claim,
)
from orders.services.feeds import close_feed, digest_of, open_feed
from orders.services.fulfilment import (
    Look,
    choose_anew,
    close_rental,
    deliver_sale,
    hand_over_rental,
    prepare_rental,
    prepare_sale,
    swap_unit,
    take_back_rental,
    unprepare_rental,
)
from orders.services.goods import ask_return, receive_return, refuse_return
from orders.services.history import lock_order
from orders.services.lateness import charge_late_days, charge_late_rentals
from orders.services.missing import settle_no_show, settle_no_shows
from orders.services.placing import place_order, settle_reserving
from orders.services.quotes import LineRequest, QuoteRequest, create_quote
from orders.services.reminding import remind
from orders.services.renting import (
    extend_rental,
    keep_rental,
    lose_rental,
    move_rental_days,
    rearrange_rental,
    report_late,
    shorten_rental,
    wrong_other_days,
)
from orders.services.soon import settle_later, settle_soon
from orders.services.waiting import (
    WaitRequest,
    follow_offer,
    join_waitlist,
    leave_waitlist,
    next_in_line,
    offer_to,
    serve_waitlist,
)

__all__ = [
    "LineRequest",
    "Look",
    "QuoteRequest",
    "WaitRequest",
    "accept_claim",
    "add_charge",
    "ask_return",
    "call_off_rental",
    "cancel_order",
    "charge_late_days",
    "charge_late_rentals",
    "choose_anew",
    "close_feed",
    "close_rental",
    "complete_order",
    "confirm_late",
    "create_quote",
    "deliver_sale",
    "digest_of",
    "drop_claim",
    "expire_orders",
    "extend_rental",
    "file_claim",
    "follow_offer",
    "hand_over_rental",
    "hold_anew",
    "is_delivered",
    "join_waitlist",
    "keep_rental",
    "leave_waitlist",
    "let_go_again",
    "lock_order",
    "lose_rental",
    "mark_deposit_secured",
    "mark_order_paid",
    "move_rental_days",
    "next_in_line",
    "note_deposit",
    "object_to_claim",
    "offer_to",
    "open_feed",
    "place_order",
    "prepare_rental",
    "prepare_sale",
    "ready_for_more",
    "ready_for_payment",
    "rearrange_rental",
    "receive_return",
    "refuse_return",
    "remind",
    "report_late",
    "serve_waitlist",
    "settle_claim",
    "settle_claims",
    "settle_later",
    "settle_no_show",
    "settle_no_shows",
    "settle_reserving",
    "settle_soon",
    "shorten_rental",
    "swap_unit",
    "take_back_rental",
    "unprepare_rental",
    "uphold_claim",
    "wrong_other_days",
]
