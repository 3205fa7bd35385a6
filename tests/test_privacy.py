"""Nobody reads or changes what is somebody else's, on any address there is or will be."""

from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import get_resolver
from rest_framework.test import APIClient

from accounts.models import Address, Cat
from orders.models import Rental
from orders.numbers import new_order_number
from tests.factories.accounts import AddressFactory, CatFactory, DeviceFactory, UserFactory
from tests.factories.orders import ClaimFactory, RentalPhotoFactory, waiting_for
from tests.routes import API, Route, api_routes
from tests.shop import Shop, key

EVERYBODYS = {"slug"}  # parameters that lead to the shop window
HERS = [route for route in api_routes() if set(route.parameters) - EVERYBODYS and not route.public]
NOBODYS: dict[str, Callable[[], str]] = {
    "number": new_order_number,
    "document": lambda: "R-2026-000001",
    "quote_id": lambda: str(uuid4()),
    "cat_id": lambda: str(uuid4()),
    "address_id": lambda: str(uuid4()),
    "photo_id": lambda: str(uuid4()),
    "claim_id": lambda: str(uuid4()),
    "device_id": lambda: str(uuid4()),
    "entry_id": lambda: str(uuid4()),
    "key": lambda: str(uuid4()),
    "secret": lambda: token_urlsafe(32),
}
CHANGES: dict[str, dict[str, Any]] = {"cat_id": {"weight_g": 9999}, "address_id": {"city": "Elsewhere"}}
OPEN = [
    "/livez",
    "/readyz",
    "/.well-known/jwks.json",
    "/api/schema/",
    "/api/docs/",
    "/api/errors/",
]
LEADING_ON = ["/", "/favicon.ico"]  # redirects to what everybody may see


@pytest.fixture
def hers(shop: Shop) -> dict[str, str]:
    """What a customer has: one value for every parameter of an address."""
    order, headers = shop.paid(shop.sale(), shop.rental()), key()
    living = shop.paid(shop.sale(), shop.rental())
    rental = Rental.objects.get(line__order=living)
    shop.phone().post(f"/api/v1/orders/{order.number}/cancel", {"reason": "ill"}, headers=headers)
    return {
        "number": living.number,
        "document": living.documents.get().number,
        "quote_id": str(shop.quote().pk),
        "cat_id": str(CatFactory(owner=shop.customer).pk),
        "address_id": str(AddressFactory(owner=shop.customer).pk),
        "photo_id": str(RentalPhotoFactory(rental=rental).pk),
        "claim_id": str(ClaimFactory(rental=rental).pk),
        "entry_id": str(waiting_for(shop).pk),
        "device_id": str(DeviceFactory(owner=shop.customer).pk),
        "key": headers["Idempotency-Key"],
    }


def body(route: Route) -> dict[str, Any]:
    """What would change something, if it were the sender's."""
    return CHANGES.get(route.parameters[-1], {}) if route.takes_body else {}


def everything() -> dict[str, list[Any]]:
    """Every row of the shop, but for the traces of the requests themselves."""
    ours = ("accounts", "catalog", "inventory", "orders", "payments")
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for app in ours
        for model in apps.get_app_config(app).get_models()
    }


@pytest.mark.parametrize("route", HERS, ids=str)
def test_what_is_somebody_elses_is_not_there(shop: Shop, hers: dict[str, str], route: Route) -> None:
    stranger = shop.phone(UserFactory())
    before = everything()

    answer = getattr(stranger, route.method)(route.at(**hers), body(route), headers=key())

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert everything() == before


def test_somebody_elses_and_nobodys_are_answered_in_the_same_words(shop: Shop, hers: dict[str, str]) -> None:
    stranger = shop.phone(UserFactory())
    for route in HERS:
        ask = getattr(stranger, route.method)
        theirs = ask(route.at(**hers), body(route), headers=key())
        nobodys = ask(route.at(**{name: make() for name, make in NOBODYS.items()}), body(route), headers=key())

        assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json()), str(route)


def test_the_owner_does_find_all_of_it(shop: Shop, hers: dict[str, str]) -> None:
    """Else the tests above would find nothing wrong with addresses that lead nowhere."""
    for route in HERS:
        if route.method == "get":
            answer = shop.phone().get(route.at(**hers))
            assert answer.status_code == 200, str(route)


def test_lists_hold_ones_own_rows_alone(shop: Shop, hers: dict[str, str]) -> None:
    stranger = UserFactory()
    for path in ("orders", "transactions", "me/cats", "me/addresses"):
        assert shop.phone(stranger).get(API + path).json()["results"] == []
        assert shop.phone().get(API + path).json()["results"] != []


def test_somebody_elses_quote_cannot_be_ordered(shop: Shop, hers: dict[str, str]) -> None:
    before = everything()

    answer = shop.phone(UserFactory()).post("/api/v1/orders", {"quote": hers["quote_id"]}, headers=key())

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert list(everything()["orders.Order"]) == before["orders.Order"]


def test_nothing_is_delivered_to_somebody_elses_address(shop: Shop, hers: dict[str, str]) -> None:
    wish = shop.body(fulfilment="delivery", address=hers["address_id"])

    answer = shop.phone(UserFactory()).post("/api/v1/quotes", wish)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Address.objects.get(pk=hers["address_id"]).line1 not in answer.content.decode()


# Without a token


@pytest.mark.parametrize("route", [route for route in api_routes() if not route.public], ids=str)
def test_without_a_token_there_is_nothing_to_see(db: None, route: Route) -> None:
    values = {name: make() for name, make in NOBODYS.items()} | {"slug": "x"}

    answer = getattr(APIClient(), route.method)(route.at(**values), {}, headers=key())

    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("route", [route for route in api_routes() if route.public], ids=str)
def test_the_public_addresses_ask_for_no_token(db: None, route: Route) -> None:
    refusal = 400 if route.takes_body else 404  # an empty body; a secret that nobody has
    assert getattr(APIClient(), route.method)(route.at(**dict.fromkeys(route.parameters, "x"))).status_code == refusal


@pytest.mark.parametrize("path", OPEN)
def test_what_everybody_may_see_is_seen_without_a_token(db: None, path: str) -> None:
    assert Client().get(path).status_code == 200


def test_there_are_no_other_doors() -> None:
    doors = {"/" + str(entry.pattern) for entry in get_resolver().url_patterns}

    assert doors == {
        *OPEN,
        *LEADING_ON,
        API,
        f"{API}operations/<path:key>",
        "/admin",
        "/admin/",
        "/admin/password_change/",
        "/media/<path:path>",
    }


def test_a_staff_session_is_no_token(db: None) -> None:
    browser = APIClient()
    browser.force_login(UserFactory(superuser=True))

    assert browser.get("/api/v1/me").status_code == 401
    assert browser.post("/api/v1/me/cats", {}, headers=key()).status_code == 401
    assert not Cat.objects.exists()


def test_a_staff_members_token_opens_no_customers_things(shop: Shop, hers: dict[str, str]) -> None:
    answer = shop.phone(UserFactory(superuser=True)).get(f"/api/v1/orders/{hers['number']}")

    assert answer.status_code == 404
