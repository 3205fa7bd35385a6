"""Staff who look after money and claims: two of them, as some of it needs both."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from django.db import OperationalError, connection, transaction

from catalog.models import CabinRule, SaleOffer, shop_today
from catalog.price_changes import NewPrice, change_prices, keep_what_was, withdraw
from catalog.services import recheck_soon
from core.errors import DomainError
from core.problems import is_busy
from orders.selectors import claims_to_decide
from orders.services import drop_claim, serve_waitlist, uphold_claim
from payments.models import Deposit, Payment, Refund
from payments.selectors import balance, disputes_to_decide, held_by_bank, refunds_to_approve
from payments.services import (
    approve_refund,
    ask_for_disputed,
    decline_refund,
    release_deposit,
    request_refund,
    secure_deposit_now,
    write_off_dispute,
)
from payments.states import DepositStatus, RefundStatus
from tests.journeys.chaos.plan import Run

ONE, OTHER = "staff:1", "staff:2"
OWED = "asked anew"
MOST = 50  # of one kind at a stretch


@dataclass
class Office:
    """Works through the worklists of the staff pages, by the services that these call."""

    run: Run
    dice: Random

    def work_until_over(self) -> None:
        steps = [
            self.give_back, self.give_back, self.approve, self.approve, self.decide, self.decide, self.repeat_refund,
            self.secure, self.secure, self.release, self.decide_claim, self.decide_claim,
            self.serve, self.serve, self.price, self.price_from, self.rule,
        ]  # fmt: skip
        try:
            while not self.run.over.wait(self.dice.uniform(0.3, 1.2)):
                self._try(self.dice.choice(steps))
        finally:
            connection.close()

    def finish(self) -> None:
        """What waits for staff is not left lying."""
        for step in (self.approve, self.decide, self.repeat_refund, self.decide_claim):
            for _ in range(MOST):
                if not self._try(step):
                    break

    def _try(self, step: Callable[[], str | None]) -> bool:
        """Returns whether something was done."""
        try:
            done = step()
        except DomainError as no:
            self.run.tally.count(self.run.tally.office, f"{step.__name__} refused, {no.code}")
            return False
        except OperationalError as error:
            if not is_busy(error):
                raise
            self.run.tally.count(self.run.tally.office, f"{step.__name__} busy")
            return False
        if done:
            self.run.tally.count(self.run.tally.office, done)
        return bool(done)

    def _one(self, rows: Any) -> Any:
        found = list(rows.order_by("-pk")[:20])
        return self.dice.choice(found) if found else None

    def give_back(self) -> str | None:
        """Part or all of a payment, sometimes of a deposit; above the limit it waits."""
        payment = self._one(Payment.objects.filter(captured_minor__gt=0, parked_reason=""))
        if payment is None or payment.refundable_minor < 200:
            return None
        whole = self.dice.random() < 0.4
        amount = payment.refundable_minor if whole else self.dice.randint(1, payment.refundable_minor // 100) * 100
        refund = request_refund(payment_id=payment.pk, amount_minor=amount, reason="they complained", actor=ONE)
        return "refund asked for, above the limit" if refund.status == RefundStatus.WAITING else "refund given"

    def approve(self) -> str | None:
        refund = self._one(refunds_to_approve())
        if refund is None:
            return None
        if refund.reason != OWED and self.dice.random() < 0.4:
            decline_refund(refund_id=refund.pk, actor=OTHER, note="too much")
            return "refund declined"
        try:
            approve_refund(refund_id=refund.pk, actor=OTHER if refund.requested_by == ONE else ONE)
        except DomainError:  # what was left of it is gone, or a bank has it
            decline_refund(refund_id=refund.pk, actor=ONE, note="not any more")
            return "refund taken back"
        return "refund approved"

    def decide(self) -> str | None:
        dispute = self._one(disputes_to_decide())
        if dispute is None:
            return None
        if self.dice.random() < 0.5:
            write_off_dispute(dispute_id=dispute.pk, reason="not worth it", actor=ONE)
            return "dispute written off"
        ask_for_disputed(dispute_id=dispute.pk, note="we ask", actor=ONE)
        return "disputed money asked for"

    def decide_claim(self) -> str | None:
        """What was objected to is charged, charged in part, or dropped."""
        claim = self._one(claims_to_decide())
        if claim is None:
            return None
        fate = self.dice.choice(["upheld", "reduced", "dropped"])
        if fate == "dropped":
            drop_claim(claim_id=claim.pk, note="it was torn before", actor=OTHER)
        else:
            amount = claim.amount_minor if fate == "upheld" else claim.amount_minor // 2
            uphold_claim(claim_id=claim.pk, note="it was whole before", amount_minor=amount, actor=OTHER)
        return f"claim {fate}"

    def serve(self) -> str | None:
        """By hand, beside the clock, so that somebody has what is free before the next customer takes it."""
        offered = serve_waitlist()
        self.run.tally.count(self.run.tally.office, "held for who waited", offered)
        return None

    def price(self) -> str | None:
        """Another price from now on: what was quoted before keeps its own."""
        with transaction.atomic():
            offer = self._one(SaleOffer.objects.in_force())
            offer.price_minor = self.dice.choice([4490, 4990, 5490])
            keep_what_was(offer, None)
            offer.save()
        return "price changed"

    def price_from(self) -> str | None:
        """Another price from a day on, or not after all."""
        coming = self._one(SaleOffer.objects.to_come())
        if coming is not None and self.dice.random() < 0.5:
            withdraw(coming)
            return "price that was to come taken back"
        offer = self._one(SaleOffer.objects.in_force())
        on = shop_today() + timedelta(days=self.dice.randint(1, 5))
        minor = self.dice.choice([3990, 5990])
        change_prices(on=on, prices=[NewPrice(offer, {"price_minor": minor})], actor=None)
        return "price set for a day to come"

    def rule(self) -> str | None:
        """The airline takes less high carriers, or higher ones again."""
        if self.dice.random() < 0.4:
            return None
        with transaction.atomic():
            CabinRule.objects.filter(airline__code="LH", allowed=True).update(height_mm=self.dice.choice([190, 230]))
            recheck_soon()
        return "rule of an airline changed"

    def repeat_refund(self) -> str | None:
        """What a refund that failed still owes is asked for anew, of whichever payment of its order has it."""
        orders = Refund.objects.filter(status=RefundStatus.FAILED).values("payment__order")
        free = Payment.objects.filter(order__in=orders).exclude(pk__in=held_by_bank().values("payment"))
        for payment in free.select_related("deposit").order_by("-pk"):
            if owed := _owed_back(payment):
                request_refund(payment_id=payment.pk, amount_minor=owed, reason=OWED, actor=OTHER)
                return "failed refund asked for anew"
        return None

    def secure(self) -> str | None:
        """The kept card is asked, again if it said no."""
        deposit = self._one(Deposit.objects.filter(status__in=[DepositStatus.PLANNED, DepositStatus.UNSECURED]))
        if deposit is None:
            return None
        return f"deposit asked for, {secure_deposit_now(deposit_id=deposit.pk, actor=ONE).status}"

    def release(self) -> str | None:
        """Now and then somebody needs none."""
        deposit = self._one(Deposit.objects.filter(status__in=Deposit.LIVE))
        if deposit is None or self.dice.random() < 0.8:
            return None
        release_deposit(deposit_id=deposit.pk, actor=ONE, note="a regular")
        return "deposit given back early"


def _owed_back(payment: Payment) -> int:
    """Of a deposit that has ended, what is not kept; else what the order has more than it charges."""
    if payment.deposit is None:
        return min(max(0, -balance(payment.order_id)), payment.refundable_minor)
    return 0 if payment.deposit.is_live else payment.refundable_minor - payment.deposit.stays_of(payment)
