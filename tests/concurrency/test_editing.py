"""Two clerks who save the same row at the same time: the second waits for the first, and then is told."""

from functools import partial
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from catalog.models import Container, SaleOffer, shop_today
from tests.concurrency.racing import meanwhile
from tests.desk import as_shown, sit
from tests.factories.catalog import VariantFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


def opened(model: str, pk: int) -> tuple[Client, str, dict[str, Any]]:
    clerk, address = sit(Client(), "catalog"), reverse(f"admin:catalog_{model}_change", args=[pk])
    return clerk, address, as_shown(clerk.get(address))


@pytest.mark.parametrize(("is_checked", "answers", "brand"), [(False, [302, 302], "old"), (True, [302, 200], "new")])
def test_the_second_of_two_who_save_a_container_at_once_overwrites_nothing(
    is_checked: bool, answers: list[int], brand: str
) -> None:
    """Without what their pages showed, the brand that the first one wrote is lost."""
    row = VariantFactory(container__brand="old", container__name="old").container
    (one, address, first), (two, _, second) = opened("container", row.pk), opened("container", row.pk)
    if not is_checked:
        del second["as_read"]

    outcomes = meanwhile(
        partial(one.post, address, first | {"brand": "new"}), partial(two.post, address, second | {"name": "new"})
    )

    assert [answer.status_code for answer in outcomes] == answers
    assert Container.objects.get().brand == brand


def test_of_two_who_withdraw_a_price_at_once_the_second_is_told_that_it_is_done() -> None:
    """Looked at before the lock, the price that was gone would have been withdrawn twice, and said to be twice."""
    offer = VariantFactory(offered=True, sku="MUR-M").sale_offers.get()
    offer.valid_from = shop_today()  # or it would only end
    offer.save()
    address = reverse("admin:catalog_saleoffer_delete", args=[offer.pk])
    clerks = [sit(Client(), "catalog") for _ in range(2)]

    outcomes = meanwhile(*(partial(clerk.post, address, {"begins": ""}, follow=True) for clerk in clerks))

    said = [[str(message) for message in answer.context["messages"]] for answer in outcomes]
    assert said == [["Withdrawn: MUR-M, it is no longer offered."], ["This price was withdrawn already."]]
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == [
        "No longer offer MUR-M to buy in EUR. It was €49.90."
    ]


def test_a_price_saved_on_its_own_page_and_on_that_of_its_variant_at_once_is_saved_once() -> None:
    """They lock in one order, the variant before the catalog: neither is a victim of the other."""
    variant = VariantFactory(offered=True)
    one, offer_page, first = opened("saleoffer", variant.sale_offers.get().pk)
    two, variant_page, second = opened("variant", variant.pk)

    outcomes = meanwhile(
        partial(one.post, offer_page, first | {"price_minor": "59.90"}),
        partial(two.post, variant_page, second | {"sale_offers-0-price_minor": "39.90"}),
    )

    assert [answer.status_code for answer in outcomes] == [302, 200]
    assert SaleOffer.objects.in_force().get().price_minor == 5990
