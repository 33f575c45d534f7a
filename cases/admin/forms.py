"""The form of a transition's dialog, made from what the lifecycle table asks for."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from cases.admin.answers import FIELDS, LONGEST_TEXT, Question, TextField
from cases.choices import Stage
from cases.lifecycle import MOVES
from cases.models import Case, Staff, SupportRequest
from cases.services.routing import Traits, find_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NONCE = r"^[0-9a-f]{32}$"
# Of a form they say which page it is, not what is answered.
OF_THE_PAGE = frozenset({"csrfmiddlewaretoken", "nonce", "expected_version"})


def new_nonce() -> str:
    """What makes one opened page one cause: sent twice, it changes the case once."""
    return secrets.token_hex(16)


def cause_key(case_id: int, staff_id: int, name: str, nonce: str) -> str:
    """Case, person and transition beside the nonce: nobody else's form can be the same cause."""
    return f"page:{case_id}:{staff_id}:{name}:{nonce}"


def digest_of(answers: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> str:
    """The same for the same answers as they were sent: with others, the same page is not the same cause."""
    said = {name: value for name, value in dict(answers).items() if name not in OF_THE_PAGE}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class TransitionForm(forms.Form):
    """
    Asks only what this transition needs.

    Fields left untouched in "Correct the facts" are answered with what the case holds now, so that a
    correction by somebody else in the meantime is never undone.
    """

    expected_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    nonce = forms.RegexField(NONCE, widget=forms.HiddenInput)

    def __init__(self, name: str, case: Case, staff: Staff, data: Any = None) -> None:
        self.name, self.case, self.staff, self.row = name, case, staff, MOVES[name]
        self.present = present_facts(name, case)
        given = {"expected_version": case.version, "nonce": new_nonce()}
        super().__init__(data, initial={**given, **likely_answers(name, case, staff), **self.present})
        for item in self.row.inputs:
            field = FIELDS[item.ask](Question(item, name, case, staff))
            field.show_hidden_initial = item.name in self.present
            self.fields[item.name] = field
        self.fields["note"] = TextField(
            label=_("Note"),
            required=self.row.note_required,
            max_length=LONGEST_TEXT,
            widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        )

    def answers(self) -> dict[str, Any]:
        """What ``transition_case`` takes beside the note."""
        return {item.name: self._answer(item.name) for item in self.row.inputs}

    def _answer(self, name: str) -> Any:
        if name in self.present and name not in self.changed_data:
            return self.present[name]
        value = self.cleaned_data[name]
        return list(value) if isinstance(self.fields[name], forms.ModelMultipleChoiceField) else value

    def renewed(self, case: Case) -> TransitionForm:
        """The same answers for the case as it stands now: what was typed is kept, the page is a new one."""
        data = self.data.copy()
        fresh = TransitionForm(self.name, case, self.staff)
        for name in set(fresh.present) - set(self.changed_data):
            value = fresh[name].value()
            data[name] = data[fresh[name].html_initial_name] = "" if value is None else value
        data["expected_version"], data["nonce"] = case.version, new_nonce()
        return TransitionForm(self.name, case, self.staff, data)


def present_facts(name: str, case: Case) -> dict[str, Any]:
    """The facts a correction starts from; nothing for any other transition."""
    if name != "amend":
        return {}
    return {item.name: getattr(case, item.name) for item in MOVES[name].inputs}


def likely_answers(name: str, case: Case, staff: Staff) -> dict[str, Any]:
    """What the answer will usually be."""
    answers: dict[str, Any] = {"channel": case.channel}
    if name in ("answer_directly", "deliver"):
        answers |= {"result": case.current_round.result, "proof": case.current_round.proof}
    if name == "dispatch":
        answers["team"] = likely_team(case)
    if name in ("finish_support", "waive_support"):
        answers["support"] = likely_support(name, case, staff)
    return answers


def likely_team(case: Case) -> Any:
    """The team the routing rules would dispatch this case to, if any rule fits."""
    customer = case.customer
    traits = Traits(case.type, case.topic, case.channel, case.region or customer.region, customer.vip_level)
    rule = find_rule(Stage.DISPATCH, traits)
    return rule.team if rule else None


def likely_support(name: str, case: Case, staff: Staff) -> SupportRequest | None:
    """The first unfinished part this person may finish or, as supervisor, waive."""
    unfinished = (support for support in case.support_requests.all() if support.is_unfinished)
    return next((s for s in unfinished if name == "waive_support" or staff.is_in(s.team_id)), None)
