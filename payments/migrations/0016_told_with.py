import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0015_less_about_people")]

    operations = [
        migrations.AddField(
            "refund",
            "told_with",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="told_along",
                to="payments.refund",
            ),
        ),
    ]
