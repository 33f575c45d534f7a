"""What beat wakes and how often, to begin with; edited in the admin."""

from django.db import migrations

from cases.services.beat_seed import ensure_beat_schedule


def fill(apps, schema_editor):
    ensure_beat_schedule(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_notices"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(fill, elidable=False)]
