"""Payments' work in the background. Jobs run at least once; what they call is safe to repeat."""

from datetime import timedelta
from smtplib import SMTPException
from uuid import UUID

from django.utils import timezone

from core.logging import get_logger
from core.queue import Patient, app
from inventory.providers.base import RateLimited, Unavailable, UnknownOutcome
from orders.services import settle_soon
from payments import services
from payments.models import Mail
from payments.providers.base import ProviderError, ProviderUnavailable
from payments.providers.push import PushUnavailable
from payments.services.reconcile import ALERTED_AFTER, WATCH

log = get_logger(__name__)
_A_BOOKING = timedelta(days=400)  # rentals are booked a year ahead
_GATEWAY = Patient(ProviderUnavailable, attempts=40, longest=300)
_MAIL_SERVER = Patient(OSError, SMTPException, attempts=60, longest=1800)
_PUSH_SERVICE = Patient(PushUnavailable, attempts=40, longest=1200)
_BOTH = Patient(ProviderUnavailable, Unavailable, UnknownOutcome, RateLimited, attempts=60, longest=60)


@app.task(name="payments.process_event", queue="payments", retry=_GATEWAY)
def process_event(*, event_id: int) -> None:
    """Look at what one event of the gateway is about. Failing for good, it stays in the inbox for staff."""
    services.process_event(event_id=event_id)


@app.task(name="payments.refresh_payment", queue="payments", retry=_GATEWAY)
def refresh_payment(*, payment_id: str) -> None:
    """Read a payment again whose webhook may be lost."""
    services.refresh_payment(payment_id=UUID(payment_id))


@app.task(name="payments.send_refund", queue="payments", retry=_GATEWAY)
def send_refund(*, refund_id: str) -> None:
    """Pay a refund back. The refund's id is the key at the gateway: a repeat pays nothing."""
    services.push_refund(refund_id=UUID(refund_id))


@app.task(name="payments.refresh_refunds", queue="payments", retry=_GATEWAY)
def refresh_refunds(*, payment_id: str) -> None:
    """Read a payment's refunds again whose webhook may be lost."""
    services.refresh_refunds(payment_id=UUID(payment_id))


@app.task(name="payments.refresh_disputes", queue="payments", retry=_GATEWAY)
def refresh_disputes(*, payment_id: str) -> None:
    """Read a payment's disputes again whose webhook may be lost."""
    services.refresh_disputes(payment_id=UUID(payment_id))


@app.task(name="payments.settle_order", queue="payments", retry=_BOTH)
def settle_order(*, order_id: str) -> None:
    """Bring an order and its money to agree."""
    services.settle_order(order_id=UUID(order_id))


@app.task(name="payments.settle_order_soon", queue="payments")
def settle_order_soon(*, order_id: str) -> None:
    """Ask for the settling of an order now; itself it holds no lock while it waits for its time."""
    settle_soon(UUID(order_id))


@app.task(name="payments.secure_deposit", queue="payments", retry=_GATEWAY)
def secure_deposit(*, deposit_id: str) -> None:
    """Hold or charge a deposit on the card that was kept; renew a hold that ends soon."""
    services.secure_deposit(deposit_id=UUID(deposit_id))


@app.task(name="payments.settle_deposit", queue="payments", retry=_GATEWAY)
def settle_deposit(*, deposit_id: str) -> None:
    """Capture what is kept of a deposit, give back the rest."""
    services.settle_deposit(deposit_id=UUID(deposit_id))


@app.task(name="payments.send_mail", queue="mail", retry=_MAIL_SERVER)
def send_mail(*, kind: str, order_id: str, about: str) -> None:
    """Send a mail about an order, once."""
    services.send_mail(kind=Mail.Kind(kind), order_id=order_id, about=about)


@app.task(name="payments.tell", queue="mail", retry=Patient())
def tell(*, kind: str, order_id: str, about: str) -> None:
    """Have a customer told by mail and push what those below found."""
    services.tell(kind=Mail.Kind(kind), order_id=UUID(order_id), about=about)


@app.task(name="payments.send_push", queue="mail", retry=_PUSH_SERVICE)
def send_push(*, push_id: str) -> None:
    """Tell a phone what waits for it in the outbox."""
    services.send_push(push_id=UUID(push_id))


@app.task(name="payments.issue_documents", queue="payments", retry=Patient())
def issue_documents(*, order_id: str) -> None:
    """Write the receipt and credit notes that an order's charges ask for."""
    services.issue_documents(order_id=UUID(order_id))


@app.periodic(cron="23 * * * *")
@app.task(name="payments.catch_up_on_documents", queue="payments", queueing_lock="payments.catch_up_on_documents")
def catch_up_on_documents(timestamp: int) -> None:
    """Write the documents that a lost job left out."""
    services.catch_up_on_documents()


