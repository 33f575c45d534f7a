"""Service levels: their versions, writing a new one after a look at what it moves, and what is promised."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from cases.admin.badges import countdown
from cases.admin.base import ROWS, KeptMixin, OwnFiltersMixin
from cases.admin.duration_input import write_duration
from cases.admin.moving import examples_for
from cases.admin.service_level_forms import CRITERIA, DURATIONS, PromiseForm, VersionForm
from cases.clock import database_now
from cases.exceptions import CaseError, InvalidInput
from cases.models import ServiceLevel, ServiceLevelVersion
from cases.services.levels import CONTENT, Prospect, look_at_promise, publish_version, rename_level
from cases.services.rearming import preview_change
from cases.standards import Standards, fits, present_standards
from cases.worktime import NoWorkingTime

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.forms import ModelForm

    from cases.services.rearming import Preview
    from cases.standards import Traits

NEWEST = ServiceLevelVersion.objects.filter(level=OuterRef("pk")).order_by("-number")


@dataclass(frozen=True)
class Change:
    """One thing a version says otherwise than the one before; ``was`` is empty for the first version."""

    label: str
    was: str
    becomes: str


@dataclass(frozen=True)
class Line:
    """A version as the table shows it."""

    version: ServiceLevelVersion
    changes: list[Change]


@dataclass(frozen=True)
class Tried:
    """A level that was tried, and why it was passed over: what of it does not fit."""

    version: ServiceLevelVersion
    unmet: list[str]


def say(version: ServiceLevelVersion, name: str) -> str:
    """What the version says under this name, in words."""
    field = version._meta.get_field(name)
    value = getattr(version, name)
    if name in DURATIONS:
        return write_duration(value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if field.choices:
        return str(getattr(version, f"get_{name}_display")()) or "–"
    return "–" if value is None else str(value)


def label_of(name: str) -> str:
    return capfirst(str(ServiceLevelVersion._meta.get_field(name).verbose_name))


def durations_of(version: ServiceLevelVersion) -> list[tuple[str, str]]:
    return [(label_of(name), say(version, name)) for name in DURATIONS]


def criteria_of(version: ServiceLevelVersion) -> str:
    """For which cases the version is, in one line; everything where it asks for nothing."""
    asked = [f"{label_of(name)}: {say(version, name)}" for name in CRITERIA if getattr(version, name)]
    return " · ".join(asked) or str(_("Every case"))


def lines_of(versions: Sequence[ServiceLevelVersion]) -> list[Line]:
    """The newest first, each with what it says otherwise than the one before."""
    lines = [Line(version, changes_between(before, version)) for version, before in pairwise(versions)]
    return [*lines, Line(versions[-1], [])] if versions else []


def changes_between(before: ServiceLevelVersion, after: ServiceLevelVersion) -> list[Change]:
    return [
        Change(label_of(name), say(before, name), say(after, name))
        for name in CONTENT
        if name != "applies_to_open" and getattr(before, name) != getattr(after, name)
    ]


def tried_before(traits: Traits, at: datetime, standards: Standards, found: Prospect | None) -> list[Tried]:
    """The levels that were looked at first, in their order, and what of each does not fit."""
    passed: list[Tried] = []
    for version in _newest_of_each(standards, at):
        if found and version is found.version:
            break
        passed.append(Tried(version, list(_unmet(version, traits))))
    return passed


def _newest_of_each(standards: Standards, at: datetime) -> list[ServiceLevelVersion]:
    numbers: dict[int, int] = {}
    present = [each for each in standards.versions if each.applies_to_open or each.valid_from <= at]
    for version in present:
        numbers[version.level_id] = max(version.number, numbers.get(version.level_id, 0))
    return [version for version in present if numbers[version.level_id] == version.number]


def _unmet(version: ServiceLevelVersion, traits: Traits) -> Iterator[str]:
    if not (version.in_use and version.level.active):
        yield str(_("not in use"))
    for name in CRITERIA:
        alone = ServiceLevelVersion(
            level=ServiceLevel(), **{_attname(name): getattr(version, _attname(name))}
        )
        if not fits(alone, traits):
            yield f"{label_of(name)}: {say(version, name)}"


def _attname(name: str) -> str:
    return str(ServiceLevelVersion._meta.get_field(name).attname)


@admin.register(ServiceLevel)
class ServiceLevelAdmin(OwnFiltersMixin, KeptMixin, ModelAdmin):
    """Levels in the order in which they are tried; what they promise is in versions, which never change."""

    list_display = ("place", "name", "for_which", "version", "in_force_from", "first_response", "use")
    list_display_links = ("place", "name")
    list_filter = ("active",)
    list_per_page = ROWS
    show_full_result_count = False
    sortable_by = ()
    fields = ("name", "name_en", "active")
    actions_list = ("promised",)
    actions_detail = ("new_version",)
    change_form_outer_after_template = "admin/cases/service_level_versions.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceLevel]:
        own = ServiceLevelVersion.objects.filter(level=OuterRef("level")).order_by("-number")
        newest = ServiceLevelVersion.objects.filter(pk=Subquery(own.values("pk")[:1])).select_related("team")
        return (
            super()
            .get_queryset(request)
            .annotate(tried_at=Subquery(NEWEST.values("position")[:1]))
            .prefetch_related(Prefetch("versions", newest, to_attr="newest"))
        )

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [F("tried_at").asc(nulls_last=True), "pk"]

    @admin.display(description=_("position"))
    def place(self, level: ServiceLevel) -> str:
        return "–" if level.tried_at is None else str(level.tried_at)

    @admin.display(description=_("for which cases"))
    def for_which(self, level: ServiceLevel) -> str:
        return criteria_of(level.newest[0]) if level.newest else str(_("Promises nothing yet"))

    @admin.display(description=_("version"))
    def version(self, level: ServiceLevel) -> str:
        return str(level.newest[0].number) if level.newest else "–"

    @admin.display(description=_("in force from"))
    def in_force_from(self, level: ServiceLevel) -> Any:
        return level.newest[0].valid_from if level.newest else "–"

    @admin.display(description=_("first response: urgent, important, normal"))
    def first_response(self, level: ServiceLevel) -> str:
        names = ("response_urgent", "response_important", "response_normal")
        return " / ".join(say(level.newest[0], name) for name in names) if level.newest else "–"

    @display(description=_("in use"), boolean=True)
    def use(self, level: ServiceLevel) -> bool:
        return level.active and bool(level.newest) and level.newest[0].in_use

    def has_publish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("cases.add_servicelevelversion")

    def save_model(self, request: HttpRequest, obj: ServiceLevel, form: ModelForm, change: bool) -> None:
        if not change:
            obj.save()  # promises nothing before its first version
        elif form.changed_data:
            rename_level(obj, actor=request.user)

    def response_add(
        self, request: HttpRequest, obj: ServiceLevel, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the first version, without which the level promises nothing."""
        messages.success(request, _("The level is there. Now say what it promises."))
        return HttpResponseRedirect(reverse("admin:cases_servicelevel_new_version", args=[obj.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        level = self.get_object(request, object_id) if self.has_view_permission(request) else None
        lines = lines_of(list(_versions_of(level))) if level else []
        context = {"lines": lines, "promises": durations_of(lines[0].version) if lines else []}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @action(
        description=_("New version"), url_path="new-version", permissions=["publish"], icon="edit_document"
    )
    def new_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Prefilled from the newest one; looked at first by “Preview”, kept by “Publish”."""
        level = self.get_object(request, object_id)
        if level is None:
            raise Http404
        newest = _versions_of(level).first()
        form = VersionForm(request.POST or None, newest=newest)
        preview = None
        if request.method == "POST" and form.is_valid():
            try:
                if "publish" in request.POST:
                    return self._publish(request, level, form)
                preview = preview_change(lambda: publish_version(level, actor=request.user, **form.content()))
            except CaseError as error:
                form.add_error(error.field if isinstance(error, InvalidInput) else None, str(error))
        return self._page(request, "new_version", self._asked(request, level, newest, form, preview))

    def _publish(self, request: HttpRequest, level: ServiceLevel, form: VersionForm) -> HttpResponse:
        version = publish_version(level, actor=request.user, **form.content())
        words = _("Version %(number)d is in force from now on.") % {"number": version.number}
        if version.applies_to_open:
            words = f"{words} {_('The clocks of open cases follow in the background.')}"
        messages.success(request, words)
        return HttpResponseRedirect(reverse("admin:cases_servicelevel_change", args=[level.pk]))

    def _asked(
        self,
        request: HttpRequest,
        level: ServiceLevel,
        newest: ServiceLevelVersion | None,
        form: VersionForm,
        preview: Preview | None,
    ) -> dict[str, Any]:
        return {
            "title": _("New version of %(level)s") % {"level": level},
            "original": level,
            "form": form,
            "number": newest.number + 1 if newest else 1,
            "preview": preview,
            "examples": examples_for(preview, request.user) if preview else [],
            "only_new": preview is not None and not form.cleaned_data["applies_to_open"],
        }

    @action(
        description=_("What would be promised?"), url_path="promised", permissions=["view"], icon="handshake"
    )
    def promised(self, request: HttpRequest) -> HttpResponse:
        """By which level, and what, for a case registered now. Asking changes nothing, so it is a GET."""
        form = PromiseForm(request.GET or None)
        found = answer_to(form.traits()) if request.GET and form.is_valid() else {}
        return self._page(request, "promised", {"title": _("What would be promised?"), "form": form, **found})

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/cases/{name}.html", context)


def _versions_of(level: ServiceLevel) -> QuerySet[ServiceLevelVersion]:
    rows: QuerySet[ServiceLevelVersion] = level.versions.select_related(
        "level", "team", "calendar", "created_by"
    )
    return rows.order_by("-number")


def answer_to(traits: Traits) -> dict[str, Any]:
    """What the page says: the deadline of the first answer, the version that decides, those passed over."""
    at, standards = database_now(), present_standards()
    try:
        found = look_at_promise(traits, at, standards)
    except NoWorkingTime:
        return {"asked": True, "never_open": True}
    answer: dict[str, Any] = {"asked": True, "prospect": found}
    if found:
        answer["durations"] = durations_of(found.version)
        answer["countdown"] = countdown(found.answered_by, at)
    return answer | {"passed": tried_before(traits, at, standards, found), "at": at}
