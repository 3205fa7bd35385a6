from uuid import uuid4

import pytest

from accounts.models import TokenFamily, User
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/me"
REGISTER, TOKEN, REFRESH, LOGOUT = (f"/api/v1/auth/{name}" for name in ("register", "token", "refresh", "logout"))


def pointers(response) -> list[str]:
    return [error["pointer"] for error in response.json()["errors"]]


def test_a_customer_registers_looks_at_the_profile_refreshes_and_logs_out(api):
    body = {"email": "mia@example.com", "password": PASSWORD, "name": "Mia", "device_name": "Mia's phone"}

    registered = api.post(REGISTER, body)

    assert registered.status_code == 201
    session = registered.json()
    assert (session["token_type"], session["expires_in"]) == ("Bearer", 600)
    user = User.objects.get()
    assert session["user"]["id"] == str(user.pk)
    profile = api.get(ME, headers={"Authorization": f"Bearer {session['access_token']}"})
    assert profile.json() == session["user"]
    refreshed = api.post(REFRESH, {"refresh_token": session["refresh_token"]})
    assert refreshed.status_code == 200
    assert refreshed.json()["user"] == session["user"]
    assert api.post(LOGOUT, {"refresh_token": refreshed.json()["refresh_token"]}).status_code == 204
    assert api.post(REFRESH, {"refresh_token": refreshed.json()["refresh_token"]}).status_code == 401


def test_tokens_are_never_kept_by_a_cache(api):
    response = api.post(REGISTER, {"email": "mia@example.com", "password": PASSWORD})

    assert response["Cache-Control"] == "no-store"


def test_an_address_that_is_taken_is_a_conflict_with_a_stable_code(api):
    UserFactory(email="mia@example.com")

    response = api.post(REGISTER, {"email": "Mia@example.com", "password": PASSWORD})

    assert (response.status_code, response.json()["code"]) == (409, "email_taken")
    assert response["Content-Type"] == "application/problem+json"


def test_a_weak_password_is_said_on_its_field(api):
    response = api.post(REGISTER, {"email": "mia@example.com", "password": "12345678"})

    assert response.status_code == 400
    assert set(pointers(response)) == {"#/password"}
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"password": PASSWORD}, "#/email"),
        ({"email": "not an address", "password": PASSWORD}, "#/email"),
        ({"email": "mia@example.com"}, "#/password"),
        ({"email": "mia@example.com", "password": "x" * 257}, "#/password"),
        ({"email": "mia@example.com", "password": "nul\x00nul\x00nul"}, "#/password"),
        ({"email": "mia@example.com", "password": PASSWORD, "is_staff": True}, "#/is_staff"),
        ({"email": "mia@example.com", "password": PASSWORD, "device_name": "x" * 121}, "#/device_name"),
    ],
)
def test_a_registration_with_a_wrong_field_makes_nobody(api, body, pointer):
    response = api.post(REGISTER, body)

    assert (response.status_code, pointers(response)) == (400, [pointer])
    assert not User.objects.exists()


def test_logging_in_needs_the_right_password(api):
    UserFactory(email="mia@example.com")

    right = api.post(TOKEN, {"email": "mia@example.com", "password": PASSWORD})
    wrong = api.post(TOKEN, {"email": "mia@example.com", "password": "wrong"})

    assert right.status_code == 200
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    assert wrong["WWW-Authenticate"] == 'Bearer realm="api"'
    assert TokenFamily.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_reused_refresh_token_is_refused_and_the_session_stays_ended(api):
    UserFactory(email="mia@example.com")
    first = api.post(TOKEN, {"email": "mia@example.com", "password": PASSWORD}).json()["refresh_token"]
    second = api.post(REFRESH, {"refresh_token": first}).json()["refresh_token"]

    again = api.post(REFRESH, {"refresh_token": first})
    after = api.post(REFRESH, {"refresh_token": second})

    assert (again.status_code, again.json()["code"]) == (401, "refresh_token_reused")
    assert (after.status_code, after.json()["code"]) == (401, "refresh_token_invalid")


