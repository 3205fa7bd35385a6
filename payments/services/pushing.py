"""What phones are told: written into an outbox with what happened, sent by a job, once for each cause."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.models import Device
from accounts.services import forget_device
from core.queue import enqueue
from payments.models import Mail, Push
from payments.providers.push import PushMessage, PushRefused, PushUnavailable, Unregistered, get_push_provider
from payments.services.letters import write

_NEWS = timedelta(hours=6)
_KEPT = timedelta(days=90)

# Shown on a locked screen: neither names nor amounts, and no address.
TEXTS: dict[Mail.Kind, tuple[str, str]] = {
    Mail.Kind.DEPOSIT_NEEDS_YOU: ("Your deposit needs you", "Please confirm it in the app: nothing leaves without it."),
    Mail.Kind.MONEY_REQUESTED: ("Something is open", "Please pay it in the app."),
    Mail.Kind.PICKUP_TOMORROW: ("Your rental begins tomorrow", "The app says where, or who brings it."),
    Mail.Kind.RETURN_TOMORROW: ("It comes back tomorrow", "Extend it in the app today if you need it for longer."),
    Mail.Kind.OVERDUE: ("It should be back", "Every day costs a fee. Tell us in the app when it comes."),
    Mail.Kind.KEEP_PROPOSED: ("Would you like to keep it?", "The app says what is left to pay for it."),
    Mail.Kind.NO_SHOW: ("We waited for you", "Your rental is still yours: the app says until when."),
    Mail.Kind.SHIPPED: ("It is on its way", "The app says who brings it."),
    Mail.Kind.WAITLIST_OFFER: ("It is free, and held for you", "Pay it in the app within half an hour."),
    Mail.Kind.CLAIM_FILED: ("Please look at what came back", "Agree or object in the app within the days it names."),
    Mail.Kind.CLAIM_DECIDED: ("A claim is decided", "The app says how."),
    Mail.Kind.FIT_WORSE: ("An airline changed its rules", "What you ordered may not do any more. The app says what."),
    Mail.Kind.CONTAINER_SWAPPED: ("You get another container", "It suits your flight better, and costs nothing more."),
    Mail.Kind.RENTAL_REARRANGED: ("Your rental is on other days", "We had to move it. The app says to when, and why."),
    Mail.Kind.RENTAL_CALLED_OFF: ("We cannot keep your rental", "All of its rent is credited. The app says why."),
    Mail.Kind.RENTAL_FORFEIT: ("Your rental has ended", "Nobody came for it until its last day."),
}


def push_soon(kind: Mail.Kind, *, order_id: UUID, about: str) -> None:
    """Have the phones of an order's customer told, in the caller's transaction; once, however often it is asked for.

    Nothing for a kind that phones are not told of.
    """
    if kind not in TEXTS or get_push_provider() is None:
        return
    told = Push.objects.filter(kind=kind, cause=about)
    devices = Device.objects.filter(owner__orders=order_id).exclude(pushes__in=told)
    found = list(devices.values_list("pk", "owner__orders__number"))
    rows = [
        Push(device_id=device, order_id=order_id, kind=kind, cause=about, payload={"kind": kind, "order": number})
        for device, number in found
    ]
    for push in Push.objects.bulk_create(rows, ignore_conflicts=True):
        enqueue("payments.send_push", once=f"push:{push.pk}", push_id=str(push.pk))


def send_push(*, push_id: UUID) -> bool:
    """Tell a phone what waits for it, unless that is not true any more. Returns whether it was sent.

    A phone that has the app no longer is forgotten, with all that it was to be told. Sent and then crashed before that
    was written, it is sent twice, and the phone shows it once. Network, outside any transaction.
    Raises: PushUnavailable.
    """
    provider = get_push_provider()
    rows = Push.objects.select_related("device", "order__customer", "order__depot")
    push = rows.filter(pk=push_id, status=Push.Status.WAITING).first()
    if push is None or provider is None:
        return False
    if not _is_true(push):
        _end(push, Push.Status.OUTDATED)
        return False
    title, body = TEXTS[Mail.Kind(push.kind)]
    once = f"{push.kind}.{push.order_id.hex}"
    try:
        provider.send(PushMessage(token=push.device.token, title=title, body=body, data=push.payload, once=once))
    except Unregistered:
        forget_device(token=push.device.token)
        return False
    except PushRefused as no:
        _end(push, Push.Status.REFUSED, error=str(no))
        return False
    except PushUnavailable as away:
        Push.objects.filter(pk=push.pk).update(attempts=F("attempts") + 1, error=str(away)[:300])
        raise
    _end(push, Push.Status.SENT, sent_at=timezone.now())
    return True


def forget_old_pushes() -> int:
    """Forget what phones were told long ago. Returns how many."""
    _, deleted = Push.objects.filter(created_at__lt=timezone.now() - _KEPT).delete()
    return deleted.get("payments.Push", 0)


def _is_true(push: Push) -> bool:
    """Whether it is still news, and the phone is still in the hands of whom it concerns."""
    customer = push.order.customer
    if push.created_at < timezone.now() - _NEWS or not customer.is_active or push.device.owner_id != customer.pk:
        return False
    return write(Mail.Kind(push.kind), push.order, push.cause) is not None


def _end(push: Push, status: Push.Status, *, error: str = "", **fields: object) -> None:
    tried = {} if status == Push.Status.OUTDATED else {"attempts": F("attempts") + 1}
    Push.objects.filter(pk=push.pk).update(status=status, error=error[:300], **tried, **fields)
