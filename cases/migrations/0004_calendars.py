"""The calendars every installation starts with."""

from django.db import migrations

from cases.services.calendar_seed import ensure_calendars


def fill(apps, schema_editor):
    ensure_calendars(apps)


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_roles_and_topics")]

    operations = [migrations.RunPython(fill, elidable=False)]
