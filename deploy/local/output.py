import sys
import threading
from contextlib import suppress

COLOURS = ("36", "33", "35", "32", "34", "31")


class Output:
    """The terminal, shared by all parts: whole lines only, each with the name of who said it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._coloured = sys.stdout.isatty()
        self._names: list[str] = []

    def say(self, text: str = "") -> None:
        # A reader that went away (`make run | head`) is no reason to stop serving.
        with self._lock, suppress(OSError, ValueError):
            print(text, flush=True)

    def line(self, name: str, text: str) -> None:
        self.say(f"{self._label(name)} | {text}")

    def _label(self, name: str) -> str:
        if name not in self._names:
            self._names.append(name)
        label = f"{name:<9}"
        if not self._coloured:
            return label
        return f"\033[{COLOURS[self._names.index(name) % len(COLOURS)]}m{label}\033[0m"
