import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local import processes
from deploy.local.children import Child, Spec, last_words, start
from deploy.local.errors import Failure
from deploy.local.layout import shown
from deploy.local.output import Output
from deploy.local.stopping import StopRequest

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
SETTLED_SECONDS = 60.0  # who lived this long is forgiven its earlier deaths
TICK = 0.2


@dataclass
class Kept:
    """A program that is to be kept running."""

    child: Child
    deaths: int = 0
    back_at: float | None = None

    @property
    def pause(self) -> float:
        return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self.deaths - 1)))


class Supervisor:
    """Starts programs, starts again the ones that die, and stops all, last started first."""

    def __init__(self, output: Output, stop: StopRequest, memory: Path) -> None:
        self.output = output
        self.stop = stop
        self._memory = memory
        self._kept: list[Kept] = []

    def start(self, spec: Spec) -> Child:
        child = start(spec, self.output)
        self._kept.append(Kept(child))
        self._remember()
        return child

    def check_all_run(self) -> None:
        """While starting: the first that died, or the wish to stop, ends the attempt."""
        self.stop.check()
        for kept in self._kept:
            if not kept.child.runs:
                kept.child.finish()
                spec = kept.child.spec
                raise Failure(
                    f"{spec.name} stopped while starting ({kept.child.how_it_ended()}): "
                    f"{last_words(spec.log)} [see {shown(spec.log)}]"
                )

    def watch(self) -> None:
        """Return when the user asks to stop. Until then nobody stays dead."""
        while not self.stop.wait(TICK):
            for kept in self._kept:
                self._tend(kept)

    def _tend(self, kept: Kept) -> None:
        now = time.monotonic()
        if kept.back_at is not None:
            if now >= kept.back_at:
                kept.child, kept.back_at = start(kept.child.spec, self.output), None
                self._remember()
        elif not kept.child.runs:
            kept.child.finish()
            kept.deaths = 1 if now - kept.child.started > SETTLED_SECONDS else kept.deaths + 1
            kept.back_at = now + kept.pause
            self.output.say(
                f"{kept.child.spec.name} ended ({kept.child.how_it_ended()}); starting it again in {kept.pause:g} s"
            )

    def stop_all(self) -> None:
        """Stop everything, one after the other, last started first. A second Ctrl-C hurries."""
        for kept in reversed(self._kept):
            child = kept.child
            if child.runs:
                child.stop(hurried=self.stop.hurried)
                self._wait(child)
            child.finish()
        self._kept.clear()
        self._memory.unlink(missing_ok=True)

    def _wait(self, child: Child) -> None:
        deadline, hurried = time.monotonic() + child.spec.grace, self.stop.hurried
        while not child.wait(0.05) and time.monotonic() < deadline:
            if self.stop.hurried and not hurried:
                hurried, deadline = True, time.monotonic() + 3
                child.stop(hurried=True)

    def _remember(self) -> None:
        processes.remember(self._memory, [kept.child.process for kept in self._kept])
