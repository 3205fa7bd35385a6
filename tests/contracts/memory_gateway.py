"""A second payment gateway, unlike the first: a journal in memory whose payments are sums of its lines.

References are numbers, amounts are decimals of whole units, cards are words, events have a signature of their own.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.money import to_decimal, to_minor
from payments.providers.base import (
    EventRejected,
    KeySpent,
    NewPage,
    NewPayment,
    Notice,
    ProviderRefused,
    ProviderUnavailable,
    RemoteDispute,
    RemoteDisputeStatus,
    RemotePage,
    RemotePayment,
    RemoteRefund,
    RemoteStatus,
    Topic,
    UnknownPayment,
)

HOLD = timedelta(days=10)
FRESH_FOR = 120  # seconds


@dataclass
class Line:
    """One thing that happened to an account."""

    number: int
    kind: str  # asked, held, taken, closed, declined, back, back_failed, contested, contest_ended, page…
    account: int
    at: datetime
    amount: Decimal = Decimal(0)
    more: dict[str, Any] = field(default_factory=dict)


class MemoryGateway:
    """`PaymentProvider` without any network."""

    publishable_key = "memory"
    shortest_page, longest_page = timedelta(0), timedelta(days=2)

    def __init__(self, secrets: Sequence[bytes] = (b"new", b"old")) -> None:
        self.secrets = secrets
        self.journal: list[Line] = []
        self.answers: dict[str, tuple[Any, int]] = {}  # key -> (what was asked, line)
        self.people: dict[str, str] = {}
        self.forgotten: set[str] = set()
        self.sessions = 0
        self.trouble: list[str] = []  # lost, broken
        self.away = False

    # The journal

    def _write(self, kind: str, account: int | None = None, amount: Decimal = Decimal(0), **more: Any) -> Line:
        number = len(self.journal) + 1
        line = Line(number, kind, account or number, datetime.now(UTC), amount, more)
        self.journal.append(line)
        return line

    def of(self, account: int, *kinds: str) -> list[Line]:
        return [line for line in self.journal if line.account == account and (not kinds or line.kind in kinds)]

    def sum(self, account: int, *kinds: str) -> Decimal:
        return sum((line.amount for line in self.of(account, *kinds)), Decimal(0))

    def left(self, account: int) -> Decimal:
        """Taken, and neither given back nor contested."""
        gone = self.sum(account, "back") - self.sum(account, "back_failed")
        return self.sum(account, "taken") - gone - self.contested(account)

    def contested(self, account: int) -> Decimal:
        opened = [line for line in self.of(account, "contested") if not line.more["asks"]]
        back = [line for line in self.of(account, "contest_ended") if line.more["won"]]
        return sum((line.amount for line in opened), Decimal(0)) - sum((line.amount for line in back), Decimal(0))

    def undecided(self, account: int) -> bool:
        ended = {line.more["of"] for line in self.of(account, "contest_ended")}
        return any(not line.more["asks"] and line.number not in ended for line in self.of(account, "contested"))

    def account(self, ref: str) -> Line:
        """Raises: UnknownPayment."""
        self._reached()
        found = [line for line in self.journal if line.kind == "asked" and str(line.number) == ref]
        if not found:
            raise UnknownPayment(f"no account {ref}", code="payment_refused")
        return found[0]

    # Calls, their keys and their troubles

    def _reached(self) -> None:
        if self.away:
            raise ProviderUnavailable("nobody there")

    def _once(self, key: str, asked: Any, do: Any) -> int:
        """The line that this key stands for; made now, if it is new."""
        self._reached()
        trouble = self.trouble.pop(0) if self.trouble else ""
        if key in self.answers:
            before, number = self.answers[key]
            if before != asked or number < 0:
                raise KeySpent(key)
            return number
        number = do().number
        self.answers[key] = (asked, -1 if trouble == "broken" else number)
        if trouble == "broken":
            raise KeySpent(key)
        if trouble == "lost":
            raise ProviderUnavailable("the answer was lost")
        return number

    # Customers

    def create_customer(self, *, key: str, user_id: UUID) -> str:
        self._reached()
        return self.people.setdefault(key, f"person {len(self.people) + 1}")

    def forget_customer(self, ref: str) -> None:
        self._reached()
        self.forgotten.add(ref)

    def open_session(self, customer_ref: str) -> str:
        self._reached()
        self.sessions += 1
        return f"session {self.sessions} of {customer_ref}"

    # Payments

    def create_payment(self, new: NewPayment) -> RemotePayment:
        number = self._once(f"pay {new.key}", new, lambda: self._ask(new))
        return self._told(self.journal[number - 1])

    def charge_card(self, new: NewPayment, *, card_ref: str) -> RemotePayment:
        if new.customer_ref in self.forgotten:
            raise ProviderRefused("This person is not known.", code="payment_refused")

        def ask() -> Line:
            line = self._ask(new)
            self.use_card(line, card_ref)
            return line

        return self._told(self.journal[self._once(f"pay {new.key}", (new, card_ref), ask) - 1])

    def _ask(self, new: NewPayment) -> Line:
        return self._write("asked", amount=to_decimal(new.amount_minor, new.currency), new=new)

    def use_card(self, line: Line, card: str) -> None:
        """The bank's answer to one try."""
        if self.of(line.account, "taken", "held", "closed"):
            return
        _, _, code = card.partition("no: ")
        if code:
            self._write("declined", line.account, code=code)
        elif line.more["new"].captures_later:
            self._write("held", line.account, line.amount, card=card)
        else:
            self._write("taken", line.account, line.amount, card=card)

    # Pages: a line that names what is to be asked, and the account that somebody opened by trying

    def open_page(self, new: NewPayment, page: NewPage) -> RemotePage:
        line = self._once(f"page {new.key}", (new, page), lambda: self._write("page", new=new, page=page))
        return self._page(self.journal[line - 1])

    def get_page(self, ref: str) -> RemotePage:
        return self._page(self.page(ref))

    def close_page(self, ref: str) -> RemotePage:
        line = self.page(ref)
        if self._page(line).is_open:
            self._write("page_closed", line.number)
        return self._page(line)

    def page(self, ref: str) -> Line:
        """Raises: UnknownPayment."""
        self._reached()
        found = [line for line in self.journal if line.kind == "page" and f"page {line.number}" == ref]
        if not found:
            raise UnknownPayment(f"no {ref}", code="payment_refused")
        return found[0]

    def use_page(self, line: Line, card: str) -> None:
        """One try of its customer."""
        told = self._page(line)
        if not told.is_open:
            return
        account = self.account(told.payment_ref) if told.payment_ref else self._ask(line.more["new"])
        self._write("page_used", line.number, opened=account.number)
        self.use_card(account, card)

    def _page(self, line: Line) -> RemotePage:
        used = [str(try_.more["opened"]) for try_ in self.of(line.account, "page_used")]
        is_paid = bool(used) and bool(self.of(int(used[0]), "taken", "held"))
        is_open = not is_paid and not self._has_ended(line)
        url = f"memory://{line.number}" if is_open else ""
        return RemotePage(f"page {line.number}", is_open, url, used[0] if used else "")

    def _has_ended(self, line: Line) -> bool:
        return bool(self.of(line.number, "page_closed")) or datetime.now(UTC) >= line.more["page"].ends_at

    def get_payment(self, ref: str) -> RemotePayment:
        return self._told(self.account(ref))

    def _told(self, line: Line) -> RemotePayment:
        new: NewPayment = line.more["new"]
        last = self.of(line.account)[-1]
        card = next((used.more["card"] for used in self.of(line.account, "held", "taken") if "card" in used.more), "")
        status = self._status(line.account)
        return RemotePayment(
            ref=str(line.number),
            status=status,
            amount_minor=new.amount_minor,
            captured_minor=to_minor(self.sum(line.account, "taken"), new.currency),
            currency=new.currency,
            payment_id=new.payment_id,
            order_number=new.order_number,
            client_secret=f"pay {line.number} here",
            last_error=last.more.get("code", "") if status == RemoteStatus.PENDING else "",
            capture_before=line.at + HOLD if status == RemoteStatus.AUTHORISED else None,
            customer_ref=new.customer_ref,
            card_ref=card,
            made_at=line.at,
        )

    def _status(self, account: int) -> RemoteStatus:
        if self.of(account, "taken"):
            return RemoteStatus.SUCCEEDED
        if self.of(account, "closed") or (self._page_ended(account) and not self.of(account, "held")):
            return RemoteStatus.CANCELLED
        return RemoteStatus.AUTHORISED if self.of(account, "held") else RemoteStatus.PENDING

    def _page_ended(self, account: int) -> bool:
        """The account was opened on a page that has ended."""
        pages = {line.account for line in self.journal if line.more.get("opened") == account}
        return any(self._has_ended(self.journal[number - 1]) for number in pages)

    def capture(self, *, key: str, ref: str, amount_minor: int) -> RemotePayment:
        line = self.account(ref)
        amount = to_decimal(amount_minor, line.more["new"].currency)
        if self._status(line.account) == RemoteStatus.AUTHORISED:
            if amount > line.amount:
                raise ProviderRefused("That is more than is held.", code="payment_refused")
            self._write("taken", line.account, amount)
        return self._told(line)

    def cancel_payment(self, ref: str) -> RemotePayment:
        line = self.account(ref)
        if not self.of(line.account, "taken", "closed"):
            self._write("closed", line.account)
        return self._told(line)

    # Money that goes back

    def refund(self, *, key: str, refund_id: UUID, payment_ref: str, amount_minor: int) -> RemoteRefund:
        line = self.account(payment_ref)
        amount = to_decimal(amount_minor, line.more["new"].currency)
        number = self._once(f"back {key}", (payment_ref, amount), lambda: self.give_back(line, amount, refund_id))
        return self._refund(self.journal[number - 1])

    def give_back(self, line: Line, amount: Decimal, refund_id: UUID | None = None) -> Line:
        if self.undecided(line.account):
            raise ProviderRefused("contested", code="payment_refused")
        if not 0 < amount <= self.left(line.account):
            raise ProviderRefused(f"{self.left(line.account)} are left", code="payment_refused")
        return self._write("back", line.account, amount, refund_id=refund_id)

    def _refund(self, line: Line) -> RemoteRefund:
        failed = any(other.more["of"] == line.number for other in self.of(line.account, "back_failed"))
        return RemoteRefund(
            ref=f"back {line.number}",
            payment_ref=str(line.account),
            status=RemoteStatus.FAILED if failed else RemoteStatus.SUCCEEDED,
            amount_minor=to_minor(line.amount, self.journal[line.account - 1].more["new"].currency),
            refund_id=line.more["refund_id"],
            failure="returned" if failed else "",
            made_at=line.at,
        )

    def refunds_of(self, payment_ref: str) -> Sequence[RemoteRefund]:
        self._reached()
        return [self._refund(line) for line in self.journal if line.kind == "back" and str(line.account) == payment_ref]

    # Disputes

    def disputes_of(self, payment_ref: str) -> Sequence[RemoteDispute]:
        self._reached()
        return [
            self._dispute(line)
            for line in self.journal
            if line.kind == "contested" and str(line.account) == payment_ref
        ]

    def _dispute(self, line: Line) -> RemoteDispute:
        new: NewPayment = self.journal[line.account - 1].more["new"]
        ended = next((o for o in self.of(line.account, "contest_ended") if o.more["of"] == line.number), None)
        amount = to_minor(line.amount, new.currency)
        status, withdrawn = RemoteDisputeStatus.NEEDS_RESPONSE, 0 if line.more["asks"] else amount
        if ended is not None:
            status = RemoteDisputeStatus.WON if ended.more["won"] else RemoteDisputeStatus.LOST
            status = RemoteDisputeStatus.DROPPED if line.more["asks"] else status
            withdrawn = 0 if ended.more["won"] else withdrawn
        return RemoteDispute(
            ref=f"contest {line.number}",
            payment_ref=str(line.account),
            status=status,
            amount_minor=amount,
            withdrawn_minor=withdrawn,
            currency=new.currency,
            is_inquiry=line.more["asks"],
            is_refundable=line.more["asks"] or (ended is not None and self.left(line.account) > 0),
            opened_at=line.at,
            evidence_due_at=line.at + timedelta(days=5),
            reason="does not remember",
        )

    # Lists

    def payments_since(self, moment: datetime) -> Iterator[RemotePayment]:
        return map(self._told, self._since("asked", moment))

    def refunds_since(self, moment: datetime) -> Iterator[RemoteRefund]:
        return map(self._refund, self._since("back", moment))

    def disputes_since(self, moment: datetime) -> Iterator[RemoteDispute]:
        return map(self._dispute, self._since("contested", moment))

    def _since(self, kind: str, moment: datetime) -> Iterator[Line]:
        self._reached()
        yield from [line for line in reversed(self.journal) if line.kind == kind and line.at >= moment]

    # Events

    def parse_event(self, *, body: bytes, signature: str) -> Notice:
        at, _, mark = signature.partition(" ")
        marks = [hmac.new(secret, f"{at} ".encode() + body, hashlib.blake2b).hexdigest() for secret in self.secrets]
        if not at.isdecimal() or abs(time.time() - int(at)) > FRESH_FOR or mark not in marks:
            raise EventRejected("not ours")
        try:
            told = json.loads(body)
            topic = Topic(told["about"])
            ref = f"page {told['account']}" if topic == Topic.PAGE else str(told["account"])
            return Notice(f"line {told['line']}", told["kind"], topic, ref, told)
        except (ValueError, KeyError, TypeError) as error:
            raise EventRejected("not an event") from error
