"""The roles with their rights and the topics every installation starts with."""

from django.db import migrations

from cases.services.reference import ensure_roles, ensure_topics


def fill(apps, schema_editor):
    ensure_roles()
    ensure_topics(apps.get_model("cases", "Topic"))


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0002_database_rules"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(fill, elidable=False)]
