"""What a browser and the demo reach over HTTP: the knobs under /_sandbox/ and the pages. Loopback only.

Answers are JSON: the object that was changed, or `{"error": {...}}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.http import Request, Response
from sandbox.stripe import pages
from sandbox.stripe.errors import ApiError, Json

if TYPE_CHECKING:
    from sandbox.stripe.sandbox import StripeSandbox

Do = Callable[..., Any]
"""(sandbox, body, *ids) -> what is answered as JSON; a Response as it is."""

_OURS = frozenset({"127.0.0.1", "localhost", "::1"})


def answer(sandbox: StripeSandbox, request: Request) -> Response:
    if not _is_from_here(request):
        return _refusal("Only this machine may use these addresses.", 403)
    for method, pattern, names, do in _ROUTES:
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            return _done(sandbox, request, names, do, match.groups())
    return _refusal(f"No such address: {request.method} {request.path}", 404)


def _is_from_here(request: Request) -> bool:
    """Not a web page of somebody else either, that a browser on this machine shows."""
    host = urlsplit("//" + request.headers.get("Host", "127.0.0.1")).hostname
    origin = request.headers.get("Origin")
    return request.is_local and host in _OURS and (origin is None or urlsplit(origin).hostname in _OURS)


def _done(
    sandbox: StripeSandbox, request: Request, names: frozenset[str] | None, do: Do, ids: tuple[str, ...]
) -> Response:
    try:
        body = request.json() or {}
        if not isinstance(body, dict):
            raise TypeError("The body must be a JSON object.")
        if names is not None and (unknown := sorted(set(body) - names)):
            raise TypeError(f"unknown: {', '.join(unknown)}")
        result = do(sandbox, body, *ids)
    except ApiError as error:
        return Response.json({"error": error.error}, error.status)
    except (ValueError, TypeError, KeyError) as error:
        why = f"missing: {error.args[0]}" if isinstance(error, KeyError) else str(error)
        return _refusal(why, 400)
    return result if isinstance(result, Response) else Response.json(result)


def _refusal(message: str, status: int) -> Response:
    return Response.json({"error": {"type": "sandbox_error", "message": message}}, status)


def _dispute(sandbox: StripeSandbox, body: Json) -> Json:
    return sandbox.open_dispute(body["payment_intent"], body.get("amount"), body.get("reason", "fraudulent"))


def _close_dispute(sandbox: StripeSandbox, body: Json, dispute_id: str) -> Json:
    if body["outcome"] not in ("won", "lost"):
        raise ValueError("outcome is won or lost")
    return sandbox.close_dispute(dispute_id, won=body["outcome"] == "won")


def _dashboard_refund(sandbox: StripeSandbox, body: Json) -> Json:
    return sandbox.dashboard_refund(body["payment_intent"], body.get("amount"), body.get("reason"))


def _confirm(sandbox: StripeSandbox, body: Json, intent_id: str) -> Json:
    return sandbox.confirm(intent_id, body.get("payment_method", "pm_card_visa"))


def _complete_3ds(sandbox: StripeSandbox, body: Json, intent_id: str) -> Json:
    return sandbox.complete_3ds(intent_id, succeed=bool(body.get("succeed", True)))


def _settle(sandbox: StripeSandbox, body: Json, intent_id: str) -> Json:
    return sandbox.settle(intent_id, succeed=bool(body.get("succeed", True)))


def _pay_checkout(sandbox: StripeSandbox, body: Json, session_id: str) -> Json:
    return sandbox.pay_checkout(session_id, body.get("payment_method", "pm_card_visa"))


def _expire_checkout(sandbox: StripeSandbox, session_id: str) -> Json:
    return sandbox.expire_checkout(session_id)


def _reset(sandbox: StripeSandbox) -> Json:
    sandbox.reset()
    return {"reset": True}


def _overview(sandbox: StripeSandbox) -> Json:
    return {
        "payment_intents": sandbox.recent("payment_intent"),
        "checkout_sessions": sandbox.recent("checkout.session", 10),
        "events": [{name: event[name] for name in ("id", "type", "created")} for event in sandbox.recent("event", 20)],
        "totals": sandbox.totals(),
        "webhooks": sandbox.webhook_counts(),
        "faults": sandbox.faults.as_json(),
    }


def _bare(do: Callable[..., Any]) -> Do:
    """For what takes no body: `do(sandbox, *ids)`."""
    return lambda sandbox, _body, *ids: do(sandbox, *ids)


def _page(make: Callable[..., str]) -> Do:
    return _bare(lambda sandbox, *ids: Response.html(make(sandbox, *ids)))


_NOTHING: frozenset[str] = frozenset()
_A_METHOD, _AN_ANSWER = frozenset({"payment_method"}), frozenset({"succeed"})
_AN_AMOUNT = frozenset({"payment_intent", "amount", "reason"})
_TABLE: tuple[tuple[str, str, frozenset[str] | None, Do], ...] = (
    # method, address, what the body may hold (None: checked elsewhere), what is done
    ("GET", "/", _NOTHING, _page(pages.overview)),
    ("GET", "/c/pay/{id}", _NOTHING, _bare(pages.checkout)),
    ("GET", "/_sandbox/3ds/{id}", _NOTHING, _page(pages.authentication)),
    ("GET", "/_sandbox/overview", _NOTHING, _bare(_overview)),
    ("GET", "/_sandbox/totals", _NOTHING, _bare(lambda sandbox: sandbox.totals())),
    ("GET", "/_sandbox/faults", _NOTHING, _bare(lambda sandbox: sandbox.faults.as_json())),
    ("PUT", "/_sandbox/faults", None, lambda sandbox, body: sandbox.set_faults(**body)),
    ("GET", "/_sandbox/webhooks", _NOTHING, _bare(lambda sandbox: sandbox.webhook_counts())),
    ("POST", "/_sandbox/webhooks/flush", _NOTHING, _bare(lambda sandbox: sandbox.flush_webhooks())),
    ("POST", "/_sandbox/payment_intents/{id}/confirm", _A_METHOD, _confirm),
    ("POST", "/_sandbox/payment_intents/{id}/complete_3ds", _AN_ANSWER, _complete_3ds),
    ("POST", "/_sandbox/payment_intents/{id}/settle", _AN_ANSWER, _settle),
    (
        "POST",
        "/_sandbox/payment_intents/{id}/expire_hold",
        _NOTHING,
        _bare(lambda sandbox, pi: sandbox.expire_hold(pi)),
    ),
    ("POST", "/_sandbox/setup_intents/{id}/confirm", _A_METHOD, _confirm),
    ("POST", "/_sandbox/setup_intents/{id}/complete_3ds", _AN_ANSWER, _complete_3ds),
    ("POST", "/_sandbox/checkout/sessions/{id}/pay", _A_METHOD, _pay_checkout),
    (
        "POST",
        "/_sandbox/checkout/sessions/{id}/expire",
        _NOTHING,
        _bare(lambda sandbox, cs: sandbox.expire_checkout(cs)),
    ),
    ("POST", "/_sandbox/disputes", _AN_AMOUNT, _dispute),
    ("POST", "/_sandbox/disputes/{id}/close", frozenset({"outcome"}), _close_dispute),
    ("POST", "/_sandbox/refunds/{id}/fail", _NOTHING, _bare(lambda sandbox, re_: sandbox.fail_refund(re_))),
    ("POST", "/_sandbox/refunds/{id}/succeed", _NOTHING, _bare(lambda sandbox, re_: sandbox.succeed_refund(re_))),
    ("POST", "/_sandbox/refunds/{id}/require_action", _NOTHING, _bare(lambda sandbox, re_: sandbox.hold_refund(re_))),
    ("POST", "/_sandbox/dashboard/refunds", _AN_AMOUNT, _dashboard_refund),
    ("POST", "/_sandbox/reset", _NOTHING, _bare(_reset)),
)
_ROUTES = [(method, re.compile(path.replace("{id}", "([^/]+)")), names, do) for method, path, names, do in _TABLE]
