"""What airlines changed after an order: those whose flights are ahead are judged again, and who flies is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from catalog.fit import Rules
from catalog.models import Airline
from catalog.rules import rules_of
from inventory.journeys import Journey
from orders.errors import TransitionNotAllowed
from orders.models import Order, OrderLine, Rental
from orders.services.fitting import IN_WORDS, Fit, judge, worse, worst_of
from orders.services.history import CLOCK, lock_order, move
from orders.services.soon import tell_soon
from orders.states import OrderStatus, RentalStatus, SaleStatus

_A_PAGE = 200
_GIVEN_UP = (SaleStatus.CANCELLED, SaleStatus.RETURN_REQUESTED, SaleStatus.RETURNED)
_TRAVELS = (RentalStatus.BOOKED, RentalStatus.READY, RentalStatus.OUT, RentalStatus.KEPT)


@dataclass(frozen=True, slots=True)
class Worsened:
    """One line of an order that fits less well than was told, on a flight that is ahead."""

    order: Order
    line: OrderLine
    before: dict[str, Any]
    now: dict[str, Any]

    @property
    def leg(self) -> dict[str, str]:
        leg: dict[str, str] = _trip(self.order)["legs"][self.now["leg"]]
        return leg

    def __str__(self) -> str:
        before, now = IN_WORDS[self.before["answer"]], IN_WORDS[self.now["answer"]]
        return f"{self.line.sku}: {before}; now {now}. {self.now['detail']}"


def recheck_rules(*, dry_run: bool = False) -> list[Worsened]:
    """Judge every paid order whose flights are ahead by the rules of airlines as they are now. Returns what got worse.

    Its customer is told once for each change, and staff have it in a list until they settle it, or until the rules say
    again what was told. Safe to repeat. One order is locked at a time; those of which nothing changed are not.
    """
    found: list[Worsened] = []
    rules = _rules()
    for order in _ahead().iterator(chunk_size=_A_PAGE):
        fits, got_worse = _judged(order, rules)
        if not dry_run and _differs(order, fits):
            got_worse = _apply(order.pk, rules)
        found += got_worse
    return found


def _rules() -> Rules:
    rules, _ = rules_of(list(Airline.objects.values_list("code", flat=True)))
    return rules


def _ahead() -> Any:
    rentals = Prefetch("rentals", Rental.objects.order_by("id"))
    lines = OrderLine.objects.select_related("variant__container").prefetch_related(rentals).order_by("position")
    flying = Order.objects.filter(status=OrderStatus.CONFIRMED, flies_on__gte=_today(), trip__isnull=False)
    return flying.select_related("depot").prefetch_related(Prefetch("lines", lines)).order_by("id")


def _judged(order: Order, rules: Rules) -> tuple[list[Fit], list[Worsened]]:
    """How its lines fit now, and what of that got worse since it was judged last. What has flown stays as it was, and
    so does what is not the customer's any more. Needs lines with their variants and rentals."""
    trip = _trip(order)
    lines, journey, today = list(order.lines.all()), Journey.of(trip), _today()
    fits: list[Fit] = []
    found: list[Worsened] = []
    judged = judge(journey, [line.variant for line in lines], rules)
    for line, before, now in zip(lines, trip["fits"], judged, strict=True):
        fit = _merged(journey, before, now, today) if _is_theirs(line) else before
        fits.append(fit)
        found += [Worsened(order, line, *pair) for pair in worse(before["verdicts"], fit["verdicts"])]
    return fits, found


def _merged(journey: Journey, before: Fit, now: Fit, today: date) -> Fit:
    pairs = zip(before["verdicts"], now["verdicts"], strict=True)
    verdicts = [new if journey.legs[new["leg"]].on >= today else old for old, new in pairs]
    return {"answer": worst_of(verdicts), "verdicts": verdicts}


def _is_theirs(line: OrderLine) -> bool:
    if line.kind == OrderLine.Kind.SALE:
        return line.status not in _GIVEN_UP
    return any(rental.status in _TRAVELS for rental in line.rentals.all())


def _differs(order: Order, fits: Sequence[Fit]) -> bool:
    return bool(fits != _trip(order)["fits"])


@transaction.atomic
def _apply(order_id: UUID, rules: Rules) -> list[Worsened]:
    """Judge it once more under its lock, and write down what changed; of two at once the second finds nothing new."""
    order = lock_order(order_id=order_id)
    order = _ahead().filter(pk=order.pk).first()
    if order is None:
        return []
    fits, got_worse = _judged(order, rules)
    if got_worse:
        trip = _trip(order) | {"fits": fits}
        note = " ".join(dict.fromkeys(str(one) for one in got_worse))
        move(order, "recheck_fit", actor=CLOCK, note=note, trip=trip, fit_worse_at=timezone.now())
        tell_soon("fit_worse", order_id=order.pk, about=order.events.latest("pk").pk)
        return got_worse
    _keep(order, fits)
    return []


def judge_again(order_id: UUID) -> None:
    """Judge a locked order of which a container was swapped; nobody is told. Does nothing once its flights are over."""
    order = _ahead().filter(pk=order_id).first()
    if order is not None:
        _keep(order, _judged(order, _rules())[0])


def _keep(order: Order, fits: Sequence[Fit]) -> None:
    order.trip = _trip(order) | {"fits": fits}
    if not any(worse_than_told(order)):
        order.fit_worse_at = None
    order.save(update_fields=["trip", "fit_worse_at"])


def worse_than_told(order: Order) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The verdicts of an order that are worse than its quote told, as they were and as they are."""
    if order.trip and order.quote.trip:
        for before, now in zip(order.quote.trip["fits"], order.trip["fits"], strict=True):
            yield from worse(before["verdicts"], now["verdicts"])


@transaction.atomic
def settle_fit(*, order_id: UUID, actor: str, note: str) -> Order:
    """Staff and customer found a way: the order leaves the list, until its fit gets worse again.

    Locks: order. Raises: NotFound, TransitionNotAllowed.
    """
    order = lock_order(order_id=order_id)
    if order.fit_worse_at is None:
        raise TransitionNotAllowed(event="settle_fit", status="as well fitting as told", allowed=[])
    return move(order, "settle_fit", actor=actor, note=note, fit_worse_at=None)


def _trip(order: Order) -> dict[str, Any]:
    """Of one that has a trip."""
    return order.trip or {}


def _today() -> date:
    return timezone.now().date()
