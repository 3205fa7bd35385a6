"""A dispute that was written off names the credit, not only its amount; and it says whether the rest may go back.

Mails tell of orders that ended unpaid.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def name_the_credits(apps: Any, _schema_editor: Any) -> None:
    charges = apps.get_model("orders", "Charge").objects.filter(kind="goodwill")
    disputes = apps.get_model("payments", "Dispute").objects.filter(written_off_minor__gt=0)
    for dispute in disputes.select_related("payment"):
        credits = charges.filter(order_id=dispute.payment.order_id, amount_minor=-dispute.written_off_minor)
        credits = credits.filter(reason=dispute.decision_note, actor=dispute.decided_by)
        dispute.written_off = credits.order_by("-pk").first()
        dispute.save(update_fields=["written_off"])


def name_the_amounts(apps: Any, _schema_editor: Any) -> None:
    for dispute in apps.get_model("payments", "Dispute").objects.exclude(written_off=None).select_related("written_off"):
        dispute.written_off_minor = -dispute.written_off.amount_minor
        dispute.save(update_fields=["written_off_minor"])


def as_it_was_taken_for(apps: Any, _schema_editor: Any) -> None:
    """Until the gateway is read again, within the hour: where the bank took nothing, the payment could be refunded."""
    apps.get_model("payments", "Dispute").objects.filter(withdrawn_minor=0).update(is_refundable=True)


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_photos_and_reversals"), ("payments", "0009_pages")]

    operations = [
        migrations.AddField(
            model_name="dispute",
            name="written_off",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.charge",
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="is_refundable",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(as_it_was_taken_for, migrations.RunPython.noop),
        migrations.RunPython(name_the_credits, name_the_amounts),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL IMMEDIATE"),
        migrations.AlterField(
            model_name="mail",
            name="kind",
            field=models.CharField(
                choices=[
                    ("order_confirmed", "Order Confirmed"),
                    ("order_ended", "Order Ended"),
                    ("refund_under_way", "Refund Under Way"),
                    ("refund_failed", "Refund Failed"),
                    ("deposit_secured", "Deposit Secured"),
                    ("deposit_needs_you", "Deposit needs its owner"),
                    ("deposit_ended", "Deposit Ended"),
                    ("money_requested", "Money Requested"),
                    ("money_received", "Money Received"),
                ],
                max_length=32,
            ),
        ),
        migrations.RemoveField(model_name="dispute", name="written_off_minor"),
    ]
