"""People with good defaults, and phones that are logged in as them.

* UserFactory(), UserFactory(staff=True), UserFactory(superuser=True), UserFactory(closed=True); all know PASSWORD
* CatFactory(owner=user), AddressFactory(owner=user), DeviceFactory(owner=user)
* client_for(user).get("/api/v1/me"), or any client with headers=auth_header(user): a real token, really checked
"""

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory
from rest_framework.test import APIClient

from accounts.models import Address, Cat, Device, User
from accounts.tokens import AccessToken

PASSWORD = "a long walk home"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    class Params:
        staff = factory.Trait(is_staff=True)
        superuser = factory.Trait(is_staff=True, is_superuser=True)
        closed = factory.Trait(is_active=False)

    email = factory.Sequence(lambda n: f"customer{n}@example.com")
    name = factory.Sequence(lambda n: f"Customer {n}")
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        return model_class.objects.create_user(*args, **fields)


class CatFactory(DjangoModelFactory):
    """Fits a container of 530 x 320 x 280 mm inside, bedding not counted."""

    class Meta:
        model = Cat

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Cat {n}")
    length_mm = 460
    elbow_height_mm = 140
    width_mm = 160
    height_mm = 280
    weight_g = 4200


class AddressFactory(DjangoModelFactory):
    class Meta:
        model = Address

    owner = factory.SubFactory(UserFactory)
    recipient = factory.SelfAttribute("owner.name")
    line1 = "Lindenweg 7"
    postal_code = "10115"
    city = "Berlin"
    country = "DE"
    phone = "+49 30 1234567"


class DeviceFactory(DjangoModelFactory):
    class Meta:
        model = Device

    owner = factory.SubFactory(UserFactory)
    token = factory.Sequence(lambda n: f"push-token-{n}")
    platform = Device.Platform.IOS
    seen_at = factory.LazyFunction(timezone.now)


class Phone(APIClient):
    """Sends JSON, as phones do."""

    default_format = "json"


def auth_header(user: User) -> dict[str, str]:
    """What a phone of this user sends: `client.get(url, headers=auth_header(user))`."""
    return {"Authorization": f"Bearer {AccessToken.for_user(user)}"}


def client_for(user: User) -> Phone:
    """A phone on which this user is logged in."""
    return Phone(headers=auth_header(user))
