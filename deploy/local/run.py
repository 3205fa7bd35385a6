"""`make run`: from a clean checkout to a running shop, and back to nothing at Ctrl-C."""

import hashlib
import http.client
import os
import time
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus

from deploy.local import database, postgres, processes, venv
from deploy.local.banner import banner
from deploy.local.children import Child, Spec
from deploy.local.errors import Failure
from deploy.local.files import exclusive, holder, read_json, write_json
from deploy.local.layout import Layout, shown
from deploy.local.output import Output
from deploy.local.ports import answers, first_free
from deploy.local.settings import Ports, local_environment, product_environment
from deploy.local.steps import Steps
from deploy.local.stopping import StopRequest
from deploy.local.supervisor import Supervisor

READY_SECONDS = 90.0


class Run:
    """One `make run`. Everything it starts, it stops."""

    def __init__(self, layout: Layout, output: Output, stop: StopRequest) -> None:
        self.layout = layout
        self.output = output
        self.stop = stop
        self.steps = Steps(layout.root, output, stop)
        self.supervisor = Supervisor(output, stop, layout.processes)

    def until_stopped(self) -> None:
        """Serve until the user stops it. Raises Failure if something cannot be started; all is stopped then too."""
        with exclusive(self.layout.lock, busy(self.layout)):
            try:
                self._start()
                self.supervisor.watch()
            finally:
                self.output.say("Stopping (Ctrl-C again hurries) ..." if self.stop.asked else "Stopping ...")
                self.supervisor.stop_all()
                self.layout.environment.unlink(missing_ok=True)
                self.output.say("Nothing is left running.")

    def _start(self) -> None:
        began = time.monotonic()
        self.output.say(f"Starting in {self.layout.root}")
        for name in processes.stop_leftovers(self.layout.processes):
            self.output.say(f"  {name}, left over from a launcher that was killed, is stopped")
        venv.ensure(self.layout, "local", self.steps)
        ports = choose_ports()
        variables = local_environment(self.layout, ports=ports, database_url=self._database())
        env = product_environment(variables)
        self._start_sandboxes(ports, variables, env)
        self._manage("Migrations", "migrate", ["migrate", "--noinput"], env)
        self._collect_static(env)
        self._manage("Demo data, pictures drawn", "seed_demo", ["seed_demo"], env)
        self._start_product(ports, env)
        write_json(self.layout.environment, variables)
        self.output.say(banner(ports, variables, self.layout, seconds=time.monotonic() - began))

    def _database(self) -> str:
        if url := os.environ.get("DATABASE_URL"):
            version = database.check(self.layout, url)
            self.output.say(f"  PostgreSQL {version} at {database.shown(url)} (DATABASE_URL)")
            return url
        began = time.monotonic()
        cluster = postgres.embedded(self.layout)
        cluster.prepare()
        cluster.wait_until_ready(self.supervisor.start(cluster.spec()), self.stop)
        version = database.check(self.layout, cluster.url(), create=True)
        where = f"127.0.0.1:{cluster.port}, data in {shown(cluster.home)}"
        self.output.say(f"  PostgreSQL {version} on {where} ({time.monotonic() - began:.1f} s)")
        return cluster.url()

    def _start_sandboxes(self, ports: Ports, variables: Mapping[str, str], env: Mapping[str, str]) -> None:
        hooks = f"{ports.public_url}/api/v1/webhooks"
        stripe = ["--webhook-url", f"{hooks}/stripe", "--webhook-secret", variables["STRIPE_WEBHOOK_SECRETS"]]
        inventory = ["--token", variables["INVENTORY_TOKEN"], "--push-url", f"{hooks}/inventory"]
        inventory += ["--push-secret", variables["INVENTORY_PUSH_SECRETS"]]
        for name, port, options in (("stripe", ports.stripe, stripe), ("inventory", ports.inventory, inventory)):
            state = self.layout.state / f"{name}.sqlite3"
            self._keep(name, ["-m", f"sandbox.{name}", "--port", str(port), "--state", str(state), *options], env)
        self._wait_for(lambda: answers(ports.stripe) and answers(ports.inventory), "the sandboxes")

    def _start_product(self, ports: Ports, env: Mapping[str, str]) -> None:
        self._keep("worker", ["manage.py", "procrastinate", "worker"], env, grace=15)
        web = {**env, "BIND": f"127.0.0.1:{ports.web}", "GRACEFUL_TIMEOUT": "5"}
        self._keep("web", ["-m", "deploy.web"], web, grace=10)
        self._wait_for(lambda: is_ready(ports.public_url), f"{ports.public_url}/readyz")

    def _keep(self, name: str, arguments: list[str], env: Mapping[str, str], *, grace: float = 5) -> Child:
        command = [str(self.layout.python), *arguments]
        spec = Spec(name, command, self.layout.log(name), env=env, cwd=self.layout.root, grace=grace)
        return self.supervisor.start(spec)

    def _wait_for(self, is_there: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_there():
            self.supervisor.check_all_run()
            if time.monotonic() > deadline:
                raise Failure(f"{what} did not answer within {READY_SECONDS:.0f} s [see {shown(self.layout.logs)}]")
            self.stop.wait(0.1)

    def _manage(self, what: str, log: str, arguments: list[str], env: Mapping[str, str]) -> None:
        command = [str(self.layout.python), "manage.py", *arguments]
        self.steps.run(what, command, log=self.layout.log(log), env=env)

    def _collect_static(self, env: Mapping[str, str]) -> None:
        """Only when a package or a file of ours changed: most starts need not wait for it."""
        stamp, now = self.layout.state / "static.stamp", static_fingerprint(self.layout)
        if stamp.exists() and stamp.read_text() == now and (self.layout.root / "staticfiles").is_dir():
            return
        self._manage("Static files", "collectstatic", ["collectstatic", "--noinput", "--verbosity=0"], env)
        stamp.write_text(now)


def busy(layout: Layout) -> str:
    address = read_json(layout.environment).get("PUBLIC_URL", "it is still starting")
    return f"already running (process {holder(layout.lock)}): {address}. Ctrl-C there, or `make clean`, stops it"


def choose_ports() -> Ports:
    """The usual ports, or those asked for, each moved up to the next free one."""
    chosen: list[int] = []
    for variable, usual in (("PORT", 8000), ("STRIPE_PORT", 8010), ("INVENTORY_PORT", 8020)):
        chosen.append(first_free(asked_port(variable, usual), taken=set(chosen)))
    return Ports(*chosen)


def asked_port(variable: str, usual: int) -> int:
    asked = os.environ.get(variable) or str(usual)
    if not asked.isdigit() or int(asked) not in range(1, 65536):
        raise Failure(f"{variable}={asked} is not a port number")
    return int(asked)


def is_ready(public_url: str) -> bool:
    # Never through a proxy that the environment may name.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{public_url}/readyz", timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, http.client.HTTPException):
        return False


def static_fingerprint(layout: Layout) -> str:
    """Changes when a package may have brought new static files, or when one of ours was touched."""
    digest = hashlib.sha256((layout.requirements / "local.txt").read_bytes())
    for folder in (*layout.root.glob("static"), *layout.root.glob("*/static")):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(f"{file}{file.stat().st_mtime_ns}{file.stat().st_size}".encode())
    return digest.hexdigest()
