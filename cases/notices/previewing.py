"""How a phrase reads with a real case: the same words a notice would have, and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.choices import Audience, Language, Situation
from cases.models import CaseEvent, EventKind, Staff, Team
from cases.notices.happenings import BREACH, Happening, read_happenings
from cases.notices.phrases import PhraseBook, Words
from cases.notices.values import values_for, without_personal_data

if TYPE_CHECKING:
    from cases.models import Case, PhraseTemplate


@dataclass(frozen=True)
class Preview:
    """The words for one kind of reader in one language; ``is_own`` where they are those of the template."""

    readers: str
    language: str
    words: Words
    is_own: bool


def previews_of(phrase: PhraseTemplate, case: Case) -> list[Preview]:
    """For the template's own readers first, then what the others would be told, in both languages."""
    happening = happening_like(phrase.situation, case)
    book = PhraseBook()
    readers = sorted(Audience, key=lambda audience: audience != phrase.audience)
    return [
        preview
        for audience in readers
        for language in Language
        for preview in _previews(book, phrase, happening, audience, language)
    ]


def _previews(
    book: PhraseBook, phrase: PhraseTemplate, happening: Happening, audience: Audience, language: Language
) -> list[Preview]:
    people = Staff.objects.in_bulk([pk for pk in (happening.handler_id,) if pk])
    teams = Team.objects.in_bulk([pk for pk in (happening.team_id,) if pk])
    values = values_for(happening, language=language, audience=audience, staff=people, teams=teams)
    label, own = str(audience.label), audience == phrase.audience
    shown = [(label, values)]
    if audience == Audience.ROBOT:
        shown = [
            (label, without_personal_data(values)),
            (_("%(readers)s that may receive personal data") % {"readers": label}, values),
        ]
    return [
        Preview(name, str(language.label), book.words(phrase.situation, audience, language, found), own)
        for name, found in shown
    ]


def happening_like(situation: str, case: Case) -> Happening:
    """The newest event of this kind in the case; where there is none, one as it would be now."""
    kind, _dot, clock = situation.partition(".")
    events = case.events.filter(imported=False).order_by("-seq")
    if kind in EventKind.values:
        events = events.filter(kind=kind)
    found = next((event for event in events[:50] if clock in ("", event.data.get("clock"))), None)
    if found:
        return read_happenings([found.pk])[0]
    newest = case.events.order_by("-seq")[:1].values_list("pk", flat=True)
    around = next(iter(read_happenings(list(newest))), None)
    made_up = _event_like(kind, clock, case)
    if around is None:
        return Happening(made_up, case.rounds.filter(number=case.round_number).first())
    made_up.case = around.case
    return Happening(made_up, around.round, None, around.due, around.supports)


def _event_like(kind: str, clock: str, case: Case) -> CaseEvent:
    at = timezone.now()
    data: dict[str, Any] = {"handler": case.handler_id}
    if kind == EventKind.ESCALATE:
        data |= {"clock": clock, "percent": BREACH, "due_at": (case.due_at or at).isoformat()}
    return CaseEvent(
        case=case,
        kind=EventKind.ADD_NOTE if kind in Situation.values else kind,
        at=at,
        to_state=case.state,
        team=case.team,
        round_number=case.round_number,
        data=data,
    )
