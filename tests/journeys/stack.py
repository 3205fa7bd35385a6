"""The product as it runs: gunicorn and a worker as processes, on the test's database, beside both stand-ins."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.db import connection

from sandbox.inventory.server import Sandbox as InventorySandbox
from sandbox.stripe.sandbox import StripeSandbox
from sandbox.stripe.server import running as running_stripe
from tests.ports import kept_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Process:
    """One process in a group of its own, so that it can be killed with all its children, as the kernel would."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        if self._child is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, sig)
        self._child.wait(timeout=30)
        self._child = None


@dataclass
class Stack:
    """Web and worker, to be started, killed and asked."""

    url: str
    ims: InventorySandbox
    stripe: StripeSandbox
    web: Process
    worker: Process
    session: requests.Session = field(default_factory=requests.Session)

    def start_web(self) -> None:
        self.web.start()
        wait_until(self._answers, "the web server to answer", log=self.web.log)

    def start(self) -> None:
        self.start_web()
        self.worker.start()

    def die(self) -> None:
        """kill -9 of everything that is ours."""
        self.web.kill()
        self.worker.kill()

    def restart(self) -> None:
        self.die()
        self.start()

    def stop(self) -> None:
        self.web.kill()
        self.worker.kill(signal.SIGTERM)
        self.session.close()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/livez", timeout=2).status_code == 200
        except (requests.ConnectionError, requests.Timeout):  # not listening, or still loading
            return False


def wait_until(look: Callable[[], Any], what: str, *, seconds: float = 60, log: Path | None = None) -> Any:
    """The first true answer of `look`, asked ten times a second."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.1)
    told = f"\n{log.read_text()[-3000:]}" if log and log.exists() else ""
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}{told}")


def _database_url() -> str:
    database = connection.settings_dict
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    return f"postgres://{database['USER']}{password}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


@contextmanager
def running_stack(
    ims: InventorySandbox, folder: Path, *, wsgi: str = "config.wsgi", **environment: str
) -> Iterator[Stack]:
    """A stack that has not been started yet; whatever was started is gone afterwards."""
    with ExitStack() as running:
        port = running.enter_context(kept_port())  # the web server dies and comes back
        url = f"http://127.0.0.1:{port}"
        hooks = {"webhook_url": f"{url}/api/v1/webhooks/stripe", "webhook_secrets": ["whsec_new"]}
        stripe = running.enter_context(running_stripe(**hooks))  # behind a front that can hang
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": _database_url(),
            "PUBLIC_URL": url,
            "BIND": f"127.0.0.1:{port}",
            "STRIPE_API_BASE": stripe.url,
            "INVENTORY_URL": ims.url,
            "INVENTORY_TOKEN": settings.INVENTORY_TOKEN,
            "WORKER_HEARTBEAT_SECONDS": "1",
            "WEB_CONCURRENCY": "2",
            **environment,
        }
        python = [sys.executable, "-W", "ignore"]
        stack = Stack(
            url=url,
            ims=ims,
            stripe=stripe,
            web=Process([*python, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", wsgi], env, folder / "web.log"),
            worker=Process([*python, "manage.py", "procrastinate", "worker"], env, folder / "worker.log"),
        )
        settings.STRIPE_API_BASE = stripe.url
        try:
            yield stack
        finally:
            stack.stop()
