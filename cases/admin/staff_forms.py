"""Forms for people who log in: roles as boxes to tick, passwords that are set and never shown."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from cases.choices import ContactKind, Role
from cases.contacts import normal_contact
from cases.exceptions import InvalidInput
from cases.models import Staff
from cases.services.staff import roles_of


class RolesForm(forms.ModelForm):
    """Roles are groups, shown under their names; the form saves them through services.staff alone."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=Role.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("What this person may do. Without a role a person sees nothing."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "roles" in self.fields:
            self.fields["roles"].initial = roles_of(self.instance)

    def clean_mobile(self) -> str:
        """In the one form in which numbers are kept."""
        written = self.cleaned_data["mobile"].strip()
        try:
            return normal_contact(ContactKind.PHONE, written) if written else ""
        except InvalidInput as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class StaffForm(RolesForm):
    class Meta:
        model = Staff
        fields = ("username", "name", "email", "mobile", "language", "department", "teams")


class NewStaffForm(RolesForm, UserCreationForm):
    usable_password = None

    class Meta:
        model = Staff
        fields = ("username", "name", "email", "mobile", "language", "department", "teams")


class SetPasswordForm(AdminPasswordChangeForm):
    """Passwords are the only way to log in, so one cannot be taken away here: deactivate the person."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
