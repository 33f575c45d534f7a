"""What every installation starts with: the roles with their rights, and the topics below the four types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from cases.choices import CaseType, Role
from cases.roles import permissions_of

if TYPE_CHECKING:
    from django.db.models import Model

APPS = ("cases", "django_celery_beat")  # those whose rights a role may have

# Mission paper 1.1; the English names are ours. (name, English name, needs proof)
TOPICS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    CaseType.CONSULTATION: (
        ("产品功能", "Product features", False),
        ("订单状态", "Order status", False),
        ("活动政策", "Promotion policy", False),
        ("费用账单", "Fees and bills", False),
        ("使用方法", "How to use", False),
    ),
    CaseType.COMPLAINT: (
        ("物流延迟", "Late delivery", True),
        ("产品质量", "Product quality", True),
        ("服务态度", "Service attitude", False),
        ("说明不清晰", "Unclear instructions", False),
    ),
    CaseType.AFTER_SALES: (
        ("退换货", "Return or exchange", True),
        ("维修", "Repair", True),
    ),
    CaseType.SUGGESTION: (
        ("流程体验", "Process experience", False),
        ("产品改进", "Product improvement", False),
    ),
}


def ensure_roles() -> None:
    """Create the groups of the roles and give each exactly its permissions."""
    for label in APPS:
        create_permissions(installed.get_app_config(label), verbosity=0)
    for role in Role:
        group, _created = Group.objects.get_or_create(name=role.value)
        wanted = permissions_of(role)
        found = Permission.objects.filter(content_type__app_label__in=APPS, codename__in=wanted)
        if missing := wanted - set(found.values_list("codename", flat=True)):
            raise LookupError(f"unknown permissions of {role.value}: {', '.join(sorted(missing))}")
        group.permissions.set(found)


def ensure_topics(topics: type[Model]) -> None:
    """Create the topics that are missing; what was edited meanwhile stays as it is."""
    manager: Any = topics._default_manager
    for type_, rows in TOPICS.items():
        for position, (name, name_en, needs_proof) in enumerate(rows):
            manager.get_or_create(
                type=type_,
                name=name,
                defaults={"name_en": name_en, "needs_proof": needs_proof, "position": position},
            )
