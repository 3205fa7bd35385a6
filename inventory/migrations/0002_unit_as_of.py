from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='unit',
            name='as_of',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
