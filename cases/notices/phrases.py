"""Words for a situation: the phrase template of the reader and language, with its placeholders filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import cached_property

from cases.channels.plain_text import UNFIT, one_line
from cases.choices import Audience, Language
from cases.models import PhraseTemplate
from cases.notices.placeholders import LONGEST_BODY, fill
from cases.notices.situations import more_and_more_general

if TYPE_CHECKING:
    from collections.abc import Mapping

# Where not even a general template is left, as (Chinese, English): somebody is told all the same.
LAST_WORDS = {
    Audience.STAFF: ("{number} {event}", "{number} {event}"),
    Audience.ROBOT: ("{number} {event}", "{number} {event}"),
    Audience.CUSTOMER: ("您的服务单 {number} 有新进展", "There is news about your case {number}"),
}


@dataclass(frozen=True)
class Words:
    """A subject of one line, and a text."""

    subject: str
    body: str


class PhraseBook:
    """All templates, read once, in one query, when the first words are needed."""

    @cached_property
    def templates(self) -> dict[tuple[str, str], PhraseTemplate]:
        return {(row.situation, row.audience): row for row in PhraseTemplate.objects.all()}

    def words(self, situation: str, audience: str, language: str, values: Mapping[str, str]) -> Words:
        """
        What is said in this situation. Never fails for want of a template: the more general one is taken.

        ``values`` are plain text (``placeholders.plain_value``) in the language of the reader.
        """
        subject, body = self._phrase(situation, audience, language)
        return fill_words(subject, body, values)

    def _phrase(self, situation: str, audience: str, language: str) -> tuple[str, str]:
        english = language == Language.ENGLISH
        for name in more_and_more_general(situation):
            if found := self.templates.get((name, audience)):
                return (found.subject_en, found.body_en) if english else (found.subject, found.body)
        words = LAST_WORDS[Audience(audience)][1 if english else 0]
        return words, words


def fill_words(subject: str, body: str, values: Mapping[str, str], longest_body: int = LONGEST_BODY) -> Words:
    filled = UNFIT.sub("", fill(body.replace("\r\n", "\n"), values))
    return Words(one_line(fill(subject, values)), filled[:longest_body])
