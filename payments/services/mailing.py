"""Mails about orders and money: asked for where something happened, sent by a job, once for each cause."""

from smtplib import SMTPRecipientsRefused, SMTPResponseException
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string

from core.logging import get_logger
from core.queue import enqueue
from orders.models import Order
from payments.models import Mail
from payments.services.letters import Letter, write

log = get_logger(__name__)
_FOR_GOOD = 500  # SMTP replies from here on are final


def mail_soon(kind: Mail.Kind, *, order_id: UUID, about: object) -> None:
    """Have a mail of this kind sent once this transaction is committed; once, however often it is asked for.

    about: the order, refund, deposit or payment that it tells of: its id, and after a colon what tells occasions apart.
    With the kind it is the cause.
    """
    enqueue(
        "payments.send_mail", once=f"mail:{kind}:{about}", kind=kind.value, order_id=str(order_id), about=str(about)
    )


def send_mail(*, kind: Mail.Kind, order_id: str, about: str) -> bool:
    """Send a mail unless it was sent before or there is nothing to say any more. Returns whether it was sent.

    A row says that it was. Sent and then crashed before it was written, it is sent twice: mail knows no keys.
    Network, outside any transaction. Raises: OSError, SMTPException of a mail server that may work later.
    """
    if Mail.objects.filter(kind=kind, cause=about).exists():
        return False
    order = Order.objects.select_related("customer", "depot").get(pk=order_id)
    letter = write(kind, order, about)
    address = _address(order, letter) if letter else ""
    if letter is None or not address:
        return False
    try:
        _message(letter, order, address).send()
    except SMTPRecipientsRefused as refusal:
        if any(code < _FOR_GOOD for code, _ in refusal.recipients.values()):
            raise
        log.warning("mail_refused", kind=kind, order=order.number)
    except SMTPResponseException as answer:
        if answer.smtp_code < _FOR_GOOD:
            raise
        log.error("mail_refused", kind=kind, order=order.number, code=answer.smtp_code)
    with transaction.atomic():
        Mail.objects.get_or_create(kind=kind, cause=about, defaults={"order": order})
    return True


def _address(order: Order, letter: Letter) -> str:
    """ "" when nobody is there to read it: the account is closed, or the shop has named no address of its own."""
    if letter.to_staff:
        return str(settings.STAFF_EMAIL)
    return order.customer.email if order.customer.is_active else ""


def _message(letter: Letter, order: Order, address: str) -> EmailMultiAlternatives:
    context = {"letter": letter, "order": order, "shop": settings.SHOP_NAME}
    subject = " ".join(letter.subject.split())  # one line, whatever is in it
    message = EmailMultiAlternatives(subject, render_to_string("emails/letter.txt", context), to=[address])
    message.attach_alternative(render_to_string("emails/letter.html", context), "text/html")
    return message
