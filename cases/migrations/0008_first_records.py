"""A first record of all that was planted before, so that its first change can be read."""

from django.db import migrations

from cases.services.first_records import ensure_first_records


def fill(apps, schema_editor):
    ensure_first_records(apps)


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_beat_schedule")]

    operations = [migrations.RunPython(fill, elidable=False)]
