"""Pictures that prove a charge leave the public folder, and what they told about the place they were taken at.

A credit that is taken back is named by the charge that does it.
"""

from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import migrations, models

import orders.models
from orders.errors import PhotoUnsuitable
from orders.pictures import clean_jpeg


def take_in(apps: Any, _schema_editor: Any) -> None:
    """Copy first, forget last: what breaks off in between is begun anew. A file that is gone stays gone."""
    moved = []
    for photo in apps.get_model("orders", "ChargePhoto").objects.iterator():
        public = photo.image.name
        if not default_storage.exists(public):
            continue
        with default_storage.open(public) as file:
            photo.image.save("photo.jpg", ContentFile(_cleaned(file)))
        moved.append(public)
    for public in moved:
        default_storage.delete(public)


def _cleaned(file: IO[bytes]) -> bytes:
    """What is too broken to be drawn anew is private at least."""
    try:
        return clean_jpeg(file)
    except PhotoUnsuitable:
        file.seek(0)
        return file.read()


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_charge_photos")]

    operations = [
        migrations.AddField(
            model_name="charge",
            name="reverses",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=models.PROTECT,
                related_name="reversed_by",
                to="orders.charge",
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(reverses=None) | models.Q(amount_minor__gt=0), name="charge_reverses_a_credit"
            ),
        ),
        migrations.AlterField(
            model_name="chargephoto",
            name="image",
            field=models.ImageField(
                max_length=200, storage=orders.models._private_files, upload_to=orders.models._unguessable
            ),
        ),
        migrations.RunPython(take_in, migrations.RunPython.noop),
    ]
