"""Claims for damage: said before any money moves, answered by the customer, decided by staff, settled by the clock."""

from datetime import timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import F

from core.queue import app
from orders.errors import ClaimPending, ClaimTooLate, ClaimUnsuitable, TransitionNotAllowed
from orders.models import Charge, ChargeKind, Claim, Order, Rental, RentalPhoto
from orders.services import (
    accept_claim,
    add_charge,
    close_rental,
    drop_claim,
    file_claim,
    hand_over_rental,
    object_to_claim,
    prepare_rental,
    settle_claim,
    settle_claims,
    take_back_rental,
    uphold_claim,
)
from orders.states import ClaimStatus, OrderStatus
from payments.models import Deposit, Payment
from payments.selectors import balance
from payments.services import renew_ending_holds
from payments.states import DepositStatus
from tests.factories.accounts import UserFactory, client_for
from tests.factories.orders import ClaimFactory, RentalPhotoFactory
from tests.jobs import forget_jobs, run_jobs, waiting_jobs
from tests.orders.desk import address, desk
from tests.orders.test_handing_over import page, upload
from tests.payments.test_deposits import fresh, settled, totals
from tests.shop import Shop, key

STAFF, SHE = "staff:1", "customer:1"
DECIDED = {"decided_at": F("created_at"), "decided_by": STAFF}


def back(shop: Shop, days: int = 3) -> Rental:
    """Rented, and brought back in a poor state; not inspected yet."""
    order = shop.ready(shop.rental(0, days - 1))
    settled(shop)
    rental = prepare_rental(rental_id=Rental.objects.get(line__order=order).pk, actor=STAFF)
    hand_over_rental(rental_id=rental.pk, actor=STAFF)
    take_back_rental(rental_id=rental.pk, actor=STAFF, condition="C")
    return rental


def claimed(shop: Shop, amount: int = 1500, *, days: int = 3) -> Claim:
    """Inspected and closed, with a claim."""
    rental = back(shop, days)
    claim = file_claim(
        rental_id=rental.pk, kind=ChargeKind.DAMAGE, amount_minor=amount, reason="The mesh is torn.", actor=STAFF
    )
    close_rental(rental_id=rental.pk, actor=STAFF, fit=False)
    settled(shop)
    return claim


def again(claim: Claim) -> Claim:
    return Claim.objects.get(pk=claim.pk)


def post(shop: Shop, claim: Claim, verb: str, body: Any, **more: Any) -> Any:
    where = f"/api/v1/orders/{claim.order.number}/claims/{claim.pk}/{verb}"
    return shop.phone().post(where, body, headers=more.get("headers", key()))


# Nothing moves before


def test_while_a_claim_is_undecided_no_money_moves_and_the_deposit_stays_secured(shop: Shop) -> None:
    claim = claimed(shop)

    order = fresh(claim.order)
    assert (order.status, balance(order.pk)) == (OrderStatus.CONFIRMED, 0)
    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert totals(shop) == {
        "captured": order.total_minor, "refunded": 0, "held": order.deposit_minor, "disputed": 0,
    }  # fmt: skip
    assert not Charge.objects.filter(kind="damage").exists()


def test_a_hold_that_would_run_out_is_renewed_while_a_claim_is_undecided(shop: Shop) -> None:
    claim = claimed(shop)
    held = Deposit.objects.get()
    assert held.capture_before is not None

    with time_machine.travel(held.capture_before - timedelta(hours=20), tick=False):
        renew_ending_holds()
        run_jobs()
        object_to_claim(claim_id=claim.pk, text="It was so before.", actor=SHE)

    assert Deposit.objects.get().provider_ref != held.provider_ref
    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert totals(shop)["held"] == claim.order.deposit_minor


def test_another_rental_of_the_order_may_still_be_out(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 2, 2))
    first, second = Rental.objects.order_by("id")
    for rental in (first, second):
        prepare_rental(rental_id=rental.pk, actor=STAFF)
        hand_over_rental(rental_id=rental.pk, actor=STAFF)
    take_back_rental(rental_id=first.pk, actor=STAFF, condition="C")
    claim = file_claim(
        rental_id=first.pk, kind=ChargeKind.CLEANING, amount_minor=900, reason="Hair everywhere.", actor=STAFF
    )

    accept_claim(claim_id=claim.pk, actor=SHE)
    settled(shop)

    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert balance(order.pk) == 900


# What ends it


