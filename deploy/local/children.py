"""Child processes: started so that they die with us, heard line by line, stopped with their whole group."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from deploy.local.output import Output
from deploy.local.processes import Process, birth

WRAPPER = Path(__file__).with_name("child.py")
LOG_LIMIT = 5_000_000


def bound(command: Sequence[str], *, death_signal: int = signal.SIGTERM, identity: str = "same") -> list[str]:
    """The command, wrapped so that it gets `death_signal` when this process dies. Start it from the main thread:
    the kernel takes the death of the thread for the death of the process."""
    wrapper = [sys.executable, "-I", "-S", str(WRAPPER), "--parent", str(os.getpid())]
    return [*wrapper, "--death-signal", str(int(death_signal)), "--identity", identity, "--", *command]


@dataclass(frozen=True)
class Spec:
    """One program of the set-up: what to start, where its words go, how to end it."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    identity: str = "same"
    # When the launcher is killed everything goes at once: nobody could wait for an orderly end any more.
    death_signal: signal.Signals = signal.SIGKILL
    stop_signal: signal.Signals = signal.SIGTERM
    hurry_signal: signal.Signals = signal.SIGKILL
    grace: float = 10.0
    warns: bool = True  # what it warns of goes to the terminal too, not only into the log


@dataclass
class Child:
    """A started program."""

    spec: Spec
    popen: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    reader: threading.Thread | None = None

    @property
    def runs(self) -> bool:
        return self.popen.poll() is None

    @property
    def process(self) -> Process:
        return Process(self.spec.name, self.popen.pid, birth(self.popen.pid) or "", self.spec.stop_signal)

    def wait(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
        return not self.runs

    def stop(self, *, hurried: bool = False) -> None:
        """Ask it to end. Does not wait."""
        with suppress(ProcessLookupError):
            self.popen.send_signal(self.spec.hurry_signal if hurried else self.spec.stop_signal)

    def finish(self) -> None:
        """End whatever is left of its group, and hear its last words."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        if self.reader:
            self.reader.join(timeout=2)

    def how_it_ended(self) -> str:
        code = self.popen.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def start(spec: Spec, output: Output) -> Child:
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    _rotate(spec.log)
    log: BinaryIO = spec.log.open("ab", buffering=0)
    popen = subprocess.Popen(
        bound(spec.command, death_signal=spec.death_signal, identity=spec.identity),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if spec.warns else log,
        stderr=subprocess.STDOUT,
        env=None if spec.env is None else dict(spec.env),
        cwd=spec.cwd,
        process_group=0,  # Ctrl-C is ours to pass on, in order
    )
    child = Child(spec, popen)
    if spec.warns:
        child.reader = threading.Thread(target=_copy, args=(child, log, output), daemon=True)
        child.reader.start()
    else:
        log.close()
    return child


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


def _copy(child: Child, log: BinaryIO, output: Output) -> None:
    assert child.popen.stdout is not None
    warns = False
    with log, child.popen.stdout as lines:
        for line in lines:
            with suppress(OSError):  # a full disk: better no log than a program that waits for us for ever
                log.write(line)
            text = line.decode(errors="replace").rstrip()
            warns = is_warning(text, before=warns)
            if warns:
                output.line(child.spec.name, text)


_LEVEL = re.compile(r'"level": ?"(\w+)"|\[(debug|info|warning|error|critical) *\]')
_NEWS = {"debug", "info"}


def is_warning(line: str, *, before: bool) -> bool:
    """True for what somebody should read now. A line that names no level goes with the one before it."""
    if found := _LEVEL.search(line):
        return (found[1] or found[2]).lower() not in _NEWS
    return before or line.startswith("Traceback ")


def last_words(log: Path) -> str:
    """The last line of a log that says something; of a structured line, what happened."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    with suppress(ValueError, AttributeError):
        last = str(json.loads(last).get("event", last))
    return last[:200]
