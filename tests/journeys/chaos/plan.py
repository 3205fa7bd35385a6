"""What a run is told, and what it counts."""

import threading
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.journeys.stack import Stack
from tests.shop import Shop

BAGS, CRATES = ("BAG-1", "BAG-2"), ("CRATE-1", "CRATE-2")  # what is sold, and what is rented
SETS = ("SET-1", "PAIR-1")  # sold and rented: CRATE-1 with a bowl, and a pad that a rental uses up; CRATE-2 twice
COUNTED, LENT = (*BAGS, *CRATES, "BOWL-1", "PAD-1"), (*CRATES, "BOWL-1")  # what there are pieces of, and units of
NAMES = {"de": "Reisetasche", "fr": "Sac de voyage"}  # what BAG-1 and SET-1 are called; nobody translated the others
DONE = ("confirmed", "completed")
PIECES, UNITS = 12, 3  # of each: so few that everybody wants the same
WELCOME, FEW, USES = "WELCOME", "FEW", 20  # coupons: for first orders; for so many orders in all
APPROVAL_ABOVE = 30  # EUR: what staff give back of one order alone


@dataclass(frozen=True)
class Plan:
    """How much of it. The seed decides who wants what and what fails; threads and clocks decide the rest."""

    seed: int
    seconds: float = 600
    customers: int = 16
    quiet: float = 150  # seconds at most, until everything has settled

    def dice(self, who: str) -> Random:
        return Random(f"{self.seed} {who}")


@dataclass
class Tally:
    """Counts of everything that happened, and the crashes of our own threads. Safe for threads."""

    answers: Counter[str] = field(default_factory=Counter)  # to customers: "200", "409 out_of_stock", "none"
    faults: Counter[str] = field(default_factory=Counter)  # "ims 500_after", "stripe webhooks dropped", "kill web"
    floor: Counter[str] = field(default_factory=Counter)  # what clerk and warehouse did, and why not
    office: Counter[str] = field(default_factory=Counter)  # what staff did with money
    bank: Counter[str] = field(default_factory=Counter)  # what banks did, and the gateway's dashboard
    crashes: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, where: Counter[str], what: str, many: int = 1) -> None:
        with self._lock:
            where[what] += many

    def crashed(self, who: str) -> None:
        with self._lock:
            self.crashes.append(f"{who}: {traceback.format_exc()}")


@dataclass
class Run:
    """Everything that the parts share."""

    plan: Plan
    shop: Shop
    stack: Stack
    tally: Tally = field(default_factory=Tally)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def mail(self) -> Path:
        """Where the worker puts what it sends (engine.environment)."""
        return self.stack.worker.log.parent / "mail"

    def thread(self, who: str, work: Callable[[], None]) -> threading.Thread:
        """Do this until the load is over; a crash is noted and ends the run."""

        def carefully() -> None:
            try:
                work()
            except Exception:  # noqa: BLE001 (told in the verdict)
                self.tally.crashed(who)
                self.over.set()

        return threading.Thread(target=carefully, name=who)