def test_an_accepted_claim_is_taken_from_the_deposit_and_the_rest_goes_back(shop: Shop) -> None:
    claim = claimed(shop)

    accept_claim(claim_id=claim.pk, actor=SHE)
    settled(shop)

    made = again(claim)
    assert (made.status, made.charged_minor, made.charge) == ("charged", 1500, Charge.objects.get(kind="damage"))
    assert (made.charge.rental, made.charge.reason, made.charge.actor) == (claim.rental, "The mesh is torn.", SHE)
    order = fresh(claim.order)
    assert (order.status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)
    assert Deposit.objects.get().captured_minor == 1500
    assert totals(shop)["captured"] == order.total_minor + 1500
    assert totals(shop)["held"] == 0


def test_what_the_deposit_does_not_cover_is_collected_from_the_kept_card(shop: Shop) -> None:
    claim = claimed(shop, 6000)

    accept_claim(claim_id=claim.pk, actor=SHE)
    settled(shop)

    assert Payment.objects.get(purpose="extra").captured_minor == 6000 - claim.order.deposit_minor
    assert (fresh(claim.order).status, balance(claim.order_id)) == (OrderStatus.COMPLETED, 0)


def test_a_claim_of_a_charged_deposit_gives_back_only_the_rest(shop: Shop) -> None:
    claim = claimed(shop, days=8)
    assert totals(shop)["refunded"] == 0

    accept_claim(claim_id=claim.pk, actor=SHE)
    settled(shop)

    assert totals(shop)["refunded"] == claim.order.deposit_minor - 1500
    assert fresh(claim.order).status == OrderStatus.COMPLETED


def test_who_is_silent_until_the_deadline_accepts_and_not_a_moment_earlier(shop: Shop) -> None:
    claim = claimed(shop)

    with time_machine.travel(claim.answer_by - timedelta(seconds=1), tick=False):
        assert settle_claims() == []
        assert not settle_claim(claim_id=claim.pk)
    with time_machine.travel(claim.answer_by, tick=False):
        assert settle_claims() == [claim]
        run_jobs()
        assert settle_claims() == []
        assert not settle_claim(claim_id=claim.pk)

    assert (again(claim).status, again(claim).decided_by) == ("charged", "clock")
    assert Charge.objects.filter(kind="damage").count() == 1


def test_after_a_pause_of_the_worker_every_claim_is_settled_once(shop: Shop) -> None:
    claims = [claimed(shop), claimed(shop)]
    forget_jobs()

    with time_machine.travel(claims[1].answer_by + timedelta(days=30), tick=False):
        app.tasks["orders.settle_claims"](timestamp=0)
        app.tasks["orders.settle_claims"](timestamp=0)
        assert len(waiting_jobs("orders.settle_claim")) == 2
        run_jobs()

    assert {again(claim).status for claim in claims} == {"charged"}
    assert Charge.objects.filter(kind="damage").count() == 2


def test_the_command_lists_and_with_dry_run_changes_nothing(shop: Shop) -> None:
    claim = claimed(shop)
    forget_jobs()

    with time_machine.travel(claim.answer_by, tick=False):
        looked, done = StringIO(), StringIO()
        call_command("settle_claims", "--dry-run", stdout=looked)
        assert waiting_jobs("settle_claim") == []
        call_command("settle_claims", stdout=done)

    assert claim.order.number in looked.getvalue()
    assert looked.getvalue().endswith("1 not objected to; nothing is charged.\n")
    assert done.getvalue().endswith("1 not objected to; being charged.\n")
    assert waiting_jobs("settle_claim") == [("orders.settle_claim", {"claim_id": str(claim.pk)})]


def test_a_claim_that_was_objected_to_waits_for_staff_and_not_for_the_clock(shop: Shop) -> None:
    claim = claimed(shop)
    object_to_claim(claim_id=claim.pk, text=" It was torn before. ", actor=SHE)

    with time_machine.travel(claim.answer_by + timedelta(days=1), tick=False):
        assert settle_claims() == []
        assert not settle_claim(claim_id=claim.pk)

    assert (again(claim).status, again(claim).objection) == ("objected", "It was torn before.")
    assert Deposit.objects.get().status == DepositStatus.SECURED


@pytest.mark.parametrize(("amount", "event"), [(None, "uphold_claim"), (1500, "uphold_claim"), (400, "reduce_claim")])
def test_staff_uphold_or_reduce_what_was_objected_to(shop: Shop, amount: int | None, event: str) -> None:
    claim = claimed(shop)
    object_to_claim(claim_id=claim.pk, text="It was torn before.", actor=SHE)

    uphold_claim(claim_id=claim.pk, amount_minor=amount, note="Our picture shows it whole.", actor=STAFF)
    settled(shop)

    assert again(claim).charged_minor == (amount or 1500)
    assert Deposit.objects.get().captured_minor == (amount or 1500)
    assert claim.order.events.get(event=event).note == "Our picture shows it whole."
    assert fresh(claim.order).status == OrderStatus.COMPLETED


