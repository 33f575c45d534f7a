"""The words of notices in both languages, with their placeholders and a preview with a real case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from cases.admin.base import ReferenceAdmin
from cases.choices import Audience
from cases.models import Case, PhraseTemplate
from cases.notices.placeholders import LINK, PLACEHOLDERS, mistakes_in
from cases.notices.previewing import previews_of
from cases.notices.situations import label_of, situation_choices

if TYPE_CHECKING:
    from django.utils.functional import Promise

LONGEST_TEXT = 4000
# What a customer can only answer by their link.
ASKS = ("deliver", "answer_directly", "escalate.confirmation_reminder")


class PhraseForm(forms.ModelForm):
    """Every phrase is checked: known placeholders that these readers may have, and no stray brace."""

    situation = forms.ChoiceField(
        label=capfirst(_("situation")), choices=situation_choices, widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = PhraseTemplate
        fields = ("situation", "audience", "subject", "body", "subject_en", "body_en")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("body", "body_en"):
            if name in self.fields:
                self.fields[name].validators.append(_not_too_long)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        audience = cleaned.get("audience") or self.instance.audience
        situation = cleaned.get("situation") or self.instance.situation
        for name in ("subject", "body", "subject_en", "body_en"):
            for mistake in mistakes_in(cleaned.get(name, ""), audience) if audience else ():
                self.add_error(name, mistake)
        self._check_link(cleaned, audience, situation)
        return cleaned

    def _check_link(self, cleaned: dict[str, Any], audience: str, situation: str) -> None:
        for name in ("subject", "subject_en"):
            if LINK in cleaned.get(name, ""):
                self.add_error(name, _("The link belongs into the text, not into the subject."))
        if audience != Audience.CUSTOMER or situation not in ASKS:
            return
        for name in ("body", "body_en"):
            if name in cleaned and LINK not in cleaned[name]:
                self.add_error(name, _("Without {link} the customer cannot answer."))


def _not_too_long(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise ValidationError(_("A text has at most %(most)d characters."), params={"most": LONGEST_TEXT})


class PreviewForm(forms.Form):
    """Which case the words are shown with; only one that this person may see."""

    number = forms.CharField(
        label=_("Case number"),
        max_length=24,
        help_text=_("For example CS20241001001."),
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.staff = staff

    def clean_number(self) -> Case:
        number = self.cleaned_data["number"].strip().upper()
        found = Case.objects.visible_to(self.staff).filter(number=number).first()
        if found is None:
            raise ValidationError(_("There is no case with this number, or you may not see it."))
        return found


@admin.register(PhraseTemplate)
class PhraseTemplateAdmin(ReferenceAdmin):
    form = PhraseForm
    list_display = ("situation_label", "audience", "said")
    list_display_links = ("situation_label",)
    list_filter = (("audience", ChoicesDropdownFilter),)
    search_fields = ("situation", "subject", "subject_en")
    ordering = ("audience", "situation")
    fieldsets = (
        (None, {"fields": ("situation", "audience")}),
        (_("Chinese"), {"fields": ("subject", "body")}),
        (_("English"), {"fields": ("subject_en", "body_en")}),
    )
    change_form_after_template = "admin/cases/placeholders.html"
    actions_detail = ("preview",)

    def get_readonly_fields(self, request: HttpRequest, obj: PhraseTemplate | None = None) -> tuple[str, ...]:
        """What the words are for is settled when they are first written."""
        return ("situation_label", "audience") if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: PhraseTemplate | None = None) -> Any:
        if obj is None:
            return self.fieldsets
        return ((None, {"fields": ("situation_label", "audience")}), *self.fieldsets[1:])

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        rows = [placeholder_row(name) for name in PLACEHOLDERS]
        context |= {"placeholders": rows, "audiences": Audience.labels}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("situation"), ordering="situation")
    def situation_label(self, obj: PhraseTemplate) -> str:
        return label_of(obj.situation)

    @admin.display(description=_("subject"))
    def said(self, obj: PhraseTemplate) -> str:
        """In the language of the person at the screen."""
        return obj.subject_en if (get_language() or "").startswith("en") else obj.subject

    @action(description=_("Preview with a case"), url_path="preview", permissions=["view"], icon="visibility")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The saved words, filled for a case, in both languages. Asking changes nothing, so it is a GET."""
        phrase = self.get_object(request, object_id)
        if phrase is None:
            raise Http404
        form = PreviewForm(request.GET or None, staff=request.user)
        asked = bool(request.GET) and form.is_valid()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview with a case"),
            "subtitle": str(phrase),
            "opts": self.opts,
            "original": phrase,
            "situation": label_of(phrase.situation),
            "form": form,
            "previews": previews_of(phrase, form.cleaned_data["number"]) if asked else [],
        }
        return TemplateResponse(request, "admin/cases/preview.html", context)


def placeholder_row(name: str) -> dict[str, str | Promise | list[bool] | bool]:
    found = PLACEHOLDERS[name]
    return {
        "name": name,
        "label": found.label,
        "readers": [audience in found.audiences for audience in Audience],
        "personal": found.personal,
    }
