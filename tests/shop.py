"""A small shop for tests that need all of it: what it has, and what its customers do."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Variant
from core.time import today_in
from inventory.models import Depot, Reservation
from inventory.services import mirror_changes
from orders.models import Order, Quote
from orders.services import LineRequest, QuoteRequest, create_quote, place_order
from payments.models import Payment
from payments.services import secure_deposit, start_payment
from sandbox.inventory.server import Sandbox
from sandbox.stripe.sandbox import StripeSandbox
from tests.factories.accounts import AddressFactory, UserFactory, client_for
from tests.factories.catalog import TaxRateFactory, VariantFactory, accessory, bundle
from tests.factories.inventory import DepotFactory
from tests.factories.orders import DeliveryRateFactory
from tests.jobs import forget_jobs, run_jobs


@dataclass
class Shop:
    """10 bags for sale at 49.90, and 3 units of another for rent at 9.00, 7.00 or 5.00 a day."""

    ims: Sandbox
    gateway: StripeSandbox
    depot: Depot
    bag: Variant  # for sale
    crate: Variant  # for rent
    customer: User = field(default_factory=UserFactory)

    @classmethod
    def opened(cls, ims: Sandbox, gateway: StripeSandbox, *, pieces: int = 10, units: int = 3) -> "Shop":
        forget_jobs()  # the flush between tests leaves procrastinate's tables alone
        TaxRateFactory()
        shop = cls(
            ims=ims,
            gateway=gateway,
            depot=DepotFactory(code="BER"),
            bag=VariantFactory(sku="BAG-1", offered=True),
            crate=VariantFactory(sku="CRATE-1", offered=True),
        )
        ims.store.receive("BAG-1", "BER", pieces)
        ims.store.add_units("CRATE-1", "BER", [f"CRATE-1-{n}" for n in range(1, units + 1)], "A")
        mirror_changes()
        return shop

    def offer_set(self, *, bowls: int = 2) -> Variant:
        """A bundle of the carrier (also 4 pieces for sale), a bowl (3 pieces, and units), and a pad (5 pieces), which a
        rental uses up."""
        whole = bundle(self.crate, accessory(sku="BOWL-1"), used_up=[accessory(sku="PAD-1")], sku="CABIN-1")
        for sku, pieces in (("CRATE-1", 4), ("BOWL-1", 3), ("PAD-1", 5)):
            self.ims.store.receive(sku, "BER", pieces)
        self.ims.store.add_units("BOWL-1", "BER", [f"BOWL-1-{n}" for n in range(1, bowls + 1)], "A")
        mirror_changes()
        return whole

    @property
    def today(self) -> date:
        return today_in(self.depot.time_zone)

    def day(self, offset: int) -> date:
        """A day at the depot, counted from today."""
        return self.today + timedelta(days=offset)

    def sale(self, quantity: int = 1) -> LineRequest:
        return LineRequest(kind="sale", sku=self.bag.sku, quantity=quantity)

    def rental(self, first: int = 10, last: int = 16, quantity: int = 1) -> LineRequest:
        """From the `first` to the `last` day from today, both included."""
        return LineRequest("rental", self.crate.sku, quantity, self.day(first), self.day(last))

    def quote(self, *lines: LineRequest, customer: User | None = None, **more: Any) -> Quote:
        request = QuoteRequest(depot="BER", lines=lines or [self.sale()], currency="EUR", **more)
        return create_quote(customer_id=(customer or self.customer).pk, request=request)

    def delivery(self, **rate: Any) -> dict[str, Any]:
        """To the customer's home, as a quote asks for it; parcels take two days there and two back."""
        DeliveryRateFactory(amount_minor=690, **rate)
        home = AddressFactory(owner=self.customer, country="DE")
        return {"fulfilment": "delivery", "address_id": home.pk}

    def order(self, *lines: LineRequest, customer: User | None = None, **more: Any) -> Order:
        """An order that both we and the inventory system hold."""
        return self.place(self.quote(*lines, customer=customer, **more))

    def place(self, quote: Quote) -> Order:
        placed = place_order(customer_id=quote.customer_id, quote_id=quote.pk)
        return Order.objects.get(pk=placed.pk)

    def pay(self, order: Order, card: str = "pm_card_visa") -> Payment:
        """The customer starts to pay and confirms in the app; nobody here has heard of it yet."""
        started = start_payment(order_id=order.pk, customer_id=order.customer_id)
        self.gateway.confirm(str(started.payment.provider_ref), card)
        return Payment.objects.get(pk=started.payment.pk)

    def deliver_webhooks(self) -> list[int]:
        """Post what the gateway has to tell to our webhook. Returns the statuses of our answers."""
        statuses: list[int] = []

        def post(body: bytes, signature: str) -> int:
            answer = APIClient().post(
                "/api/v1/webhooks/stripe", body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature
            )
            statuses.append(answer.status_code)
            return answer.status_code

        self.gateway.flush_webhooks(post)
        return statuses

    def lapse(self, order: Order) -> None:
        """The hold of an unpaid order ends this moment, and so do all others."""
        ended = timezone.now() - timedelta(seconds=1)
        Order.objects.filter(pk=order.pk).update(expires_at=ended)
        Reservation.objects.update(expires_at=ended)

    def paid(self, *lines: LineRequest, **more: Any) -> Order:
        """An order that is paid, confirmed, and settled with everybody; its deposit waits for its time."""
        return self.settled(self.order(*lines, **more))

    def settled(self, order: Order) -> Order:
        """The same of an order that is there already."""
        self.pay(order)
        self.deliver_webhooks()
        run_jobs()
        order.refresh_from_db()
        return order

    def ready(self, *lines: LineRequest, **more: Any) -> Order:
        """A paid order whose deposit is secured: its rentals may be handed over."""
        order = self.paid(*lines, **more)
        for deposit in order.deposits.all():
            secure_deposit(deposit_id=deposit.pk)
        order.refresh_from_db()
        return order

    def claims_at_ims(self) -> list[dict[str, Any]]:
        """What the inventory system holds for us."""
        rows, _ = self.ims.store.live(None, 1000)
        return rows

    def phone(self, customer: User | None = None) -> APIClient:
        """A logged-in phone."""
        return client_for(customer or self.customer)

    def body(self, *lines: LineRequest, **more: Any) -> dict[str, Any]:
        """A quote request as JSON."""
        asked = [
            {
                "kind": line.kind,
                "sku": line.sku,
                "quantity": line.quantity,
                **({"start_on": line.start_on, "end_on": line.end_on} if line.start_on else {}),
            }
            for line in lines or [self.sale()]
        ]
        return {"depot": "BER", "currency": "EUR", "lines": asked, **more}


def key() -> dict[str, str]:
    """A fresh Idempotency-Key header."""
    return {"Idempotency-Key": str(uuid4())}