def test_a_dropped_claim_lets_the_whole_deposit_go(shop: Shop) -> None:
    claim = claimed(shop)

    drop_claim(claim_id=claim.pk, note="It was our mistake.", actor=STAFF)
    settled(shop)

    assert again(claim).status == ClaimStatus.DROPPED
    assert Deposit.objects.get().status == DepositStatus.RELEASED
    assert (fresh(claim.order).status, totals(shop)["held"]) == (OrderStatus.COMPLETED, 0)


def test_a_second_thought_after_an_objection_is_taken(shop: Shop) -> None:
    claim = claimed(shop)
    object_to_claim(claim_id=claim.pk, text="It was torn before.", actor=SHE)

    accept_claim(claim_id=claim.pk, actor=SHE)

    assert again(claim).status == ClaimStatus.CHARGED


@pytest.mark.parametrize("end", ["accept", "drop"])
def test_what_is_decided_stays_decided(shop: Shop, end: str) -> None:
    claim = claimed(shop)
    accept_claim(claim_id=claim.pk, actor=SHE) if end == "accept" else drop_claim(
        claim_id=claim.pk, note="No.", actor=STAFF
    )

    for step in (
        lambda: accept_claim(claim_id=claim.pk, actor=SHE),
        lambda: object_to_claim(claim_id=claim.pk, text="No.", actor=SHE),
        lambda: uphold_claim(claim_id=claim.pk, note="Yes.", actor=STAFF),
        lambda: drop_claim(claim_id=claim.pk, note="No.", actor=STAFF),
    ):
        with pytest.raises(TransitionNotAllowed):
            step()
    assert Charge.objects.filter(kind="damage").count() == (1 if end == "accept" else 0)


def test_nobody_objects_after_the_deadline_though_no_job_has_run(shop: Shop) -> None:
    claim = claimed(shop)

    with time_machine.travel(claim.answer_by + timedelta(seconds=1), tick=False), pytest.raises(ClaimTooLate):
        object_to_claim(claim_id=claim.pk, text="Too late.", actor=SHE)

    assert again(claim).status == ClaimStatus.OPEN


# What can be claimed


@pytest.mark.parametrize(
    "wrong", [{"amount_minor": 0}, {"amount_minor": -1}, {"reason": "  "}, {"kind": ChargeKind.LATE_FEE}]
)
def test_a_claim_needs_a_kind_an_amount_and_a_reason(shop: Shop, wrong: dict[str, Any]) -> None:
    right = {"kind": ChargeKind.DAMAGE, "amount_minor": 100, "reason": "Torn."}

    with pytest.raises(ClaimUnsuitable):
        file_claim(rental_id=back(shop).pk, actor=STAFF, **(right | wrong))


def test_nothing_is_claimed_before_the_unit_is_back_nor_once_its_order_is_over(shop: Shop) -> None:
    rental = prepare_rental(rental_id=Rental.objects.get(line__order=shop.ready(shop.rental(0, 2))).pk, actor=STAFF)
    ask = {"kind": ChargeKind.DAMAGE, "amount_minor": 100, "reason": "Torn.", "actor": STAFF}

    with pytest.raises(TransitionNotAllowed):
        file_claim(rental_id=rental.pk, **ask)
    hand_over_rental(rental_id=rental.pk, actor=STAFF)
    take_back_rental(rental_id=rental.pk, actor=STAFF, condition="A")
    close_rental(rental_id=rental.pk, actor=STAFF)
    settled(shop)
    with pytest.raises(TransitionNotAllowed):
        file_claim(rental_id=rental.pk, **ask)


def test_one_thing_is_claimed_once_at_a_time(shop: Shop) -> None:
    rental = back(shop)
    ask = {"rental_id": rental.pk, "amount_minor": 100, "reason": "Torn.", "actor": STAFF}
    first = file_claim(kind=ChargeKind.DAMAGE, **ask)

    with pytest.raises(ClaimPending):
        file_claim(kind=ChargeKind.DAMAGE, **ask)
    file_claim(kind=ChargeKind.CLEANING, **ask)
    drop_claim(claim_id=first.pk, note="Wrong amount.", actor=STAFF)
    file_claim(kind=ChargeKind.DAMAGE, **ask)

    assert Claim.objects.count() == 3


