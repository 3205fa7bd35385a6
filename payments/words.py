"""Money in plain words, as statements and histories tell it: "80.00 EUR is held on your card until 3 May." """

from dataclasses import dataclass
from datetime import datetime

from core.money import to_decimal
from core.time import today_in
from orders.models import DepositPlan
from payments.models import Payment
from payments.states import DEPOSIT_LIVE, DepositStatus, DisputeStatus, PaymentStatus, RefundStatus


@dataclass(frozen=True, slots=True)
class Words:
    """Days are dates at the depot, with the year only where it is another one than today's there."""

    currency: str
    zone: str

    def amount(self, minor: int) -> str:
        return f"{to_decimal(abs(minor), self.currency)} {self.currency}"

    def day(self, at: datetime) -> str:
        day = today_in(self.zone, at)
        return f"{day.day} {day:%B}" + (f" {day.year}" if day.year != today_in(self.zone).year else "")

    def charge(self, minor: int, what: str) -> str:
        return f"{self.amount(minor)} was {'charged' if minor > 0 else 'credited'}: {what.rstrip('.')}."

    def payment(self, purpose: str, minor: int, at: datetime, *, was_held: bool = False) -> str:
        """Money that was taken; of a deposit's hold, the part that was kept."""
        if was_held:
            return f"{self.amount(minor)} of the deposit that was held on your card was kept on {self.day(at)}."
        if purpose == Payment.Purpose.DEPOSIT:
            return f"{self.amount(minor)} was charged to your card as a deposit on {self.day(at)}."
        return f"{self.amount(minor)} was paid by card on {self.day(at)}."

    def open_payment(self, status: str, minor: int) -> str:
        if status == PaymentStatus.PROCESSING:
            return f"Your bank is working on a payment of {self.amount(minor)}."
        return f"A payment of {self.amount(minor)} waits for you in the app."

    def refund(self, purpose: str, status: str, minor: int, settled_at: datetime | None) -> str:
        what = self.amount(minor) + (" of your deposit" if purpose == Payment.Purpose.DEPOSIT else "")
        if status == RefundStatus.SUCCEEDED and settled_at is not None:
            return f"{what} went back to your card on {self.day(settled_at)}."
        if status == RefundStatus.FAILED:
            return f"{what} could not be paid back to your card; the shop still owes it to you."
        return f"{what} is on its way back to your card."

    def dispute(self, status: str, minor: int) -> tuple[str, str]:
        """What it is in short, and how it stands with it."""
        what = {
            DisputeStatus.WON: "Disputed with your bank: the payment stands",
            DisputeStatus.LOST: "Paid back by your bank after a dispute",
            DisputeStatus.DROPPED: "Your bank's question was answered",
        }.get(DisputeStatus(status), "Disputed with your bank; it decides")
        return what, f"{self.amount(minor)}: {what[0].lower()}{what[1:]}."

    def kept(self, minor: int, ended_at: datetime) -> str:
        return f"{self.amount(minor)} was paid from the deposit on {self.day(ended_at)}."

    def deposit(
        self,
        plan: str,
        status: str,
        minor: int,
        *,
        kept_minor: int = 0,
        due_at: datetime | None = None,
        secured_at: datetime | None = None,
        until: datetime | None = None,
        ended_at: datetime | None = None,
    ) -> str:
        """How it stands with a deposit. `until`: when the bank lets go of what it holds."""
        amount, held = self.amount(minor), plan == DepositPlan.HOLD
        if status not in DEPOSIT_LIVE:
            return self._ended(minor, kept_minor, held=held, was_secured=secured_at is not None, at=ended_at)
        if status == DepositStatus.PLANNED:
            return f"{amount} will be {'held on' if held else 'charged to'} your card as a deposit{self._on(due_at)}."
        if status == DepositStatus.UNSECURED:
            return f"A deposit of {amount} is not secured yet: please do so in the app, as nothing leaves without it."
        if held:
            return f"{amount} is held on your card" + (f" until {self.day(until)}." if until else ".")
        return f"{amount} was charged to your card as a deposit{self._on(secured_at)}; it goes back after the return."

    def _ended(self, minor: int, kept: int, *, held: bool, was_secured: bool, at: datetime | None) -> str:
        if not was_secured:
            return f"The deposit of {self.amount(minor)} is not needed any more."
        back = "was released" if held else "goes back to your card"
        if not kept:
            return f"The deposit of {self.amount(minor)} {back}{self._on(at) if held else ''}."
        rest = f"; {self.amount(minor - kept)} {back}" if minor > kept else ""
        return f"{self.amount(kept)} of the deposit of {self.amount(minor)} was kept{self._on(at)}{rest}."

    def _on(self, at: datetime | None) -> str:
        return f" on {self.day(at)}" if at else ""
