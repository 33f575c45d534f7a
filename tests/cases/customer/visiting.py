"""A customer with a link: opens the page and sends the form, as a browser without scripts would."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.test import Client

from cases.models import Case, Round
from cases.services.customer_links import issue_link

if TYPE_CHECKING:
    from django.http import HttpResponse

# Counts requests, and is the one thing a page writes (docs/decisions/027).
NOT_OF_THE_CASE = {"cases.Throttle"}


@dataclass
class Visitor:
    """Somebody at a browser of their own."""

    path: str
    client: Client = field(default_factory=Client)

    def get(self, **query: str) -> HttpResponse:
        return self.client.get(self.path, query)  # type: ignore[return-value]

    def nonce(self) -> str:
        found = re.search(r'name="nonce" value="([^"]+)"', self.get().content.decode())
        assert found, "the page shows no form"
        return found[1]

    def post(self, **answers: Any) -> HttpResponse:
        """Send the form of a page opened just now, unless a nonce is given."""
        answers.setdefault("nonce", None)
        answers["nonce"] = answers["nonce"] or self.nonce()
        return self.client.post(self.path, answers)  # type: ignore[return-value]

    def say(self, *, solved: bool, score: int | str = "", comment: str = "", **more: Any) -> HttpResponse:
        answers = {"solved": "yes" if solved else "no", "score": score, "comment": comment}
        response = self.post(**answers, **more)
        assert response.status_code == 303, response.content.decode()
        return response

    def text(self, **query: str) -> str:
        """The words of the page, without its marks."""
        return words_of(self.get(**query))


def words_of(response: HttpResponse) -> str:
    marks = re.compile(r"<[^>]+>|\s+")
    return marks.sub(" ", response.content.decode())


def visitor(case: Case, round_number: int | None = None, **headers: Any) -> Visitor:
    """The customer of this case, with a link to its present round."""
    link = issue_link(case_id=case.pk, round_number=round_number or case.round_number)
    return Visitor(link.removeprefix("http://127.0.0.1:8000"), Client(**headers))


def counts() -> dict[str, int]:
    """How many rows each table has, but for what counts requests."""
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label not in NOT_OF_THE_CASE and model._meta.managed
    }


def round_of(case: Case, number: int = 1) -> Round:
    return Round.objects.get(case=case, number=number)
