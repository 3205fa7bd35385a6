"""Phones that are told what their owner should know."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Device
from accounts.services import forget_idle_devices, log_out_everywhere
from tests.factories.accounts import DeviceFactory, UserFactory, client_for

pytestmark = pytest.mark.django_db

DEVICES = "/api/v1/me/devices"
A_PHONE = {"token": "fQz1:APA91b-made-up", "platform": "ios", "name": "Mia's phone"}


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def test_a_phone_is_added_listed_and_removed_and_its_token_is_never_told():
    phone = client_for(UserFactory())

    created = phone.post(DEVICES, A_PHONE, headers=new_key())

    assert created.status_code == 201
    assert phone.get(DEVICES).json()["results"] == [created.json()]
    assert "token" not in created.json()
    assert phone.delete(f"{DEVICES}/{created.json()['id']}").status_code == 204
    assert phone.get(DEVICES).json()["results"] == []


def test_a_token_that_is_sent_again_is_the_same_phone_seen_again():
    phone = client_for(UserFactory())
    first = phone.post(DEVICES, A_PHONE, headers=new_key()).json()

    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        second = phone.post(DEVICES, A_PHONE, headers=new_key()).json()

    assert first["id"] == second["id"]
    assert first["seen_at"] < second["seen_at"]


def test_a_phone_that_changed_hands_tells_its_new_owner_only():
    before, after = UserFactory(), UserFactory()
    client_for(before).post(DEVICES, A_PHONE, headers=new_key())

    client_for(after).post(DEVICES, A_PHONE, headers=new_key())

    assert list(Device.objects.values_list("owner", flat=True)) == [after.pk]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"token": ""}, "#/token"), ({"token": "with space"}, "#/token"), ({"token": "x" * 1025}, "#/token"),
     ({"platform": "fax"}, "#/platform"), ({"owner": "me"}, "#/owner")],
)  # fmt: skip
def test_a_phone_that_cannot_be_told_is_refused(change, pointer):
    answer = client_for(UserFactory()).post(DEVICES, {**A_PHONE, **change}, headers=new_key())

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (400, [pointer])
    assert not Device.objects.exists()


def test_whoever_logs_out_everywhere_is_told_on_no_phone_any_more():
    mine, others = DeviceFactory(), DeviceFactory()

    log_out_everywhere(user_id=mine.owner_id)

    assert list(Device.objects.all()) == [others]


def test_a_phone_whose_app_was_not_opened_for_nine_months_is_forgotten():
    DeviceFactory(seen_at=timezone.now() - timedelta(days=271))
    young = DeviceFactory(seen_at=timezone.now() - timedelta(days=269))

    assert forget_idle_devices() == 1

    assert list(Device.objects.all()) == [young]
