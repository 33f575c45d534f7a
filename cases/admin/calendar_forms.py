"""What is asked of a calendar and of the rows below it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BaseInlineFormSet
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from cases.models import WorkCalendar
from cases.services.calendar_seed import CHINA
from cases.services.calendars import never_opens


class CalendarForm(forms.ModelForm):
    country = forms.ChoiceField(
        label=capfirst(_("public holidays of")),
        choices=[("", _("No country")), (CHINA, _("China"))],
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Holidays and make-up days are loaded by the button above and may be edited then."),
    )

    class Meta:
        model = WorkCalendar
        fields = ("name", "name_en", "time_zone", "always_on", "country", "active")

    def clean_active(self) -> bool:
        active = self.cleaned_data["active"]
        if self.instance.pk and not active:
            self._refuse_in_use()
        return active

    def _refuse_in_use(self) -> None:
        if self.instance.is_default:
            raise forms.ValidationError(
                _("This is the default calendar. Make another one the default first.")
            )
        if team := self.instance.teams.filter(active=True).first():
            in_use = _("The team %(team)s works by this calendar. Give it another one first.")
            raise forms.ValidationError(in_use % {"team": team})


class WindowFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        """Without hours in any week a clock would never end."""
        super().clean()
        kept = [form for form in self.forms if self._is_kept(form)]
        if not kept and not self.instance.always_on:
            raise forms.ValidationError(never_opens())

    def _is_kept(self, form: Any) -> bool:
        return bool(getattr(form, "cleaned_data", None)) and not form.cleaned_data.get("DELETE")
