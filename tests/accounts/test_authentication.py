from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.api.authentication import BearerAuthentication
from accounts.models import User
from accounts.services import log_out_everywhere
from accounts.tokens import LEEWAY, key_ring
from tests.accounts import forging
from tests.factories.accounts import AddressFactory, CatFactory, Phone, UserFactory, auth_header, client_for

pytestmark = pytest.mark.django_db

ME, CATS, ADDRESSES = "/api/v1/me", "/api/v1/me/cats", "/api/v1/me/addresses"


def bad_tokens():
    past = int((timezone.now() - timedelta(hours=1)).timestamp())
    other = forging.new_key()
    return {
        "rubbish": lambda user: "rubbish",
        "two dots of rubbish": lambda user: "e30.e30.e30",
        "a good token cut short": lambda user: forging.signed(forging.claims(user))[:-4],
        "expired": lambda user: forging.signed(forging.claims(user, iat=past, exp=past + 600)),
        "foreign issuer": lambda user: forging.signed(forging.claims(user, iss="https://evil.example")),
        "wrong audience": lambda user: forging.signed(forging.claims(user, aud="another-app")),
        "no audience": lambda user: forging.signed(forging.claims(user, aud=None)),
        "no expiry": lambda user: forging.signed(forging.claims(user, exp=None)),
        "algorithm none": lambda user: forging.unsigned(forging.claims(user)),
        "HS256 with the public key": lambda user: forging.signed_with_the_public_key(forging.claims(user)),
        "unknown key": lambda user: forging.signed(forging.claims(user), key=other, kid="unknown"),
        "foreign key under our name": lambda user: forging.signed(forging.claims(user), key=other),
        "a refresh token": lambda user: forging.signed(forging.claims(user, token_type="refresh")),
    }


@pytest.mark.parametrize("name", bad_tokens())
@pytest.mark.parametrize("method", ["get", "patch"])
def test_a_bad_token_opens_nothing(name, method):
    user = UserFactory()
    api = Phone(headers={"Authorization": f"Bearer {bad_tokens()[name](user)}"})

    response = getattr(api, method)(ME)

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer ümläut", "bearer "])
def test_a_header_that_is_not_well_formed_is_refused(api, header):
    assert api.get(ME, headers={"Authorization": header}).json()["code"] == "token_invalid"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic bWlhOnNlY3JldA=="}])
def test_without_a_token_the_answer_says_how_to_come_back(api, headers):
    response = api.get(ME, headers=headers)

    assert (response.status_code, response.json()["code"]) == (401, "authentication_required")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_the_forger_of_these_tests_can_also_make_a_good_token(api):
    user = UserFactory()

    response = api.get(ME, headers={"Authorization": f"Bearer {forging.signed(forging.claims(user))}"})

    assert response.json()["id"] == str(user.pk)


def test_an_access_token_ends_after_ten_minutes():
    phone = client_for(UserFactory())

    with time_machine.travel(timezone.now() + timedelta(minutes=9, seconds=50), tick=False):
        assert phone.get(ME).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=LEEWAY), tick=False):
        refusal = phone.get(ME)
    assert (refusal.status_code, refusal.json()["code"]) == (401, "token_invalid")
    assert "expired" in refusal.json()["detail"]


def test_who_reads_is_known_without_asking_the_database(django_assert_num_queries):
    user = UserFactory()
    request = Request(APIRequestFactory(headers=auth_header(user)).get(ME))

    with django_assert_num_queries(0):
        reader, _ = BearerAuthentication().authenticate(request)

    assert (reader.pk, reader.id, reader.is_authenticated, reader.is_anonymous) == (user.pk, user.pk, True, False)
    assert reader.is_active


@pytest.mark.parametrize("url", [ME, CATS, ADDRESSES])
def test_a_read_asks_the_database_for_nothing_but_its_rows(url, django_assert_num_queries):
    user = UserFactory()
    for _ in range(3):
        CatFactory(owner=user)
        AddressFactory(owner=user)
    phone = client_for(user)

    with django_assert_num_queries(1):
        assert phone.get(url).status_code == 200


def test_a_write_with_the_token_of_a_closed_account_is_refused():
    user = UserFactory()
    phone = client_for(user)
    User.objects.update(is_active=False)

    response = phone.patch(ME, {"name": "Still here"})

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
    assert phone.get(ME).status_code == 401
    assert not User.objects.filter(name="Still here").exists()


def test_a_write_after_logging_out_everywhere_is_refused():
    user = UserFactory()
    phone = client_for(user)
    log_out_everywhere(user_id=user.pk)

    assert phone.patch(ME, {"name": "Still here"}).status_code == 401
    assert client_for(User.objects.get()).patch(ME, {"name": "Mia"}).status_code == 200


def test_the_public_keys_are_published_for_gateways(api, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = api.get("/.well-known/jwks.json")

    assert response.status_code == 200
    assert {part.strip() for part in response["Cache-Control"].split(",")} == {"public", "max-age=600"}
    assert [key["kid"] for key in response.json()["keys"]] == [key_ring().kid]
    assert api.post("/.well-known/jwks.json").status_code == 405
