"""Telling processes apart by more than their number, which the system gives out again."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.files import read_json, write_json

PROC = Path("/proc/self/stat")


@dataclass(frozen=True)
class Process:
    """A process as it was when it was written down."""

    name: str
    pid: int
    birth: str
    stop_signal: int = signal.SIGTERM

    @property
    def lives(self) -> bool:
        return birth(self.pid) == self.birth


def birth(pid: int) -> str | None:
    """What tells this process from a later one with the same number; None if there is no such process."""
    if not PROC.exists():
        return _ask_ps(pid, "lstart=")
    try:
        # The name, in brackets, may hold anything: count from the last bracket.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def command_line(pid: int) -> str:
    if not PROC.exists():
        return _ask_ps(pid, "command=") or ""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _ask_ps(pid: int, column: str) -> str | None:
    asked = subprocess.run(["ps", "-ww", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None


def wait_for_end(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.lives:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def stop(process: Process, *, seconds: float) -> None:
    """End a process and its group: asked first, then made to."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, process.stop_signal)
    if not wait_for_end(process, seconds):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        wait_for_end(process, 5)


def remember(file: Path, processes: Iterable[Process]) -> None:
    write_json(file, {process.name: asdict(process) for process in processes})


def stop_leftovers(file: Path) -> list[str]:
    """End what a launcher that was killed left behind. Returns the names of what was still alive."""
    left = [Process(**found) for found in read_json(file).values()]
    alive = [process for process in reversed(left) if process.lives]
    for process in alive:
        stop(process, seconds=10)
    file.unlink(missing_ok=True)
    return [process.name for process in alive]
