"""/v1/events"""

from __future__ import annotations

from sandbox.stripe import events, lists
from sandbox.stripe.call import Call
from sandbox.stripe.errors import Json


def retrieve(call: Call, event_id: str) -> Json:
    return events.rendered(call.store, call.get("event", event_id))


def list_(call: Call) -> Json:
    """`types` may end in `*`, as `payment_intent.*`; `delivery_success` asks whether every webhook arrived."""
    page = lists.page(call, "event", keep=lambda event: _is_wanted(call, event))
    page["data"] = [events.rendered(call.store, event) for event in page["data"]]
    return page


def _is_wanted(call: Call, event: Json) -> bool:
    types = call.params.get("types") or [call.params.get("type", "*")]
    if not any(_matches(event["type"], pattern) for pattern in types):
        return False
    wanted = call.params.get("delivery_success")
    if wanted is None:
        return True
    arrived = not any(call.store.deliveries_of(event["id"], state) for state in ("queued", "failed"))
    return bool(arrived == wanted)


def _matches(kind: str, pattern: str) -> bool:
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern
