"""Starts the product in a given environment and tells how that ended. Many starts cost little: each is a fork of one
interpreter that has the libraries loaded, and nothing of the product's settings."""

import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = "config.settings.production"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def start(environment: dict[str, str], *command: str) -> Ended:
    """Run a command of the product as a fresh process that sees this environment and no other."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, *command],
        env={**kept, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def start_each(environments: dict[str, dict[str, str]], settings: str = PRODUCTION) -> dict[str, Ended]:
    """How reading the settings ended in each of these environments."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.config.starting", settings],
        input=json.dumps(environments),
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {name: Ended(*ended) for name, ended in json.loads(done.stdout).items()}


def _forked(environment: dict[str, str], settings: str) -> tuple[int, str, str]:
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(out_end, 1)
        os.dup2(err_end, 2)
        os.environ.clear()
        os.environ.update(environment, DJANGO_SETTINGS_MODULE=settings)
        _read_settings()
    os.close(out_end)
    os.close(err_end)
    with os.fdopen(out) as said, os.fdopen(err) as complained:
        texts = said.read(), complained.read()
    return (os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), *texts)


def _read_settings() -> None:
    """As every entrance of Django does. Ends this process as the interpreter would."""
    from django.conf import settings

    code = 1
    try:
        _ = settings.INSTALLED_APPS
        code = 0
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else 1
    except Exception:  # noqa: BLE001 (told as the interpreter tells it)
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for library in ("config.env", "core.logging", "config.settings.unfold"):  # with all that they import
        importlib.import_module(library)
    cases = json.load(sys.stdin)
    json.dump({name: _forked(case, sys.argv[1]) for name, case in cases.items()}, sys.stdout)
