"""Which mails were sent."""

from django.db import models

from orders.models import Order


class Mail(models.Model):
    """That a mail was sent, once for each cause. Neither the address nor what it said is kept."""

    class Kind(models.TextChoices):
        ORDER_CONFIRMED = "order_confirmed"
        ORDER_ENDED = "order_ended"  # cancelled or expired, and nothing goes back
        REFUND_UNDER_WAY = "refund_under_way"
        REFUND_FAILED = "refund_failed"  # to staff
        DEPOSIT_SECURED = "deposit_secured"
        DEPOSIT_NEEDS_YOU = "deposit_needs_you", "Deposit needs its owner"
        DEPOSIT_ENDED = "deposit_ended"
        MONEY_REQUESTED = "money_requested"
        MONEY_RECEIVED = "money_received"
        PICKUP_TOMORROW = "pickup_tomorrow"
        RETURN_TOMORROW = "return_tomorrow"
        OVERDUE = "overdue"
        KEEP_PROPOSED = "keep_proposed"
        NO_SHOW = "no_show"
        SHIPPED = "shipped"
        WAITLIST_OFFER = "waitlist_offer"  # held for whoever is next
        RENTAL_FORFEIT = "rental_forfeit"  # nobody came until its last day
        CLAIM_FILED = "claim_filed"  # damage that is to be paid
        CLAIM_DECIDED = "claim_decided"  # by staff, or by silence
        RENTAL_REARRANGED = "rental_rearranged"  # by staff, as its days could not be kept
        FIT_WORSE = "fit_worse"  # an airline changed its rule after the order
        CONTAINER_SWAPPED = "container_swapped"  # by staff, for that
        RENTAL_CALLED_OFF = "rental_called_off"  # by staff; the rest of its order goes on

    kind = models.CharField(max_length=32, choices=Kind)
    cause = models.CharField(max_length=120)  # the id of what it tells of
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="mails")
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["sent_at"]
        constraints = [models.UniqueConstraint(fields=["kind", "cause"], name="mail_once_per_cause")]

    def __str__(self) -> str:
        return self.get_kind_display()
