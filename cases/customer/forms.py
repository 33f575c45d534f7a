"""The form in which a customer says whether it is solved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.customer.nonces import new_nonce, read_nonce
from cases.services.customer_words import Word

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import CustomerLink

LONGEST_COMMENT = 1000
YES, NO = "yes", "no"
SOLVED = [(YES, _("Yes, it is solved")), (NO, _("No, it is not solved"))]
SCORES = [
    (5, _("very satisfied")),
    (4, _("satisfied")),
    (3, _("it is all right")),
    (2, _("not satisfied")),
    (1, _("not satisfied at all")),
]
# Invisible characters that turn the direction of writing or hide in a text.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class CommentField(forms.CharField):
    """Text with one kind of line end and nothing invisible in it."""

    def to_python(self, value: Any) -> str:
        return UNSEEN.sub("", str(super().to_python(value) or "").replace("\r\n", "\n"))


def words_in(data: Any) -> str:
    """What was written, as it can be shown, however long and whatever else is wrong."""
    return CommentField().to_python(data.get("comment"))


class WordForm(forms.Form):
    """
    Nothing is chosen beforehand: a program that presses every button sends an answer nobody gave.

    ``link`` is whose form it is and ``at`` the moment of the database; the hidden nonce is good for this link
    alone and for a day.
    """

    nonce = forms.CharField(widget=forms.HiddenInput, max_length=200)
    solved = forms.ChoiceField(
        label=_("Is your problem solved?"),
        choices=SOLVED,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether your problem is solved.")},
    )
    score = forms.TypedChoiceField(
        label=_("How satisfied are you?"),
        choices=SCORES,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    comment = CommentField(
        label=pgettext_lazy("customer", "Anything else?"),
        required=False,
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, link: CustomerLink, at: datetime, data: Any = None, *, comment: str = "") -> None:
        self.link, self.at = link, at
        super().__init__(data, initial={"nonce": new_nonce(link, at), "comment": comment})

    @property
    def fresh_nonce(self) -> str:
        """For the page that is shown now, whatever came with the one before."""
        return str(self.initial["nonce"])

    def clean_nonce(self) -> str:
        nonce = read_nonce(self.link, self.cleaned_data["nonce"], self.at)
        if not nonce:
            raise forms.ValidationError(_("This page was open for too long. Please send your answer again."))
        return nonce

    def clean(self) -> None:
        sent: Any = self.data
        for name in ("solved", "score"):
            if len(sent.getlist(name)) > 1:  # no page of ours sends that, and nothing says which counts
                self.add_error(name, _("Choose one answer only."))
        given = self.cleaned_data
        if given.get("solved") == YES and "score" in given and given["score"] is None:
            self.add_error("score", _("Choose how satisfied you are."))

    def word(self) -> Word:
        given = self.cleaned_data
        return Word(solved=given["solved"] == YES, score=given["score"], comment=given["comment"])
