"""Who is told of what in which words, and how each channel is used, to begin with."""

from django.db import migrations

from cases.services.notice_seed import ensure_notices


def fill(apps, schema_editor):
    ensure_notices(apps)


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_standards")]

    operations = [migrations.RunPython(fill, elidable=False)]
