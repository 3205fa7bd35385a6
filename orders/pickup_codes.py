"""Codes that a phone keeps and shows offline: that its owner picks up, or brings back, what is of one order.

What is signed: purpose, order, when it ends, and the customer. The customer is not in the text, and nothing else of a
person is. It is CT1 and hexadecimal digits: they are the same on a scanner's keyboard in most countries, and a QR code
packs them tightly. Nothing is stored: a code is used up when there is nothing left to hand over, or to take back.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

from core.encryption import is_signed, sign
from core.time import day_after, start_of_day, today_in
from orders.errors import CodeExpired, CodeForeign, NothingToShow
from orders.models import Order, OrderLine, Rental
from orders.selectors import to_bring_back, to_pick_up

MARK = "CT1"
_SIGNED_FOR = "pickup code"
_BODY = struct.Struct(">B16sI")  # purpose, order, end in seconds since 1970
_QUIET = 4  # modules of white around a QR code


class Purpose(models.TextChoices):
    PICKUP = "pickup"
    RETURN = "return"


_PURPOSES = (Purpose.PICKUP, Purpose.RETURN)  # by their number in a code


@dataclass(frozen=True, slots=True)
class PickupCode:
    purpose: Purpose
    text: str
    expires_at: datetime


def code_for(order: Order, purpose: Purpose | None = None) -> PickupCode:
    """The code to show at the counter; without a purpose, for what comes next.

    It is the same all day long, and good until the last day it is about is over and settings.PICKUP_CODE_GRACE has
    passed. order: with_lines(). Raises: NothingToShow.
    """
    ahead: dict[Purpose, Sequence[Rental | OrderLine]]
    ahead = {Purpose.PICKUP: to_pick_up(order), Purpose.RETURN: to_bring_back(order)}
    chosen = purpose or next((one for one in _PURPOSES if ahead[one]), Purpose.PICKUP)
    if not ahead[chosen]:
        raise NothingToShow
    today = today_in(order.depot.time_zone)
    days = [_day(part, chosen) for part in ahead[chosen] if isinstance(part, Rental)]
    ends = start_of_day(day_after(max([today, *days])), order.depot.time_zone) + settings.PICKUP_CODE_GRACE
    body = _BODY.pack(_PURPOSES.index(chosen), order.pk.bytes, int(ends.timestamp()))
    return PickupCode(chosen, f"{MARK}{(body + sign(_signed(body, order), purpose=_SIGNED_FOR)).hex()}".upper(), ends)


def read_code(text: str) -> tuple[UUID, Purpose]:
    """The order that a code is about, and what for. Raises: CodeForeign, CodeExpired."""
    try:
        raw = bytes.fromhex(text.strip().upper().removeprefix(MARK))
        body, signature = raw[: _BODY.size], raw[_BODY.size :]
        number, order_id, ends = _BODY.unpack(body)
    except (ValueError, struct.error):
        raise CodeForeign from None
    order = Order.objects.only("customer_id").filter(pk=UUID(bytes=order_id)).first()
    if order is None or not is_signed(_signed(body, order), signature, purpose=_SIGNED_FOR):
        raise CodeForeign
    if datetime.fromtimestamp(ends, UTC) <= timezone.now():
        raise CodeExpired
    return order.pk, _PURPOSES[number]


def as_svg(text: str) -> str:
    """A QR code as a picture that scales; one path, black on white."""
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    size = len(code.modules) + 2 * _QUIET
    cells = ((x, y) for y, row in enumerate(code.modules, _QUIET) for x, dark in enumerate(row, _QUIET) if dark)
    path = "".join(f"M{x} {y}h1v1h-1z" for x, y in cells)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/><path d="{path}"/></svg>'
    )


def _signed(body: bytes, order: Order) -> bytes:
    return body + order.customer_id.bytes


def _day(rental: Rental, purpose: Purpose) -> date:
    return rental.start_on if purpose == Purpose.PICKUP else rental.end_on
