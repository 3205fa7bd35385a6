"""Logs: one JSON object a line, and never a word about a person or a secret in it."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError

from accounts.models import User
from core.logging import get_logger, logging_config
from tests.core.worker import work
from tests.factories.accounts import PASSWORD, Phone, UserFactory
from tests.jobs import run_jobs
from tests.shop import Shop, key

EMAIL = "zoe.private@example.com"
ADDRESS = {
    "recipient": "Zoë Geheimrat",
    "line1": "Versteckte Gasse 77",
    "postal_code": "Q9X-77Z",
    "city": "Unbekanntstadt",
    "country": "DE",
    "phone": "+49 171 5550199",
}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a server in production writes when it is told to say everything."""
    stream = io.StringIO()
    config = logging_config(level="DEBUG", json=True)
    config["handlers"]["stdout"]["stream"] = stream
    logging.config.dictConfig(config)
    yield stream
    logging.config.dictConfig(django_settings.LOGGING)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("logger", [get_logger("shop"), logging.getLogger("shop")])
def test_every_line_is_one_json_object_whoever_writes_it(log: io.StringIO, logger: Any) -> None:
    logger.warning("order\nconfirmed %s", "ü")

    [line] = lines(log)
    assert line["event"] == "order\nconfirmed ü"
    assert (line["level"], line["logger"]) == ("warning", "shop")
    assert line["timestamp"].endswith("Z")


def test_what_the_database_says_of_a_refused_row_is_logged_without_the_row(log: io.StringIO, db: None) -> None:
    UserFactory(email=EMAIL)
    try:
        User(email=EMAIL.upper(), name="Zoë\n\nGeheimrat").save()
    except IntegrityError as error:
        get_logger("shop").exception("could not save", why=str(error))
        logging.getLogger("shop").warning("could not save: %s", error, exc_info=True)

    told = [line for line in lines(log) if line["logger"] == "shop"]
    assert len(told) == 2
    for line in told:
        assert "user_email_unique_ignoring_case" in line["exception"]
        assert "The above exception was the direct cause" in line["exception"]
    assert EMAIL not in str(told).lower()


def test_facts_are_members_of_the_object(log: io.StringIO) -> None:
    get_logger("shop").info("order_confirmed", order="CT-1", amount_minor=4990)

    [line] = lines(log)
    assert (line["event"], line["order"], line["amount_minor"]) == ("order_confirmed", "CT-1", 4990)


def test_a_traceback_is_one_line_too(log: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("shop").exception("it broke")
        get_logger("shop").exception("it broke")

    assert ["ValueError: broken" in line["exception"] for line in lines(log)] == [True, True]


def test_what_json_does_not_know_is_written_all_the_same(log: io.StringIO) -> None:
    get_logger("shop").info("odd", what=object(), error=ValueError("x"), some={1, 2})

    assert len(lines(log)) == 1


def test_the_libraries_that_talk_of_bodies_are_kept_quiet(log: io.StringIO) -> None:
    for name in ("stripe", "urllib3", "procrastinate.worker"):
        logging.getLogger(name).info("secret")

    assert lines(log) == []


def test_a_customers_whole_day_leaks_nothing_into_the_log(transactional_db: None, shop: Shop, log: io.StringIO) -> None:
    phone = Phone()
    phone.post("/api/v1/auth/register", {"email": EMAIL, "password": PASSWORD, "name": ADDRESS["recipient"]})
    phone.post("/api/v1/auth/register", {"email": EMAIL, "password": PASSWORD})  # taken
    phone.post("/api/v1/auth/token", {"email": EMAIL, "password": "wrong " + PASSWORD})
    session = phone.post("/api/v1/auth/token", {"email": EMAIL, "password": PASSWORD}).json()
    phone.credentials(HTTP_AUTHORIZATION=f"Bearer {session['access_token']}")
    phone.get(f"/api/v1/nothing?email={EMAIL}")
    phone.post("/api/v1/me/addresses", {**ADDRESS, "country": "Versteckte"}, headers=key())
    phone.post("/api/v1/me/addresses", ADDRESS, headers=key())
    shop.customer = User.objects.get(email=EMAIL)
    quote = phone.post("/api/v1/quotes", shop.body(shop.sale(), shop.rental())).json()
    order = phone.post("/api/v1/orders", {"quote": quote["id"]}, headers=key()).json()
    started = phone.post(f"/api/v1/orders/{order['number']}/payment", {}, headers=key()).json()
    ref = started["client_secret"].partition("_secret_")[0]
    shop.gateway.confirm(ref, "pm_card_visa")
    shop.deliver_webhooks()
    run_jobs()
    paid = phone.get(f"/api/v1/orders/{order['number']}").json()
    work(queues=["payments", "inventory", "orders", "default"])  # a real worker, for what it logs of itself
    refreshed = phone.post("/api/v1/auth/refresh", {"refresh_token": session["refresh_token"]}).json()

    assert paid["status"] == "confirmed"
    told = log.getvalue()
    assert lines(log)  # there is something to look through
    secrets = [
        *(EMAIL, PASSWORD, "zoe.private"),
        *(session["access_token"], session["refresh_token"], refreshed["refresh_token"], session["access_token"][-40:]),
        *(started["client_secret"], django_settings.STRIPE_SECRET_KEY, django_settings.SECRET_KEY, "whsec_new"),
        *(django_settings.INVENTORY_TOKEN, django_settings.FIELD_ENCRYPTION_KEYS[0]),
        *(word for name, word in ADDRESS.items() if name != "country"),
    ]
    assert [secret for secret in secrets if secret in told or json.dumps(secret)[1:-1] in told] == []
