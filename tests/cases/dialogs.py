"""A person at a transition's dialog: opens it, fills it in, sends it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils import timezone

from cases.admin.forms import TransitionForm

if TYPE_CHECKING:
    from django.test import Client

    from cases.models import Case


def dialog_url(case: Case, name: str) -> str:
    return reverse("admin:cases_case_transition", args=[case.pk, name])


def shown_form(client: Client, case: Case, name: str) -> TransitionForm:
    form: TransitionForm = client.get(dialog_url(case, name)).context["form"]
    return form


def sent_by_browser(form: forms.Form, **changed: Any) -> dict[str, Any]:
    """What a browser would send for the form as it is shown, with these answers changed."""
    sent: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field, forms.DateTimeField) and value:
            value = f"{value:%Y-%m-%dT%H:%M}"
        if bound.field.show_hidden_initial:
            shown = form.data.get(bound.html_initial_name, value)
            sent[bound.html_initial_name] = "" if shown is None else shown
        if value not in (None, False):
            sent[bound.html_name] = value
    return {**sent, **changed}


def sensible_answers(form: TransitionForm) -> dict[str, Any]:
    """The first choice, a moment ahead, a few words: what makes the form pass."""
    answers: dict[str, Any] = {"note": "已与客户沟通"}
    for item in form.row.inputs:
        field = form.fields[item.name]
        loose: Any = field
        if isinstance(field, forms.DateTimeField):
            ahead = timezone.localtime() + timedelta(hours=5)
            answers[item.name] = "" if item.name == "happened_at" else f"{ahead:%Y-%m-%dT%H:%M}"
        elif isinstance(field, forms.ModelMultipleChoiceField | forms.BooleanField):
            continue
        elif isinstance(field, forms.ModelChoiceField):
            answers[item.name] = getattr(loose.queryset.first(), "pk", "")
        elif isinstance(field, forms.ChoiceField):
            answers[item.name] = next((value for value, _label in loose.choices if value), "")
        elif isinstance(field, forms.DecimalField):
            answers[item.name] = "12.50"
        else:
            answers[item.name] = "说明文字"
    return answers
