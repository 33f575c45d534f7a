"""People who log in: who they are, what they may do, and how their access ends."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import Form, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import action
from unfold.enums import ActionVariant

from cases.admin.base import ReferenceAdmin
from cases.admin.staff_forms import NewStaffForm, SetPasswordForm, StaffForm
from cases.choices import Role
from cases.exceptions import CaseError
from cases.models import Case, Staff
from cases.services import second_factor
from cases.services import staff as services

MOST_CASES = 20

# Roles are fixed by migration 0003, and devices belong to those who carry them: neither is edited here.
admin.site.unregister([Group, StaticDevice, TOTPDevice])


class RoleFilter(DropdownFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return Role.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Staff]) -> QuerySet[Staff]:
        return queryset.with_role(self.value()) if self.value() else queryset


def dialog(title: str | Promise, description: str | Promise, submit: str | Promise) -> dict:
    return {"title": title, "description": description, "form_class": None, "form_submit_text": submit}


@admin.register(Staff)
class StaffAdmin(ReferenceAdmin, UserAdmin):
    form = StaffForm
    add_form = NewStaffForm
    change_password_form = SetPasswordForm
    list_display = ("name", "username", "roles", "department", "is_active", "last_login")
    list_display_links = ("name", "username")
    list_filter = (RoleFilter, ("department", RelatedDropdownFilter), "is_active")
    list_select_related = ("department",)
    search_fields = ("name", "username")
    ordering = ("name", "username")
    sortable_by = ("name", "username", "last_login")
    filter_horizontal = ()
    autocomplete_fields = ("department", "teams")
    fieldsets = (
        (None, {"fields": ("username", "name", "email", "mobile", "language")}),
        (_("Work"), {"fields": ("department", "teams", "roles")}),
        (_("Access"), {"fields": ("is_active", "second_factor", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "name", "email", "mobile", "language", "password1", "password2")}),
        (_("Work"), {"fields": ("department", "teams", "roles")}),
    )
    readonly_fields = ("is_active", "second_factor", "last_login", "date_joined")
    change_form_outer_after_template = "admin/cases/staff_cases.html"
    actions_detail = (
        {
            "title": _("Access"),
            "icon": "key",
            "items": ["deactivate", "reactivate", "end_sessions", "reset_device", "unlock", "set_password"],
        },
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Staff]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Staff], search_term: str
    ) -> tuple[QuerySet[Staff], bool]:
        """Who has left is found in the list, and is not offered for new work."""
        found, twice = super().get_search_results(request, queryset, search_term)
        return (found.active() if request.path == reverse("admin:autocomplete") else found), twice

    def get_readonly_fields(self, request: HttpRequest, obj: Staff | None = None) -> tuple[str, ...]:
        own = ("roles",) if obj and obj.pk == request.user.pk else ()
        return (*self.readonly_fields, *own)

    def has_change_permission(self, request: HttpRequest, obj: Staff | None = None) -> bool:
        """Only superusers touch superusers: a new password for one would be a way to become one."""
        allowed = super().has_change_permission(request)
        return allowed and not (isinstance(obj, Staff) and obj.is_superuser and not request.user.is_superuser)

    def save_model(self, request: HttpRequest, obj: Staff, form: ModelForm, change: bool) -> None:
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: list, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "roles" in form.cleaned_data:
            services.set_roles(form.instance, form.cleaned_data["roles"], actor=request.user)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Somebody else's password; one's own is changed where the old one is asked for."""
        if id == str(request.user.pk):
            return redirect("admin:password_change")
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            services.record_password(self.get_object(request, id), actor=request.user)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        handled = Case.objects.visible_to(request.user).filter(handler_id=object_id).under_way()
        context = {"handled": handled.by_next_deadline()[:MOST_CASES]} if object_id.isdecimal() else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @admin.display(description=_("roles"))
    def roles(self, obj: Staff) -> str:
        found = {group.name for group in obj.groups.all()}
        return ", ".join(str(role.label) for role in Role if role.value in found) or "–"

    @admin.display(description=_("second factor"), boolean=True)
    def second_factor(self, obj: Staff) -> bool:
        return second_factor.has_device(obj)

    # The buttons: dialogs that change nothing before they are submitted.

    def has_access_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.has_change_permission(request, self._person(request, object_id))

    def has_leaving_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        person = self._person(request, object_id)
        return person.is_active and person.pk != request.user.pk

    def has_return_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return not self._person(request, object_id).is_active

    def _person(self, request: HttpRequest, object_id: str | None) -> Staff:
        known = getattr(request, "person", None)
        if known is None or str(known.pk) != str(object_id):
            request.person = known = self.get_object(request, str(object_id))
        if known is None:
            raise Http404
        return known

    def _change_access(
        self, request: HttpRequest, object_id: str, service: Callable, done: str | Promise
    ) -> HttpResponse:
        person = self._person(request, object_id)
        try:
            left = service(person, actor=request.user)
        except CaseError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done % {"name": person})
            _tell_of_cases(request, left)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:cases_staff_change", args=[person.pk])})

    @action(
        description=_("Deactivate"),
        permissions=["access", "leaving"],
        icon="person_off",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            _("Deactivate this person?"),
            _("The person is logged out everywhere and cannot log in again. Open cases must be reassigned."),
            _("Deactivate"),
        ),
    )
    def deactivate(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        return self._change_access(
            request, object_id, services.deactivate_staff, _("%(name)s is deactivated and logged out.")
        )

    @action(
        description=_("Reactivate"),
        permissions=["access", "return"],
        icon="person",
        dialog=dialog(_("Reactivate this person?"), _("The old password is valid again."), _("Reactivate")),
    )
    def reactivate(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        return self._change_access(
            request, object_id, services.reactivate_staff, _("%(name)s may log in again.")
        )

    @action(
        description=_("End sessions"),
        permissions=["access"],
        icon="logout",
        dialog=dialog(
            _("Log this person out everywhere?"), _("The person can log in again at once."), _("End sessions")
        ),
    )
    def end_sessions(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        return self._change_access(
            request, object_id, services.end_sessions, _("All sessions of %(name)s are ended.")
        )

    @action(
        description=_("Remove second factor"),
        permissions=["access"],
        icon="phonelink_erase",
        dialog=dialog(
            _("Remove the second factor of this person?"),
            _("For a lost telephone. Make sure that it is really this person who asks."),
            _("Remove"),
        ),
    )
    def reset_device(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        return self._change_access(
            request, object_id, services.reset_second_factor, _("The second factor of %(name)s is removed.")
        )

    @action(
        description=_("Unlock login"),
        permissions=["access"],
        icon="lock_open",
        dialog=dialog(
            _("Let this person try again?"), _("Failed logins under this name are forgotten."), _("Unlock")
        ),
    )
    def unlock(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        return self._change_access(
            request, object_id, services.unlock_login, _("%(name)s may try to log in again.")
        )

    @action(description=_("Set password"), permissions=["access"], icon="password")
    def set_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect("admin:auth_user_password_change", object_id)


def _tell_of_cases(request: HttpRequest, left: list[Case] | int | None) -> None:
    if isinstance(left, list) and left:
        numbers = ", ".join(case.number for case in left[:MOST_CASES])
        text = ngettext(
            "%(count)s open case still waits for this person: %(numbers)s. Have it reassigned.",
            "%(count)s open cases still wait for this person: %(numbers)s. Have them reassigned.",
            len(left),
        )
        messages.warning(request, text % {"count": len(left), "numbers": numbers})
