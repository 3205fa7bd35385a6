from uuid import uuid4

import pytest

from accounts.models import Address, Cat
from tests.factories.accounts import AddressFactory, CatFactory, UserFactory, client_for

pytestmark = pytest.mark.django_db

ME, CATS, ADDRESSES = "/api/v1/me", "/api/v1/me/cats", "/api/v1/me/addresses"

A_CAT = {
    "name": "Minka",
    "length_mm": 460,
    "elbow_height_mm": 140,
    "width_mm": 160,
    "height_mm": 280,
    "weight_g": 4200,
}
AN_ADDRESS = {
    "recipient": "Mia Katz",
    "line1": "Lindenweg 7",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def pointers(response) -> list[str]:
    return [error["pointer"] for error in response.json()["errors"]]


# Profile


def test_only_the_name_of_a_profile_can_be_changed():
    user = UserFactory(email="mia@example.com")
    phone = client_for(user)

    renamed = phone.patch(ME, {"name": "Mia Katz"})
    refusal = phone.patch(ME, {"email": "root@example.com", "is_staff": True})

    assert renamed.json() == {**renamed.json(), "name": "Mia Katz", "email": "mia@example.com"}
    assert (refusal.status_code, pointers(refusal)) == (400, ["#/email", "#/is_staff"])
    assert phone.patch(ME, {}).json() == renamed.json()


# Cats


def test_a_cat_is_added_read_changed_and_forgotten():
    phone = client_for(UserFactory())

    created = phone.post(CATS, {**A_CAT, "snub_nosed": True, "born_on": "2021-05-04"}, headers=new_key())

    assert created.status_code == 201
    url = f"{CATS}/{created.json()['id']}"
    assert phone.get(url).json() == created.json()
    changed = phone.patch(url, {"weight_g": 4350, "born_on": None})
    assert changed.json() == {**created.json(), "weight_g": 4350, "born_on": None}
    assert phone.delete(url).status_code == 204
    assert (phone.get(url).status_code, phone.delete(url).status_code) == (404, 404)


def test_a_cat_that_is_sent_again_with_its_key_is_one_cat():
    phone, key = client_for(UserFactory()), new_key()

    answers = [phone.post(CATS, A_CAT, headers=key) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert Cat.objects.count() == 1


def test_a_new_cat_needs_a_key_that_makes_it_safe_to_send_again():
    response = client_for(UserFactory()).post(CATS, A_CAT)

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("change", "pointer", "sentence"),
    [
        ({"length_mm": 19}, "#/length_mm", "Must be between 20 and 1500 millimetres."),
        ({"height_mm": 1501}, "#/height_mm", "Must be between 20 and 1500 millimetres."),
        ({"width_mm": "wide"}, "#/width_mm", "Give whole millimetres, such as 460."),
        ({"width_mm": 160.5}, "#/width_mm", "Give whole millimetres, such as 460."),
        ({"weight_g": 199}, "#/weight_g", "Must be between 200 and 20000 grams."),
        ({"weight_g": "heavy"}, "#/weight_g", "Give whole grams, such as 4200."),
        ({"elbow_height_mm": 280}, "#/elbow_height_mm", "The elbow is below the top of the head"),
        ({"born_on": "0001-01-01"}, "#/born_on", "No cat is older than 40 years"),
        ({"name": "Mia\u202etac"}, "#/name", "Control characters cannot be part of this."),
        ({"name": "Mia\x07"}, "#/name", "Control characters cannot be part of this."),
        ({"born_on": "2999-01-01"}, "#/born_on", "A birthday cannot be in the future."),
        ({"breed": "Persian"}, "#/breed", "There is no such field here."),
        ({"owner": str(uuid4())}, "#/owner", "There is no such field here."),
    ],
)
def test_a_measure_that_cannot_be_is_refused_with_a_clear_sentence(change, pointer, sentence):
    phone = client_for(UserFactory())

    response = phone.post(CATS, {**A_CAT, **change}, headers=new_key())

    assert (response.status_code, pointers(response)) == (400, [pointer])
    assert response.json()["errors"][0]["detail"].startswith(sentence)
    assert not Cat.objects.exists()


@pytest.mark.parametrize("missing", A_CAT)
def test_every_measure_of_a_cat_is_needed(missing):
    body = {name: value for name, value in A_CAT.items() if name != missing}

    assert pointers(client_for(UserFactory()).post(CATS, body, headers=new_key())) == [f"#/{missing}"]


# Addresses


def test_an_address_is_added_read_changed_and_forgotten():
    phone = client_for(UserFactory())

    created = phone.post(ADDRESSES, AN_ADDRESS, headers=new_key())

    assert created.status_code == 201
    assert (created.json()["line2"], created.json()["phone"]) == ("", "")
    url = f"{ADDRESSES}/{created.json()['id']}"
    assert phone.get(url).json() == created.json()
    assert phone.patch(url, {"city": "Potsdam"}).json() == {**created.json(), "city": "Potsdam"}
    assert phone.delete(url).status_code == 204
    assert phone.get(url).status_code == 404


@pytest.mark.parametrize("country", ["de", "DEU", "Germany", "D1", "ZZ", "EU", "DE\n", ""])
def test_a_country_is_a_two_letter_code(country):
    response = client_for(UserFactory()).post(ADDRESSES, {**AN_ADDRESS, "country": country}, headers=new_key())

    if country == "DE\n":  # white space around a text is dropped everywhere
        assert response.json()["country"] == "DE"
    else:
        assert (response.status_code, pointers(response)) == (400, ["#/country"])


# Other people's things


@pytest.mark.parametrize(("url", "factory"), [(CATS, CatFactory), (ADDRESSES, AddressFactory)])
def test_what_belongs_to_somebody_else_is_not_there(url, factory):
    theirs, phone = factory(), client_for(UserFactory())

    assert phone.get(url).json()["results"] == []
    for method in ("get", "patch", "delete"):
        response = getattr(phone, method)(f"{url}/{theirs.pk}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert (Cat.objects.count() + Address.objects.count()) == 1


@pytest.mark.parametrize(("url", "factory"), [(CATS, CatFactory), (ADDRESSES, AddressFactory)])
def test_lists_come_in_pages_that_neither_double_nor_skip(url, factory):
    user = UserFactory()
    rows = [str(factory(owner=user).pk) for _ in range(5)]
    phone = client_for(user)

    first = phone.get(url, {"page_size": 2}).json()
    factory(owner=user)
    second = phone.get(first["next"]).json()
    third = phone.get(second["next"]).json()

    seen = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert seen == rows[::-1]
    assert third["next"] is None
    assert phone.get(third["previous"]).json()["results"] == second["results"]


def test_a_cursor_that_is_not_ours_is_refused():
    response = client_for(UserFactory()).get(CATS, {"cursor": "rubbish"})

    assert (response.status_code, pointers(response)) == (400, ["#/cursor"])


@pytest.mark.parametrize(
    ("country", "right", "wrong"),
    [
        ("DE", "10115", "1011"),
        ("AT", "1010", "10115"),
        ("NL", "1012 js", "0012 JS"),
        ("GB", "SW1A 1AA", "12345"),
        ("PT", "1000-001", "1000001"),
        ("US", "10001-0001", "10001-1"),
    ],
)
def test_a_postal_code_is_written_as_its_country_writes_it(country, right, wrong):
    phone = client_for(UserFactory())

    refused = phone.post(ADDRESSES, {**AN_ADDRESS, "country": country, "postal_code": wrong}, headers=new_key())
    taken = phone.post(ADDRESSES, {**AN_ADDRESS, "country": country, "postal_code": right}, headers=new_key())

    assert (refused.status_code, pointers(refused)) == (400, ["#/postal_code"])
    assert refused.json()["errors"][0]["detail"].startswith(f"A postal code of {country} is written such as ")
    assert taken.status_code == 201


def test_a_country_whose_postal_codes_nobody_knows_here_is_not_checked():
    address = {**AN_ADDRESS, "country": "JP", "postal_code": "anything"}

    assert client_for(UserFactory()).post(ADDRESSES, address, headers=new_key()).status_code == 201


def test_an_address_that_moves_to_another_country_needs_its_postal_code():
    phone = client_for(UserFactory())
    url = f"{ADDRESSES}/{phone.post(ADDRESSES, AN_ADDRESS, headers=new_key()).json()['id']}"

    assert pointers(phone.patch(url, {"country": "AT"})) == ["#/postal_code"]
    assert phone.patch(url, {"country": "AT", "postal_code": "1010"}).status_code == 200
