"""A parked payment says whose look found what is wrong, so that another look does not take it away."""

from django.db import migrations, models
from django.db.models import Q

_FOUND_BY = """
UPDATE payments_payment SET parked_by = CASE
    WHEN parked_reason LIKE '% were refunded at the gateway%' THEN 'refund'
    WHEN parked_reason LIKE 'The gateway has a dispute in %' THEN 'dispute'
    WHEN parked_reason LIKE 'More went back than was paid%' THEN 'sums'
    ELSE 'payment' END
WHERE parked_reason <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_what_disputes_leave")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="parked_by",
            field=models.CharField(
                blank=True,
                choices=[("payment", "Payment"), ("refund", "Refund"), ("dispute", "Dispute"), ("sums", "Sums")],
                max_length=8,
            ),
        ),
        migrations.RunSQL(_FOUND_BY, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=Q(parked_reason="", parked_by="")
                | ~Q(parked_reason="") & Q(parked_by__in=["payment", "refund", "dispute", "sums"]),
                name="payment_parked_by_a_look",
            ),
        ),
    ]
