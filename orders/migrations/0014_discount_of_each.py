from django.db import migrations, models

_SPREAD = """
    UPDATE orders_rental r
    SET discount_minor = x.off * x.n / x.quantity - x.off * (x.n - 1) / x.quantity
    FROM (
        SELECT r.id, l.quantity, l.unit_price_minor * l.quantity - l.total_minor AS off,
               row_number() OVER (PARTITION BY r.line_id ORDER BY r.id) AS n
        FROM orders_rental r JOIN orders_orderline l ON l.id = r.line_id
    ) x
    WHERE x.id = r.id AND x.off > 0
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0013_tracking")]

    operations = [
        migrations.AddField("rental", "discount_minor", models.PositiveBigIntegerField(default=0)),
        migrations.RunSQL(_SPREAD, migrations.RunSQL.noop),
    ]
