"""What a change of standards would move, as its page shows it before anything is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from cases.admin.base import LookMixin
from cases.choices import ClockKind
from cases.models import Case
from cases.services.rearming import preview_change

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.utils.functional import Promise

    from cases.models import Staff
    from cases.services.rearming import Preview


@dataclass(frozen=True)
class Example:
    """One clock that would move; ``case`` is None where this person may not see the case."""

    case: Case | None
    clock: str
    was: datetime | None
    becomes: datetime | None


def examples_for(preview: Preview, staff: Staff) -> list[Example]:
    """Those this person may look at first; of the others only the clock is told."""
    ids = {moved.case.pk for moved in preview.examples}
    seen = set(Case.objects.visible_to(staff).filter(pk__in=ids).values_list("pk", flat=True))
    found = [
        Example(
            moved.case if moved.case.pk in seen else None,
            str(ClockKind(moved.kind).label),
            moved.was,
            moved.becomes,
        )
        for moved in preview.examples
    ]
    return sorted(found, key=lambda example: example.case is None)


@dataclass(frozen=True)
class Question:
    """What a page of what would move asks: its title, what the change is, and the button that makes it."""

    title: str | Promise
    explanation: str | Promise
    button: str | Promise


SAVE = Question(_("What would move"), "", _("Save"))


class PreviewedMixin(LookMixin):
    """
    A page whose changes move running clocks: beside Save stands a button that shows which.

    What would move is tried out: all is saved as the button beside it would, and taken back.
    """

    @action(description=_("Show what would move"), permissions=["change"], icon="preview")
    def preview(self, request: HttpRequest, obj: Model) -> None:
        """The button alone: ``changeform_view`` answers it."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict | None = None,
    ) -> HttpResponse:
        if not self.is_look(request):
            return super().changeform_view(request, object_id, form_url, extra_context)
        answers: list[HttpResponse] = []
        preview = preview_change(
            lambda: answers.append(super(PreviewedMixin, self).changeform_view(request, object_id))
        )
        if answers[0].status_code != 302:
            return answers[0]
        return moving_page(self, request, preview, SAVE, again=self.sent_again(request))

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        """Of what is tried out nobody is told that it was saved."""
        return HttpResponseRedirect("") if self.is_look(request) else super().response_change(request, obj)


def moving_page(
    page: Any,
    request: HttpRequest,
    preview: Preview,
    words: Question,
    *,
    again: Iterable[tuple[str, str]] = (),
    back: str = "",
) -> HttpResponse:
    """
    What would move, with a button that makes the change: it posts ``again`` to the same address; ``back`` is
    where who discards it goes to.
    """
    context = {
        **page.admin_site.each_context(request),
        "title": words.title,
        "opts": page.opts,
        "preview": preview,
        "examples": examples_for(preview, request.user),
        "words": words,
        "again": again,
        "back": back,
    }
    return TemplateResponse(request, "admin/cases/calendar_preview.html", context)
