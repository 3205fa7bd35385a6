"""How a call is answered: key, route, fault, idempotency key, parameters, work, answer. In that order."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from sandbox.http import DropConnection, Request, Response
from sandbox.stripe import contract, events, expand, forms, params, routes
from sandbox.stripe.auth import Actor, Keys, secret_key_required
from sandbox.stripe.call import Call
from sandbox.stripe.errors import ApiError, Json, rate_limited, server_error, words
from sandbox.stripe.faults import Fault, Faults
from sandbox.stripe.ids import new_id
from sandbox.stripe.resources import checkout_sessions, refunds
from sandbox.stripe.store import KeptAnswer, Store, public
from sandbox.stripe.version import API_VERSION
from sandbox.stripe.webhooks import Outbox

_KEYS_LAST_S = 24 * 3600
_LONGEST_KEY = 255
_SENT_BY_APPS = words(
    """
    _stripe_version client_attribution_metadata client_secret expected_payment_method_type guid key muid
    payment_user_agent referrer sid time_on_page
    """
)
"""What Stripe's libraries for apps add to a call; none of it is in the types for servers."""


class NoAnswer(DropConnection):
    """The caller waits `seconds` in vain."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, understood: who, what, with which raw parameters."""

    request_id: str
    request: Request
    actor: Actor
    route: routes.Route
    ids: list[str]
    sent: Json
    fault: Fault | None
    key: str | None  # for idempotency

    @property
    def fingerprint(self) -> str:
        text = json.dumps([self.request.method, self.sent, self.actor.kind], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Engine:
    """Answers /v1/. Any thread may call `answer`."""

    def __init__(
        self,
        store: Store,
        *,
        keys: Keys,
        base_url: str,
        clock: Callable[[], float],
        check_answers: bool,
        retry_base_s: float,
    ) -> None:
        self.store, self.keys, self.base_url, self.clock = store, keys, base_url, clock
        self.faults = Faults()
        self.outbox = Outbox(store, self.faults, self._event, retry_base_s)
        self._check_answers = check_answers
        self._running: set[str] = set()
        self._running_lock = threading.Lock()
        with store.transaction():
            store.forget_answers(before=self._now() - _KEYS_LAST_S)

    def _now(self) -> int:
        return int(self.clock())

    def _event(self, event_id: str) -> Json | None:
        event = self.store.load(event_id)
        return None if event is None else events.rendered(self.store, event)

    def call(self, **more: Any) -> Call:
        """A call that nobody made: what the bank, the customer or the dashboard does."""
        return Call(self.store, self.outbox, self._now(), self.base_url, **more)

    @contextmanager
    def doing(self) -> Iterator[Call]:
        """One transaction outside the API. A payment that is refused in it stays refused."""
        with self.store.transaction() as store:
            refusal: ApiError | None = None
            try:
                yield self.call()
            except ApiError as error:
                refusal = error
                if not error.keeps_work:
                    store.undo()
        self.outbox.notify()
        if refusal:
            raise refusal

    # one call

    def answer(self, request: Request) -> Response:
        """Raises: DropConnection (with NoAnswer: after a while) when a fault says so."""
        request_id = new_id("req", 14)
        try:
            response = self._answer(request, request_id)
        except ApiError as error:
            response = Response.json(error.body(request_id), error.status, error.headers)
        response.headers.setdefault("Request-Id", request_id)
        response.headers["Stripe-Version"] = API_VERSION
        return response

    def _answer(self, request: Request, request_id: str) -> Response:
        actor = self.keys.actor(request.headers)
        route, ids = routes.find(request.method, request.path)
        if actor.kind not in route.keys:
            raise secret_key_required()
        _check_headers(request.headers, actor)
        fault = self.faults.take(request.method, request.path)
        _strike_before(fault)
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        asked = Asked(request_id, request, actor, route, ids, _sent(request), fault, key)
        with self._alone(key):
            if self.faults.latency_s:
                time.sleep(self.faults.latency_s)
            response = self._replayed(asked) or self._done(asked)
        self.outbox.notify()
        if fault and fault.kind == "drop_after":
            raise DropConnection
        if fault and fault.kind == "timeout":
            raise NoAnswer(fault.seconds)
        return response

    @contextmanager
    def _alone(self, key: str | None) -> Iterator[None]:
        """Two calls with one idempotency key never run at the same time. Raises: ApiError (409)."""
        if key is None:
            yield
            return
        _check_key(key)
        with self._running_lock:
            if key in self._running:
                raise _in_use(key)
            self._running.add(key)
        try:
            yield
        finally:
            with self._running_lock:
                self._running.discard(key)

    def _replayed(self, asked: Asked) -> Response | None:
        """The answer that this idempotency key already got. Raises: ApiError if it was for another call."""
        if asked.key is None:
            return None
        with self.store.transaction() as store:
            kept = store.answer_for(asked.key, not_before=self._now() - _KEYS_LAST_S)
        if kept is None:
            return None
        if (kept.path, kept.fingerprint) != (asked.request.path, asked.fingerprint):
            raise _reused(asked.key, kept.path, asked.request.path)
        headers = {**kept.headers, "Idempotent-Replayed": "true", "Idempotency-Key": asked.key}
        return Response(kept.status, kept.body.encode(), headers=headers)

    def _done(self, asked: Asked) -> Response:
        """Do the work and keep the answer for the key, in one transaction. Bad parameters are not kept."""
        checked = _checked(asked)
        with self.store.transaction() as store:
            call = self.call(
                path=asked.request.path,
                params=checked,
                actor=asked.actor,
                request_id=asked.request_id,
                idempotency_key=asked.key,
                decline=asked.fault.decline if asked.fault else None,
            )
            response = self._work(call, asked)
            if asked.key is not None:
                self._keep(store, asked, response)
        return response

    def _work(self, call: Call, asked: Asked) -> Response:
        try:
            answer = asked.route.do(call, *asked.ids)
            answer = expand.expanded(answer, call.params.get("expand", []), call.store.load, _including(call))
            response = Response.json(self._verified(public(answer), asked.actor))
        except ApiError as error:
            if not error.keeps_work:
                call.store.undo()
            body = self._verified(public(error.body(asked.request_id)), asked.actor)
            response = Response.json(body, error.status, error.headers)
        if asked.fault and asked.fault.kind == "500_after":
            failure = server_error(replayed_by_key=True)
            response = Response.json(failure.body(asked.request_id), failure.status, failure.headers)
        return response

    def _verified(self, answer: Json, actor: Actor) -> Json:
        """The answer, if Stripe could have given it. An app is told less than the types promise a server."""
        if self._check_answers and actor.is_server:
            found = contract.problems(answer)
            assert not found, "\n".join(found)
        return answer

    def _keep(self, store: Store, asked: Asked, response: Response) -> None:
        assert asked.key is not None
        response.headers["Original-Request"] = asked.request_id
        path, body = asked.request.path, response.body.decode()
        kept = KeptAnswer(path, asked.fingerprint, response.status, body, dict(response.headers))
        store.keep_answer(asked.key, self._now(), kept)
        response.headers["Idempotency-Key"] = asked.key


def _strike_before(fault: Fault | None) -> None:
    """Nothing is done and nothing is kept: the same call, repeated, is a first call."""
    kind = fault.kind if fault else None
    if kind == "500_before":
        raise server_error(replayed_by_key=False)
    if kind == "429":
        raise rate_limited()
    if kind == "drop_before":
        raise DropConnection
    if fault and kind == "timeout_before":
        raise NoAnswer(fault.seconds)


def _check_headers(headers: Mapping[str, str], actor: Actor) -> None:
    """A server must speak the version that is played here; apps speak whatever version they were built with."""
    if headers.get("Stripe-Account"):
        raise ApiError("The Stripe stand-in has one account: it does not model Stripe-Account.")
    asked = headers.get("Stripe-Version")
    if actor.is_server and asked not in (None, API_VERSION):
        raise ApiError(f"The Stripe stand-in speaks API version {API_VERSION}, not {asked}.")


def _sent(request: Request) -> Json:
    if request.method == "POST":
        kind = request.headers.get("Content-Type", "")
        if request.body and not kind.startswith("application/x-www-form-urlencoded"):
            message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
            raise ApiError(message)
        return forms.decode(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    return forms.decode((name, value) for name, values in request.query.items() for value in values)


def _checked(asked: Asked) -> Json:
    """The parameters, typed by the SDK's own types; an app's call carries some that only apps send."""
    if asked.actor.is_server:
        return params.check(asked.route.params, asked.sent)
    sent = {name: value for name, value in asked.sent.items() if name not in _SENT_BY_APPS}
    data = sent.pop("payment_method_data", None)
    checked = params.check(asked.route.params, sent)
    if isinstance(data, dict):
        known = {name: value for name, value in data.items() if name not in _SENT_BY_APPS}
        checked["payment_method_data"] = params.check("PaymentMethodCreateParams", known)
    if "client_secret" in asked.sent:
        checked["client_secret"] = asked.sent["client_secret"]
    return checked


def _including(call: Call) -> expand.Include:
    """Fields that are only sent when they are asked for."""

    def include(obj: Json, name: str) -> Any:
        kind = obj.get("object")
        if (kind, name) == ("charge", "refunds"):
            path = f"/v1/charges/{obj['id']}/refunds"
            return refunds.list_(replace(call, params={"charge": obj["id"]}, path=path))
        if (kind, name) == ("checkout.session", "line_items"):
            return checkout_sessions.items_of(obj)
        return None

    return include


def _check_key(key: str) -> None:
    if len(key) > _LONGEST_KEY:
        raise ApiError(f"Idempotency keys can be at most {_LONGEST_KEY} characters long.", kind="idempotency_error")


def _in_use(key: str) -> ApiError:
    message = (
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Please try again later."
    )
    headers = {"Stripe-Should-Retry": "true"}
    return ApiError(message, status=409, code="idempotency_key_in_use", headers=headers)


def _reused(key: str, first_path: str, path: str) -> ApiError:
    advice = f"Try using a key other than '{key}' if you meant to execute a different request."
    if first_path != path:
        message = (
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{path}' vs '{first_path}'). {advice}"
        )
    else:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            + advice
        )
    return ApiError(message, kind="idempotency_error")
