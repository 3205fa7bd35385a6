"""A real browser before the staff pages: Debian's Chromium, driven over a pipe."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.factories.accounts import PASSWORD

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
WANTED = "No Chromium is installed (apt-get install chromium), so the staff pages are not looked at in a browser."

WINDOWS = {"desk": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}
Snap = Callable[[str], None]
Looking = Callable[[str], None]


def _chromium() -> str:
    """Its path. Left out where there is none; required where CI or REQUIRE_BROWSER says so."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    if Path(path).exists():
        return path
    required = os.environ.get("REQUIRE_BROWSER") == "1" or os.environ.get("CI") == "true"
    return str(pytest.fail(WANTED) if required else pytest.skip(WANTED))


def _size(device: str) -> ViewportSize:
    width, height = WINDOWS[device]
    return {"width": width, "height": height}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all tests here. While it runs, so does playwright's event loop in this thread; Django must not mind."""
    path = _chromium()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """An empty page of the running shop. Any error of its scripts fails the test."""
    context = browser.new_context(
        base_url=live_server.url, viewport=_size("desk"), locale="en-GB", reduced_motion="reduce"
    )
    errors: list[str] = []
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def log_in(page: Page, user: User) -> None:
    """As staff do, up to the first page."""
    page.goto(reverse("admin:login"))
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")


@pytest.fixture
def snap(page: Page) -> Snap:
    """Keep pictures of the page, light and dark, in $SCREENSHOTS; none where nobody wants them."""
    wanted = os.environ.get("SCREENSHOTS")

    def take(name: str) -> None:
        if wanted is None:
            return
        Path(wanted).mkdir(parents=True, exist_ok=True)
        page.evaluate("document.fonts.ready")
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=Path(wanted) / f"{name}-{theme}.png")

    return take


def fits(page: Page) -> bool:
    """Nothing sticks out of the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.fixture
def look(page: Page, snap: Snap) -> Looking:
    """Look at the page on a desk, on a tablet and on a phone: nothing sticks out."""

    def in_every_window(name: str) -> None:
        for device in WINDOWS:
            page.set_viewport_size(_size(device))
            assert fits(page), f"{name} on a {device}"
            snap(f"{name}-{device}")
        page.set_viewport_size(_size("desk"))

    return in_every_window
