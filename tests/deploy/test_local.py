"""The launcher behind the Makefile, without a network: ports, secrets, settings, the virtual environment."""

import json
import runpy
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from config.env import mail_server
from deploy.local import database, venv
from deploy.local.banner import DEMO_LOGINS, DEMO_PASSWORD
from deploy.local.errors import Failure
from deploy.local.files import exclusive, holder, write_private
from deploy.local.layout import HERE, Layout
from deploy.local.output import Output
from deploy.local.ports import any_free, first_free
from deploy.local.run import asked_port, choose_ports
from deploy.local.settings import KNOBS, OURS, Ports, keep_secrets, local_environment, product_environment

PORTS = Ports(web=8000, stripe=8010, inventory=8020)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty checkout that borrows this one's virtual environment."""
    (tmp_path / ".venv").symlink_to(HERE.venv)
    (tmp_path / "requirements").symlink_to(HERE.requirements)
    return Layout(tmp_path)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_somebody_listens_on_is_passed_by(taken_port: int):
    assert first_free(taken_port) > taken_port


def test_a_free_port_is_taken_as_asked():
    port = any_free()

    assert first_free(port) == port
    assert first_free(port, taken={port}) > port


def test_no_two_servers_get_the_same_port(monkeypatch: pytest.MonkeyPatch):
    port = any_free()
    for variable in ("PORT", "STRIPE_PORT", "INVENTORY_PORT"):
        monkeypatch.setenv(variable, str(port))

    ports = choose_ports()

    assert len({ports.web, ports.stripe, ports.inventory}) == 3


@pytest.mark.parametrize("asked", ["abc", "0", "65536", "-1", "80 80"])
def test_what_is_no_port_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, asked: str):
    monkeypatch.setenv("STRIPE_PORT", asked)

    with pytest.raises(Failure, match=f"STRIPE_PORT={asked} is not a port"):
        asked_port("STRIPE_PORT", 8010)


def test_secrets_are_made_once_and_only_their_owner_can_read_them(layout: Layout):
    first = keep_secrets(layout)
    layout.secrets.chmod(0o644)

    second = keep_secrets(layout)

    assert second == first
    assert stat.S_IMODE(layout.secrets.stat().st_mode) == 0o600
    assert first["JWT_PRIVATE_KEY"].startswith("-----BEGIN PRIVATE KEY-----")
    assert first["STRIPE_SECRET_KEY"].startswith("sk_test_")
    assert len(set(first.values())) == len(first)


def test_secrets_that_cannot_be_read_are_not_replaced(layout: Layout):
    write_private(layout.secrets, "{ half")

    with pytest.raises(Failure, match="cannot be read"):
        keep_secrets(layout)

    assert layout.secrets.read_text() == "{ half"


def test_a_live_key_left_in_the_shell_reaches_neither_the_product_nor_a_second_shell(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_real")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "elsewhere.settings")
    monkeypatch.setenv("HOLD_MINUTES", "1")

    variables = local_environment(layout, ports=PORTS, database_url="postgres://x/y")
    env = product_environment(variables)

    assert env["STRIPE_SECRET_KEY"].startswith("sk_test_")
    assert env["DJANGO_SETTINGS_MODULE"] == "config.settings.local"
    assert variables["HOLD_MINUTES"] == "1"  # a knob
    assert env["STRIPE_API_BASE"] == "http://127.0.0.1:8010"


def test_mails_are_files_beside_what_else_a_run_makes_whatever_the_checkout_is_called(tmp_path, monkeypatch):
    layout = Layout(tmp_path / "a+b c%20#?")
    layout.state.mkdir(parents=True)
    (layout.root / ".venv").symlink_to(HERE.venv)
    address = local_environment(layout, ports=PORTS, database_url="postgres://x/y")["EMAIL_URL"]

    monkeypatch.setenv("EMAIL_URL", address)
    assert f"/{mail_server('EMAIL_URL', '')['EMAIL_FILE_PATH'].lstrip('/')}" == str(layout.state / "mails")


def test_every_variable_the_product_reads_is_known_to_the_launcher_and_explained():
    source = "".join(path.read_text() for path in (HERE.root / "config" / "settings").glob("*.py"))
    calls = source.replace("\n", " ").split("env.")[1:]
    read = {call.split('"')[1] for call in calls if call.split("(")[0].isidentifier() and '("' in call.split(",")[0]}
    read |= {"DATABASE_URL"}
    explained = (HERE.root / "deploy" / "env.example").read_text()

    assert {name for name in read if name.isupper()} - {*KNOBS, *OURS} == set()
    assert {name for name in read if name.isupper() and f"{name}=" not in explained} <= {"DEBUG"}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgres://me:secret@127.0.0.1:1/shop", "refused"),
        ("mysql://me:secret@127.0.0.1/shop", "must begin with postgres://"),
        ("postgres://me:secret@127.0.0.1:port/shop", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line_without_its_password(url: str, why: str):
    with pytest.raises(Failure) as failure:
        database.check(HERE, url)

    assert why in str(failure.value)
    assert "secret" not in str(failure.value)
    assert "\n" not in str(failure.value)
    assert len(str(failure.value)) < 300


def test_a_second_start_is_told_that_the_first_still_runs(tmp_path: Path):
    lock = tmp_path / "run.lock"

    with exclusive(lock, "busy"), pytest.raises(Failure, match="busy"), exclusive(lock, "busy"):
        pass

    assert holder(lock) is None
    with exclusive(lock, "busy"):
        pass


def test_too_old_a_python_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))

    with pytest.raises(SystemExit) as end:
        runpy.run_module("deploy.local", run_name="__main__")

    assert str(end.value.code).startswith("Python 3.11 or newer is needed")
    assert "\n" not in str(end.value.code)


