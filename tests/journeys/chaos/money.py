"""Every cent: what the stand-in has of each order is added up from its own objects and held against our statement."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Q, Sum

from orders.models import Charge, ChargeKind, Claim, Order
from orders.services import is_delivered
from orders.services.charging import EXTRAS
from payments.models import Deposit, Dispute, Document, DocumentCounter, Mail, Payment, Refund
from payments.selectors import Statement, balance, orders_without_documents, owed, statement
from payments.states import DepositStatus, PaymentStatus
from sandbox.stripe.sandbox import StripeSandbox
from tests.journeys.chaos.plan import DONE, Run

WITHDRAWN = ("needs_response", "under_review", "lost")  # disputes that took money and did not give it back
NOTHING = {"captured": 0, "refunded": 0, "held": 0, "disputed": 0}


@dataclass(frozen=True)
class Sums:
    """Minor units at the gateway. `refunded` counts refunds under way; money that was only held is not refunded."""

    captured: int = 0
    refunded: int = 0
    held: int = 0
    disputed: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.captured + other.captured,
            self.refunded + other.refunded,
            self.held + other.held,
            self.disputed + other.disputed,
        )

    @property
    def left(self) -> int:
        return self.captured - self.refunded - self.disputed


def by_intent(gateway: StripeSandbox) -> dict[str, Sums]:
    """{payment intent id: what came, went, is held and was taken back}, for all that ever had a charge."""
    sums: defaultdict[str, Sums] = defaultdict(Sums)
    for charge in gateway.all_of("charge"):
        if charge["status"] == "succeeded":
            held = 0 if charge["captured"] else charge["amount"] - charge["amount_refunded"]
            sums[charge["payment_intent"]] += Sums(captured=charge["amount_captured"], held=held)
    for refund in gateway.all_of("refund"):
        if refund["status"] not in ("failed", "canceled") and refund["balance_transaction"] is not None:
            sums[refund["payment_intent"]] += Sums(refunded=refund["amount"])
    for dispute in gateway.all_of("dispute"):
        if dispute["status"] in WITHDRAWN:
            sums[dispute["payment_intent"]] += Sums(disputed=dispute["amount"])
    return dict(sums)


@dataclass(frozen=True)
class Book:
    """One order: its statement, and the stand-in's sums of what it paid, of its ended deposits and of its live one."""

    order: Order
    told: Statement
    paid: Sums
    ended: Sums
    live: Sums


def books(gateway: StripeSandbox) -> list[Book]:
    there = by_intent(gateway)
    numbers = {intent["id"]: intent["metadata"].get("order") for intent in gateway.all_of("payment_intent")}
    deposits = dict(Payment.objects.exclude(deposit=None).values_list("provider_ref", "deposit__status"))
    parts: defaultdict[tuple[str | None, str], Sums] = defaultdict(Sums)
    for ref, sums in there.items():
        part = "paid" if ref not in deposits else "live" if deposits[ref] in Deposit.LIVE else "ended"
        parts[numbers[ref], part] += sums
    orders = Order.objects.select_related("depot").order_by("pk")
    return [
        Book(order, statement(order), *(parts[order.number, part] for part in ("paid", "ended", "live")))
        for order in orders
    ]


def money_is_wrong(run: Run) -> Iterator[str]:
    """Order by order, and all together."""
    found = books(run.stack.stripe)
    for book in found:
        yield from _differences(book)
        yield from _standing(book)
    for payment in Payment.objects.exclude(parked_reason=""):
        yield f"{payment.pk} waits for a person: {payment.parked_reason}"
    totals = run.stack.stripe.totals().get("eur", NOTHING)
    added = sum((book.paid + book.ended + book.live for book in found), Sums())
    if {name: getattr(added, name) for name in totals} != totals:
        yield f"the stand-in has {totals}, its objects of our orders add up to {added}"
    yield from _deposits()
    yield from _documents(found)
    yield from _mails()
    yield from _posted(run)


def _differences(book: Book) -> Iterator[str]:
    told, kept = book.told, sum(deposit.kept_minor for deposit in book.told.deposits)
    ours = {
        "captured": told.captured_minor - kept,
        "refunded": told.refunded_minor + told.refund_pending_minor,
        "held": 0,
    }
    for name, minor in ours.items():
        if getattr(book.paid, name) != minor:
            yield f"{book.order}: {minor} {name} here, {getattr(book.paid, name)} at the gateway"
    net = told.captured_minor - told.refunded_minor - told.refund_pending_minor - told.disputed_minor
    if net != book.paid.left + book.ended.left:
        yield f"{book.order}: {net} is left here, {book.paid.left + book.ended.left} at the gateway"
    if book.ended.held:
        yield f"{book.order}: {book.ended.held} of an ended deposit is still held"
    held = Payment.objects.filter(order=book.order, status=PaymentStatus.AUTHORISED)
    ours_held = held.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    if ours_held != book.live.held:
        yield f"{book.order}: {ours_held} held here, {book.live.held} at the gateway"
    disputed = Dispute.objects.filter(payment__order=book.order).aggregate(sum=Sum("withdrawn_minor"))["sum"] or 0
    theirs = book.paid.disputed + book.ended.disputed + book.live.disputed
    if disputed != theirs:
        yield f"{book.order}: {disputed} disputed here, {theirs} at the gateway"