@app.periodic(cron="*/5 * * * *")
@app.task(name="payments.secure_due_deposits", queue="payments", queueing_lock="payments.secure_due_deposits")
def secure_due_deposits(timestamp: int) -> None:
    """Secure the deposits of rentals that begin soon."""
    services.secure_due_deposits()


@app.periodic(cron="11 * * * *")
@app.task(name="payments.renew_ending_holds", queue="payments", queueing_lock="payments.renew_ending_holds")
def renew_ending_holds(timestamp: int) -> None:
    """Renew the holds that the bank soon lets go."""
    services.renew_ending_holds()


@app.periodic(cron="* * * * * */20")
@app.task(name="payments.reconcile_young", queue="payments", queueing_lock="payments.reconcile_young")
def reconcile_young(timestamp: int) -> None:
    """Apply what webhooks forgot in the last hours."""
    services.catch_up(young=timedelta(hours=3), older_than=timedelta(seconds=20))


@app.periodic(cron="7 * * * *")
@app.task(name="payments.reconcile_old", queue="payments", queueing_lock="payments.reconcile_old")
def reconcile_old(timestamp: int) -> None:
    """Apply what webhooks forgot since the oldest order that may still change."""
    services.catch_up(young=_A_BOOKING, older_than=timedelta(hours=3))


@app.periodic(cron="37 * * * *")
@app.task(
    name="payments.reconcile_refunds", queue="payments", queueing_lock="payments.reconcile_refunds", retry=_GATEWAY
)
def reconcile_refunds(timestamp: int) -> None:
    """Apply what webhooks forgot of refunds: those made at the gateway by hand, and those that failed late."""
    services.catch_up_on_refunds(since=timedelta(days=30))


@app.periodic(cron="47 * * * *")
@app.task(
    name="payments.reconcile_disputes", queue="payments", queueing_lock="payments.reconcile_disputes", retry=_GATEWAY
)
def reconcile_disputes(timestamp: int) -> None:
    """Apply what webhooks forgot of disputes, which take months."""
    services.catch_up_on_disputes(since=timedelta(days=200))


@app.periodic(cron="20 3 * * *")
@app.task(
    name="payments.reconcile", queue="payments", queueing_lock="payments.reconcile", lock="payments.reconcile",
    retry=Patient(),
)  # fmt: skip
def reconcile(timestamp: int = 0, *, days: int = 0, repair: bool = False, actor: str = "job") -> None:
    """Compare everything with the gateway every night, or when staff ask for it; what differs, and not being able to
    ask, alerts."""
    since = timezone.now() - (timedelta(days=days) if days else _A_BOOKING)
    try:
        report = services.reconcile_payments(since=since, repair=repair, actor=actor)
    except ProviderError as error:
        log.error("money_not_compared", error=str(error), actor=actor)
        return
    if report.left:
        log.error("money_drift", left=report.left, repaired=report.repaired, actor=actor)


@app.periodic(cron="*/5 * * * *")
@app.task(
    name="payments.watch_money", queue="payments", queueing_lock="payments.watch_money", lock="payments.reconcile"
)
def watch_money(timestamp: int) -> None:
    """Compare the last hours with the gateway and close there what nobody can pay; what else differs for more than ten
    minutes alerts. The next run follows, so no retry."""
    try:
        report = services.watch_payments(since=timezone.now() - timedelta(hours=3))
    except ProviderError as error:
        log.warning("money_not_watched", error=str(error))
        return
    if old := report.older_than(ALERTED_AFTER):
        log.error("money_drift", left=len(old), of=[finding.ref for finding in old[:20]], actor=WATCH)


@app.periodic(cron="35 4 * * *")
@app.task(
    name="payments.forget_gateway_customers", queue="payments", queueing_lock="payments.forget_gateway_customers",
    retry=_GATEWAY,
)  # fmt: skip
def forget_gateway_customers(timestamp: int = 0) -> None:
    """Have the gateway forget who closed their account, once nothing of theirs can be paid any more."""
    services.forget_gateway_customers()


@app.periodic(cron="55 3 * * *")
@app.task(
    name="payments.forget_old_reconciliations", queue="payments", queueing_lock="payments.forget_old_reconciliations"
)
def forget_old_reconciliations(timestamp: int) -> None:
    """Forget comparisons after 90 days."""
    services.forget_old_reconciliations()


@app.periodic(cron="58 3 * * *")
@app.task(name="payments.forget_old_pushes", queue="mail", queueing_lock="payments.forget_old_pushes")
def forget_old_pushes(timestamp: int) -> None:
    """Forget what phones were told after 90 days."""
    services.forget_old_pushes()
