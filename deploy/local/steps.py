"""Commands that run to their end, one after the other; a request to stop ends them too."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.children import Spec, bound, last_words, start
from deploy.local.errors import Failure, Stopped
from deploy.local.layout import shown
from deploy.local.output import Output
from deploy.local.stopping import StopRequest

TICK = 0.05


class Steps:
    """Runs commands for one launcher: the same directory, terminal and stop request for all."""

    def __init__(self, root: Path, output: Output, stop: StopRequest) -> None:
        self.root = root
        self.output = output
        self.stop = stop

    def run(self, what: str, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        """Run a command to its end and say how long it took.

        Raises Failure with its last line and the name of its log, Stopped if the user asked to stop.
        """
        began = time.monotonic()
        child = start(Spec(log.stem, command, log, env=env, cwd=self.root, warns=False), self.output)
        try:
            while child.runs:
                self.stop.wait(TICK)
                self.stop.check()
        except Stopped:
            child.stop()
            child.wait(5)
            raise
        finally:
            child.finish()
        if child.popen.returncode != 0:
            raise Failure(f"{what}: {child.how_it_ended()}: {last_words(log)} [see {shown(log)}]")
        self.output.say(f"  {what}: done ({time.monotonic() - began:.1f} s)")

    def foreground(self, command: Sequence[str], *, env: Mapping[str, str]) -> int:
        """Run a command that owns the terminal (tests, a shell, the demo). Returns its exit code.

        Ctrl-C is the command's own affair: a shell goes on after it. SIGTERM to us ends it.
        """
        sys.stdout.flush()
        ours = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        try:
            with subprocess.Popen(bound(command), env=dict(env), cwd=self.root) as child:
                while child.poll() is None:
                    if self.stop.wait(TICK):
                        self._end(child)
        finally:
            signal.signal(signal.SIGINT, ours)
        code = child.returncode
        return code if code >= 0 else 128 - code

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        # SIGINT first: tests put away what they made.
        for number, seconds in ((signal.SIGINT, 10), (signal.SIGTERM, 5)):
            if child.poll() is None and not self.stop.hurried:
                child.send_signal(number)
                _wait(child, seconds)
        child.kill()


def _wait(child: "subprocess.Popen[bytes]", seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(TICK)
    return child.poll() is not None
