"""The pages people see: an overview to play with, the payment page of Checkout, the bank's question (3-D Secure)."""

from __future__ import annotations

import functools
import json
import string
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.http import Response
from sandbox.stripe import money
from sandbox.stripe.errors import ApiError, Json, missing
from sandbox.stripe.resources import checkout_sessions

if TYPE_CHECKING:
    from sandbox.stripe.sandbox import StripeSandbox

_FOLDER = Path(__file__).parent / "html"


@functools.cache
def _template(name: str) -> string.Template:
    return string.Template((_FOLDER / name).read_text(encoding="utf-8"))


def overview(_sandbox: StripeSandbox) -> str:
    return _template("overview.html").substitute(style=_style())


@functools.cache
def _style() -> str:
    return (_FOLDER / "style.css").read_text(encoding="utf-8")


def _data(value: object) -> str:
    """JSON that is safe inside a script element."""
    return json.dumps(value).replace("<", "\\u003c")


def checkout(sandbox: StripeSandbox, session_id: str) -> Response:
    """The page, or the way back from one that is paid. Raises: ApiError (404) for a session that ended unpaid."""
    session = sandbox.retrieve(session_id)
    if session is None or session["object"] != "checkout.session" or session["status"] == "expired":
        raise missing("checkout.session", session_id, param="session")
    if session["status"] == "complete":
        return Response(303, headers={"Location": checkout_sessions.success_url(session)})
    amount = session["amount_total"]
    facts: Json = {
        "pay": f"/_sandbox/checkout/sessions/{session_id}/pay",
        "back": session["cancel_url"],
        "title": "Save a card" if amount is None else f"Pay {money.written(amount, session['currency'])}",
    }
    return Response.html(_template("checkout.html").substitute(style=_style(), facts=_data(facts)))


def authentication(sandbox: StripeSandbox, intent_id: str) -> str:
    """Raises: ApiError (404) if the bank asks nothing."""
    intent = sandbox.retrieve(intent_id)
    if intent is None or intent.get("status") != "requires_action":
        raise ApiError("No authentication is under way.", status=404)
    kind = intent["object"]
    action = intent["next_action"].get("redirect_to_url") or {}
    query = {kind: intent_id, f"{kind}_client_secret": intent["client_secret"]}
    facts: Json = {
        "answer": f"/_sandbox/{kind}s/{intent_id}/complete_3ds",
        "back": action.get("return_url"),
        "query": urlencode(query),
        "title": _question(intent),
    }
    return _template("authentication.html").substitute(style=_style(), facts=_data(facts))


def _question(intent: Json) -> str:
    if intent["object"] == "setup_intent":
        return "Allow this shop to save your card?"
    return f"Pay {money.written(intent['amount'], intent['currency'])} to this shop?"
