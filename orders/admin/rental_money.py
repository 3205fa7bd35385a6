# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""What a rental costs beyond its price: claimed first, or charged at once where its customer agreed at the counter."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from unfold.decorators import action

from core.backoffice import Ask, Card, Table, actor_of, amount, moment, page_of, people, sent, two_lines
from core.money import format_minor
from orders import services
from orders.admin.beside import beside
from orders.admin.looks import claim_badge
from orders.admin.pictures import came_back
from orders.admin.rental_changes import RentalChanges
from orders.admin.steps import ChargeForm, ClaimForm
from orders.models import Charge, ChargeKind, Rental


class RentalMoney(RentalChanges):
    """The steps that ask for money. Needs `has_handle_permission`."""

    @action(description="Claim damage…", icon="rate_review", permissions=["handle"], url_path="claim")
    def claim(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)
        order = rental.line.order

        def do(typed: dict[str, Any]) -> str:
            claim = services.file_claim(
                rental_id=rental.pk,
                kind=ChargeKind(typed["kind"]),
                amount_minor=typed["amount"],
                reason=typed["reason"],
                photos=typed["photos"],
                actor=actor_of(request),
            )
            return (
                f"Claimed: {claim}. {order.customer} may object until {moment(claim.answer_by, order.depot.time_zone)}."
            )

        ask = Ask(
            title=f"Claim damage of {rental.unit or rental.line.title}",
            text="The customer sees it in the app with the pictures of before and after. It is charged when it is "
            "accepted or not objected to in time; until then the deposit stays secured and no money moves.",
            submit="Claim",
            **beside(rental, came_back(rental)),
        )
        form = ClaimForm(sent(request), request.FILES or None, currency=order.currency)
        return self.take_step(request, rental, step="claim", form=form, do=do, ask=ask)

    @action(description="Charge…", icon="add_card", permissions=["handle"], url_path="charge")
    def charge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)
        order = rental.line.order

        def do(typed: dict[str, Any]) -> str:
            charge = services.add_charge(
                order_id=order.pk,
                rental_id=rental.pk,
                kind=ChargeKind(typed["kind"]),
                amount_minor=typed["amount"],
                reason=typed["reason"],
                photos=typed["photos"],
                seen_charges=typed["seen"],
                actor=actor_of(request),
            )
            return f"{format_minor(charge.amount_minor, order.currency)} charged: {charge.reason}"

        ask = Ask(
            title=f"Charge for {rental.unit or rental.line.title}",
            text="Only what the customer agreed to here at the counter; anything else is claimed. It is taken from the "
            "deposit when everything is back and inspected; what that does not cover is charged to the kept card, or "
            "asked for in the app.",
            submit="Charge",
            **beside(rental, came_back(rental)),
        )
        form = ChargeForm(sent(request), request.FILES or None, currency=order.currency, charges=order.charges.count())
        return self.take_step(request, rental, step="charge", form=form, do=do, ask=ask)


def claim_cards(rental: Rental) -> list[Card]:
    """What was claimed for this rental, and what became of it."""
    currency, zone = rental.line.order.currency, rental.line.order.depot.time_zone
    claims = list(rental.claims.select_related("order"))
    rows = [
        [
            two_lines(moment(claim.created_at, zone), people([claim.filed_by])[claim.filed_by]),
            two_lines(page_of("orders_claim", claim.pk, claim.get_kind_display()), claim.reason),
            claim_badge(claim),
            amount(claim.amount_minor, currency),
        ]
        for claim in claims
    ]
    return [Card("Claims", table=Table(["When", "Claim", "Status", ">Amount"], rows))] if rows else []


def charge_cards(rental: Rental) -> list[Card]:
    """What was charged for this rental alone, with the pictures that prove it."""
    currency, zone = rental.line.order.currency, rental.line.order.depot.time_zone
    charges = list(rental.charges.prefetch_related("photos"))
    names = people(charge.actor for charge in charges)
    rows = [
        [
            two_lines(moment(charge.created_at, zone), names[charge.actor]),
            two_lines(charge.get_kind_display(), charge.reason),
            format_html_join("", '<a href="{0}"><img src="{0}" alt="{1}"></a>', _pictures(charge)),
            amount(charge.amount_minor, currency),
        ]
        for charge in charges
    ]
    return [Card("Charged", table=Table(["When", "Charge", "Pictures", ">Amount"], rows))] if rows else []


def _pictures(charge: Charge) -> list[tuple[str, str]]:
    return [
        (reverse("admin:orders_rental_photo", args=[photo.pk]), f"Picture of: {charge.reason}")
        for photo in charge.photos.all()
    ]
