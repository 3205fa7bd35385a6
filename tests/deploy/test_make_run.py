"""`make run` and `make demo` as a newcomer types them, in a copy of this checkout."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from deploy.local import venv
from deploy.local.banner import DEMO_PASSWORD
from deploy.local.files import read_json
from deploy.local.identity import NOBODY
from deploy.local.layout import HERE, Layout
from deploy.local.processes import PROC, command_line
from deploy.local.settings import OURS
from tests.ports import kept_port

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

needs_proc = pytest.mark.skipif(not PROC.exists(), reason="looks for processes in /proc")
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "media", "private", "staticfiles")
START_SECONDS = 240


@dataclass
class Checkout:
    """A copy of this checkout, and what was started in it."""

    layout: Layout
    env: dict[str, str]
    as_user: tuple[str, ...] = ()  # what makes a program somebody else's

    def local(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "deploy.local", *arguments]
        return subprocess.run(
            command, cwd=self.layout.root, env=self.env, capture_output=True, text=True, check=False, timeout=180
        )

    @contextmanager
    def running(self) -> "Iterator[subprocess.Popen[bytes]]":
        """`make run` in a terminal of its own, once it says that it is ready."""
        log = self.layout.root / "output"
        with log.open("wb") as output:
            command = [*self.as_user, sys.executable, "-m", "deploy.local", "run"]
            started = subprocess.Popen(
                command, cwd=self.layout.root, env=self.env, stdout=output, stderr=output, start_new_session=True
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while "is running" not in log.read_text():
                assert started.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield started
        finally:
            started.terminate()
            started.wait(60)

    @property
    def url(self) -> str:
        return str(read_json(self.layout.environment)["PUBLIC_URL"])

    def processes(self) -> list[str]:
        lines = [command_line(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [line for line in lines if str(self.layout.root) in line]


def press_ctrl_c(launcher: "subprocess.Popen[bytes]") -> int:
    """As a terminal does: the launcher and all that it has not put elsewhere get it at once. Returns the exit code."""
    os.killpg(launcher.pid, signal.SIGINT)
    return launcher.wait(60)


@contextmanager
def kept_ports(*names: str) -> Iterator[dict[str, str]]:
    with ExitStack() as kept:
        yield {name: str(kept.enter_context(kept_port())) for name in names}


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    if not venv.is_current(HERE, "local"):
        pytest.skip("the virtual environment was not made by `make`: starting would install into it")
    root = tmp_path / "checkout"
    shutil.copytree(HERE.root, root, ignore=NOT_COPIED)
    (root / ".venv").symlink_to(HERE.venv)
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    with kept_ports("PORT", "STRIPE_PORT", "INVENTORY_PORT") as ports:
        yield Checkout(Layout(root), {**inherited, **ports})
    shutil.rmtree(root)


@pytest.fixture
def ordinary(checkout: Checkout) -> Iterator[Checkout]:
    """The checkout of somebody who is not root, where he can reach it."""
    if os.geteuid() != 0:
        pytest.skip("the other tests here are an ordinary user's already")
    as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    as_nobody += ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")  # Python may lie below /root
    if shutil.which("setpriv") is None or subprocess.run([*as_nobody, "true"], check=False).returncode != 0:
        pytest.skip("setpriv is missing here, or may not change users")
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        root = Path(home) / "checkout"
        shutil.move(checkout.layout.root, root)
        checkout.layout.root.mkdir()
        for entry in (Path(home), root, *root.rglob("*")):
            os.lchown(entry, NOBODY, NOBODY)
        yield Checkout(Layout(root), {**checkout.env, "HOME": home}, as_nobody)


@needs_proc
def test_a_checkout_starts_serves_the_demo_ends_with_ctrl_c_and_keeps_its_data(checkout: Checkout):
    with checkout.running() as launcher:
        assert checkout.url.endswith(f":{checkout.env['PORT']}")
        style = re.search(r'href="(/static/[^"]+\.css)"', requests.get(f"{checkout.url}/admin/login/", timeout=30).text)
        assert style
        for path in ("/readyz", "/api/docs/", "/.well-known/jwks.json", style[1]):
            assert requests.get(f"{checkout.url}{path}", timeout=30).status_code == 200, path

        second = checkout.local("run")
        assert second.returncode == 1
        assert second.stderr.startswith(f"run: already running (process {launcher.pid}): {checkout.url}")

        demo = checkout.local("demo")
        assert demo.returncode == 0, demo.stdout + demo.stderr
        orders = orders_of_mia(checkout)
        assert {order["status"] for order in orders} == {"completed", "cancelled"}
        assert checkout.processes()

        assert press_ctrl_c(launcher) == 0
        assert checkout.processes() == []

    nothing = checkout.local("demo")
    assert nothing.returncode == 1
    assert nothing.stderr.startswith("demo: nothing runs here")

    with checkout.running() as launcher:
        assert orders_of_mia(checkout) == orders

        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(60) == 0
        assert checkout.processes() == []


@needs_proc
def test_an_ordinary_user_starts_a_checkout_and_ends_it_without_a_trace(ordinary: Checkout):
    with ordinary.running() as launcher:
        assert requests.get(f"{ordinary.url}/readyz", timeout=30).status_code == 200
        assert Path(f"/proc/{launcher.pid}").stat().st_uid == NOBODY

        assert press_ctrl_c(launcher) == 0
        assert ordinary.processes() == []


def orders_of_mia(checkout: Checkout) -> list[dict[str, Any]]:
    login = {"email": "mia@example.com", "password": DEMO_PASSWORD}
    session = requests.post(f"{checkout.url}/api/v1/auth/token", json=login, timeout=30).json()
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    return requests.get(f"{checkout.url}/api/v1/orders", headers=headers, timeout=30).json()["results"]
