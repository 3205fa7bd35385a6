"""What orders have told: reminders, and what became of what was rented, bought or waited for.

Each letter is None once it is not true any more.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone

from core.money import format_minor
from orders.disruption import WAITING
from orders.due import reminded_of
from orders.models import (
    ChargeKind,
    Claim,
    Fulfilment,
    Order,
    OrderEvent,
    OrderLine,
    Reminder,
    Rental,
    WaitlistEntry,
)
from orders.outlook import EXTENDABLE, keep_minor, rent_charged_minor
from orders.services import worse_than_told
from orders.services.fitting import IN_WORDS
from orders.states import ClaimStatus, OrderStatus, RentalStatus, SaleStatus
from payments.services.letter import Letter, day, place

Kind = Reminder.Kind


def pickup_tomorrow(order: Order, about: str) -> Letter | None:
    """About: the order and its day, as for every reminder."""
    rentals = _reminded(order, Kind.PICKUP_TOMORROW, about)
    if not rentals:
        return None
    if order.fulfilment == Fulfilment.DELIVERY:
        return Letter(
            f"Your rental of order {order.number} begins tomorrow",
            "Your carrier is on its way.",
            ["It should be with you tomorrow, at the address that you gave us."],
            [*_what(rentals), *dict.fromkeys(fact for rental in rentals for fact in _tracked(rental))],
        )
    where, deposit = f"Pick it up at {place(order.depot)}.", ""
    if order.deposit_plan and order.deposit_secured_at is None:
        deposit = " Its deposit is not confirmed yet: please do so in the app before, as nothing leaves without it."
    return Letter(
        f"Your rental of order {order.number} begins tomorrow",
        "Your rental begins tomorrow.",
        [f"{where}{deposit}", "If your plans changed, say so in the app today."],
        _what(rentals),
    )


def return_tomorrow(order: Order, about: str) -> Letter | None:
    rentals = _reminded(order, Kind.RETURN_TOMORROW, about)
    if not rentals:
        return None
    is_parcel = order.fulfilment == Fulfilment.DELIVERY
    how = f"Post it back to {place(order.depot)}, and tell us its tracking number in the app: what counts is the day on"
    return Letter(
        f"Order {order.number} goes back tomorrow" if is_parcel else f"Order {order.number} comes back tomorrow",
        f"Please post it back by {day(rentals[0].end_on)}." if is_parcel else "Please bring it back tomorrow.",
        [
            (
                f"{how} which you do. {_fees(order, rentals)}"
                if is_parcel
                else f"It is expected at {place(order.depot)}. {_fees(order, rentals)}"
            ),
            "If you need it for longer, extend it in the app today: that costs less than coming late.",
        ],
        _what(rentals),
    )


def overdue(order: Order, about: str) -> Letter | None:
    rentals = _reminded(order, Kind.OVERDUE, about)
    if not rentals:
        return None
    last = day(rentals[0].end_on)
    if order.fulfilment == Fulfilment.DELIVERY:
        subject, headline = f"Order {order.number} should be on its way back", "It should be on its way back by now."
        expected = f"It was to be posted to {place(order.depot)} by {last}; if you have done so, tell us its number."
    else:
        subject, headline = f"Order {order.number} should be back", "It should be back by now."
        expected = f"It was expected on {last} at {place(order.depot)}."
    return Letter(
        subject,
        headline,
        [
            f"{expected} {_fees(order, rentals)}",
            "Tell us in the app when it comes, as the next cat may be waiting for it.",
        ],
        [*_what(rentals), *_charged(order, rentals)],
    )


def keep_proposed(order: Order, about: str) -> Letter | None:
    rentals = _reminded(order, Kind.KEEP_PROPOSED, about)
    if not rentals:
        return None
    prices = [(rental, keep_minor(rental)) for rental in rentals]
    facts = [
        (f"Keeping {rental.line.title}", format_minor(price, order.currency))
        for rental, price in prices
        if price is not None
    ]
    return Letter(
        f"Would you like to keep what you rented with {order.number}?",
        "Would you like to keep it?",
        [
            (
                f"It was expected back on {day(rentals[0].end_on)}. Your rent and your late fees count towards its "
                "price; what is left of that is below."
            ),
            "Keep it in the app, and it is yours. Or bring it back: then only the days that it is late are charged.",
        ],
        [*facts, *_charged(order, rentals)],
    )


def no_show(order: Order, about: str) -> Letter | None:
    """About: the order and the first day of what was not fetched."""
    mine = _of_day(order, about, "start_on").filter(status__in=WAITING)
    rentals = list(mine) if order.status == OrderStatus.CONFIRMED else []
    if not rentals:
        return None
    first = rentals[0]
    return Letter(
        f"You did not come for your rental of order {order.number}",
        "We waited for you.",
        [
            (
                f"It began on {day(first.start_on)} and is still yours until {day(first.end_on)}: pick it up at "
                f"{place(order.depot)}."
            ),
            (
                "When nobody comes for it by then it ends, and its rent is credited only as far as the terms of "
                "cancellation say for a cancellation without notice."
            ),
        ],
        _what(rentals),
    )


def rental_forfeit(order: Order, about: str) -> Letter | None:
    """About: the order and the last day of what nobody came for."""
    rentals = list(_of_day(order, about, "end_on").filter(status=RentalStatus.CANCELLED, missed_at__isnull=False))
    if not rentals:
        return None
    kept = sum(map(rent_charged_minor, rentals))
    money = "All of its rent is credited to you."
    if kept > 0:
        amount = format_minor(kept, order.currency)
        money = f"{amount} of its rent stays charged, by the terms of cancellation of your order."
    return Letter(
        f"A rental of order {order.number} has ended",
        "Your rental has ended without you.",
        [
            f"Nobody came for it until its last day, {day(rentals[0].end_on)}. {money}",
        ],
        _what(rentals),
    )


def rental_rearranged(order: Order, about: str) -> Letter | None:
    """About: the event of its history."""
    found = _told_of(order, about)
    if found is None or found[1].status not in EXTENDABLE:
        return None
    event, rental = found
    if order.events.filter(event=event.event, subject=event.subject, pk__gt=event.pk).exists():
        return None  # moved once more, of which a letter of its own tells
    return Letter(
        f"Your rental of order {order.number} is on other days",
        "We had to move your rental.",
        [
            f"{event.note} We are sorry for that. It costs you nothing more; what the new days cost less is credited.",
            "If the new days do not suit you, tell us: we find others, or call it off and credit all of its rent.",
        ],
        _what([rental]),
    )


def rental_called_off(order: Order, about: str) -> Letter | None:
    """About: the event of its history."""
    found = _told_of(order, about)
    if found is None:
        return None
    event, rental = found
    return Letter(
        f"A rental of order {order.number} is called off",
        "We cannot keep your rental.",
        [f"{event.note} We are sorry for that. All of its rent is credited; the rest of your order stays as it is."],
        _what([rental]),
    )


def fit_worse(order: Order, about: str) -> Letter | None:
    """About: the event of its history. The newest one tells what holds now."""
    is_latest = not order.events.filter(event="recheck_fit", pk__gt=int(about)).exists()
    changes = list(worse_than_told(order)) if order.fit_worse_at else []
    if order.status != OrderStatus.CONFIRMED or order.trip is None or not is_latest or not changes:
        return None
    legs = order.trip["legs"]
    facts = [
        (_flight(legs[now["leg"]]), f"{IN_WORDS[before['answer']]}; now {IN_WORDS[now['answer']]}: {now['detail']}")
        for before, now in changes
    ]
    return Letter(
        f"What we told about order {order.number} has changed",
        "An airline changed its rules.",
        [
            "What you ordered suits your flight less well than we told you. Please ask the airline before you fly.",
            f"If it does not do any more, tell us or come to {place(order.depot)}: we swap it free of charge.",
        ],
        list(dict.fromkeys(facts)),
    )


def container_swapped(order: Order, about: str) -> Letter | None:
    """About: the event of its history."""
    event = order.events.filter(pk=int(about)).first()
    if event is None or order.status != OrderStatus.CONFIRMED:
        return None
    if order.events.filter(event=event.event, subject=event.subject, pk__gt=event.pk).exists():
        return None  # swapped once more, of which a letter of its own tells
    kind, _, pk = event.subject.partition(" ")
    line = order.lines.get(**{"pk" if kind == "line" else "rentals": UUID(pk)})
    rentals = list(line.rentals.filter(status__in=EXTENDABLE).select_related("line"))
    same = "its deposit, its fees and what it costs to keep it" if rentals else "what it is worth when you send it back"
    return Letter(
        f"You get another container with order {order.number}",
        "You get another container.",
        [
            f"It suits your flight better. It costs you nothing more: its price, {same} stay as you agreed to.",
            "If it does not suit you, tell us before you fetch it or it leaves.",
        ],
        _what(rentals) or [(line.title, f"{line.quantity} ×")],
    )


def _flight(leg: dict[str, str]) -> str:
    return f"{leg['airline']} on {day(date.fromisoformat(leg['on']))}"


def _told_of(order: Order, about: str) -> tuple[OrderEvent, Rental] | None:
    """An event of the order, and the rental that it happened to."""
    event = order.events.filter(pk=int(about)).first()
    if event is None:
        return None
    pk = UUID(event.subject.removeprefix("rental "))
    return event, Rental.objects.select_related("line").get(pk=pk, line__order=order)


def claim_filed(order: Order, about: str) -> Letter | None:
    """About: the claim."""
    claim = _claim(order, about)
    if claim is None or claim.status != ClaimStatus.OPEN:
        return None
    until = claim.answer_by.astimezone(ZoneInfo(order.depot.time_zone))
    return Letter(
        f"Please look at what came back with order {order.number}",
        "Something is wrong with what came back.",
        [
            f"{claim.reason} Its pictures, before and after, are in the app.",
            (
                f"Nothing is charged yet. Agree or object in the app until {until:%H:%M} on {day(until.date())}; when "
                "we hear nothing by then, it is charged, and the deposit pays first."
            ),
        ],
        [_claimed(claim, order, claim.amount_minor)],
    )


def claim_decided(order: Order, about: str) -> Letter | None:
    """About: the claim."""
    claim = _claim(order, about)
    if claim is None or claim.status not in (ClaimStatus.CHARGED, ClaimStatus.DROPPED):
        return None
    why = [claim.decision_note] if claim.decision_note else []
    if claim.status == ClaimStatus.DROPPED:
        headline = "You pay nothing for it."
        return Letter(f"A claim of order {order.number} is dropped", headline, [claim.reason, *why])
    decided = "We heard nothing from you, so it is charged." if not why else "We have decided about your objection."
    return Letter(
        f"A claim of order {order.number} is decided",
        "It is charged; the deposit pays first.",
        [claim.reason, decided, *why],
        [_claimed(claim, order, claim.charged_minor or 0)],
    )


def shipped(order: Order, about: str) -> Letter | None:
    """About: the line of a sale, or the rental."""
    line = order.lines.filter(pk=UUID(about), status=SaleStatus.SHIPPED).first()
    rental = Rental.objects.filter(pk=UUID(about), line__order=order, status=RentalStatus.OUT).select_related("line")
    part = line or rental.first()
    if part is None:
        return None
    what, then = str(part), []
    if isinstance(part, Rental):
        what = part.line.title
        then = [f"It is yours until {day(part.end_on)}: post it back by then, with the label that comes with it."]
    return Letter(
        f"Your parcel of order {order.number} is on its way",
        "It is on its way to you.",
        [f"{what} has left {order.depot.name} for the address that you gave us.", *then],
        _tracked(part),
    )


def waitlist_offer(order: Order, _about: str) -> Letter | None:
    """About: the order that holds it."""
    if order.status != OrderStatus.PENDING_PAYMENT or order.expires_at <= timezone.now():
        return None
    until = order.expires_at.astimezone(ZoneInfo(order.depot.time_zone))
    return Letter(
        "What you wait for is free",
        "It is free, and held for you.",
        [
            (
                f"It is held for you until {until:%H:%M} on {day(until.date())}, as order {order.number}. Pay it "
                "in the app and it is yours; else whoever waits next has it."
            ),
            *_without_coupon(order),
        ],
        [
            *(
                (f"{line.quantity} × {line.title}", format_minor(line.total_minor, order.currency))
                for line in order.lines.all()
            ),
            ("Total, tax included", format_minor(order.total_minor, order.currency)),
        ],
    )


def _without_coupon(order: Order) -> list[str]:
    """Nobody pays more than they thought without having been told."""
    entry = WaitlistEntry.objects.filter(order=order).exclude(coupon_refusal="").first()
    if entry is None:
        return []
    return [f"Your coupon {entry.coupon} could not be used: {entry.coupon_refusal} The price is without it."]


def _tracked(part: Rental | OrderLine) -> list[tuple[str, str]]:
    return [("Carrier", part.carrier), ("Tracking number", part.tracking_number)] if part.tracking_number else []


def _reminded(order: Order, kind: Kind, about: str) -> list[Rental]:
    return reminded_of(order, kind, date.fromisoformat(about.partition(":")[2]))


def _of_day(order: Order, about: str, field: str) -> QuerySet[Rental]:
    on = date.fromisoformat(about.partition(":")[2])
    return Rental.objects.filter(line__order=order, **{field: on}).select_related("line").order_by("id")


def _claim(order: Order, about: str) -> Claim | None:
    return order.claims.filter(pk=UUID(about)).select_related("rental__line").first()


def _claimed(claim: Claim, order: Order, minor: int) -> tuple[str, str]:
    return f"{claim.get_kind_display().capitalize()}, {claim.rental.line.title}", format_minor(minor, order.currency)


def _what(rentals: Sequence[Rental]) -> list[tuple[str, str]]:
    return [(rental.line.title, f"{day(rental.start_on)} to {day(rental.end_on)}") for rental in rentals]


def _fees(order: Order, rentals: Sequence[Rental]) -> str:
    """What a day costs that it is late, and what all of them can come to; of the dearest of them."""
    fee = max(rental.line.rental_terms.late_fee_minor for rental in rentals)
    if not fee:
        return "Every day that it is late, somebody else waits for it."
    each = " each" if len(rentals) > 1 else ""
    caps = [price for rental in rentals if (price := keep_minor(rental)) is not None]
    cap = f", until it comes to {format_minor(max(caps), order.currency)}{each}, for which it is yours" if caps else ""
    return f"Every day that it is late costs {format_minor(fee, order.currency)}{each}{cap}."


def _charged(order: Order, rentals: Sequence[Rental]) -> list[tuple[str, str]]:
    fees = sum(rental.charges.filter(kind=ChargeKind.LATE_FEE).total() for rental in rentals)
    return [("Late fees so far", format_minor(fees, order.currency))] if fees else []
