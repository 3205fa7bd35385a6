"""A request that must happen once happens once: over HTTP, with the product's own operations."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.models import Cat
from core.idempotency import KEPT, LEASE, forget_old_keys, idempotent
from core.models import IdempotencyKey
from inventory.models import Reservation
from orders.models import Order
from tests.core.broken_urls import Broken
from tests.core.conftest import Race, stranger_connection, wait_until_somebody_waits_for
from tests.factories.accounts import Phone, UserFactory, client_for
from tests.shop import Shop, key

CATS = "/api/v1/me/cats"
CAT = {"name": "Minka", "length_mm": 460, "elbow_height_mm": 140, "width_mm": 160, "height_mm": 280, "weight_g": 4200}
K = {"Idempotency-Key": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a01"}


def add_cat(phone: Phone, body: Any = CAT, headers: dict[str, str] | None = None) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return phone.generic("POST", CATS, text, content_type="application/json", headers=headers or K)


# The key


def test_a_request_without_a_key_is_refused_and_nothing_happens(phone: Phone) -> None:
    answer = phone.post(CATS, CAT)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert not Cat.objects.exists()


@pytest.mark.parametrize("bad", ["", "x" * 256, "schlüssel", "a\nb", "a\tb", "a\x00b", "🐈", "a\x7fb"])
def test_a_key_that_cannot_be_kept_is_refused_and_nothing_happens(phone: Phone, bad: str) -> None:
    answer = add_cat(phone, headers={"Idempotency-Key": bad})

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
    assert not Cat.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("good", ["x", "x" * 255, "order 7/2027 ~ %2F?&#", "~"])
def test_any_printable_ascii_key_works_and_can_be_looked_up(phone: Phone, good: str) -> None:
    assert add_cat(phone, headers={"Idempotency-Key": good}).status_code == 201
    assert phone.get(f"/api/v1/operations/{quote(good, safe='')}").json()["state"] == "succeeded"


# Repeats


def test_a_repeat_gets_the_stored_answer_and_says_so(phone: Phone) -> None:
    first, again = add_cat(phone), add_cat(phone)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert Cat.objects.count() == 1


def test_the_stored_answer_stays_the_answer_whatever_happened_since(phone: Phone) -> None:
    first = add_cat(phone)
    phone.delete(f"{CATS}/{first.json()['id']}")

    assert add_cat(phone).json() == first.json()
    assert not Cat.objects.exists()


def test_another_body_under_one_key_is_refused(phone: Phone) -> None:
    add_cat(phone)

    answer = add_cat(phone, {**CAT, "name": "Molly"})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert [cat.name for cat in Cat.objects.all()] == ["Minka"]


def test_another_address_under_one_key_is_refused(phone: Phone) -> None:
    add_cat(phone)

    answer = phone.post("/api/v1/me/addresses", CAT, headers=K)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_white_space_and_the_order_of_names_make_no_other_body(phone: Phone) -> None:
    first = add_cat(phone)
    spread = json.dumps(dict(reversed(CAT.items())), indent=4)

    assert add_cat(phone, spread).json() == first.json()


@pytest.mark.parametrize("change", [{"weight_g": "4200"}, {"weight_g": 4200.0}, {"snub_nosed": False}])
def test_what_means_the_same_only_to_us_is_another_body(phone: Phone, change: dict[str, Any]) -> None:
    add_cat(phone)

    assert add_cat(phone, {**CAT, **change}).status_code == 422


def test_a_key_is_one_customers_own(phone: Phone) -> None:
    add_cat(phone)

    assert add_cat(client_for(UserFactory())).status_code == 201
    assert Cat.objects.count() == 2


# Under way, crashed, refused, broken


def claim(phone: Phone, *, running_until: Any) -> IdempotencyKey:
    """The key of a request that has begun and not ended."""
    add_cat(phone)
    Cat.objects.all().delete()
    row = IdempotencyKey.objects.get()
    row.state, row.running_until = IdempotencyKey.State.RUNNING, running_until
    row.response_body = row.response_status = None
    row.save()
    return row


def test_a_repeat_while_the_first_is_under_way_is_told_to_wait(phone: Phone) -> None:
    claim(phone, running_until=timezone.now() + timedelta(seconds=5))

    answer = add_cat(phone)

    assert (answer.status_code, answer.json()["code"]) == (409, "request_in_progress")
    assert int(answer["Retry-After"]) >= 1
    assert not Cat.objects.exists()
    assert IdempotencyKey.objects.get().state == "running"


def test_what_is_under_way_can_be_looked_up(phone: Phone) -> None:
    claim(phone, running_until=timezone.now() + LEASE)

    told = phone.get(f"/api/v1/operations/{K['Idempotency-Key']}").json()

    assert (told["state"], told["status"], told["answer"]) == ("running", None, None)
    assert told["operation"] == "POST /api/v1/me/cats"


def test_a_repeat_takes_over_from_a_process_that_died(phone: Phone) -> None:
    claim(phone, running_until=timezone.now() - timedelta(microseconds=1))

    assert add_cat(phone).status_code == 201
    assert Cat.objects.count() == 1
    assert IdempotencyKey.objects.get().state == "succeeded"


def test_another_body_cannot_take_over_from_a_process_that_died(phone: Phone) -> None:
    claim(phone, running_until=timezone.now() - LEASE)

    assert add_cat(phone, {**CAT, "name": "Molly"}).status_code == 422


def test_a_refused_request_is_tried_anew_under_its_key(phone: Phone) -> None:
    bad = {**CAT, "elbow_height_mm": 400}  # more than its height
    refusals = [add_cat(phone, bad) for _ in range(2)]

    assert [answer.status_code for answer in refusals] == [400, 400]
    assert "Idempotent-Replayed" not in refusals[1]
    told = phone.get(f"/api/v1/operations/{K['Idempotency-Key']}").json()
    assert (told["state"], told["status"], told["answer"]["code"]) == ("refused", 400, "invalid_input")


@pytest.mark.urls("tests.core.broken_urls")
def test_a_bug_frees_the_key_so_that_the_repeat_can_succeed(phone: Phone) -> None:
    phone.raise_request_exception = False
    Broken.breaks = 1

    answers = [phone.post("/api/v1/broken", {}, headers=K) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [500, 201, 201]
    assert "Idempotent-Replayed" in answers[2]


def test_malformed_json_claims_no_key(phone: Phone) -> None:
    assert add_cat(phone, "{").status_code == 400
    assert not IdempotencyKey.objects.exists()


def test_a_stranger_claims_no_key(db: None) -> None:
    assert Phone().post(CATS, CAT, headers=K).status_code == 401
    assert not IdempotencyKey.objects.exists()


# At the same moment


def test_two_taps_at_the_same_moment_place_one_order(transactional_db: None, shop: Shop, race: Race) -> None:
    priced, headers, phone = shop.quote(), key(), shop.phone()

    def tap() -> Any:
        return phone.post("/api/v1/orders", {"quote": str(priced.pk)}, headers=headers)

    answers = race(tap, tap)

    assert sorted(answer.status_code for answer in answers) in ([201, 201], [201, 409])
    assert Order.objects.count() == Reservation.objects.count() == len(shop.claims_at_ims()) == 1
    assert tap().json()["number"] == Order.objects.get().number


def test_many_taps_at_the_same_moment_add_one_cat(race: Race) -> None:
    phone = client_for(UserFactory())

    answers = race(*[lambda: add_cat(phone)] * 6)

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert Cat.objects.count() == 1


def test_a_repeat_that_meets_a_key_just_being_freed_is_the_first(
    transactional_db: None, somebody_else: psycopg.Connection[Any]
) -> None:
    phone = client_for(UserFactory())
    claim(phone, running_until=timezone.now() + LEASE)
    somebody_else.execute("SELECT 1 FROM core_idempotencykey FOR UPDATE")

    with ThreadPoolExecutor(1) as threads:
        repeating = threads.submit(in_a_connection_of_its_own, lambda: add_cat(phone))
        wait_until_somebody_waits_for(somebody_else)
        somebody_else.execute("DELETE FROM core_idempotencykey")
        somebody_else.commit()
        answer = repeating.result()

    assert answer.status_code == 201
    assert Cat.objects.count() == IdempotencyKey.objects.count() == 1


def in_a_connection_of_its_own(step: Callable[[], Any]) -> Any:
    try:
        return step()
    finally:
        connection.close()


def test_who_lost_the_claim_to_a_repeat_leaves_nothing_behind(transactional_db: None) -> None:
    class Slow(APIView):
        """Works for so long that a repeat takes its claim over."""

        @idempotent(atomic=True)
        def post(self, request: Any) -> Any:
            Cat.objects.create(owner=request.user, **CAT)
            with stranger_connection() as repeat:
                repeat.execute("UPDATE core_idempotencykey SET running_until = now() + interval '1 minute'")
            return Response({"done": True})

    request = APIRequestFactory().post("/slow", {}, format="json", headers=K)
    force_authenticate(request, UserFactory())

    answer = Slow.as_view()(request)

    assert (answer.status_code, answer.data["code"]) == (409, "request_in_progress")
    assert not Cat.objects.exists()
    assert IdempotencyKey.objects.get().state == "running"  # the repeat's


def test_a_lease_outlives_every_statement_that_a_request_can_wait_for() -> None:
    options = django_settings.DATABASES["default"]["OPTIONS"]["options"]

    assert "statement_timeout=20s" in options
    assert timedelta(seconds=20) < LEASE


# What is kept


def test_stored_answers_cannot_be_read_in_a_dump(phone: Phone) -> None:
    add_cat(phone, {**CAT, "name": "Minka von der Lindenweg"})

    with connection.cursor() as cursor:
        cursor.execute("SELECT core_idempotencykey::text FROM core_idempotencykey")
        assert "Lindenweg" not in str(cursor.fetchall())


def test_keys_are_kept_for_as_long_as_a_phone_may_ask_and_then_forgotten(phone: Phone) -> None:
    add_cat(phone)
    add_cat(phone, headers=key())
    IdempotencyKey.objects.filter(key=K["Idempotency-Key"]).update(created_at=timezone.now() - KEPT - timedelta(1))

    assert forget_old_keys() == 1
    assert not IdempotencyKey.objects.filter(key=K["Idempotency-Key"]).exists()
    assert IdempotencyKey.objects.count() == 1


def test_the_database_keeps_one_row_a_key_and_no_end_without_an_answer(phone: Phone) -> None:
    add_cat(phone)
    row = IdempotencyKey.objects.get()

    for change in ({"response_status": None}, {"state": "refused", "response_status": None}):
        with pytest.raises(IntegrityError, match="idempotency_key_ended_has_answer"), transaction.atomic():
            IdempotencyKey.objects.update(**change)
    with pytest.raises(IntegrityError, match="idempotency_key_state_valid"), transaction.atomic():
        IdempotencyKey.objects.update(state="lost")
    row.pk = None
    with pytest.raises(IntegrityError, match="idempotency_key_once_per_owner"), transaction.atomic():
        row.save(force_insert=True)