@pytest.mark.parametrize("amount", [0, -5, 1501])
def test_never_more_is_upheld_than_was_claimed(shop: Shop, amount: int) -> None:
    claim = claimed(shop)
    object_to_claim(claim_id=claim.pk, text="No.", actor=SHE)

    with pytest.raises(ClaimUnsuitable):
        uphold_claim(claim_id=claim.pk, amount_minor=amount, note="Yes.", actor=STAFF)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (DECIDED | {"status": "charged"}, "claim_charged_once_decided"),
        ({"status": "dropped"}, "claim_decided_by_somebody"),
        ({"status": "objected"}, "claim_objected_in_words"),
        (DECIDED | {"status": "lost"}, "claim_status_valid"),
        ({"kind": "sale"}, "claim_kind_valid"),
        ({"amount_minor": 0}, "claim_says_how_much_and_why"),
        ({"charged_minor": 5}, "claim_charged_once_decided"),
    ],
)
def test_the_database_refuses_a_claim_that_contradicts_itself(db: None, wrong: dict[str, Any], rule: str) -> None:
    claim = ClaimFactory()

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).update(**wrong)


def test_the_database_refuses_a_second_undecided_claim_and_a_picture_of_nothing(db: None) -> None:
    claim = ClaimFactory()

    with pytest.raises(IntegrityError, match="claim_one_undecided_per_kind"), transaction.atomic():
        ClaimFactory(rental=claim.rental)
    with pytest.raises(IntegrityError, match="rental_photo_moment_valid"), transaction.atomic():
        RentalPhotoFactory(rental=claim.rental, moment="claimed")


# Over HTTP


