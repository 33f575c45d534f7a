"""The service level and the ladder of the lifecycle paper, and the count of changed standards."""

from django.db import migrations

from cases.services.standards_seed import ensure_standards


def fill(apps, schema_editor):
    ensure_standards(apps)


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_calendars")]

    operations = [migrations.RunPython(fill, elidable=False)]
