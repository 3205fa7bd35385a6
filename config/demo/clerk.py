"""The depot's clerk, who does at the staff pages what a clerk does there, in a browser's way."""

import re
from collections.abc import Collection, Iterator
from html import unescape

import requests

# What is typed at each step, by the last word of its address.
TYPED = {
    "prepare": {},
    # the demo does not wait for the first day
    "hand-over": {"condition": "A", "note": "checked latch and pad", "early": "on"},
    "pack": {},
    "deliver": {},
    "take-back": {"condition": "B", "note": "the mesh is torn"},
    "charge": {"kind": "damage", "amount": "15.00", "reason": "The mesh at the door is torn."},
    "inspect": {"fit": "yes"},
}
HANDING_OVER = ("prepare", "hand-over", "pack", "deliver")
TAKING_BACK, INSPECTING = ("take-back",), ("inspect",)
PATIENCE = 20  # seconds for a page

_BUTTON = re.compile(r'<a class="step" href="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]+)"')
_SCANNED = re.compile(r'<input [^>]*name="(serial)"[^>]* placeholder="([^"]+)"')  # the unit that stands ready
_DONE = re.compile(r'<div class="[^"]*bg-green-100[^"]*">\s*(.+?)\s*</div>', re.DOTALL)
_REFUSED = re.compile(r'<div class="errornote[^"]*">\s*(.+?)\s*</div>', re.DOTALL)


class ClerkRefused(Exception):
    """A page did not let the clerk do what he wanted to."""


class Clerk:
    """Logged in, and ready to take the steps that the parts of an order offer."""

    def __init__(self, shop_url: str, *, email: str, password: str) -> None:
        self._url = shop_url
        self._browser = requests.Session()
        self._browser.trust_env = False  # straight to the shop, whatever proxy this shell has
        page = self._send("/admin/login/", {"username": email, "password": password})
        if "sessionid" not in self._browser.cookies:
            raise ClerkRefused(f"{email} cannot log in: {_found(_REFUSED, page)}")

    def take_steps(self, number: str, steps: Collection[str]) -> Iterator[str]:
        """Take these steps with every part of the order, as long as one is offered. Yields what each page said.

        Raises: ClerkRefused.
        """
        for parts in ("rental", "orderline"):
            while (button := self._offered(f"/admin/orders/{parts}/?q={number}", steps)) is not None:
                yield self._take(button)

    def charge(self, number: str) -> str:
        """Charge what came back broken, on the page of the rental that is inspected next. Raises: ClerkRefused."""
        button = self._offered(f"/admin/orders/rental/?q={number}", INSPECTING)
        if button is None:
            raise ClerkRefused(f"charge: nothing of {number} is to be inspected")
        return self._take(button.replace("/inspect", "/charge"))

    def _take(self, step: str) -> str:
        page = self._send(step, TYPED[_name(step)])
        if done := _found(_DONE, page):
            return done
        raise ClerkRefused(f"{_name(step)}: {_found(_REFUSED, page)}")

    def _offered(self, worklist: str, steps: Collection[str]) -> str | None:
        buttons = map(unescape, _BUTTON.findall(self._page(worklist)))
        return next((button for button in buttons if _name(button) in steps), None)

    def _send(self, path: str, typed: dict[str, str]) -> str:
        """Open the form, fill it in and send it with all that it keeps to itself. Returns the page that it leads to."""
        page = self._page(path)
        kept = dict([*_HIDDEN.findall(page), *_SCANNED.findall(page)])
        return self._answer("POST", path, data={**kept, **typed})

    def _page(self, path: str) -> str:
        return self._answer("GET", path)

    def _answer(self, method: str, path: str, data: dict[str, str] | None = None) -> str:
        try:
            answer = self._browser.request(method, self._url + path, data=data, timeout=PATIENCE)
        except requests.RequestException as error:
            raise ClerkRefused(f"{method} {path}: {error}") from error
        if not answer.ok:
            raise ClerkRefused(f"{method} {path}: {answer.status_code}")
        return answer.text


def _name(button: str) -> str:
    return button.rstrip("/").rpartition("/")[2]


def _found(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    return unescape(found[1]) if found else ""
