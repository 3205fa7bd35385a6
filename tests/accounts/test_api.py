from uuid import uuid4

import pytest

from accounts.models import Address, Cat
from accounts.plausible import MEASURES
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
        (
            {"length_mm": 46},
            "#/length_mm",
            "46 mm is no cat's length; did you mean 460 mm (46 cm)? It is between 120 and 900 mm.",
        ),
        ({"length_mm": 46.5}, "#/length_mm", "46.5 mm is no cat's length; did you mean 465 mm (46.5 cm)?"),
        ({"length_mm": 0.46}, "#/length_mm", "0.46 mm is no cat's length; did you mean 460 mm (0.46 m)?"),
        ({"elbow_height_mm": 14}, "#/elbow_height_mm", "14 mm is no cat's elbow height; did you mean 140 mm (14 cm)?"),
        ({"width_mm": 16}, "#/width_mm", "16 mm is no cat's width; did you mean 160 mm (16 cm)?"),
        ({"height_mm": 28}, "#/height_mm", "28 mm is no cat's height; did you mean 280 mm (28 cm)?"),
        ({"weight_g": 4}, "#/weight_g", "4 g is no cat's weight; did you mean 4000 g (4 kg)?"),
        ({"weight_g": 4.2}, "#/weight_g", "4.2 g is no cat's weight; did you mean 4200 g (4.2 kg)?"),
        ({"height_mm": 601}, "#/height_mm", "601 mm is no cat's height; it is between 80 and 600 mm."),
        ({"length_mm": 0}, "#/length_mm", "0 mm is no cat's length; it is between 120 and 900 mm."),
        ({"length_mm": -46}, "#/length_mm", "-46 mm is no cat's length; it is between 120 and 900 mm."),
        ({"length_mm": 10**40}, "#/length_mm", "This is no cat's length; it is between 120 and 900 mm."),
        ({"width_mm": "wide"}, "#/width_mm", "Give whole millimetres, such as 460."),
        ({"width_mm": "1" * 2000}, "#/width_mm", "Give whole millimetres, such as 460."),
        ({"width_mm": 160.5}, "#/width_mm", "Give whole millimetres, such as 460."),
        ({"weight_g": "heavy"}, "#/weight_g", "Give whole grams, such as 4200."),
        ({"width_mm": 340, "length_mm": 340}, "#/width_mm", "A cat is longer than it is wide"),
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


@pytest.mark.parametrize(
    "measures",
    [(200, 70, 60, 130, 800), (330, 110, 100, 230, 1900), (560, 190, 180, 370, 7600), (600, 130, 270, 300, 20_000)],
    ids=["a kitten of eight weeks", "a half-grown cat", "a Maine Coon", "nearly the heaviest cat known"],
)
def test_small_large_and_fat_cats_are_cats(measures):
    body = {"name": "Mia", **dict(zip(MEASURES, measures, strict=True))}

    answer = client_for(UserFactory()).post(CATS, body, headers=new_key())

    assert answer.status_code == 201, answer.content


def test_a_cat_kept_with_measures_that_are_refused_by_now_can_still_be_renamed():
    phone, cat = client_for(owner := UserFactory()), CatFactory(owner=owner, length_mm=1200)

    assert phone.patch(f"{CATS}/{cat.pk}", {"name": "Mia"}).status_code == 200
    assert pointers(phone.patch(f"{CATS}/{cat.pk}", {"length_mm": 1190})) == ["#/length_mm"]


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
