"""The case in the admin: its list, its page, its files, put together."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from cases.admin.attachments import AttachmentsMixin
from cases.admin.case_list import CaseListMixin
from cases.admin.case_page import CasePageMixin
from cases.admin.desk import DeskMixin
from cases.admin.exchange import ExchangeAdminMixin
from cases.admin.inbox import InboxMixin
from cases.models import Case


@admin.register(Case)
class CaseAdmin(
    ExchangeAdminMixin, CasePageMixin, CaseListMixin, DeskMixin, InboxMixin, AttachmentsMixin, ModelAdmin
):
    """Nobody edits or deletes a case: it is registered, and then changed by transitions alone."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return Case.objects.visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("cases.register_case")

    def has_change_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        return False
