"""A real browser before the staff pages: Debian's Chromium, driven over a pipe."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.factories.accounts import PASSWORD

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
WANTED = "No Chromium is installed (apt-get install chromium), so the staff pages are not looked at in a browser."

Snap = Callable[[str], None]


def _chromium() -> str:
    """Its path. Left out where there is none; required where CI or REQUIRE_BROWSER says so."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    if Path(path).exists():
        return path
    required = os.environ.get("REQUIRE_BROWSER") == "1" or os.environ.get("CI") == "true"
    return str(pytest.fail(WANTED) if required else pytest.skip(WANTED))


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
        base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce"
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
def snap(page: Page, tmp_path: Path) -> Snap:
    """Keep a picture of the page in $SCREENSHOTS, or where pytest keeps its files."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def take(name: str) -> None:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=folder / f"{name}.png")

    return take
