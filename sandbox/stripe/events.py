"""Events: what happened, as told by webhooks and by GET /v1/events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.stripe.errors import Json
from sandbox.stripe.ids import new_id
from sandbox.stripe.store import Store, public
from sandbox.stripe.version import API_VERSION

if TYPE_CHECKING:
    from sandbox.stripe.call import Call


def record(call: Call, event_type: str, obj: Json, previous: Json | None) -> None:
    """Keep the event and queue its webhook, in the call's transaction."""
    data: Json = {"object": public(obj)}
    if previous is not None:
        data["previous_attributes"] = previous
    event: Json = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": call.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": call.request_id, "idempotency_key": call.idempotency_key},
        "type": event_type,
    }
    call.store.insert(event)
    call.outbox.add(event["id"])


def rendered(store: Store, event: Json) -> Json:
    """The event as of now: `pending_webhooks` counts those that have not arrived yet."""
    return {**public(event), "pending_webhooks": store.deliveries_of(event["id"], "queued")}
