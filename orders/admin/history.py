"""What happened to an order, told in order."""

from collections.abc import Iterable, Mapping

from core.backoffice import Moment, moment, people
from orders.admin.looks import HAPPENED
from orders.models import Order, OrderEvent

_OUTSIDE = {
    "pay": "Payment gateway",
    "pay_late": "Payment gateway",
    "restore": "",
    "hold": "",
    "refuse": "",
    "cancel": "Payment gateway",
}


def placed(order: Order) -> Moment:
    """The beginning, which is no change of state and so no event."""
    return Moment(moment(order.placed_at, order.depot.time_zone), "Placed", who=str(order.customer), tone="info")


def timeline(events: Iterable[OrderEvent], *, zone: str, about: Mapping[str, str]) -> list[Moment]:
    """Events as sentences, newest first; `about` names the parts: {"rental <id>": "Cocoon, 4 to 10 Dec"}."""
    events = list(events)
    names = people(event.actor for event in events)
    return [_moment(event, names[event.actor], zone, about.get(event.subject, "")) for event in reversed(events)]


def _moment(event: OrderEvent, who: str, zone: str, about: str) -> Moment:
    what, tone = HAPPENED.get(event.event, (event.event.replace("_", " ").capitalize(), ""))
    who = _OUTSIDE.get(event.event, who) if event.actor == "provider" else who
    return Moment(moment(event.at, zone), what, who=who, note=event.note, about=about, tone=tone)
