# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Claims for damage: what is asked, what its customer says to it, and what staff decide."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.backoffice import (
    NOTHING,
    Ask,
    Card,
    Facts,
    Page,
    actor_of,
    amount,
    moment,
    page_of,
    people,
    sent,
    step_button,
    two_lines,
)
from core.money import format_minor
from orders import services
from orders.admin.history import timeline
from orders.admin.looks import claim_badge, customer_link, days, order_link
from orders.admin.pictures import condition_cards, picture_cards
from orders.admin.steps import DECIDE, HANDLE, UpholdForm, WhyForm
from orders.admin.worklists import ClaimWork, WorklistAdmin
from orders.models import Claim, RentalPhoto
from orders.states import CLAIM, ClaimStatus


@admin.register(Claim)
class ClaimAdmin(WorklistAdmin):
    list_display = ("claimed", "asked", "customer", "order_number", "depot", "until", "state")
    list_filter = (ClaimWork, ("status", ChoicesDropdownFilter), ("order__depot", RelatedDropdownFilter))
    search_fields = ("order__number", "rental__unit__serial", "order__customer__email")
    search_help_text = "Order number, unit serial or customer's e-mail"
    ordering = ("answer_by", "id")
    sortable_by = ()
    step_permission = DECIDE
    actions_detail = ("uphold", "drop")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        rows: QuerySet[Claim] = super().get_queryset(request)
        return rows.select_related(
            "order__customer", "order__depot", "rental__unit", "rental__line__variant__container"
        )

    @display(description="Claim")
    def claimed(self, row: Claim) -> SafeString:
        return two_lines(f"{row.get_kind_display()} of {row.rental.unit}", row.reason)

    @display(description="Amount")
    def asked(self, row: Claim) -> SafeString:
        return amount(row.amount_minor, row.order.currency)

    @display(description="Customer")
    def customer(self, row: Claim) -> str:
        return str(row.order.customer)

    @display(description="Order")
    def order_number(self, row: Claim) -> SafeString | str:
        return order_link(row.order)

    @display(description="Depot")
    def depot(self, row: Claim) -> str:
        return row.order.depot.code

    @display(description="To be answered by")
    def until(self, row: Claim) -> str:
        return moment(row.answer_by, row.order.depot.time_zone) if row.status == ClaimStatus.OPEN else NOTHING

    @display(description="Status")
    def state(self, row: Claim) -> SafeString:
        return claim_badge(row)

    @display(description="Next step")
    def next_step(self, row: Claim) -> SafeString | str:
        return step_button("orders_claim_uphold", row.pk, "Decide") if row.status == ClaimStatus.OBJECTED else ""

    def page(self, request: HttpRequest, obj: Claim) -> Page:
        rental, zone = obj.rental, obj.order.depot.time_zone
        photos = RentalPhoto.objects.filter(rental=rental).exclude(claim__in=rental.claims.exclude(pk=obj.pk))
        happened = obj.order.events.filter(subject=f"claim {obj.pk}")
        return Page(
            headline=f"{obj.get_kind_display()} of {rental.unit}",
            badges=[claim_badge(obj)],
            subtitle=f"{rental.line.title} · {days(rental)} · {obj.order.customer}",
            figures=_figures(obj),
            main=[
                Card("Claimed", text=obj.reason),
                *([Card("Objection", text=obj.objection, tone=_tone(obj))] if obj.objection else []),
                *([Card("Decision", text=obj.decision_note)] if obj.decision_note else []),
                *picture_cards(photos),
                *condition_cards(rental),
            ],
            aside=[
                Card("Claim", facts=_facts(obj, request.user)),
                Card("History", timeline=timeline(happened, zone=zone, about={})),
            ],
        )

    def has_decide_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(DECIDE)

    def has_drop_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(DECIDE) or request.user.has_perm(HANDLE)

    def steps(self, _request: HttpRequest, obj: Claim) -> Iterator[str]:
        yield from (name for name in ("uphold", "drop") if (name, obj.status) in CLAIM)

    @action(
        description="Uphold…", icon="gavel", permissions=["decide"], variant=ActionVariant.PRIMARY, url_path="uphold"
    )
    def uphold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        claim = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            decided = services.uphold_claim(
                claim_id=claim.pk, amount_minor=typed["amount"], note=typed["note"], actor=actor_of(request)
            )
            return f"{format_minor(decided.charged_minor or 0, claim.order.currency)} is charged."

        ask = Ask(
            title="Uphold the claim?",
            text=f"The customer wrote: “{claim.objection}” What you charge is taken from the deposit when everything "
            "is back; what that does not cover, from the kept card.",
            submit="Charge it",
            facts=_facts(claim, request.user),
            facts_title="Claim",
        )
        form = UpholdForm(sent(request), claim=claim)
        return self.take_step(request, claim, step="uphold", form=form, do=do, ask=ask)

    @action(description="Drop…", icon="undo", permissions=["drop"], url_path="drop")
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        claim = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.drop_claim(claim_id=claim.pk, note=typed["note"], actor=actor_of(request))
            return "The claim is dropped: nothing is charged for it."

        ask = Ask(
            title="Drop the claim?",
            text="Nothing is charged for it. When nothing else is open, the deposit goes back.",
            submit="Drop it",
            danger=True,
            facts=_facts(claim, request.user),
            facts_title="Claim",
        )
        return self.take_step(request, claim, step="drop", form=WhyForm(sent(request)), do=do, ask=ask)


def _figures(claim: Claim) -> Facts:
    cur = claim.order.currency
    charged = [("Charged", amount(claim.charged_minor, cur))] if claim.charged_minor is not None else []
    return [("Claimed", amount(claim.amount_minor, cur)), *charged]


def _tone(claim: Claim) -> str:
    return "danger" if claim.status == ClaimStatus.OBJECTED else ""


def _facts(claim: Claim, viewer: Any) -> Facts:
    order, zone = claim.order, claim.order.depot.time_zone
    names = people([claim.filed_by, claim.decided_by])
    return [
        ("Order", order_link(order)),
        ("Customer", customer_link(order.customer, viewer)),
        ("Rental", page_of("orders_rental", claim.rental_id, days(claim.rental))),
        ("Amount", amount(claim.amount_minor, order.currency)),
        ("Claimed by", names[claim.filed_by]),
        ("Claimed", moment(claim.created_at, zone)),
        ("To be answered by", moment(claim.answer_by, zone)),
        *(
            [("Decided by", names[claim.decided_by]), ("Decided", moment(claim.decided_at, zone))]
            if claim.decided_at
            else []
        ),
    ]
