"""The inbox of each person: the bell on every page, the notices, and what the person wants to be told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET, require_POST

from cases.admin.told import told_view
from cases.models import Notice, Staff
from cases.services.inbox import MOST_COUNTED, count_unread, mark_read, newest_unread

PAGE_LENGTH = 50
LARGEST_ID = 2**63 - 1  # of the column
UNREAD, READ = "u", "r"


@dataclass
class Bell:
    """What the header of every page shows; the count is asked for where it is shown, once."""

    staff: Staff

    @cached_property
    def newest(self) -> list[Notice]:
        return list(newest_unread(self.staff))

    @cached_property
    def unread(self) -> int:
        """Counted, unless the notices themselves are at hand."""
        return len(self.newest) if "newest" in self.__dict__ else count_unread(self.staff)

    @property
    def shown(self) -> str:
        return f"{MOST_COUNTED}+" if self.unread > MOST_COUNTED else str(self.unread)

    @property
    def words(self) -> str:
        """The same as a sentence, for whoever does not see the number on the bell."""
        if not self.unread:
            return _("My notices, all read")
        return ngettext("My notices, %(count)s unread", "My notices, %(count)s unread", self.unread) % {
            "count": self.shown
        }


def add_bell(request: HttpRequest) -> dict[str, Any]:
    """Puts the bell on every page of the admin (``GLOBAL_CALLBACK`` of the theme)."""
    return {"bell": Bell(request.user)} if request.user.is_active and request.user.is_staff else {}


class InboxMixin:
    """Declares the pages of a person's own notices; nobody reaches those of another."""

    def get_urls(self) -> list[Any]:
        inside = self.admin_site.admin_view
        own = [
            path("inbox/", inside(require_GET(inbox_view)), name="cases_inbox"),
            path("inbox/count/", inside(require_GET(count_view)), name="cases_inbox_count"),
            path(
                "inbox/read/", inside(csrf_protect(require_POST(read_all_view))), name="cases_inbox_read_all"
            ),
            path(
                "inbox/<int:pk>/read/",
                inside(csrf_protect(require_POST(read_view))),
                name="cases_inbox_read",
            ),
            path("inbox/told/", inside(csrf_protect(told_view)), name="cases_told"),
        ]
        return [*own, *super().get_urls()]


def inbox_view(request: HttpRequest) -> HttpResponse:
    """Unread ones first, then the newest; ``before`` is where the page before ended."""
    notices, older = page_of(request.user, request.GET.get("before", ""))
    context = {
        **admin.site.each_context(request),
        "title": _("My notices"),
        "notices": notices,
        "older": older,
        "newest": max((notice.pk for notice in notices if not notice.read_at), default=0),
    }
    return TemplateResponse(request, "admin/cases/inbox.html", context)


def page_of(staff: Staff, before: str) -> tuple[list[Notice], str]:
    """One page and where the next one begins, '' on the last: two queries at most."""
    part, last = cursor_of(before)
    wanted = PAGE_LENGTH + 1
    found: list[Notice] = []
    if part == UNREAD:
        found = list(_rows(Notice.objects.unread_by(staff), last)[:wanted])
        last = LARGEST_ID
    if len(found) < wanted:
        read = Notice.objects.in_inbox_of(staff).exclude(read_at=None)
        found += _rows(read, last)[: wanted - len(found)]
    shown = found[:PAGE_LENGTH]
    if len(found) < wanted:
        return shown, ""
    return shown, f"{READ if shown[-1].read_at else UNREAD}{shown[-1].pk}"


def _rows(notices: Any, last: int) -> Any:
    return notices.filter(pk__lt=last).select_related("case", "in_place_of").order_by("-pk")


def cursor_of(text: str) -> tuple[str, int]:
    """Anything unusable means the first page."""
    part, number = text[:1], text[1:]
    usable = part in (UNREAD, READ) and number.isascii() and number.isdecimal() and len(number) < 19
    return (part, int(number)) if usable and part else (UNREAD, LARGEST_ID)


def count_view(request: HttpRequest) -> JsonResponse:
    """What the bell asks for by itself."""
    bell = Bell(request.user)
    return JsonResponse({"unread": bell.unread, "shown": bell.shown, "words": bell.words})


def read_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks one as read and, where asked to, leads on to its case. Another's notice is not there."""
    notice = get_object_or_404(Notice.objects.in_inbox_of(request.user), pk=min(pk, LARGEST_ID))
    mark_read(request.user, notice_id=notice.pk)
    if "open" in request.POST and notice.case_id:
        return HttpResponseRedirect(reverse("admin:cases_case_change", args=[notice.case_id]))
    return HttpResponseRedirect(reverse("admin:cases_inbox"))


def read_all_view(request: HttpRequest) -> HttpResponse:
    """All that the page showed and those before; what came meanwhile stays unread."""
    newest = request.POST.get("newest", "")
    usable = newest.isascii() and newest.isdecimal() and len(newest) < 19
    count = mark_read(request.user, up_to=int(newest) if usable else 0)
    words = ngettext("%(count)d notice marked as read.", "%(count)d notices marked as read.", count)
    messages.success(request, words % {"count": count})
    return HttpResponseRedirect(reverse("admin:cases_inbox"))
