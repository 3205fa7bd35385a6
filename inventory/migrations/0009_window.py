from importlib import import_module

from django.db import migrations

watch = import_module("catalog.migrations.0004_version").watch


class Migration(migrations.Migration):
    """What the shop window shows of depots stands under the catalog's version."""

    dependencies = [("inventory", "0008_late_calls"), ("catalog", "0004_version")]

    operations = [watch("inventory_depot"), watch("inventory_depotclosure")]
