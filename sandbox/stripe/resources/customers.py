"""/v1/customers"""

from __future__ import annotations

from sandbox.stripe import fields, lists
from sandbox.stripe.call import Call, refuse_unmodelled
from sandbox.stripe.errors import Json
from sandbox.stripe.ids import new_id, random_text
from sandbox.stripe.resources import payment_methods

_PLAIN = ("business_name", "description", "email", "individual_name", "name", "phone", "preferred_locales")
_NOT_MODELLED = frozenset({"balance", "cash_balance", "source", "tax_id_data", "test_clock"})


def create(call: Call) -> Json:
    refuse_unmodelled(call.params, _NOT_MODELLED)
    params = call.params
    customer: Json = {
        "id": new_id("cus", 14),
        "object": "customer",
        "address": fields.address(params.get("address")),
        "balance": 0,
        "business_name": None,
        "created": call.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": random_text(8).upper(),
        "invoice_settings": _invoice_settings(params),
        "livemode": False,
        "metadata": fields.merged_metadata({}, params.get("metadata")),
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": fields.shipping(params.get("shipping")),
        "tax_exempt": params.get("tax_exempt") or "none",
        "test_clock": None,
        **fields.changes(params, _PLAIN),
    }
    call.create(customer, "customer.created")
    if "payment_method" in params:
        method = payment_methods.usable(call, params["payment_method"])
        payment_methods.attach_to(call, method, customer["id"])
    return customer


def _invoice_settings(params: Json) -> Json:
    sent = params.get("invoice_settings") or {}
    default = fields.unset_if_empty(sent.get("default_payment_method"))
    return {"custom_fields": None, "default_payment_method": default, "footer": None, "rendering_options": None}


def retrieve(call: Call, customer_id: str) -> Json:
    """A deleted customer is still found: as deleted."""
    customer = call.get("customer", customer_id)
    if call.actor.kind == "ephemeral":
        payment_methods.owner_only(call, customer_id)
    return customer


def update(call: Call, customer_id: str) -> Json:
    refuse_unmodelled(call.params, _NOT_MODELLED)
    customer = call.living_customer(customer_id, param="id", status=404)
    params = call.params
    changes = fields.changes(params, (*_PLAIN, "tax_exempt"))
    if "address" in params:
        changes["address"] = fields.address(params["address"])
    if "shipping" in params:
        changes["shipping"] = fields.shipping(params["shipping"])
    if "invoice_settings" in params:
        changes["invoice_settings"] = _invoice_settings(params)
    changes["metadata"] = fields.merged_metadata(customer["metadata"], params.get("metadata"))
    return call.update(customer, "customer.updated", **changes)


def delete(call: Call, customer_id: str) -> Json:
    """The customer and its saved payment methods are gone; its payments stay."""
    customer = call.living_customer(customer_id, param="id", status=404)
    for method in call.store.all_of("payment_method", customer=customer_id):
        payment_methods.detach_from(call, method)
    call.emit("customer.deleted", customer)
    remains = {"id": customer_id, "object": "customer", "deleted": True, "created": customer["created"]}
    call.save(remains)
    return {"id": customer_id, "object": "customer", "deleted": True}


def list_(call: Call) -> Json:
    return lists.page(call, "customer", where={"email": call.params.get("email")})
