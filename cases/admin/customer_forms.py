"""Forms of the customer's page: a contact is entered, normalised and from then on shown masked."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.contrib.import_export.forms import ExportForm
from unfold.forms import BaseDialogForm, PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from cases.contacts import normal_contact
from cases.exceptions import InvalidInput
from cases.exchange.reference import NUMBER_HINT
from cases.models import Customer, CustomerContact
from cases.models.customer import CUSTOMER_NUMBER
from cases.services.privacy import SHORTEST_REASON


class CustomerForm(forms.ModelForm):
    class Meta:
        model = Customer
        fields = (
            "number",
            "name",
            "region",
            "vip_level",
            "dedicated_agent",
            "stand_in",
            "language",
            "notes",
            "active",
        )

    def clean_number(self) -> str:
        number = self.cleaned_data["number"].strip().upper()
        if not re.fullmatch(CUSTOMER_NUMBER, number):
            raise forms.ValidationError(NUMBER_HINT)
        return number

    def clean(self) -> dict:
        cleaned = super().clean()
        if cleaned.get("stand_in") and cleaned.get("stand_in") == cleaned.get("dedicated_agent"):
            self.add_error("stand_in", _("The stand-in must be somebody else."))
        return cleaned


class ContactForm(forms.ModelForm):
    """An existing contact shows its mask; what is typed replaces it, nothing typed keeps it."""

    entry = forms.CharField(
        label=_("Contact"), max_length=254, required=False, widget=UnfoldAdminTextInputWidget()
    )

    class Meta:
        model = CustomerContact
        fields = ("kind", "preferred")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        entry = self.fields["entry"]
        entry.widget.attrs["autocomplete"] = "off"
        if self.instance.pk and "kind" in self.fields:  # absent where the person may only look
            entry.widget.attrs["placeholder"] = self.instance.masked
            self.fields["kind"].disabled = True

    def _get_validation_exclusions(self) -> set[str]:
        # Which one is preferred is a question of all rows together: ContactFormSet.clean.
        return super()._get_validation_exclusions() | {"preferred"}

    def clean(self) -> dict:
        cleaned = super().clean()
        entry, kind = cleaned.get("entry", ""), cleaned.get("kind")
        if not entry and self.instance.pk is None:
            self.add_error("entry", _("Enter the contact."))
        elif entry and kind:
            self._keep(kind, entry)
        return cleaned

    def _keep(self, kind: str, entry: str) -> None:
        try:
            value = normal_contact(kind, entry)
        except InvalidInput as error:
            self.add_error("entry", error.message)
            return
        same = CustomerContact.objects.filter(customer=self.instance.customer_id, kind=kind, value=value)
        if same.exclude(pk=self.instance.pk).exists():
            self.add_error("entry", _("The customer has this contact already."))
        self.instance.value = value


class ContactFormSet(PaginationInlineFormSet):
    def clean(self) -> None:
        super().clean()
        rows = [form.cleaned_data for form in self.forms if form.is_valid()]
        if sum(bool(row.get("preferred")) for row in rows) > 1:
            raise forms.ValidationError(_("Only one contact can be the preferred one."))
        new = [(row["kind"], row["entry"]) for row in rows if row.get("entry")]
        if len(set(new)) < len(new):
            raise forms.ValidationError(_("The same contact was entered twice."))


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(
        label=_("Reason"),
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text=_("Your name, the time and this reason are recorded."),
    )


class CustomerExportForm(ExportForm):
    reason = forms.CharField(
        label=_("Reason for exporting contacts in full"),
        required=False,
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Leave empty to export them masked. The reason is recorded with the export."),
    )
