"""Whatever is sent to any operation: never a 5xx, and an answer that the document knows."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from orders.models import Rental
from orders.services import open_feed
from tests.document import Operation, document, operations
from tests.examples import examples
from tests.factories.accounts import CatFactory, DeviceFactory, auth_header
from tests.factories.orders import ChargeFactory, ClaimFactory, OrderFactory, waiting_for
from tests.shop import Shop

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
QUICK = examples(30, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
TAGS = sorted({tag for operation in operations() for tag in operation.about["tags"]})


@pytest.fixture
def app() -> Iterator[Any]:
    """The product, in this process and in this test's transaction."""
    schema = schemathesis.openapi.from_dict(document())
    schema.app = WSGIHandler()
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield schema
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def existing(shop: Shop) -> dict[str, str]:
    """Values for the parameters of addresses that lead to something of the customer's."""
    order = shop.order(shop.sale(), shop.rental())
    # Owed, so that nobody closes the account for good: nothing would be let in afterwards.
    ChargeFactory(order=OrderFactory(customer=shop.customer, depot=shop.depot, completed=True))
    claim = ClaimFactory(rental=Rental.objects.get(line__order=order))
    address = shop.customer.addresses.create(recipient="M", line1="L", postal_code="1", city="B", country="DE")
    return {
        "number": order.number,
        "document": "R-2026-000001",
        "quote_id": str(shop.quote().pk),
        "cat_id": str(CatFactory(owner=shop.customer).pk),
        "address_id": str(address.pk),
        "photo_id": str(uuid4()),
        "claim_id": str(claim.pk),
        "device_id": str(DeviceFactory(owner=shop.customer).pk),
        "entry_id": str(waiting_for(shop).pk),
        "slug": shop.bag.container.slug,
        "key": "nobody-knows",
        "secret": open_feed(customer_id=shop.customer.pk),
    }


@pytest.mark.parametrize("tag", TAGS)
def test_no_request_breaks_an_operation(shop: Shop, app: Any, tag: str) -> None:
    known, phone = existing(shop), auth_header(shop.customer)
    for operation in operations():
        if tag in operation.about["tags"]:
            knock_at(app, operation, known, phone)


def knock_at(app: Any, operation: Operation, known: dict[str, str], headers: dict[str, str]) -> None:
    """Send what the document allows and what it does not, half of the time to something that exists."""

    described = app[operation.path][operation.method.upper()]
    allowed = described.as_strategy(generation_mode=GenerationMode.POSITIVE)
    forbidden = described.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @QUICK
    @given(allowed | forbidden, st.booleans())
    def knock(case: Any, somewhere_real: bool) -> None:
        cache.clear()  # tries are counted
        if somewhere_real:
            case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)
        media_type = answer.headers.get("content-type", [""])[0].partition(";")[0]
        is_json = media_type.endswith("json")
        body = json.loads(answer.content) if is_json else answer.content.decode() or None
        assert operation.violations(answer.status_code, media_type, body) == []

    knock()