class RecordedSteps:
    """Stands where commands are run; makes virtual environments for real, since that needs no network."""

    def __init__(self) -> None:
        self.output = Output()
        self.commands: list[Sequence[str]] = []

    def run(self, what: str, command: Sequence[str], **options: object) -> None:
        self.commands.append(command)
        if "venv" in command:
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", command[-1]], check=True)


@pytest.fixture
def empty_checkout(tmp_path: Path) -> Layout:
    (tmp_path / "requirements").mkdir()
    for name in ("base", "local", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    return Layout(tmp_path)


def ensure(layout: Layout, wanted: str = "local") -> list[Sequence[str]]:
    steps = RecordedSteps()
    venv.ensure(layout, wanted, steps)  # type: ignore[arg-type]
    return steps.commands


def test_packages_are_installed_with_hashes_and_then_only_when_the_lock_changes(empty_checkout: Layout):
    made, installed = ensure(empty_checkout)
    assert "venv" in made
    assert "--require-hashes" in installed
    assert ensure(empty_checkout) == []

    (empty_checkout.requirements / "local.txt").write_text("local==2\n")

    assert len(ensure(empty_checkout)) == 1


def test_development_packages_contain_those_of_a_run(empty_checkout: Layout):
    ensure(empty_checkout, "dev")

    assert ensure(empty_checkout, "local") == []


def test_an_install_that_was_interrupted_is_begun_anew(empty_checkout: Layout):
    ensure(empty_checkout)
    (empty_checkout.venv / "installing").touch()
    (empty_checkout.venv / "half").touch()

    assert len(ensure(empty_checkout)) == 2
    assert not (empty_checkout.venv / "half").exists()


def test_a_virtual_environment_whose_python_is_gone_is_made_anew(empty_checkout: Layout):
    ensure(empty_checkout)
    empty_checkout.python.unlink()
    empty_checkout.python.symlink_to("/nowhere/python")

    assert len(ensure(empty_checkout)) == 2


def test_the_entrypoint_names_its_roles_when_it_does_not_know_one():
    asked = subprocess.run(
        ["sh", str(HERE.root / "deploy" / "entrypoint.sh"), "dance"], capture_output=True, text=True, check=False
    )

    assert asked.returncode == 64
    assert asked.stderr == "usage: web | worker | migrate | manage COMMAND ...\n"


def test_help_lists_every_command_and_an_unknown_one_is_an_error():
    asked = subprocess.run(
        [sys.executable, "-m", "deploy.local", "dance"], cwd=HERE.root, capture_output=True, text=True, check=False
    )

    assert asked.returncode == 2
    assert {line.split()[0] for line in asked.stdout.splitlines()} >= {"run", "demo", "test", "check", "clean", "lock"}


def test_a_process_list_that_was_left_half_written_is_no_obstacle(tmp_path: Path):
    from deploy.local.processes import stop_leftovers

    (tmp_path / "processes.json").write_text("{")
    assert stop_leftovers(tmp_path / "processes.json") == []

    gone = {"web": {"name": "web", "pid": 1, "birth": "somebody else", "stop_signal": 15}}
    (tmp_path / "processes.json").write_text(json.dumps(gone))
    assert stop_leftovers(tmp_path / "processes.json") == []  # process 1 is not the one that was written down


def test_the_banner_names_people_whom_the_demo_makes_and_their_password():
    from config.seeding import people

    made = {people.ADMIN, people.CUSTOMER, *map(people.address_of, people.STAFF)}
    assert {login for login, _ in DEMO_LOGINS} == made
    assert people.PASSWORD == DEMO_PASSWORD
