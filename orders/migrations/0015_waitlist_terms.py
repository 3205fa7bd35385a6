from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0014_discount_of_each")]

    operations = [
        migrations.AddField(
            "waitlistentry",
            "acclimatisation_days",
            models.PositiveSmallIntegerField(default=0, verbose_name="days to get used to it"),
        ),
        migrations.AddField("waitlistentry", "coupon", models.CharField(blank=True, max_length=32)),
        migrations.AddField("waitlistentry", "coupon_refusal", models.CharField(blank=True, max_length=300)),
    ]
