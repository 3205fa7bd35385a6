"""What the launcher starts: an embedded PostgreSQL, kept programs, and nothing left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local import postgres
from deploy.local.children import Spec, bound
from deploy.local.errors import Failure
from deploy.local.layout import HERE
from deploy.local.output import Output
from deploy.local.postgres import THROWAWAY, Cluster
from deploy.local.processes import Process, birth
from deploy.local.steps import Steps
from deploy.local.stopping import StopRequest
from deploy.local.supervisor import Supervisor
from inventory.changes import SERVER

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends a child with its parent")


class Heard(Output):
    """A terminal that remembers, and can react to a line."""

    def __init__(self, react: Callable[[str], None] = lambda line: None) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.react = react

    def say(self, text: str = "") -> None:
        self.lines.append(text)
        self.react(text)


def ends(pid: int, *, within: float = 10) -> bool:
    process = Process("", pid, birth(pid) or "gone")
    deadline = time.monotonic() + within
    while process.lives and time.monotonic() < deadline:
        time.sleep(0.02)
    return not process.lives


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture
def cluster(home: Path) -> Cluster:
    """A cluster whose data all tests of this file share: making them takes the longest."""
    binaries = postgres.installed(HERE)
    if not binaries:
        pytest.skip("no embedded PostgreSQL for this machine")
    cluster = Cluster(home, binaries[0], home / "postgres.log", THROWAWAY, durable=False)
    cluster.prepare()
    return cluster


@pytest.fixture
def running(cluster: Cluster) -> Iterator[Cluster]:
    server = cluster.start(Output(), StopRequest())
    yield cluster
    server.stop()
    assert server.wait(10)
    server.finish()


def value(cluster: Cluster, query: str) -> object:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        return row[0] if row else None


def answers(cluster: Cluster, *, within: float = 30) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            return value(cluster, "SELECT true") is True
        except psycopg.OperationalError:  # it is recovering
            time.sleep(0.05)
    return False


def test_a_cluster_keeps_its_data_and_its_port_and_leaves_no_process(cluster: Cluster):
    output, stop = Output(), StopRequest()
    server = cluster.start(output, stop)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    pid, port = server.popen.pid, cluster.port
    server.stop()
    assert server.wait(10)
    server.finish()
    assert ends(pid)
    assert postgres.pid_file(cluster.data) == []

    cluster.prepare()
    server = cluster.start(output, stop)

    assert cluster.port == port
    assert value(cluster, "SELECT answer FROM kept") == 42
    server.stop()
    server.wait(10)
    server.finish()


def test_a_cluster_is_reached_over_loopback_with_its_password_only(running: Cluster):
    assert value(running, "SHOW listen_addresses") == "127.0.0.1"
    assert value(running, "SHOW unix_socket_directories") == ""
    assert value(running, "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = current_user")
    wrong = running.url("postgres").replace(":" + running.url().split(":")[2].split("@")[0] + "@", ":guess@")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    assert (running.home / "password").stat().st_mode & 0o777 == 0o600


def test_a_server_that_recovers_from_a_crash_is_another_one_to_whoever_remembers_counts(running: Cluster):
    with psycopg.connect(running.url("postgres"), autocommit=True) as victim:
        victim.execute("CREATE TABLE inventory_change ()")
        victim.execute("CHECKPOINT")  # nothing here is flushed to disk by itself
        started, before = value(running, "SELECT pg_postmaster_start_time()"), value(running, f"SELECT {SERVER}")
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            victim.execute("SELECT 1")

    assert answers(running)
    assert value(running, "SELECT pg_postmaster_start_time()") == started
    assert value(running, f"SELECT {SERVER}") != before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to be avoided")
def test_root_hands_postgres_to_somebody_else_and_opens_nothing(running: Cluster):
    pid = int(postgres.pid_file(running.data)[0])
    status = Path(f"/proc/{pid}/status").read_text()
    powers = int(status.split("CapEff:")[1].split()[0], 16)

    assert powers in {0, 1 << 1, 1 << 2}  # none, or one: to pass by file permissions
    assert running.data.stat().st_mode & 0o777 == 0o700
    assert running.home.stat().st_mode & 0o077 == 0  # pytest's directories are closed, and they stay closed


def test_a_server_left_over_from_a_killed_launcher_is_stopped(cluster: Cluster):
    command = bound(cluster.spec().command, identity=cluster.identity)
    left = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not cluster._is_ready(left.pid):
        time.sleep(0.02)

    cluster.prepare()

    assert left.wait(1) == 0


def test_a_stale_note_of_a_server_does_no_harm_to_the_process_it_names(cluster: Cluster):
    innocent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (cluster.data / "postmaster.pid").write_text(f"{innocent.pid}\n{cluster.data}\n1\n1\n\n127.0.0.1\n\nready\n")

    cluster.prepare()
    server = cluster.start(Output(), StopRequest())

    assert innocent.poll() is None
    innocent.kill()
    innocent.wait()
    server.stop()
    assert server.wait(10)
    server.finish()


@LINUX_ONLY
def test_a_launcher_that_is_killed_takes_its_cluster_with_it(cluster: Cluster, tmp_path: Path):
    script = tmp_path / "launcher.py"
    script.write_text(
        textwrap.dedent(f"""
        import os, sys, time
        sys.path.insert(0, {str(HERE.root)!r})
        from pathlib import Path
        from deploy.local.output import Output
        from deploy.local.stopping import StopRequest
        from deploy.local import postgres
        from deploy.local.layout import HERE
        home = Path({str(cluster.home)!r})
        cluster = postgres.Cluster(home, postgres.installed(HERE)[0], home / "postgres.log", postgres.THROWAWAY)
        cluster.prepare()
        print(cluster.start(Output(), StopRequest()).popen.pid, flush=True)
        time.sleep(60)
        """)
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())

        launcher.send_signal(signal.SIGKILL)

    assert ends(pid)


def test_a_server_that_cannot_start_is_told_with_its_reason_and_its_log(cluster: Cluster):
    cluster.settings = {"max_connections": "many"}

    with pytest.raises(Failure, match=r"PostgreSQL did not start: .*max_connections.* \[see .*postgres.log\]"):
        cluster.start(Output(), StopRequest())


def program(name: str, code: str, folder: Path) -> Spec:
    return Spec(name, [sys.executable, "-u", "-c", code], folder / f"{name}.log", env={**os.environ}, grace=5)


def test_a_program_that_dies_is_started_again_and_all_are_stopped_last_first(tmp_path: Path):
    stop = StopRequest()
    note = tmp_path / "order"
    loyal = "import signal, sys, time\ndef end(*_): open({note!r}, 'a').write('{name} '); sys.exit(0)\n"
    loyal += "signal.signal(signal.SIGTERM, end)\nprint('[warning] up')\ntime.sleep(60)"
    starts: list[str] = []

    def react(line: str) -> None:
        starts.append(line)
        if sum("alive" in line for line in starts) == 2:
            stop._received(signal.SIGINT, None)

    output = Heard(react)
    supervisor = Supervisor(output, stop, tmp_path / "processes.json")
    kept = [
        supervisor.start(program(name, loyal.format(note=str(note), name=name), tmp_path)) for name in ("one", "two")
    ]
    supervisor.start(
        program("frail", "import time; print('[warning] alive'); time.sleep(0.1); raise SystemExit(3)", tmp_path)
    )
    while sum(line.endswith("] up") for line in output.lines) < 2:
        time.sleep(0.01)

    supervisor.watch()
    supervisor.stop_all()

    assert "frail ended (exit code 3); starting it again in 0.5 s" in output.lines
    assert note.read_text() == "two one "
    assert all(ends(child.popen.pid, within=1) for child in kept)
    assert not (tmp_path / "processes.json").exists()


def test_a_program_that_dies_while_starting_ends_the_start_with_its_last_words(tmp_path: Path):
    supervisor = Supervisor(Heard(), StopRequest(), tmp_path / "processes.json")
    child = supervisor.start(program("web", "print('no wsgi'); raise SystemExit(3)", tmp_path))
    child.wait(5)

    with pytest.raises(Failure, match=r"web stopped while starting \(exit code 3\): no wsgi \[see .*web.log\]"):
        supervisor.check_all_run()

    supervisor.stop_all()


def test_a_second_ctrl_c_does_not_wait_for_a_program_that_will_not_end(tmp_path: Path):
    stop = StopRequest()
    output = Heard(lambda line: None)
    supervisor = Supervisor(output, stop, tmp_path / "processes.json")
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('[warning] up'); time.sleep(60)"
    child = supervisor.start(program("deaf", deaf, tmp_path))
    while not output.lines:
        time.sleep(0.01)
    stop._received(signal.SIGINT, None)
    stop._received(signal.SIGINT, None)
    began = time.monotonic()

    supervisor.stop_all()

    assert time.monotonic() - began < 3
    assert ends(child.popen.pid, within=1)


def test_a_command_that_owns_the_terminal_is_ended_when_the_launcher_is_asked_to_stop(tmp_path: Path):
    stop = StopRequest()
    steps = Steps(tmp_path, Heard(), stop)
    tidy = (
        "import time\n"
        "try: open('trying', 'w').close(); time.sleep(60)\n"
        "except KeyboardInterrupt: open('tidied', 'w').close(); raise SystemExit(4)"
    )

    def ask_once_it_tries() -> None:
        while not (tmp_path / "trying").exists():
            time.sleep(0.01)
        stop._received(signal.SIGTERM, None)

    threading.Thread(target=ask_once_it_tries, daemon=True).start()

    code = steps.foreground([sys.executable, "-c", tidy], env=os.environ)

    assert code == 4
    assert (tmp_path / "tidied").exists()


def test_a_step_that_fails_is_told_with_its_last_line_and_its_log(tmp_path: Path):
    steps = Steps(tmp_path, Heard(), StopRequest())

    with pytest.raises(Failure, match=r"Migrations: exit code 1: no such table \[see .*migrate.log\]"):
        steps.run(
            "Migrations", [sys.executable, "-c", "raise SystemExit('no such table')"], log=tmp_path / "migrate.log"
        )
