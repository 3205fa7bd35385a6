"""What banks and the gateway's dashboard do to money without asking the shop, which has to find out."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.stripe.errors import ApiError
from tests.journeys.chaos.plan import Run

Json = dict[str, Any]


@dataclass
class Bank:
    """Disputes, holds that run out, refunds that arrive late or come back, and refunds made in the dashboard."""

    run: Run
    dice: Random

    def work_until_over(self) -> None:
        steps = [self.dispute, self.decide, self.decide, self.expire, self.refund, self.refund, self.clear, self.clear]
        while not self.run.over.wait(self.dice.uniform(0.5, 2)):
            self._try(self.dice.choice(steps))

    def finish(self) -> None:
        """The next weeks: every dispute is decided, and every refund arrives."""
        while self._try(self.decide) or self._try(self.clear, fails=0):
            pass

    def _try(self, step: Callable[..., str | None], **how: Any) -> str | None:
        try:
            done = step(**how)
        except ApiError as no:  # the shop was quicker
            done = f"{step.__name__} refused, {no.error.get('code') or no.status}"
        if done:
            self.run.tally.count(self.run.tally.bank, done)
        return done

    def _one(self, kind: str, *statuses: str) -> Json | None:
        """Any of those that wait for it; of what is for ever, one of the newest."""
        found = [one for one in self.run.stack.stripe.all_of(kind) if one["status"] in statuses]
        return self.dice.choice(found[-30:]) if found else None

    def dispute(self) -> str | None:
        """About all that is left, once for each payment, and not while a refund may come back: of a payment that was
        charged back the gateway refunds nothing, so that only people could return the rest."""
        charge = self._paid()
        if charge is None or self.dice.random() < 0.5 or self._is_waiting(charge):
            return None
        left = charge["amount_captured"] - charge["amount_refunded"]
        self.run.stack.stripe.open_dispute(charge["payment_intent"], left)
        return "dispute opened"

    def decide(self) -> str | None:
        dispute = self._one("dispute", "needs_response", "under_review")
        if dispute is None:
            return None
        won = self.dice.random() < 0.5
        self.run.stack.stripe.close_dispute(dispute["id"], won=won)
        return "dispute won" if won else "dispute lost"

    def expire(self) -> str | None:
        intent = self._one("payment_intent", "requires_capture")
        if intent is None or self.dice.random() < 0.5:
            return None
        self.run.stack.stripe.expire_hold(intent["id"])
        return "hold expired"

    def refund(self) -> str | None:
        charge = self._paid()
        if charge is None:
            return None
        self.run.stack.stripe.dashboard_refund(charge["payment_intent"], self._some_of(charge))
        return "refunded in the dashboard"

    def clear(self, *, fails: float = 0.2) -> str | None:
        """A refund that took a while arrives, or comes back."""
        refund = self._one("refund", "pending")
        if refund is None:
            return None
        if self.dice.random() < fails:
            self.run.stack.stripe.fail_refund(refund["id"])
            return "refund came back"
        self.run.stack.stripe.succeed_refund(refund["id"])
        return "refund arrived late"

    def _paid(self) -> Json | None:
        """A charge of which something is left, and that no bank has in its hands."""
        charges = [
            charge
            for charge in self.run.stack.stripe.all_of("charge")
            if charge["captured"] and not charge["disputed"] and charge["amount_captured"] > charge["amount_refunded"]
        ]
        return self.dice.choice(charges[-30:]) if charges else None

    def _is_waiting(self, charge: Json) -> bool:
        refunds = self.run.stack.stripe.all_of("refund")
        return any(refund["charge"] == charge["id"] and refund["status"] == "pending" for refund in refunds)

    def _some_of(self, charge: Json) -> int:
        """All that is left, or round euros of it."""
        left: int = charge["amount_captured"] - charge["amount_refunded"]
        return left if self.dice.random() < 0.5 or left < 200 else self.dice.randint(1, left // 100) * 100
