import pytest
from django.core.management import CommandError, call_command
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import IntegrityError, connection

from accounts.api.serializers import AddressInput, CatInput, MeInput, RegisterInput
from accounts.models import Address, Cat, OwnedQuerySet, RefreshToken, TokenFamily, User
from tests.factories.accounts import AddressFactory, CatFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_user_is_found_by_e_mail_whatever_its_case():
    user = UserFactory(email="Mia@Example.com")

    assert User.objects.get_by_natural_key("mIA@eXAMPLE.COM") == user


def test_letters_that_only_look_alike_in_capitals_are_different_addresses():
    UserFactory(email="mia@katzi.example")

    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key("mia@katz\u0131.example")  # a dotless i, whose capital is I


def test_a_user_is_found_through_the_unique_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows would be read in any way

    assert "user_email_unique_ignoring_case" in User.objects.having_email("mia@example.com").explain()


def test_the_database_refuses_one_address_in_two_cases():
    UserFactory(email="mia@example.com")

    with pytest.raises(IntegrityError, match="user_email_unique_ignoring_case"):
        User(email="MIA@example.com").save()


def test_a_superuser_may_enter_the_admin():
    user = User.objects.create_superuser("root@example.com", "a long walk home")

    assert (user.is_staff, user.is_superuser) == (True, True)


@pytest.mark.parametrize("factory", [CatFactory, AddressFactory])
def test_rows_are_visible_to_their_owner_only(factory):
    mine, _ = factory(), factory()
    rows: OwnedQuerySet = type(mine).objects

    assert list(rows.visible_to(mine.owner)) == [mine]


def test_an_address_gives_a_copy_of_itself():
    address = AddressFactory(recipient="Mia Katz", line2="Hof")

    assert address.snapshot() == {
        "recipient": "Mia Katz",
        "line1": "Lindenweg 7",
        "line2": "Hof",
        "postal_code": "10115",
        "city": "Berlin",
        "country": "DE",
        "phone": "+49 30 1234567",
    }


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (User(email="mia@example.com"), "mia@example.com"),
        (User(email="mia@example.com", name="Mia"), "Mia"),
        (Cat(name="Minka"), "Minka"),
        (Address(recipient="Mia Katz", city="Berlin"), "Mia Katz, Berlin"),
        (TokenFamily(device_name="Mia's phone"), "Mia's phone"),
    ],
)
def test_rows_call_themselves_by_what_people_call_them(row, words):
    assert str(row) == words


def test_a_refresh_token_does_not_show_its_hash():
    family = TokenFamily()
    token = RefreshToken(family=family, token_hash="secret")

    assert str(token) == f"refresh token of family {family.pk}"


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"length_mm": 19}, "cat_measures_possible"),
        ({"elbow_height_mm": 0}, "cat_measures_possible"),
        ({"width_mm": 1501}, "cat_measures_possible"),
        ({"height_mm": 2000}, "cat_measures_possible"),
        ({"elbow_height_mm": 280}, "cat_elbow_below_head"),
        ({"weight_g": 199}, "cat_weight_possible"),
        ({"weight_g": 20_001}, "cat_weight_possible"),
    ],
)
def test_the_database_keeps_no_cat_that_cannot_be(changes, constraint):
    cat = CatFactory()

    with pytest.raises(IntegrityError, match=constraint):
        Cat.objects.filter(pk=cat.pk).update(**changes)


@pytest.mark.parametrize("name", ["length_mm", "elbow_height_mm", "width_mm", "height_mm", "weight_g"])
def test_the_api_and_the_database_agree_on_the_limits_of_a_measure(name):
    limits = {type(v): v.limit_value for v in Cat._meta.get_field(name).validators}

    asked = CatInput().fields[name]

    assert (asked.min_value, asked.max_value) == (limits[MinValueValidator], limits[MaxValueValidator])


@pytest.mark.parametrize(
    ("model", "serializer"), [(Cat, CatInput), (Address, AddressInput), (User, MeInput), (TokenFamily, RegisterInput)]
)
def test_what_the_api_takes_fits_into_its_column(model, serializer):
    columns = {field.name: field.max_length for field in model._meta.get_fields() if hasattr(field, "max_length")}

    for name, field in serializer().fields.items():
        if columns.get(name) and getattr(field, "max_length", None):
            assert field.max_length <= columns[name]


def test_a_superuser_with_an_address_that_is_taken_is_refused_in_one_line(monkeypatch):
    UserFactory(email="mia@example.com")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long walk home")

    with pytest.raises(CommandError) as refusal:
        call_command("createsuperuser", "--noinput", "--email", "MIA@example.com")

    assert str(refusal.value) == "There is an account with this e-mail address already."
