import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.errors import Failure
from deploy.local.layout import Layout


def shown(url: str) -> str:
    """A database address without its password."""
    address = urlsplit(url)
    host = address.netloc.rpartition("@")[2]
    return f"{host}{address.path}"


def check(layout: Layout, url: str, *, create: bool = False, variable: str = "DATABASE_URL") -> str:
    """The major version of the server behind an address. Raises Failure, in one line, if it cannot be used."""
    probe = Path(__file__).with_name("probe.py")
    asked = subprocess.run(
        [layout.python, "-I", probe, *(["--create"] if create else [])],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        why = (asked.stderr.strip().splitlines() or ["no answer"])[-1]
        raise Failure(f"{variable} ({shown(url)}) cannot be used: {why}")
    return asked.stdout.strip()
