"""`make run` and `make demo` as a newcomer types them, in a copy of this checkout."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from deploy.local import venv
from deploy.local.files import read_json
from deploy.local.layout import HERE, Layout
from deploy.local.ports import any_free
from deploy.local.processes import PROC, command_line
from deploy.local.settings import OURS

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "media", "staticfiles")
START_SECONDS = 240


@dataclass
class Checkout:
    """A copy of this checkout, and what was started in it."""

    layout: Layout
    env: dict[str, str]

    def local(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "deploy.local", *arguments]
        return subprocess.run(
            command, cwd=self.layout.root, env=self.env, capture_output=True, text=True, check=False, timeout=180
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    if not venv.is_current(HERE, "local"):
        pytest.skip("the virtual environment was not made by `make`: starting would install into it")
    root = tmp_path / "checkout"
    shutil.copytree(HERE.root, root, ignore=NOT_COPIED)
    (root / ".venv").symlink_to(HERE.venv)
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    ports = {name: str(any_free()) for name in ("PORT", "STRIPE_PORT", "INVENTORY_PORT")}
    yield Checkout(Layout(root), {**inherited, **ports})
    shutil.rmtree(root)


@pytest.fixture
def launcher(checkout: Checkout) -> Iterator["subprocess.Popen[bytes]"]:
    log = checkout.layout.root / "output"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "deploy.local", "run"]
        started = subprocess.Popen(command, cwd=checkout.layout.root, env=checkout.env, stdout=output, stderr=output)
    deadline = time.monotonic() + START_SECONDS
    while "is running" not in log.read_text():
        assert started.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    yield started
    started.terminate()
    started.wait(60)


def processes_of(checkout: Checkout) -> list[str]:
    lines = [command_line(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [line for line in lines if str(checkout.layout.root) in line]


@pytest.mark.skipif(not PROC.exists(), reason="looks for processes in /proc")
def test_a_checkout_starts_serves_the_demo_and_stops_without_a_trace(
    checkout: Checkout, launcher: "subprocess.Popen[bytes]"
):
    url = read_json(checkout.layout.environment)["PUBLIC_URL"]
    assert url.endswith(f":{checkout.env['PORT']}")
    style = re.search(r'href="(/static/[^"]+\.css)"', requests.get(f"{url}/admin/login/", timeout=30).text)
    assert style
    for path in ("/readyz", "/api/docs/", "/.well-known/jwks.json", style[1]):
        assert requests.get(f"{url}{path}", timeout=30).status_code == 200, path

    second = checkout.local("run")
    assert second.returncode == 1
    assert second.stderr.startswith(f"run: already running (process {launcher.pid}): {url}")

    demo = checkout.local("demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert processes_of(checkout)

    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(60) == 0
    assert processes_of(checkout) == []

    nothing = checkout.local("demo")
    assert nothing.returncode == 1
    assert nothing.stderr.startswith("demo: nothing runs here")
