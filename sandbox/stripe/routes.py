"""Every call that is answered: method, address, the SDK's type of its parameters, the function that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sandbox.stripe.errors import ApiError, Json
from sandbox.stripe.resources import (
    balance_transactions,
    charges,
    checkout_sessions,
    customer_sessions,
    customers,
    disputes,
    ephemeral_keys,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
)

Keys = frozenset[Literal["secret", "publishable", "ephemeral"]]
SERVER: Keys = frozenset({"secret"})
APP: Keys = frozenset({"secret", "publishable"})
OWNER: Keys = frozenset({"secret", "ephemeral"})


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    params: str  # in stripe.params
    do: Callable[..., Json]
    keys: Keys = SERVER


def _table() -> tuple[Route, ...]:
    pi, si, pm, cs = payment_intents, setup_intents, payment_methods, checkout_sessions
    rows = (
        ("POST", "customers", "CustomerCreateParams", customers.create),
        ("GET", "customers", "CustomerListParams", customers.list_),
        ("GET", "customers/*", "CustomerRetrieveParams", customers.retrieve, OWNER),
        ("POST", "customers/*", "CustomerUpdateParams", customers.update),
        ("DELETE", "customers/*", "CustomerDeleteParams", customers.delete),
        ("GET", "customers/*/payment_methods", "CustomerPaymentMethodListParams", pm.list_of_customer, OWNER),
        ("GET", "customers/*/payment_methods/*", "CustomerPaymentMethodRetrieveParams", pm.retrieve_of_customer),
        ("POST", "customer_sessions", "CustomerSessionCreateParams", customer_sessions.create),
        ("POST", "ephemeral_keys", "EphemeralKeyCreateParams", ephemeral_keys.create),
        ("DELETE", "ephemeral_keys/*", "EphemeralKeyDeleteParams", ephemeral_keys.delete),
        ("POST", "payment_methods", "PaymentMethodCreateParams", pm.create, APP),
        ("GET", "payment_methods", "PaymentMethodListParams", pm.list_, OWNER),
        ("GET", "payment_methods/*", "PaymentMethodRetrieveParams", pm.retrieve),
        ("POST", "payment_methods/*", "PaymentMethodUpdateParams", pm.update),
        ("POST", "payment_methods/*/attach", "PaymentMethodAttachParams", pm.attach),
        ("POST", "payment_methods/*/detach", "PaymentMethodDetachParams", pm.detach, OWNER),
        ("POST", "setup_intents", "SetupIntentCreateParams", si.create),
        ("GET", "setup_intents", "SetupIntentListParams", si.list_),
        ("GET", "setup_intents/*", "SetupIntentRetrieveParams", si.retrieve, APP),
        ("POST", "setup_intents/*", "SetupIntentUpdateParams", si.update),
        ("POST", "setup_intents/*/confirm", "SetupIntentConfirmParams", si.confirm, APP),
        ("POST", "setup_intents/*/cancel", "SetupIntentCancelParams", si.cancel),
        ("POST", "payment_intents", "PaymentIntentCreateParams", pi.create),
        ("GET", "payment_intents", "PaymentIntentListParams", pi.list_),
        ("GET", "payment_intents/*", "PaymentIntentRetrieveParams", pi.retrieve, APP),
        ("POST", "payment_intents/*", "PaymentIntentUpdateParams", pi.update),
        ("POST", "payment_intents/*/confirm", "PaymentIntentConfirmParams", pi.confirm, APP),
        ("POST", "payment_intents/*/capture", "PaymentIntentCaptureParams", pi.capture),
        ("POST", "payment_intents/*/cancel", "PaymentIntentCancelParams", pi.cancel),
        ("GET", "charges", "ChargeListParams", charges.list_),
        ("GET", "charges/*", "ChargeRetrieveParams", charges.retrieve),
        ("POST", "charges/*", "ChargeUpdateParams", charges.update),
        ("POST", "refunds", "RefundCreateParams", refunds.create),
        ("GET", "refunds", "RefundListParams", refunds.list_),
        ("GET", "refunds/*", "RefundRetrieveParams", refunds.retrieve),
        ("POST", "refunds/*", "RefundUpdateParams", refunds.update),
        ("POST", "refunds/*/cancel", "RefundCancelParams", refunds.cancel),
        ("GET", "disputes", "DisputeListParams", disputes.list_),
        ("GET", "disputes/*", "DisputeRetrieveParams", disputes.retrieve),
        ("POST", "disputes/*", "DisputeUpdateParams", disputes.update),
        ("POST", "disputes/*/close", "DisputeCloseParams", disputes.close),
        ("GET", "balance_transactions", "BalanceTransactionListParams", balance_transactions.list_),
        ("GET", "balance_transactions/*", "BalanceTransactionRetrieveParams", balance_transactions.retrieve),
        ("GET", "events", "EventListParams", events.list_),
        ("GET", "events/*", "EventRetrieveParams", events.retrieve),
        ("POST", "checkout/sessions", "checkout.SessionCreateParams", cs.create),
        ("GET", "checkout/sessions", "checkout.SessionListParams", cs.list_),
        ("GET", "checkout/sessions/*", "checkout.SessionRetrieveParams", cs.retrieve),
        ("POST", "checkout/sessions/*", "checkout.SessionUpdateParams", cs.update),
        ("POST", "checkout/sessions/*/expire", "checkout.SessionExpireParams", cs.expire),
        ("GET", "checkout/sessions/*/line_items", "checkout.SessionLineItemListParams", cs.line_items),
    )
    return tuple(Route(row[0], f"/v1/{row[1]}", *row[2:]) for row in rows)


ROUTES = _table()
_BY_SHAPE: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
for _route in ROUTES:
    _parts = _route.path.split("/")
    _BY_SHAPE.setdefault((_route.method, len(_parts)), []).append((_parts, _route))


def find(method: str, path: str) -> tuple[Route, list[str]]:
    """The route and the ids in the address. Raises: ApiError (404)."""
    asked = path.rstrip("/").split("/")
    for parts, route in _BY_SHAPE.get((method, len(asked)), []):
        if all(part in ("*", given) for part, given in zip(parts, asked, strict=True)):
            return route, [given for part, given in zip(parts, asked, strict=True) if part == "*"]
    message = (
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at "
        "https://support.stripe.com/."
    )
    raise ApiError(message, status=404)
