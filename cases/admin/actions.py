"""What is done to several cases at once: each by its own transition, each told by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from cases.admin.forms import digest_of, new_nonce
from cases.exceptions import CaseError, StalePage
from cases.lifecycle import MOVES, permission_for
from cases.models import Case, Staff, Team
from cases.querysets import CaseQuerySet
from cases.services import transition_case

MOST_AT_ONCE = 500
MOST_TOLD = 20


class BulkForm(forms.Form):
    """``nonce`` makes a second press of the button change nothing."""

    nonce = forms.UUIDField(widget=forms.HiddenInput, initial=new_nonce)

    def __init__(self, *args: Any, staff: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.staff = staff

    def renewed(self) -> BulkForm:
        """With what was typed, and a key of its own: sending it is another deed."""
        data = self.data.copy()
        data["nonce"] = new_nonce()
        return type(self)(data, staff=self.staff)


class NoteForm(BulkForm):
    note = forms.CharField(label=_("Note"), widget=UnfoldAdminTextareaWidget({"rows": 3}), max_length=4000)


class OptionalNoteForm(BulkForm):
    note = forms.CharField(
        label=_("Note"), widget=UnfoldAdminTextareaWidget({"rows": 3}), max_length=4000, required=False
    )


class AssignForm(NoteForm):
    handler = forms.ModelChoiceField(
        Staff.objects.none(), label=_("Handler"), widget=UnfoldAdminSelectWidget()
    )
    field_order = ("handler", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Staff.objects.active().colleagues_of(self.staff)
        self.fields["handler"].queryset = people.order_by("name", "pk")


class DispatchForm(OptionalNoteForm):
    team = forms.ModelChoiceField(
        Team.objects.filter(active=True), label=_("Main team"), widget=UnfoldAdminSelectWidget()
    )
    field_order = ("team", "note")


@dataclass(frozen=True)
class Bulk:
    """One entry of the menu: the transition it makes and the form that asks for its answers, if any."""

    label: str | Promise
    move: str
    form: type[BulkForm] | None = None

    @property
    def permission(self) -> str:
        return f"cases.{permission_for(self.move)}"


BULK = {
    "claim": Bulk(_("Claim"), "begin_analysis"),
    "assign": Bulk(_("Assign to…"), "reassign", AssignForm),
    "dispatch": Bulk(_("Dispatch to…"), "dispatch", DispatchForm),
    "remind": Bulk(_("Remind the handlers…"), "remind", NoteForm),
}


@dataclass
class Told:
    """What became of each case; of a refused one, why."""

    done: list[Case] = field(default_factory=list)
    refused: list[tuple[Case, str]] = field(default_factory=list)


def move_each(
    cases: list[Case], move: str, *, actor: Staff, nonce: object = "", digest: str = "", **answers: Any
) -> Told:
    """Make the transition on each case in its own transaction; one that is refused stops no other."""
    told = Told()
    for case in cases:
        key = f"bulk:{nonce}:{actor.pk}:{case.pk}:{move}" if nonce else None
        try:
            transition_case(case.pk, move, actor=actor, cause_key=key, cause_digest=digest, **answers)
        except StalePage:  # of this nonce: which version was shown, a list does not say
            words = gettext("This was done before, with other words. Sent again, it is done once more.")
            told.refused.append((case, words))
        except CaseError as refusal:
            told.refused.append((case, str(refusal)))
        else:
            told.done.append(case)
    return told


def in_words(told: Told) -> SafeString:
    """“3 done, 2 refused:” and then each refused case with its reason."""
    done = ngettext("%(count)d done", "%(count)d done", len(told.done)) % {"count": len(told.done)}
    if not told.refused:
        return format_html("{}", done)
    refused = gettext("%(count)d refused") % {"count": len(told.refused)}
    lines = [f"{case.number}: {reason}" for case, reason in told.refused[:MOST_TOLD]]
    if more := len(told.refused) - MOST_TOLD:
        lines += [gettext("and %(count)d more") % {"count": more}] if more > 0 else []
    return format_html(
        '{}, {}:<ul class="bh-refused">{}</ul>',
        done,
        refused,
        format_html_join("", "<li>{}</li>", zip(lines)),
    )


def chosen_cases(request: HttpRequest, queryset: CaseQuerySet) -> list[Case]:
    """
    The ticked cases this person may see, or all of the list; one more than allowed shows there are too many.

    The ticked ones are looked up again without the filters: one that left the list meanwhile is refused by
    its transition, with a reason, instead of being passed over in silence.
    """
    if request.POST.get("select_across") == "1":
        return list(queryset.only("number")[: MOST_AT_ONCE + 1])
    ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
    ids = {int(pk) for pk in ticked if pk.isascii() and pk.isdigit() and len(pk) <= 18}
    visible = Case.objects.visible_to(request.user).newest_first()
    return list(visible.filter(pk__in=ids).only("number")[: MOST_AT_ONCE + 1])


class BulkActionsMixin:
    """The menu over ticked rows: only what the person's role may do, and never a deletion."""

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, Any]]:
        return {
            name: (_run(name), name, bulk.label)
            for name, bulk in BULK.items()
            if request.user.has_perm(bulk.permission)
        }

    def response_action(self, request: HttpRequest, queryset: CaseQuerySet) -> HttpResponse | None:
        action = self.get_actions(request).get(request.POST.get("action", ""))
        if action is None:
            self.message_user(request, _("Choose what to do with the ticked cases."), messages.WARNING)
            return None
        cases = chosen_cases(request, queryset)
        if not cases:
            self.message_user(request, _("None of these cases is among those you may see."), messages.WARNING)
            return None
        if len(cases) > MOST_AT_ONCE:
            words = gettext("At most %(count)d cases can be changed at once. Narrow the list by its filters.")
            self.message_user(request, words % {"count": MOST_AT_ONCE}, messages.ERROR)
            return None
        return action[0](self, request, cases)

    def run_bulk(self, request: HttpRequest, name: str, cases: list[Case]) -> HttpResponse | None:
        """
        Ask what the transition needs, then make it; without questions it is made at once.

        Where cases are refused, the page comes back for those, with what was typed.
        """
        bulk = BULK[name]
        if bulk.form is None:
            self._tell(request, move_each(cases, bulk.move, actor=request.user))
            return None
        answered = "nonce" in request.POST
        form = bulk.form(request.POST if answered else None, staff=request.user)
        if answered and form.is_valid():
            digest = digest_of((name, request.POST.getlist(name)) for name in form.fields)
            answers = {"digest": digest, **form.cleaned_data}
            told = move_each(cases, bulk.move, actor=request.user, **answers)
            self._tell(request, told)
            refused = [case for case, _reason in told.refused]
            return self._ask(request, name, form.renewed(), refused, again=True) if refused else None
        return self._ask(request, name, form, cases)

    def _tell(self, request: HttpRequest, told: Told) -> None:
        level = messages.WARNING if told.refused else messages.SUCCESS
        self.message_user(request, in_words(told), level)

    def _ask(
        self, request: HttpRequest, name: str, form: BulkForm, cases: list[Case], *, again: bool = False
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": BULK[name].label,
            "opts": self.opts,
            "form": form,
            "action": name,
            "cases": cases,
            "again": again,
            "move": MOVES[BULK[name].move],
        }
        return TemplateResponse(request, "admin/cases/case/bulk.html", context, status=409 if again else 200)


def _run(name: str) -> Callable[[Any, HttpRequest, list[Case]], HttpResponse | None]:
    return lambda admin, request, cases: admin.run_bulk(request, name, cases)