def test_a_customer_reads_a_claim_with_the_pictures_of_before_and_after_and_accepts_it(shop: Shop) -> None:
    rental = back(shop)
    for moment in ("handed_over", "taken_back"):
        RentalPhotoFactory(rental=rental, moment=moment)
    claim = file_claim(
        rental_id=rental.pk, kind=ChargeKind.DAMAGE, amount_minor=1500, reason="Torn.", actor=STAFF, photos=[upload()]
    )
    listed = f"/api/v1/orders/{claim.order.number}/claims"

    [told] = shop.phone().get(listed).json()
    assert (told["status"], told["amount"], told["charged"]) == ("open", {"amount": 1500, "currency": "EUR"}, None)
    assert [photo["moment"] for photo in told["photos"]] == ["handed_over", "taken_back", "claimed"]
    assert told["allowed_events"] == ["accept", "object"]

    same = key()
    answers = [post(shop, claim, "accept", {}, headers=same) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["charged"] == {"amount": 1500, "currency": "EUR"}
    assert answers[0].json()["allowed_events"] == []
    assert Charge.objects.filter(kind="damage").count() == 1


def test_a_customer_objects_in_words(shop: Shop) -> None:
    claim = claimed(shop)

    assert post(shop, claim, "object", {"text": ""}).status_code == 400
    answer = post(shop, claim, "object", {"text": "It was torn before."})

    assert (answer.status_code, answer.json()["status"]) == (200, "objected")
    assert answer.json()["allowed_events"] == ["accept"]
    refused = post(shop, claim, "object", {"text": "Again."})
    assert (refused.status_code, refused.json()["code"]) == (409, "transition_not_allowed")
    assert refused.json()["allowed"] == ["accept"]  # what staff may do is not the customer's to know


def test_a_claim_of_another_order_of_ones_own_is_not_found_under_this_one(shop: Shop) -> None:
    claim, other = claimed(shop), shop.paid(shop.sale())

    answer = shop.phone().post(f"/api/v1/orders/{other.number}/claims/{claim.pk}/accept", {}, headers=key())

    assert answer.status_code == 404
    assert client_for(UserFactory()).get(f"/api/v1/orders/{claim.order.number}/claims").status_code == 404


def test_the_history_tells_the_customer_of_a_claim_without_anybodys_words(shop: Shop) -> None:
    claim = claimed(shop)
    object_to_claim(claim_id=claim.pk, text="It was torn before.", actor=SHE)

    events = shop.phone().get(f"/api/v1/orders/{claim.order.number}/events").json()

    assert not claim.order.events.filter(note__contains="before").exists()  # events can never be changed
    mine = [(e["event"], e["by"], e["reason"]) for e in events if e["subject"] == f"claim {claim.pk}"]
    assert mine == [("file_claim", "staff", ""), ("object_claim", "customer", "")]


# At the staff pages


def test_a_clerk_claims_with_pictures_and_the_rental_shows_it(shop: Shop) -> None:
    clerk, rental = desk("clerk"), back(shop)
    ask = {"kind": "damage", "amount": "15,00", "reason": "The mesh is torn.", "photos": [upload()]}

    clerk.post(address("orders_rental_claim", rental), ask)

    claim = Claim.objects.get()
    assert (claim.amount_minor, claim.photos.count(), RentalPhoto.objects.count()) == (1500, 1, 1)
    told = page(clerk.get(address("orders_rental_change", rental)))
    assert address("orders_claim_change", claim) in told
    assert "Waiting for the customer" in told


def test_only_who_may_decide_upholds_and_clerks_may_drop(shop: Shop) -> None:
    claim = claimed(shop)
    object_to_claim(claim_id=claim.pk, text="It was torn before.", actor=SHE)
    clerk, decides, auditor = desk("clerk"), desk("approvals"), desk("auditor")
    uphold, drop = address("orders_claim_uphold", claim), address("orders_claim_drop", claim)

    assert "It was torn before." in page(auditor.get(address("orders_claim_change", claim)))
    assert auditor.post(drop, {"note": "x"}).status_code == 403
    assert clerk.post(uphold, {"amount": "15", "note": "x"}).status_code == 403
    assert "The customer wrote: “It was torn before.”" in page(decides.get(uphold))
    assert "of at most what was claimed" in page(decides.post(uphold, {"amount": "15.01", "note": "x"}))
    decides.post(uphold, {"amount": "4.00", "note": "Half of it was so before."})

    assert (again(claim).charged_minor, again(claim).decision_note) == (400, "Half of it was so before.")


def test_the_worklist_shows_what_is_to_be_decided_first(db: None) -> None:
    objected, waiting = ClaimFactory(objected=True), ClaimFactory()
    for claim in (objected, waiting):
        Order.objects.filter(pk=claim.order_id).update(status="confirmed")
    decides = desk("approvals")

    told = page(decides.get(address("orders_claim_changelist") + "?work=decide"))

    assert objected.order.number in told
    assert waiting.order.number not in told
    assert address("orders_claim_uphold", objected) in told
    assert waiting.order.number in page(decides.get(address("orders_claim_changelist")))


# What the customer is told


def letters(words: str) -> list[str]:
    return [" ".join(message.body.split()) for message in mail.outbox if words in message.subject]


def test_a_customer_hears_of_a_claim_until_when_they_may_object_and_that_nothing_is_charged_yet(shop: Shop) -> None:
    claim = claimed(shop)

    (told,) = letters("Please look at what came back")

    for said in ("The mesh is torn.", "Nothing is charged yet.", f"on {day_of(claim)}", "€15.00"):
        assert said in told


def day_of(claim: Claim) -> str:
    until = claim.answer_by.astimezone(ZoneInfo(claim.order.depot.time_zone))
    return f"{until.day} {until:%B %Y}"


def test_a_customer_hears_how_an_objection_was_decided_and_why(shop: Shop) -> None:
    claim = claimed(shop)
    object_to_claim(claim_id=claim.pk, text="It was torn before.", actor=SHE)

    uphold_claim(claim_id=claim.pk, note="It was whole on the picture.", amount_minor=900, actor=STAFF)
    settled(shop)

    (told,) = letters("is decided")
    for said in ("We have decided about your objection.", "It was whole on the picture.", "€9.00"):
        assert said in told


def test_silence_that_became_a_charge_is_said(shop: Shop) -> None:
    claim = claimed(shop)
    with time_machine.travel(claim.answer_by + timedelta(minutes=1)):
        settle_claim(claim_id=claim.pk)
        settled(shop)

    (told,) = letters("is decided")
    assert "We heard nothing from you, so it is charged." in told


def test_who_agrees_is_told_of_the_money_only(shop: Shop) -> None:
    accept_claim(claim_id=claimed(shop).pk, actor=SHE)
    settled(shop)

    assert letters("is decided") == []


def test_a_claim_that_is_dropped_is_told(shop: Shop) -> None:
    drop_claim(claim_id=claimed(shop).pk, note="Our mistake.", actor=STAFF)
    settled(shop)

    (told,) = letters("is dropped")
    assert "You pay nothing for it." in told
    assert "Our mistake." in told


def test_what_is_claimed_is_not_charged_beside_it(shop: Shop) -> None:
    rental = claimed(shop).rental

    with pytest.raises(ClaimPending):
        add_charge(
            order_id=rental.line.order_id, rental_id=rental.pk, kind=ChargeKind.DAMAGE, amount_minor=1500,
            reason="torn", actor=STAFF,
        )  # fmt: skip
    add_charge(
        order_id=rental.line.order_id, rental_id=rental.pk, kind=ChargeKind.CLEANING, amount_minor=500,
        reason="hair", actor=STAFF,
    )  # fmt: skip
