"""What fails: the IMS, the gateway, the way between, and our own processes."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.journeys.chaos.plan import Run

IMS_CALLS = (
    "PUT /reservations", "GET /reservations/", "POST /reservations/*/confirm", "POST /reservations/*/release",
    "POST /reservations/*/check-out", "POST /reservations/*/check-in", "PUT /units", "GET /changes", "",
)  # fmt: skip
IMS_KINDS = (
    "500_before", "500_after", "500_after", "503", "drop_before", "drop_after", "drop_after", "garbage", "html", "429",
    "timeout_after",
)  # fmt: skip
STRIPE_CALLS = (
    "POST /v1/payment_intents", "GET /v1/payment_intents/*", "POST /v1/payment_intents/*",
    "POST /v1/payment_intents/*/capture", "POST /v1/payment_intents/*/cancel", "POST /v1/refunds", "GET /v1/refunds",
    "GET /v1/disputes", "*",
)  # fmt: skip
STRIPE_KINDS = ("500_before", "500_after", "drop_before", "drop_after", "429", "timeout")


@dataclass
class Weather:
    """One fault after the other, some for a while. Ends with a clear sky."""

    run: Run
    dice: Random

    def blow_until_over(self) -> None:
        storms: list[Callable[[], None]] = [
            *[self.ims_call] * 8, *[self.stripe_call] * 6, self.card_says_no, self.ims_slow, self.ims_down,
            self.cursor_lost, self.pushes_lost, self.webhooks_lost, self.webhooks_odd,
        ]  # fmt: skip
        try:
            while not self.run.over.wait(self.dice.uniform(0.2, 1.5)):
                self.dice.choice(storms)()
        finally:
            self.clear()

    def clear(self) -> None:
        self.run.stack.ims.faults.clear()
        self.run.stack.stripe.set_faults()

    def _note(self, what: str) -> None:
        self.run.tally.count(self.run.tally.faults, what)

    def _for_a_while(self, longest: float) -> None:
        """Until it is over, or a tenth of the run at most."""
        self.run.over.wait(self.dice.uniform(0.2, 1) * min(longest, self.run.plan.seconds / 10))

    def ims_call(self) -> None:
        kind = self.dice.choice(IMS_KINDS)
        self.run.stack.ims.faults.plan(self.dice.choice(IMS_CALLS), kind, self.dice.choice([1, 1, 2]))
        self._note(f"ims {kind}")

    def ims_slow(self) -> None:
        self._note("ims slow")
        self.run.stack.ims.faults.update({"latency_ms": self.dice.choice([200, 800, 3000])})
        self._for_a_while(8)
        self.run.stack.ims.faults.update({"latency_ms": 0})

    def ims_down(self) -> None:
        self._note("ims down")
        self.run.stack.ims.faults.update({"down": True})
        self._for_a_while(25)
        self.run.stack.ims.faults.update({"down": False})

    def cursor_lost(self) -> None:
        self._note("ims cursor lost")
        self.run.stack.ims.store.lose_cursor()

    def pushes_lost(self) -> None:
        self._note("ims pushes lost")
        self.run.stack.ims.faults.update({"push": "drop"})
        self._for_a_while(15)
        self.run.stack.ims.faults.update({"push": "normal"})

    def stripe_call(self) -> None:
        kind = self.dice.choice(STRIPE_KINDS)
        self.run.stack.stripe.fail_next(self.dice.choice(STRIPE_CALLS), kind, seconds=6)
        self._note(f"stripe {kind}")

    def card_says_no(self) -> None:
        """The next kept card that is asked."""
        code = self.dice.choice(["insufficient_funds", "expired_card", "generic_decline"])
        self.run.stack.stripe.fail_next("POST /v1/payment_intents", "decline", decline_code=code)
        self._note(f"stripe {code}")

    def webhooks_lost(self) -> None:
        self._note("stripe webhooks lost")
        self.run.stack.stripe.set_webhooks(mode="drop")
        self._for_a_while(8)
        self.run.stack.stripe.set_webhooks()

    def webhooks_odd(self) -> None:
        self._note("stripe webhooks late, twice and backwards")
        self.run.stack.stripe.set_webhooks(duplicate=2, reverse=True, delay_s=self.dice.uniform(0.5, 3))
        self._for_a_while(8)
        self.run.stack.stripe.set_webhooks()


@dataclass
class Killer:
    """kill -9 of the web server and of the worker, in turn, in the middle of it."""

    run: Run
    dice: Random
    times: int

    def kill_until_over(self) -> None:
        stack, pause = self.run.stack, self.run.plan.seconds / (self.times + 1)
        for n in range(self.times):
            if self.run.over.wait(pause * self.dice.uniform(0.8, 1)):
                return
            if n % 2:
                stack.web.kill()
                stack.start_web()
            else:
                stack.worker.kill()
                stack.worker.start()
            self.run.tally.count(self.run.tally.faults, "kill web" if n % 2 else "kill worker")
