"""Mails about orders and money: asked for where something happened, sent by a job, once for each cause."""

from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPRecipientsRefused
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string

from core.logging import get_logger
from core.queue import enqueue
from orders.models import Order
from payments.models import Mail
from payments.services.letter import Letter
from payments.services.letters import write
from payments.services.pushing import push_soon

log = get_logger(__name__)
_FOR_GOOD = 500  # SMTP replies from here on are final
_LOGIN_WANTED = 530  # says nothing of the address: our settings are wrong


def mail_soon(kind: Mail.Kind, *, order_id: UUID, about: object) -> None:
    """Have a mail of this kind sent once this transaction is committed; once, however often it is asked for. Phones
    are told the same, when they are told of this kind.

    about: the order, refund, deposit or payment that it tells of: its id, and after a colon what tells occasions apart.
    With the kind it is the cause.
    """
    key = f"mail:{kind}:{about}"  # a lock too: of two jobs at once neither would see the other's row
    enqueue("payments.send_mail", once=key, lock=key, kind=kind.value, order_id=str(order_id), about=str(about))
    push_soon(kind, order_id=order_id, about=str(about))


@transaction.atomic
def tell(*, kind: Mail.Kind, order_id: UUID, about: str) -> None:
    """The same, for those below who ask by the name of a job."""
    mail_soon(kind, order_id=order_id, about=about)


def send_mail(*, kind: Mail.Kind, order_id: str, about: str) -> bool:
    """Send a mail unless it was sent before or there is nothing to say any more. Returns whether it was sent.

    A row says that it was, or that its address or text is refused for good. Sent and then crashed before that was
    written, it is sent twice: mail knows no keys. Network, outside any transaction.
    Raises: OSError, SMTPException of a mail server that may work later, or once our login and sender are right.
    """
    if Mail.objects.filter(kind=kind, cause=about).exists():
        return False
    order = Order.objects.select_related("customer", "depot").get(pk=order_id)
    letter = write(kind, order, about)
    address = _address(order, letter) if letter else ""
    if letter is None or not address:
        return False
    message = _message(letter, order, address)
    message.connection = get_connection()
    refused = None
    try:
        message.send()
    except SMTPRecipientsRefused as refusal:
        refused = min(code for code, _ in refusal.recipients.values())
        if not _is_final(refused):
            raise
    except SMTPDataError as answer:
        refused = answer.smtp_code
        if not _is_final(refused):
            raise
    finally:
        message.connection.close()  # Django leaves it open when the login fails
    if refused is not None:
        log.warning("mail_refused", kind=kind, order=order.number, code=refused)
    with transaction.atomic():
        Mail.objects.get_or_create(kind=kind, cause=about, defaults={"order": order})
    return refused is None


@dataclass(frozen=True, slots=True)
class Told:
    """A mail as it would be written now."""

    subject: str
    text: str
    html: str
    to_staff: bool


def read_mail(mail: Mail) -> Told | None:
    """What a mail that was sent would say today; None when there would be nothing to say any more."""
    letter = write(Mail.Kind(mail.kind), mail.order, mail.cause)
    return Told(letter.subject, *_tell(letter, mail.order), letter.to_staff) if letter else None


def _is_final(code: int) -> bool:
    return code >= _FOR_GOOD and code != _LOGIN_WANTED


def _address(order: Order, letter: Letter) -> str:
    """ "" when nobody is there to read it: the account is closed, or the shop has named no address of its own."""
    if letter.to_staff:
        return str(settings.STAFF_EMAIL)
    return order.customer.email if order.customer.is_active else ""


def _message(letter: Letter, order: Order, address: str) -> EmailMultiAlternatives:
    subject = " ".join(letter.subject.split())  # one line, whatever is in it
    text, html = _tell(letter, order)
    message = EmailMultiAlternatives(subject, text, to=[address])
    message.attach_alternative(html, "text/html")
    return message


def _tell(letter: Letter, order: Order) -> tuple[str, str]:
    """A letter as text and as HTML."""
    shop = {"name": settings.SHOP_NAME, "address": settings.SHOP_ADDRESS}
    context = {"letter": letter, "order": order, "shop": shop}
    return render_to_string("emails/letter.txt", context), render_to_string("emails/letter.html", context)
