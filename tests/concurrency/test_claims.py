"""A customer accepts what a clerk drops at the same moment; and the clock that settles what is objected to."""

from functools import partial

import pytest
import time_machine

from orders.models import Charge, ChargeKind, Claim
from orders.services import accept_claim, drop_claim, object_to_claim, settle_claim
from orders.services.history import charge_rental
from orders.states import CLAIM, next_status
from tests.concurrency.racing import meanwhile, race, won
from tests.orders.test_claims import SHE, STAFF, claimed
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


def accepted_without_the_lock(claim: Claim) -> bool:
    row = Claim.objects.select_related("order", "rental").get(pk=claim.pk)
    next_status(CLAIM, "accept", row.status)
    charge_rental(row.order, row.rental, ChargeKind.DAMAGE, row.amount_minor, reason=row.reason, actor=SHE)
    return True


def test_without_the_lock_a_dropped_claim_is_charged(shop: Shop) -> None:
    claim = claimed(shop)
    drop = partial(drop_claim, claim_id=claim.pk, note="A mistake.", actor=STAFF)

    meanwhile(drop, partial(accepted_without_the_lock, claim))

    assert Claim.objects.get().status == "dropped"
    assert Charge.objects.filter(kind="damage").count() == 1


@pytest.mark.parametrize("first", ["accept", "drop"])
def test_whoever_comes_first_decides(shop: Shop, first: str) -> None:
    claim = claimed(shop)
    steps = {
        "accept": partial(accept_claim, claim_id=claim.pk, actor=SHE),
        "drop": partial(drop_claim, claim_id=claim.pk, note="A mistake.", actor=STAFF),
    }
    second = steps[{"accept": "drop", "drop": "accept"}[first]]

    done = won(meanwhile(steps[first], second))

    assert [one.status for one in done] == [{"accept": "charged", "drop": "dropped"}[first]]
    assert Charge.objects.filter(kind="damage").count() == (1 if first == "accept" else 0)


def test_many_ends_at_once_make_one(shop: Shop) -> None:
    claim = claimed(shop)
    accepts = [partial(accept_claim, claim_id=claim.pk, actor=SHE) for _ in range(4)]

    assert len(won(race(accepts))) == 1

    assert Charge.objects.filter(kind="damage").count() == 1


def test_the_clock_and_an_objection_at_the_last_moment_do_not_both_win(shop: Shop) -> None:
    claim = claimed(shop)

    with time_machine.travel(claim.answer_by, tick=False):
        objected = partial(object_to_claim, claim_id=claim.pk, text="It was so before.", actor=SHE)
        meanwhile(objected, partial(settle_claim, claim_id=claim.pk))

    assert Claim.objects.get().status == "objected"
    assert not Charge.objects.filter(kind="damage").exists()