def _standing(book: Book) -> Iterator[str]:
    """Nobody owes but who was charged more, or whose bank took money back; and whoever owes has been asked."""
    order, open_minor = book.order, balance(book.order.pk)
    disputed = book.paid.disputed + book.ended.disputed
    later = [*EXTRAS, ChargeKind.EXTENSION, ChargeKind.KEEP]
    extra = Charge.objects.filter(order=order, kind__in=later).total() if order.status in DONE else 0
    if not 0 <= open_minor <= disputed + extra:
        yield f"{order} is {order.status} with a balance of {open_minor}; {disputed} disputed, {extra} charged later"
    if order.status == "confirmed" and is_delivered(order) and owed(order.pk) and not _is_asked(order):
        yield f"{order} owes {owed(order.pk)}, and nobody asks for it"
    kept = order.charges.total() if order.status == "cancelled" else 0  # by the policy of cancellation
    if order.status not in DONE and book.paid.left > kept:
        yield f"{order} is {order.status} and keeps {book.paid.left} of {kept}"


def _is_asked(order: Order) -> bool:
    extra = Payment.objects.filter(order=order, purpose=Payment.Purpose.EXTRA, status__in=Payment.LIVE)
    return extra.exists() or order.mails.filter(kind=Mail.Kind.MONEY_REQUESTED).exists()


def _deposits() -> Iterator[str]:
    """Secured is what something secures; an ended one keeps what it says, and no more."""
    for deposit in Deposit.objects.prefetch_related("payments"):
        secures = sum(payment.secures_minor for payment in deposit.payments.all())
        if deposit.status == DepositStatus.SECURED and not secures:
            yield f"deposit {deposit.pk} is called secured, and nothing secures it"
        if not deposit.is_live and any(p.secures_minor > deposit.stays_of(p) for p in deposit.payments.all()):
            yield f"deposit {deposit.pk} is {deposit.status}, and more of it is kept than {deposit.captured_minor}"


# Documents


def _documents(found: list[Book]) -> Iterator[str]:
    """No number is missing or given twice, and what is balanced is documented to the cent."""
    for counter in DocumentCounter.objects.all():
        rows = Document.objects.filter(kind=counter.kind, year=counter.year)
        given = list(rows.order_by("sequence").values_list("sequence", flat=True))
        if given != list(range(1, counter.last + 1)):
            yield f"{counter}, but there are {given}"
    if missing := list(orders_without_documents()):
        yield f"orders without documents: {missing}"
    for book in found:
        if book.order.confirmed_at is None or balance(book.order.pk):
            continue
        written = Document.objects.filter(order=book.order).aggregate(sum=Sum("total_minor"))["sum"] or 0
        if written != book.told.charged_minor:
            yield f"{book.order}: {book.told.charged_minor} are charged, the documents say {written}"


# Mails


def _mails() -> Iterator[str]:
    """Whatever happened to money was told; the database sees to it that it is not told twice."""
    K = Mail.Kind  # noqa: N806 (an enum)
    due = [
        (K.ORDER_CONFIRMED, Order.objects.exclude(confirmed_at=None)),
        (K.REFUND_UNDER_WAY, Refund.objects.promised().filter(payment__deposit=None, told_with=None)),
        (K.REFUND_FAILED, Refund.objects.filter(status="failed")),
        (K.DEPOSIT_SECURED, Deposit.objects.filter(status=DepositStatus.SECURED)),
        (K.DEPOSIT_ENDED, Deposit.objects.exclude(Q(ended_at=None) | Q(secured_at=None))),
        (K.CLAIM_DECIDED, Claim.objects.exclude(decided_at=None).exclude(decided_by__startswith="customer:")),
        (K.MONEY_RECEIVED, Payment.objects.filter(purpose=Payment.Purpose.EXTRA, captured_minor__gt=0)),
    ]
    for kind, causes in due:
        told = {cause.partition(":")[0] for cause in Mail.objects.filter(kind=kind).values_list("cause", flat=True)}
        for pk in causes.values_list("pk", flat=True):
            if str(pk) not in told:
                yield f"no mail {kind} about {pk}"


def _posted(run: Run) -> Iterator[str]:
    """One for each cause; twice only what was sent when its worker was killed, before it could write so down."""
    sent, told, kills = mails_posted(run.mail), Mail.objects.count(), run.tally.faults["kill worker"]
    if not told <= sent <= told + 2 * kills:
        yield f"{sent} mails were sent for {told} causes, and the worker was killed {kills} times"


def mails_posted(folder: Path) -> int:
    return sum(line.startswith("Subject: ") for file in folder.glob("*") for line in file.read_text().splitlines())


# Figures


def figures_of_money(run: Run) -> dict[str, Counter[str]]:
    """In cents, at the stand-in and as our statements add up; and how what moves money ended."""
    found = books(run.stack.stripe)
    there = sum((book.paid + book.ended + book.live for book in found), Sums())
    told = [book.told for book in found]
    ours = {
        "captured": sum(t.captured_minor for t in told),
        "refunded": sum(t.refunded_minor + t.refund_pending_minor for t in told),
        "disputed": sum(t.disputed_minor for t in told),
    }
    ours["left"] = ours["captured"] - ours["refunded"] - ours["disputed"]
    live = sum((book.live for book in found), Sums())
    return {
        "cents at the stand-in": Counter(
            {
                "captured": there.captured,
                "refunded": there.refunded,
                "disputed": there.disputed,
                "held": there.held,
                "left": there.left,
                "left, without live deposits": there.left - live.left,
            }
        ),
        "cents in our statements": Counter(ours),
        "payments by end": Counter(f"{p} {s}" for p, s in Payment.objects.values_list("purpose", "status")),
        "deposits by end": Counter(f"{p} {s}" for p, s in Deposit.objects.values_list("plan", "status")),
        "refunds by end": Counter(Refund.objects.values_list("status", flat=True)),
        "disputes by end": Counter(f"{s} {d}".strip() for s, d in Dispute.objects.values_list("status", "decision")),
        "documents": Counter(Document.objects.values_list("kind", flat=True)),
        "mails": Counter(Mail.objects.values_list("kind", flat=True)) + Counter(posted=mails_posted(run.mail)),
    }