def test_a_refresh_whose_answer_was_lost_may_be_repeated_with_its_key(api):
    UserFactory(email="mia@example.com")
    first = api.post(TOKEN, {"email": "mia@example.com", "password": PASSWORD}).json()["refresh_token"]
    key = {"Idempotency-Key": str(uuid4())}

    answers = [api.post(REFRESH, {"refresh_token": first}, headers=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["refresh_token"] == answers[1].json()["refresh_token"]


def test_a_request_key_is_bounded(api):
    response = api.post(REFRESH, {"refresh_token": "x"}, headers={"Idempotency-Key": "k" * 256})

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_invalid")


def test_logging_out_with_a_token_nobody_knows_is_success(api):
    assert api.post(LOGOUT, {"refresh_token": "nobody-knows-me"}).status_code == 204


def test_an_access_token_that_went_bad_does_not_keep_anybody_from_logging_in(api):
    UserFactory(email="mia@example.com")

    response = api.post(
        TOKEN, {"email": "mia@example.com", "password": PASSWORD}, headers={"Authorization": "Bearer rubbish"}
    )

    assert response.status_code == 200


@pytest.mark.parametrize("url", [REGISTER, TOKEN])
def test_credentials_may_be_tried_twenty_times_a_minute_from_one_place(api, url):
    statuses = {api.post(url, {"email": "bad"}).status_code for _ in range(20)}

    refusal = api.post(url, {"email": "bad"})

    assert statuses == {400}
    assert (refusal.status_code, refusal.json()["code"]) == (429, "rate_limited")
    assert 0 < int(refusal["Retry-After"]) <= 61
    assert api.post(url, {"email": "bad"}, REMOTE_ADDR="10.0.0.2").status_code == 400


def test_an_ipv6_network_is_one_place_and_its_neighbour_another(api):
    for host in range(20):
        assert api.post(TOKEN, {"email": "bad"}, REMOTE_ADDR=f"2001:db8:1:2::{host:x}").status_code == 400

    same = api.post(TOKEN, {"email": "bad"}, REMOTE_ADDR="2001:db8:1:2:ffff:ffff:ffff:ffff")
    neighbour = api.post(TOKEN, {"email": "bad"}, REMOTE_ADDR="2001:db8:1:3::1")

    assert (same.status_code, neighbour.status_code) == (429, 400)


def test_an_ipv4_address_is_one_place_however_it_is_written(api):
    for _ in range(20):
        assert api.post(TOKEN, {"email": "bad"}, REMOTE_ADDR="::ffff:10.0.0.7").status_code == 400

    assert api.post(TOKEN, {"email": "bad"}, REMOTE_ADDR="10.0.0.7").status_code == 429
    assert api.post(TOKEN, {"email": "bad"}, REMOTE_ADDR="::ffff:10.0.0.8").status_code == 400


@pytest.mark.parametrize("url", [REFRESH, LOGOUT])
def test_many_phones_behind_one_address_refresh_and_end_their_sessions(api, url):
    statuses = {api.post(url, {"refresh_token": "x"}).status_code for _ in range(200)}

    assert 429 not in statuses


def test_one_address_may_be_tried_a_hundred_times_a_minute_from_everywhere_together(api):
    for place in range(5):
        for _ in range(20):
            assert api.post(TOKEN, {"email": "Mia@example.com"}, REMOTE_ADDR=f"10.0.0.{place}").status_code == 400

    refusal = api.post(TOKEN, {"email": "mia@example.com "}, REMOTE_ADDR="10.0.0.9")

    assert refusal.status_code == 429
    assert int(refusal["Retry-After"]) > 0
    assert api.post(TOKEN, {"email": "kim@example.com"}, REMOTE_ADDR="10.0.0.9").status_code == 400


def test_a_stranger_who_is_refused_does_not_use_up_the_owners_tries(api):
    UserFactory(email="mia@example.com")
    for _ in range(200):
        api.post(TOKEN, {"email": "mia@example.com"}, REMOTE_ADDR="10.0.0.66")

    assert api.post(TOKEN, {"email": "mia@example.com", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("body", ["[1, 2]", '"text"', '{"email": ["a"]}', '{"email": "\\ud800@example.com"}'])
def test_a_body_of_a_wrong_shape_is_a_bad_request(api, body):
    response = api.post(TOKEN, body, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


def test_a_body_that_is_not_json_is_a_bad_request(api):
    response = api.post(TOKEN, "{", content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "malformed_request")
