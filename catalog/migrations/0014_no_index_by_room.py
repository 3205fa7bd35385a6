from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0013_shapes")]

    operations = [migrations.RemoveIndex(model_name="variant", name="variant_by_room")]
