"""Customers and their phones, over HTTP: they keep their keys, repeat what got no answer, and change their minds."""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import requests
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import User
from orders.services import LineRequest
from sandbox.stripe.errors import ApiError
from tests.factories.accounts import auth_header
from tests.journeys.chaos.plan import BAGS, CRATES, FEW, NAMES, SETS, WELCOME, Run
from tests.orders.flights import MISO

TRIES = 12
AGAIN = {"order_still_reserving", "request_in_progress"}  # refusals that ask to come back
DOCUMENTED = {"busy", "unavailable", "payment_provider_unavailable"}  # the 503s of docs/errors.md
PAID = ("succeeded", "requires_capture")
DECLINED = "pm_card_chargeDeclined"
ASKS = "pm_card_authenticationRequired"  # 3-D Secure each time; without its owner it says no
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_visa", ASKS, "pm_card_pendingRefund")


@dataclass
class Customer:
    """One person with one phone. `promised` are the numbers of all orders that the shop has told them of."""

    run: Run
    user: User
    dice: Random
    language: str = "en"
    promised: list[str] = field(default_factory=list)
    session: requests.Session = field(default_factory=requests.Session)
    refusal: dict[str, Any] = field(default_factory=dict)  # of what was insisted on last

    def shop_until_over(self) -> None:
        with self.session:
            while not self.run.over.wait(self.dice.uniform(0, 0.6)):
                self.browse()
                self.errand()
                self.look_after()
                self.change_mind()
                self.dice.choice([self.answer_claims, self.look_at_places])()

    def browse(self) -> None:
        """Look around, in one's own language: what there is, how many of what, and what fits on a flight."""
        path = self.dice.choice(
            ["containers?depot=BER&search=tasche", "containers?depot=BER&kind=soft", "containers/facets?depot=BER", ""]
        )
        if path:
            answer = self._call("GET", path)
            if answer is not None and answer.ok and answer.headers["Content-Language"] != self.language:
                raise AssertionError(f"{path} was told in {answer.headers['Content-Language']}, not {self.language}")
            return
        days = {"from": self.run.shop.day(2), "to": self.run.shop.day(4)}
        self._call("POST", "trips/search", {**self._flight(days["from"]), "depot": "BER", **days})

    def _flight(self, on: date) -> dict[str, Any]:
        return {"cats": [MISO], "legs": [{"airline": "LH", "cabin": "economy", "on": on}]}

    def errand(self) -> None:
        """From a quote to whatever becomes of it."""
        lines = self._wishes()
        wishes = self.run.shop.body(*lines)
        if self.dice.random() < 0.6:
            wishes |= self._flight(max(line.start_on or self.run.shop.day(1) for line in lines))
        coupon = self.dice.choices([WELCOME, FEW, ""], [15, 15, 70])[0]
        quote = self.insist("quotes", {**wishes, "coupon": coupon}) if coupon else None
        quote = quote or self.insist("quotes", wishes)
        if not quote:
            self.wait_for_it()
        order = self.insist("orders", {"quote": quote["id"]}) if quote else None
        if not quote or not order:
            return
        self._require_as_told(quote, order)
        self.promised.append(order["number"])
        fate = self.dice.choices(["pay", "pay and cancel", "cancel", "lapse"], [60, 15, 10, 15])[0]
        if fate == "cancel":
            self.cancel(order["number"])
        elif fate != "lapse" and self.pay(order["number"]):
            if order["deposit"]["amount"] and self.dice.random() < 0.8:
                self.secure(order["number"])
            if fate == "pay and cancel":
                self.run.over.wait(self.dice.uniform(0, 3))
                self.cancel(order["number"])

    def _require_as_told(self, quote: dict[str, Any], order: dict[str, Any]) -> None:
        """The price shown is the price charged, whatever it has become meanwhile; names are in one's own language."""
        if order["total"] != quote["total"]:
            raise AssertionError(f"{order['number']} costs {order['total']}, its quote said {quote['total']}")
        for line in quote["lines"]:
            if line["sku"] in ("BAG-1", "SET-1") and NAMES.get(self.language, "Cocoon") not in line["title"]:
                raise AssertionError(f"{line['sku']} is called {line['title']} in {self.language}")

    def _wishes(self) -> list[LineRequest]:
        first, nights = self.dice.randint(0, 6), self.dice.choice([0, 1, 2, 3, 6])  # six: too long to be held
        days = self.run.shop.day(first), self.run.shop.day(first + nights)
        sale = LineRequest("sale", self.dice.choice([*BAGS, *SETS]), self.dice.choice([1, 1, 1, 2]))
        rental = LineRequest("rental", self.dice.choice([*CRATES, *SETS]), self.dice.choice([1, 1, 1, 2]), *days)
        return self.dice.choice([[sale], [rental], [sale, rental]])

    def cancel(self, number: str) -> None:
        self.insist(f"orders/{number}/cancel", {})

    def secure(self, number: str) -> None:
        """Confirm the deposit in the app, as soon as the order is confirmed."""
        for _ in range(5):
            if self.pay(number, purpose="deposit") or self.run.over.wait(self.dice.uniform(0.5, 1.5)):
                return

    def pay(self, number: str, purpose: str = "order") -> bool:
        """Hand a card to the gateway, as the payment sheet does. True when it took the money, or holds it."""
        started = self.insist(f"orders/{number}/payment", {"purpose": purpose})
        if not started:
            return False
        intent = started["client_secret"].partition("_secret_")[0]
        card = self.dice.choice(CARDS)
        cards = [DECLINED, card] if self.dice.random() < 0.15 else [card]
        try:
            return [self._confirm(intent, card) for card in cards][-1] in PAID
        except ApiError:  # the order died meanwhile, and its payment with it
            return False

    def _confirm(self, intent: str, card: str) -> str:
        """The intent's status in the end."""
        gateway = self.run.stack.stripe
        seen = gateway.confirm(intent, card)
        if seen["status"] == "requires_action":
            self.run.over.wait(self.dice.uniform(0, 1))
            seen = gateway.complete_3ds(intent, succeed=self.dice.random() < 0.9)
        return str(seen["status"])

    def look_after(self) -> None:
        """Open one of the last orders, and do what it asks for: confirm the deposit, pay what is owed."""
        if not self.promised:
            return
        number = self.dice.choice(self.promised[-10:])
        answer = self._call("GET", f"orders/{number}/statement")
        if answer is None or not answer.ok or self.dice.random() < 0.3:
            return
        told = answer.json()
        if any(deposit["status"] in ("planned", "unsecured") for deposit in told["deposits"]):
            self.pay(number, purpose="deposit")
        elif told["balance"]["amount"] > 0 and told["paid"]["amount"] > 0:
            self.pay(number, purpose="extra")

    def change_mind(self) -> None:
        """Do with one of the last orders what the shop says can be done: other days, longer, late, kept, sent back."""
        if not self.promised or self.dice.random() < 0.5:
            return
        number = self.dice.choice(self.promised[-10:])
        answer = self._call("GET", f"orders/{number}")
        if answer is None or not answer.ok:
            return
        lines = answer.json()["lines"]
        parts = [*lines, *(rental for line in lines for rental in line["rentals"])]
        wishes = [(event, part) for part in parts for event in part["allowed_events"]]
        if wishes:
            event, part = self.dice.choice(wishes)
            self._change(number, event, part)

    def _change(self, number: str, event: str, part: dict[str, Any]) -> None:
        if event == "ask_return":
            self.insist(f"orders/{number}/returns", {"lines": [part["id"]]})
        elif event == "move":
            first = self.dice.randint(0, 8)
            days = {"start_on": self.run.shop.day(first), "end_on": self.run.shop.day(first + self.dice.randint(0, 5))}
            self.insist(f"orders/{number}/move", {"rental": part["id"], **days})
        elif event == "tell_late":
            back = date.fromisoformat(part["end_on"]) + timedelta(days=self.dice.randint(1, 4))
            self.insist(f"orders/{number}/delay", {"rental": part["id"], "back_on": back})
        elif event in ("extend", "shorten"):
            self._last_day(number, part["id"], event)
        elif self.dice.random() < 0.1:  # else no unit would be left
            self.insist(f"orders/{number}/keep", {"rental": part["id"]})

    def _last_day(self, number: str, rental: str, event: str) -> None:
        """A later or an earlier one, for what was told that it costs, or credits."""
        offered, path, said = {
            "extend": ("options", "extend", "price"),
            "shorten": ("earlier", "return-early", "credit"),
        }[event]
        answer = self._call("GET", f"orders/{number}/extension-options")
        if answer is None or not answer.ok:
            return
        days = next((option[offered] for option in answer.json() if option["rental"] == rental), [])
        if days:
            day = self.dice.choice(days[:5])
            self.insist(f"orders/{number}/{path}", {"rental": rental, "end_on": day["end_on"], said: day[said]})

    def answer_claims(self) -> None:
        """Agree, object, or be silent; some think better of it."""
        if not self.promised or self.dice.random() < 0.5:
            return
        number = self.dice.choice(self.promised[-10:])
        answer = self._call("GET", f"orders/{number}/claims")
        for claim in answer.json() if answer is not None and answer.ok else ():
            event = self.dice.choice([*claim["allowed_events"], "nothing"])
            if event != "nothing":
                body = {"text": "It was torn before."} if event == "object" else {}
                self.insist(f"orders/{number}/claims/{claim['id']}/{event}", body)

    def wait_for_it(self) -> None:
        """Take a place in the waitlist where the refusal offers one."""
        for line in self.refusal.get("lines", ()):
            if (place := line.get("waitlist")) and self.dice.random() < 0.3:
                self.insist(place["href"].removeprefix("/api/v1/"), place["body"])

    def look_at_places(self) -> None:
        """Pay what is held for whoever waited, let it lapse, or wait no longer."""
        answer = self._call("GET", "waitlist") if self.dice.random() < 0.5 else None
        for place in answer.json()["results"] if answer is not None and answer.ok else ():
            fate = self.dice.choices(["pay", "leave", "lapse"], [70, 15, 15])[0]
            if place["status"] == "offered" and place["order"] not in self.promised:
                self.promised.append(place["order"])
                if fate == "pay" and self.pay(place["order"]):
                    self.secure(place["order"])
            if fate == "leave" and place["status"] in ("waiting", "offered"):
                self._call("DELETE", f"waitlist/{place['id']}")

    # The phone

    def insist(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Send it, again with the same key while there is no answer or a call to come back. None: it was refused, or
        the customer has gone.
        """
        key, self.refusal = str(uuid4()), {}
        for _ in range(TRIES):
            answer = self._call("POST", path, body, key)
            if answer is not None and answer.ok:
                return dict(answer.json())
            code = answer.json().get("code") if answer is not None else None
            if answer is not None and answer.status_code < 500 and code not in AGAIN:
                self.refusal = answer.json()
                return None
            if self.run.over.wait(self.dice.uniform(0.2, 1.0)):
                return None
        return None

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, key: str = ""
    ) -> requests.Response | None:
        headers, url = auth_header(self.user), f"{self.run.stack.url}/api/v1/{path}"
        headers["Accept-Language"] = self.language
        if body is not None:
            headers |= {"Idempotency-Key": key, "Content-Type": "application/json"}
        written = None if body is None else json.dumps(body, cls=DjangoJSONEncoder)
        try:
            answer = self.session.request(method, url, data=written, headers=headers, timeout=40)
        except requests.RequestException:
            self.run.tally.count(self.run.tally.answers, "none")
            return None
        told = str(answer.status_code)
        if not answer.ok:
            told = f"{told} {answer.json().get('code')}"
        self.run.tally.count(self.run.tally.answers, told)
        return answer
