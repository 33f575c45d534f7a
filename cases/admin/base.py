"""What all pages of reference data have in common."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin

from cases.choices import Role
from cases.services.staff import AccessChange

ROWS = 50
# What the filters of the theme put behind the name of a field.
FILTER_LOOKUPS = ("", "__exact", "__id__exact", "__isnull")


class OwnFiltersMixin:
    """Only the filters that are on the page filter: an address cannot ask about any other field."""

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest | None = None) -> bool:
        return lookup in {name for item in self.get_list_filter(request) for name in _parameters_of(item)}


def _parameters_of(item: Any) -> list[str]:
    if isinstance(item, type) and issubclass(item, ListFilter):
        return [item.parameter_name]
    field = item if isinstance(item, str) else item[0]
    return [f"{field}{lookup}" for lookup in FILTER_LOOKUPS]


class KeptMixin:
    """Nothing is deleted, here or in bulk."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class LookMixin:
    """
    A button beside Save that shows what a change would do.

    The page has the button from its action ``preview``, and answers it in ``changeform_view``.
    """

    actions_submit_line = ("preview",)

    def look_button(self) -> str:
        """The name under which the theme sends it."""
        return str(self.get_unfold_action("preview").action_name)

    def is_look(self, request: HttpRequest) -> bool:
        return request.method == "POST" and self.look_button() in request.POST

    def sent_again(self, request: HttpRequest) -> list[tuple[str, str]]:
        """What was typed, for the page that asks once more; without the button that was pressed."""
        left_out = {self.look_button(), "csrfmiddlewaretoken"}
        typed = ((name, values) for name, values in request.POST.lists() if name not in left_out)
        return [(name, value) for name, values in typed for value in values]


class ReferenceAdmin(OwnFiltersMixin, KeptMixin, SimpleHistoryAdmin, ModelAdmin):
    """Reference data: kept for good, with a history of who changed what, filtered by what is shown only."""

    list_per_page = ROWS
    show_full_result_count = False
    object_history_list_template = "admin/cases/history_list.html"

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refused before it is looked for, so that nobody learns which ids exist."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def history_form_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """An old version is read in the list of changes and is never put back."""
        raise Http404

    def set_history_delta_changes(self, request: HttpRequest, historical_records: Any, **kwargs: Any) -> None:
        super().set_history_delta_changes(request, historical_records, **kwargs)
        for record in historical_records:
            record.reason = _reason(record.history_change_reason or "")


def _reason(stored: str) -> str:
    """The reason stored with a row of history (`roles_changed agent`), in words; '' where there is none."""
    kind, _space, roles = stored.partition(" ")
    if kind not in AccessChange.values:
        return stored
    named = ", ".join(str(Role(role).label) for role in roles.split() if role in Role.values)
    return f"{AccessChange(kind).label}: {named}" if named else str(AccessChange(kind).label)


class RecordAdmin(OwnFiltersMixin, KeptMixin, ModelAdmin):
    """Rows the system wrote: to be read, and changed by nobody."""

    list_per_page = ROWS
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
