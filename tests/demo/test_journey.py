"""The demo shows what it says: its links lead somewhere, and its clerk is a person at the staff pages."""

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from config.demo.clerk import HANDING_OVER, INSPECTING, TAKING_BACK, Clerk, ClerkRefused
from config.demo.journey import DOCS
from config.groups import setup_groups
from orders.models import OrderEvent
from orders.states import OrderStatus
from payments.selectors import balance
from tests.document import operations
from tests.factories.accounts import PASSWORD, UserFactory
from tests.jobs import run_jobs
from tests.shop import Shop


@pytest.mark.parametrize("link", DOCS.values())
def test_a_link_into_the_docs_names_an_operation_that_exists(link: str) -> None:
    known = {f"{tag}/{operation.about['operationId']}" for operation in operations() for tag in operation.about["tags"]}

    page, _, name = link.partition("#/")

    assert page == "/api/docs/"
    assert name in known
    assert settings.SPECTACULAR_SETTINGS["SWAGGER_UI_SETTINGS"]["deepLinking"] is True


@pytest.fixture
def clerk(transactional_db: None) -> User:
    setup_groups()
    user = UserFactory(staff=True, email="clerk@example.com", name="Kim")
    user.groups.add(Group.objects.get(name="clerk"))
    return user


def test_the_clerk_hands_over_and_takes_back_at_the_staff_pages(
    clerk: User, shop: Shop, live_server: LiveServer
) -> None:
    order = shop.paid(shop.rental(1, 5), shop.sale())
    person = Clerk(live_server.url, email=clerk.email, password=PASSWORD)

    told = [*person.take_steps(order.number, HANDING_OVER), *person.take_steps(order.number, TAKING_BACK)]
    charged = person.charge(order.number)
    told += person.take_steps(order.number, INSPECTING)

    assert len(told) == 6
    assert charged.startswith("€15.00 charged")
    assert f"is set aside for {order.number}" in told[0]
    run_jobs()
    order.refresh_from_db()
    assert (order.status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)
    assert order.deposits.get().captured_minor == 1500
    moved = OrderEvent.objects.filter(order=order).exclude(subject="").values_list("actor", flat=True)
    assert set(moved) == {f"staff:{clerk.pk}"}


def test_a_clerk_who_cannot_log_in_is_told_so(transactional_db: None, live_server: LiveServer) -> None:
    with pytest.raises(ClerkRefused, match=r"nobody@example\.com cannot log in: Please enter"):
        Clerk(live_server.url, email="nobody@example.com", password="wrong")
