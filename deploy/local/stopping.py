import signal
import threading
from types import FrameType

from deploy.local.errors import Stopped


class StopRequest:
    """Ctrl-C, SIGTERM or a closed terminal. The first asks for an orderly stop, the second for a quick one."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._signals = 0

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._received)

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        self._event.set()

    @property
    def asked(self) -> bool:
        return self._signals > 0

    @property
    def hurried(self) -> bool:
        return self._signals > 1

    def wait(self, seconds: float) -> bool:
        """Sleep, but not past a request to stop. True if there is one."""
        return self._event.wait(seconds)

    def check(self) -> None:
        if self.asked:
            raise Stopped
