"""Two clerks who save the same row at the same time: the second waits for the first, and then is told."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from tablib import Dataset

from catalog.models import Container, SaleOffer, Variant, shop_today
from catalog.resources import VariantResource
from catalog.version import hold_catalog
from tests.concurrency.racing import meanwhile, queued
from tests.desk import as_shown, sit
from tests.factories.catalog import VariantFactory, accessory, bundle

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
    """Both wait for the catalog: neither is a victim of the other."""
    variant = VariantFactory(offered=True)
    one, offer_page, first = opened("saleoffer", variant.sale_offers.get().pk)
    two, variant_page, second = opened("variant", variant.pk)

    outcomes = meanwhile(
        partial(one.post, offer_page, first | {"price_minor": "59.90"}),
        partial(two.post, variant_page, second | {"sale_offers-0-price_minor": "39.90"}),
    )

    assert [answer.status_code for answer in outcomes] == [302, 200]
    assert SaleOffer.objects.in_force().get().price_minor == 5990


def test_a_bundle_and_the_variant_that_leads_it_are_saved_at_once_and_neither_is_a_victim() -> None:
    """What changes of the lead is written into its bundles: who locked a variant before the catalog was in its way."""
    lead = VariantFactory(approved=True)
    whole = bundle(lead, accessory())
    one, lead_page, first = opened("variant", lead.pk)
    two, whole_page, second = opened("variant", whole.pk)

    outcomes: list[Any] = queued(
        hold_catalog,
        partial(one.post, lead_page, first | {"max_load_g": "7777"}),
        partial(two.post, whole_page, second | {"size": "XL"}),
    )

    assert [getattr(answer, "status_code", answer) for answer in outcomes] == [302, 302]
    assert list(Variant.objects.filter(pk=whole.pk).values_list("max_load_g", "size")) == [(7777, "XL")]


def test_a_file_changes_only_its_columns_of_a_row_that_a_form_changes_at_once() -> None:
    """Read before the form was saved, the row would be written back as it was."""
    variant = VariantFactory(sku="MUR-M")
    clerk, address, sent = opened("variant", variant.pk)
    file = Dataset(["MUR-M", "7777"], headers=["sku", "max_load_g"])

    answer, result = queued(
        hold_catalog,
        partial(clerk.post, address, sent | {"size": "XL"}),
        partial(VariantResource().import_data, file, dry_run=False, raise_errors=True, use_transactions=True),
    )

    assert answer.status_code == 302
    assert result.totals["update"] == 1
    assert list(Variant.objects.values_list("max_load_g", "size")) == [(7777, "XL")]


def test_who_cannot_save_in_time_is_told_that_nothing_happened_and_what_to_do() -> None:
    row = VariantFactory(container__name="old").container
    clerk, address, sent = opened("container", row.pk)

    def save() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        try:
            return clerk.post(address, sent | {"name": "new"})
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        hold_catalog()  # as a long file does
        answer = pool.submit(save).result()

    assert answer.status_code == 503
    assert "Nothing was saved" in answer.text
    assert Container.objects.get().name == "old"
