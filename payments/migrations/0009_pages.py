from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_charge_photos'),
        ('payments', '0008_payments_by_age'),
    ]

    operations = [
        migrations.AddField(
            model_name='payment',
            name='page_ends_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='payment',
            name='page_ref',
            field=models.CharField(blank=True, max_length=255, null=True, unique=True),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('card_ref', models.Value('')), ('page_ends_at__isnull', False)), models.Q(('page_ends_at__isnull', True), ('page_ref__isnull', True)), _connector='OR'), name='payment_on_page_by_its_owner'),
        ),
    ]
