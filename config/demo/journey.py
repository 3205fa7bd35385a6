"""The whole way of the data, walked once through the public API, as a phone and a clerk would.

Mia has two cats and one trip: she rents a carrier for each and buys another, in one order and with a coupon. Her
first card is declined, her deposit is secured, the clerk hands everything over. She will be late with one carrier,
which comes back torn, and keeps the other; part of the deposit pays for both, and the order closes with nothing owed.
A second order is cancelled and refunded. Every step says what happened, how long it took and where to look.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from config.demo.clerk import HANDING_OVER, INSPECTING, TAKING_BACK, Clerk, ClerkRefused
from config.demo.days import days_to_rent
from config.demo.places import COUPONS
from config.seeding.people import PASSWORD, address_of
from core.http import HttpClient, HttpError, HttpResponse
from core.money import format_minor
from core.time import today_in

DEPOT = "BER"
CUSTOMER = "mia@example.com"
CLERK = address_of("clerk")
# Where the docs tell of what a step does: /api/docs/#/<tag>/<operation id>.
DOCS = {
    "log in": "/api/docs/#/sessions/logIn",
    "look": "/api/docs/#/catalog/listContainers",
    "quote": "/api/docs/#/orders/createQuote",
    "pay": "/api/docs/#/payments/startPayment",
    "order": "/api/docs/#/orders/placeOrder",
    "late": "/api/docs/#/orders/reportDelay",
    "keep": "/api/docs/#/orders/keepRental",
}
A_MOMENT = 5  # seconds for what happens by itself, if its time has come
PATIENCE = 60  # seconds until a step that waits gives up


class JourneyFailed(Exception):
    """A step did not end as it should have."""


class Journey:
    """One customer's day. `say` gets a line for each step."""

    def __init__(self, *, public_url: str, gateway_url: str, say: Callable[[str], None]) -> None:
        self._url = public_url
        self._shop = HttpClient("demo-shop", public_url, read_timeout=20)
        self._gateway_url = gateway_url
        self._gateway = HttpClient("demo-gateway", gateway_url)
        self._token = ""
        self._say = say
        self._steps = 0
        self._details: list[str] = []

    def walk(self) -> None:
        """Go all the way. Raises: JourneyFailed, ClerkRefused, HttpError."""
        with self._step("Mia logs in; she travels with two of her cats", DOCS["log in"]):
            self._log_in()
            for cat in self._get("/api/v1/me/cats")["results"][:2]:
                self._tell(f"{cat['name']}: {cat['length_mm']} mm long, {cat['weight_g'] / 1000:.1f} kg")
        with self._step("she looks for carriers that are free for her days", DOCS["look"]):
            start, end = self._days()
            rent = self._find("rent", start, end)
            buy = self._find("buy", start, end, other_than=rent["title"])
            self._tell(f"to rent: {rent['title']} ({rent['sku']}), twice, from {start} to {end}")
            self._tell(f"to buy:  {buy['title']} ({buy['sku']})")
        with self._step("one quote for all, with a coupon", DOCS["quote"]):
            lines = [self._rental(rent["sku"], start, end, quantity=2), self._sale(buy["sku"])]
            quote = self._quote(*lines, **self._coupon(lines))
            for line in quote["lines"]:
                self._tell(f"{line['title']}: {self._money(line['total'])}: {'; '.join(line['explanation'])}")
            self._tell(f"total {self._money(quote['total'])}, with {self._money(quote['discount'])} off by the coupon")
            self._tell(f"deposit: {quote['deposit_terms']}")
        number = self._order(quote)
        self._pay_with_two_cards(number)
        self._secure_the_deposit(number)
        self._clerk_hands_over(number)
        late, kept = self._rentals(number)
        self._say_that_one_is_late(number, late, end + timedelta(days=1))
        self._keep_the_other(number, kept)
        self._clerk_takes_back(number)
        self._cancel_another(buy["sku"])

    def _pay_with_two_cards(self, number: str) -> None:
        with self._step("the payment opens", DOCS["pay"]):
            intent = self._post(f"/api/v1/orders/{number}/payment", {})["client_secret"].partition("_secret_")[0]
        with self._step("her first card is declined", self._gateway_page):
            self._confirm(intent, "pm_card_chargeDeclinedInsufficientFunds")
            failed = self._until(
                lambda: self._get(f"/api/v1/orders/{number}/payment")["last_error"], "the decline to reach the app"
            )
            self._tell(f"{failed['code']}: {failed['detail']}")
        with self._step("her second card pays; Stripe's webhook confirms the order", "/admin/payments/providerevent/"):
            self._confirm(intent, "pm_card_visa")
            self._wait_for(number, "confirmed")

    def _secure_the_deposit(self, number: str) -> None:
        with self._step("the deposit is secured on the card that paid", f"/admin/payments/deposit/?q={number}"):
            if not self._is_seen(lambda: self._is_secured(number), seconds=A_MOMENT):
                self._tell("her rental begins later, so she confirms it in the app already now")
                body = {"purpose": "deposit"}
                intent = self._post(f"/api/v1/orders/{number}/payment", body)["client_secret"].partition("_secret_")[0]
                self._confirm(intent, "pm_card_visa")
            self._until(lambda: self._is_secured(number), "the deposit to be secured")

    def _is_secured(self, number: str) -> bool:
        return self._get(f"/api/v1/orders/{number}")["deposit_secured_at"] is not None

    def _clerk_hands_over(self, number: str) -> None:
        with self._step("the clerk prepares and hands over, at the staff pages", f"/admin/orders/order/?q={number}"):
            self._clerk = Clerk(self._url, email=CLERK, password=PASSWORD)
            for done in self._clerk.take_steps(number, HANDING_OVER):
                self._tell(done)

    def _say_that_one_is_late(self, number: str, rental: str, back_on: date) -> None:
        with self._step("she will bring one of them back a day late, and hears what that costs", DOCS["late"]):
            told = self._post(f"/api/v1/orders/{number}/delay", {"rental": rental, "back_on": str(back_on)})
            self._tell(f"back on {told['back_on']} instead: {self._money(told['late_fees'])}, if she does come so late")

    def _keep_the_other(self, number: str, rental: str) -> None:
        with self._step("she keeps the other, for what she was told from the first day", DOCS["keep"]):
            options = self._get(f"/api/v1/orders/{number}/extension-options")
            price = next(option["keep_price"] for option in options if option["rental"] == rental)
            self._post(f"/api/v1/orders/{number}/keep", {"rental": rental, "price": price})
            self._tell(f"{self._money(price)}: its price less the credit for the rent; the deposit pays first")

    def _rentals(self, number: str) -> list[str]:
        order = self._get(f"/api/v1/orders/{number}")
        return [rental["id"] for line in order["lines"] for rental in line.get("rentals") or ()]

    def _clerk_takes_back(self, number: str) -> None:
        page = f"/admin/payments/deposit/?q={number}"
        with self._step("the late one comes back torn; part of the deposit is kept", page):
            for done in self._clerk.take_steps(number, TAKING_BACK):
                self._tell(done)
            self._tell(self._clerk.charge(number))
            for done in self._clerk.take_steps(number, INSPECTING):
                self._tell(done)
            self._wait_for(number, "completed")
            self._tell_statement(number)

    def _cancel_another(self, sku: str) -> None:
        with self._step("a second order, paid", DOCS["order"]):
            number = self._order(self._quote(self._sale(sku)), quiet=True)
            intent = self._post(f"/api/v1/orders/{number}/payment", {})["client_secret"].partition("_secret_")[0]
            self._confirm(intent, "pm_card_visa")
            self._wait_for(number, "confirmed")
        with self._step("it is cancelled, and the money goes back", "/admin/payments/refund/"):
            self._post(f"/api/v1/orders/{number}/cancel", {"reason": "We travel later."})
            self._until(lambda: self._is_refunded(number), "the refund")
            self._tell_statement(number)

    # What a phone does

    def _log_in(self) -> None:
        body = {"email": CUSTOMER, "password": PASSWORD}
        self._token = self._call("POST", "/api/v1/auth/token", body)["access_token"]

    def _days(self) -> tuple[date, date]:
        depot = next(d for d in self._get("/api/v1/depots")["results"] if d["code"] == DEPOT)
        closures = [(date.fromisoformat(c["from"]), date.fromisoformat(c["to"])) for c in depot["closures"]]
        days = days_to_rent(today_in(depot["time_zone"]), depot["opening_days"], closures)
        if days is None:
            raise JourneyFailed(f"{DEPOT} has no open days")
        return days

    def _find(self, mode: str, start: date, end: date, other_than: str = "") -> dict[str, Any]:
        """The first variant of the catalogue that is free for these days; what is rented can be kept too."""
        path = f"/api/v1/containers?mode={mode}&depot={DEPOT}&from={start}&to={end}&page_size=50"
        free = "rental" if mode == "rent" else "sale"
        for container in self._get(path)["results"]:
            title = f"{container['brand']} {container['name']}"
            for variant in container["variants"] if title != other_than else ():
                offered = variant["rental"] if mode == "rent" else variant["sale"]
                if offered and variant["sale"] and any(pool[free] > 1 for pool in variant["availability"]):
                    return {"sku": variant["sku"], "title": title}
        raise JourneyFailed(f"nothing is free to {mode} at {DEPOT} from {start} to {end}")

    def _rental(self, sku: str, start: date, end: date, *, quantity: int) -> dict[str, Any]:
        return {"kind": "rental", "sku": sku, "quantity": quantity, "start_on": str(start), "end_on": str(end)}

    def _sale(self, sku: str) -> dict[str, Any]:
        return {"kind": "sale", "sku": sku, "quantity": 1}

    def _coupon(self, lines: list[dict[str, Any]]) -> dict[str, str]:
        """The first of the demo's coupons that counts for these lines: one is for first orders only. {}: none does."""
        for coupon in COUPONS:
            answer = self._ask("POST", "/api/v1/quotes", {"depot": DEPOT, "lines": lines, "coupon": coupon.code})
            if answer.status < HTTPStatus.BAD_REQUEST:
                return {"coupon": coupon.code}
            self._tell(f"{coupon.code}: {answer.json()['detail']}")
        return {}

    def _quote(self, *lines: dict[str, Any], **more: str) -> dict[str, Any]:
        quote: dict[str, Any] = self._post("/api/v1/quotes", {"depot": DEPOT, "lines": list(lines), **more})
        return quote

    def _order(self, quote: dict[str, Any], *, quiet: bool = False) -> str:
        if quiet:
            number: str = self._post("/api/v1/orders", {"quote": quote["id"]})["number"]
            return number
        with self._step("she orders; the shop and the warehouse hold the goods", "/admin/inventory/reservation/"):
            placed = self._post("/api/v1/orders", {"quote": quote["id"]})
            number = placed["number"]
            self._wait_for(number, "pending_payment")
            self._tell(f"order {number}, to be paid {_deadline(placed['placed_at'], placed['expires_at'])}")
        return number

    def _confirm(self, intent: str, card: str) -> None:
        """The payment sheet hands the card to Stripe; the shop never sees it."""
        answer = self._gateway.request(
            "POST", f"/_sandbox/payment_intents/{intent}/confirm", json={"payment_method": card}
        )
        if answer.status != 200:
            raise JourneyFailed(f"the payment stand-in answered {answer.status}")

    def _wait_for(self, number: str, status: str) -> None:
        self._until(lambda: self._get(f"/api/v1/orders/{number}")["status"] == status, f"order {number} to be {status}")

    def _is_refunded(self, number: str) -> bool:
        told = self._get(f"/api/v1/orders/{number}/statement")
        return bool(told["refunded"]["amount"] and told["balance"]["amount"] == 0)

    def _until(self, look: Callable[[], Any], what: str) -> Any:
        if seen := self._is_seen(look, seconds=PATIENCE):
            return seen
        raise JourneyFailed(f"waited {PATIENCE} s in vain for {what}")

    def _is_seen(self, look: Callable[[], Any], *, seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if seen := look():
                return seen
            time.sleep(0.2)
        return None

    def _get(self, path: str) -> Any:
        return self._call("GET", path)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._ask(method, path, body)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise JourneyFailed(f"{method} {path}: {answer.status} {answer.json().get('detail', '')}")
        return answer.json()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        return self._shop.request(method, path, json=body, headers=headers)

    # How it is told

    @property
    def _gateway_page(self) -> str:
        return f"{self._gateway_url}/"

    @contextmanager
    def _step(self, what: str, where: str) -> Iterator[None]:
        self._steps += 1
        self._details.clear()
        started = time.monotonic()
        try:
            yield
        except (JourneyFailed, ClerkRefused, HttpError):
            self._say(f" ✗ {self._steps:>2}  {what}")
            raise
        took = (time.monotonic() - started) * 1000
        address = where if where.startswith("http") else self._url + where
        self._say(f" ✓ {self._steps:>2}  {what}  [{took:.0f} ms]")
        for detail in self._details:
            self._say(f"       {detail}")
        self._say(f"       → {address}")

    def _tell(self, detail: str) -> None:
        self._details.append(detail)

    def _tell_statement(self, number: str) -> None:
        told = self._get(f"/api/v1/orders/{number}/statement")
        for entry in told["entries"]:
            self._tell(f"{self._money(entry['amount']):>10}  {entry['text']}")
        self._tell(f"{self._money(told['balance']):>10}  is what is owed")
        if told["balance"]["amount"] != 0:
            raise JourneyFailed(f"order {number} does not balance")

    def _money(self, amount: dict[str, Any]) -> str:
        return format_minor(amount["amount"], amount["currency"])


def _deadline(placed_at: str, expires_at: str) -> str:
    """Two instants of the API as "within 15 minutes, until 20:08 UTC"."""
    placed, expires = datetime.fromisoformat(placed_at), datetime.fromisoformat(expires_at)
    return f"within {round((expires - placed).total_seconds() / 60)} minutes, until {expires:%H:%M} UTC"
