"""The virtual environment: made once, brought up to date when a lock file changes, rebuilt when it is broken."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local.errors import Failure
from deploy.local.files import read_json, write_json
from deploy.local.layout import Layout
from deploy.local.steps import Steps

ASK_VERSION = (
    "import os, sys, sysconfig\n"
    "print('%d.%d' % sys.version_info[:2])\n"
    "has_packages = os.path.isdir(sysconfig.get_path('purelib'))\n"
    "sys.exit(not (sys.version_info >= (3, 11) and sys.prefix != sys.base_prefix and has_packages))"
)
CONTAINED = {"local": ("base", "local"), "dev": ("base", "local", "dev")}


def ensure(layout: Layout, wanted: str, steps: Steps) -> None:
    """Have .venv hold what requirements/<wanted>.txt pins, every file checked against its hash."""
    if is_current(layout, wanted):
        return
    if _installing(layout).exists() or _version(layout) is None:
        _create(layout, steps)
    _install(layout, wanted, steps)


def is_current(layout: Layout, wanted: str) -> bool:
    stamp, version = read_json(_stamp(layout)).get(wanted), _version(layout)
    return version is not None and stamp == _fingerprint(layout, wanted, version) and not _installing(layout).exists()


def _stamp(layout: Layout) -> Path:
    return layout.venv / "installed.json"


def _installing(layout: Layout) -> Path:
    return layout.venv / "installing"


def _fingerprint(layout: Layout, wanted: str, version: str) -> str:
    lock = layout.requirements / f"{wanted}.txt"
    return hashlib.sha256(lock.read_bytes() + version.encode()).hexdigest()


def _version(layout: Layout) -> str | None:
    """The Python version of .venv; None if it cannot be used, say because the Python it was made from is gone."""
    try:
        asked = subprocess.run([layout.python, "-c", ASK_VERSION], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def _create(layout: Layout, steps: Steps) -> None:
    if layout.venv.exists():
        steps.output.say("  .venv is broken or half made: making it anew")
        shutil.rmtree(layout.venv)
    how = _how_to_create()
    steps.run("Virtual environment", [sys.executable, *how, str(layout.venv)], log=layout.log("venv"), env=_quiet())


def _how_to_create() -> list[str]:
    """The arguments that make a virtual environment with this Python, which may have been packaged in parts."""
    specs = {name: importlib.util.find_spec(name) for name in ("venv", "ensurepip", "pip", "virtualenv")}
    have = {name for name, spec in specs.items() if spec and spec.origin}
    if {"venv", "ensurepip"} <= have:
        return ["-m", "venv"]
    if "virtualenv" in have:
        return ["-m", "virtualenv", "--quiet", "--no-download"]
    if {"venv", "pip"} <= have:
        return ["-m", "venv", "--without-pip"]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    raise Failure(
        f"{sys.executable} cannot make virtual environments: its ensurepip is missing "
        f"(Debian, Ubuntu: apt install python{version}-venv)"
    )


def pip(layout: Layout) -> list[str]:
    """The command that installs into the virtual environment: its own pip, else this Python's."""
    own = any(layout.venv.glob("lib*/python*/site-packages/pip/__main__.py"))
    return [str(layout.python), "-m", "pip"] if own else [sys.executable, "-m", "pip", "--python", str(layout.python)]


def _install(layout: Layout, wanted: str, steps: Steps) -> None:
    steps.output.say(f"  Installing requirements/{wanted}.txt (about a minute, once) ...")
    lock = str(layout.requirements / f"{wanted}.txt")
    # Stays behind if this is killed: a package may then be half there, and nobody could tell.
    _installing(layout).touch()
    command = [*pip(layout), "install", "--no-input", "--progress-bar=off", "--require-hashes", "-r", lock]
    try:
        steps.run("Packages", command, log=layout.log("pip"), env=_quiet())
    except Failure:
        _installing(layout).unlink()  # pip gave up by itself, and took back what it had begun
        raise
    version = _version(layout) or ""
    stamps = {name: _fingerprint(layout, name, version) for name in CONTAINED[wanted]}
    kept = read_json(_stamp(layout)) if wanted == "local" else {}
    write_json(_stamp(layout), {**kept, **stamps})
    _installing(layout).unlink()


def _quiet() -> dict[str, str]:
    # The machine's own pip configuration stays in force: which index, which certificates, which cache.
    return {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
