"""The form of the registration page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from cases.admin.answers import (
    EMPTY,
    LONGEST_TEXT,
    MomentField,
    MomentInput,
    TeamField,
    TextField,
    TopicField,
    active_teams,
    longest,
)
from cases.admin.forms import NONCE, new_nonce
from cases.choices import CaseType, Channel, ContactKind, Region, Urgency
from cases.contacts import likely_contacts
from cases.models import Customer, CustomerContact, Topic
from cases.services.customers import NewCustomer

URGENCY_RULE = _("Money safety, business interruption and health are urgent.")
NOT_ASKED_OF_SERVICE = ("customer", "nonce", "new_name", "new_number", "new_contact_kind", "new_contact")


def _line(name: str, label: Any, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest(name),
        required=False,
        widget=widgets.UnfoldAdminTextInputWidget(attrs=more.pop("attrs", None)),
        **more,
    )


def _choice(label: Any, choices: list[tuple[Any, Any]], **more: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=[EMPTY, *choices], widget=widgets.UnfoldAdminSelectWidget(), **more
    )


class RegistrationForm(forms.Form):
    """A known customer or a new one, and their request. The services check it all again."""

    nonce = forms.RegexField(NONCE, widget=forms.HiddenInput, initial=new_nonce)
    customer = _line(
        "customer",
        _("Customer"),
        help_text=_("Number, name, or the whole phone number or e-mail address."),
        attrs={"autocomplete": "off", "autofocus": True},
    )
    new_name = _line("new_name", _("Name"))
    new_number = _line("new_number", _("Customer number"), help_text=_("Empty takes the next free number."))
    new_contact_kind = forms.ChoiceField(
        label=_("Kind of contact"),
        choices=ContactKind.choices,
        required=False,
        widget=widgets.UnfoldAdminSelectWidget(),
    )
    new_contact = _line("new_contact", _("Contact"))

    channel = _choice(_("Channel"), Channel.choices)
    type = _choice(_("Type"), CaseType.choices)
    topic = TopicField(Topic.objects.filter(active=True), label=_("Topic"), required=False)
    description = TextField(
        label=_("Description"),
        max_length=LONGEST_TEXT,
        help_text=_("What the customer wants, in their own words."),
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 5}),
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"),
        choices=Urgency.choices,
        initial=Urgency.NORMAL,
        help_text=URGENCY_RULE,
        widget=widgets.UnfoldAdminRadioSelectWidget(radio_style=1),
    )
    expected_at = MomentField(
        label=_("Expected by the customer"), required=False, widget=MomentInput(ahead=True)
    )
    received_at = MomentField(
        label=_("Received at"),
        required=False,
        help_text=_("Empty means now."),
        widget=MomentInput(ahead=False),
    )
    product = _line("product", _("Product"))
    order_number = _line("order_number", _("Order number"))
    amount = forms.DecimalField(
        label=_("Amount (CNY)"),
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=2,
        widget=widgets.UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01", "min": "0"}),
    )
    region = _choice(
        _("Region"), Region.choices, required=False, help_text=_("Empty takes the region of the customer.")
    )
    remark = TextField(
        label=_("Remark"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    details_confirmed = forms.BooleanField(
        label=_("I have read the key facts back to the customer"),
        required=False,
        widget=widgets.UnfoldBooleanWidget(),
    )
    team = TeamField(
        queryset=active_teams(),
        label=_("Team"),
        required=False,
        help_text=_("Empty lets the routing rules choose."),
        widget=widgets.UnfoldAdminSelectWidget(),
    )
    despite_duplicates = forms.BooleanField(
        label=_("Register anyway: this is another request"),
        required=False,
        widget=widgets.UnfoldBooleanWidget(),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.names_new_customer:
            self._find_customer(cleaned.get("customer", ""))
        elif cleaned.get("customer"):
            self.add_error("customer", _("Either choose a customer or write down a new one, not both."))
        return cleaned

    @property
    def names_new_customer(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("new_name", "new_number", "new_contact"))

    def _find_customer(self, words: str) -> None:
        found = list(Customer.objects.named_or_reachable(words)[:6])
        exact = [row for row in found if row.number == words.upper()] or found
        if len(exact) == 1:
            self.cleaned_data["found"] = exact[0]
        elif not words:
            self.add_error("customer", _("Choose a customer, or write down a new one below."))
        elif found:
            names = ", ".join(str(row) for row in found)
            told = _("Several customers are meant by this. Write the number of one: %(names)s.")
            self.add_error("customer", told % {"names": names})
        else:
            self.add_error(
                "customer",
                _("Nobody is found by this. Check it, or write down a new customer below."),
            )

    def meant_customer(self) -> Customer | NewCustomer:
        """The customer found, or what is known of a new one."""
        given = self.cleaned_data
        if "found" in given:
            return given["found"]
        return NewCustomer(
            name=given["new_name"],
            number=given["new_number"],
            contact_kind=given["new_contact_kind"] or ContactKind.PHONE,
            contact=given["new_contact"],
        )

    def facts(self) -> dict[str, Any]:
        """What ``register_case`` takes beside the customer."""
        facts = {name: value for name, value in self.cleaned_data.items() if name not in NOT_ASKED_OF_SERVICE}
        customer = facts.pop("found", None)
        if customer:
            facts["contact"] = contact_meant(customer, self.cleaned_data["customer"])
        return facts

    def renewed(self) -> RegistrationForm:
        """The same answers as those of another page."""
        data = self.data.copy()
        data["nonce"] = new_nonce()
        form = RegistrationForm(data)
        form.full_clean()
        return form

    def unchecked(self) -> RegistrationForm:
        """The same answers without errors, for a page that only shows more."""
        given = {name: value for name, value in self.data.items() if name in self.fields}
        return RegistrationForm(initial=given)


def contact_meant(customer: Customer, words: str) -> CustomerContact | None:
    """The contact the customer was found by, else the preferred one."""
    contacts = list(customer.contacts.all())
    values = likely_contacts(words)
    return next((row for row in contacts if row.value in values), contacts[0] if contacts else None)
