"""Record sheets in the admin: upload, look, confirm; and take out the list or chosen cases."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminRadioSelectWidget

from cases.exceptions import CaseError
from cases.exchange.exporting import CONTENT_TYPES, export_records
from cases.exchange.importing import carry_out, look_at, read_records
from cases.exchange.limits import MAX_FILE_BYTES, MAX_ROWS
from cases.exchange.pending import hold_upload, take_upload
from cases.models import Case
from cases.problems import SheetRefused
from cases.querysets import CaseQuerySet
from cases.record_sheet import COLUMNS
from cases.services.history import RecordsConflict

PENDING = "record_sheet_upload"  # in the session: token and name of the file that was looked at
SHOWN_ROWS = 10
MOST_ROWS = 100_000  # of one page's export; more is the command's work
CHOSEN = ACTION_CHECKBOX_NAME


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("Record sheet"),
        help_text=_("CSV or XLSX with the thirteen columns."),
        widget=UnfoldAdminFileFieldWidget({"accept": ".csv,.xlsx"}),
    )


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        label=_("Format"),
        choices=[("xlsx", _("XLSX, for spreadsheets")), ("csv", _("CSV, UTF-8"))],
        initial="xlsx",
        widget=UnfoldAdminRadioSelectWidget(),
    )


class ExchangeAdminMixin:
    """Two pages beside the list of cases, and the entry “Export” in the menu over ticked rows."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("import-records/", wrap(self.import_records), name="cases_case_import_records"),
            path("export-records/", wrap(self.export_records), name="cases_case_export_records"),
            *super().get_urls(),
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, Any]]:
        actions = super().get_actions(request)
        if request.user.has_perm("cases.export_case"):
            actions["export"] = (_ask_for_export, "export", _("Export…"))
        return actions

    def import_records(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("cases.import_case"):
            raise PermissionDenied
        if request.method == "POST" and "token" in request.POST:
            return self._confirm(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        found = self._look(request) if request.method == "POST" and form.is_valid() else {}
        return self._page(
            request,
            "import",
            {
                "title": _("Import record sheet"),
                "form": form,
                "columns": COLUMNS,
                "most_rows": MAX_ROWS,
                **found,
            },
        )

    def _look(self, request: HttpRequest) -> dict[str, Any]:
        """Check the uploaded file and keep it for the confirmation, or say what is wrong with it."""
        upload = request.FILES["file"]
        content = upload.read(MAX_FILE_BYTES + 1)
        try:
            records = read_records(io.BytesIO(content), upload.name)
            plan = look_at(records, actor=request.user)
        except CaseError as error:
            return _told(error)
        token = hold_upload(content, upload.name, staff=request.user) if plan.new else ""
        request.session[PENDING] = {"token": token, "name": upload.name}
        return {"records": records, "plan": plan, "token": token, "shown": plan.new[:SHOWN_ROWS]}

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        pending = request.session.pop(PENDING, {})
        token = request.POST["token"]
        try:
            content, _suffix = take_upload(token, staff=request.user)
            if "give_up" in request.POST:
                return HttpResponseRedirect(request.path)
            name = pending["name"] if pending.get("token") == token else f"sheet{_suffix}"
            result = carry_out(read_records(io.BytesIO(content), name), actor=request.user)
        except CaseError as error:
            context = {
                "title": _("Import record sheet"),
                "form": UploadForm(),
                "columns": COLUMNS,
                **_told(error),
            }
            return self._page(request, "import", context)
        words = gettext("%(created)s cases created, %(unchanged)s were there already.")
        counts = {"created": result.created, "unchanged": result.unchanged}
        messages.success(request, words % counts)
        return HttpResponseRedirect(reverse("admin:cases_case_changelist"))

    def export_records(self, request: HttpRequest) -> HttpResponseBase:
        """The list as its address narrows it, or the cases whose ids were posted."""
        if not request.user.has_perm("cases.export_case"):
            raise PermissionDenied
        try:
            cases, filters = self._selection(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:cases_case_changelist"))
        form = ExportForm(request.POST if "format" in request.POST else None)
        if form.is_valid():
            try:
                return _download(cases, form.cleaned_data["format"], request, filters)
            except CaseError as error:
                messages.error(request, str(error))
        return self.ask_for_export(request, cases, chosen=filters.get(CHOSEN, []), form=form)

    def ask_for_export(
        self,
        request: HttpRequest,
        cases: CaseQuerySet,
        *,
        chosen: list[int],
        form: ExportForm | None = None,
    ) -> TemplateResponse:
        count = cases[: MOST_ROWS + 1].count()
        context = {
            "title": _("Export record sheet"),
            "form": form or ExportForm(),
            "count": count,
            "too_many": count > MOST_ROWS,
            "most_rows": MOST_ROWS,
            "columns": COLUMNS,
            "chosen": chosen,
        }
        return self._page(request, "export", context)

    def _selection(self, request: HttpRequest) -> tuple[CaseQuerySet, dict[str, Any]]:
        if request.method == "POST" and (chosen := request.POST.getlist(CHOSEN)):
            ids = [int(pk) for pk in chosen if pk.isascii() and pk.isdigit() and len(pk) <= 18]
            cases = Case.objects.visible_to(request.user).filter(pk__in=ids)
            return cases, {CHOSEN: ids}
        return self.get_changelist_instance(request).queryset, dict(request.GET.lists())

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> TemplateResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/cases/exchange/{name}.html", context)


def _told(error: CaseError) -> dict[str, Any]:
    """What the page shows of a refusal: a table of problems, of conflicts, or one sentence."""
    if isinstance(error, RecordsConflict):
        return {"conflicts": error.conflicts[:100], "more": max(0, len(error.conflicts) - 100)}
    if isinstance(error, SheetRefused):
        return {"problems": error.problems, "more": error.more}
    return {"refusal": str(error)}


def _ask_for_export(admin: Any, request: HttpRequest, cases: list[Case]) -> TemplateResponse:
    ids = [case.pk for case in cases]
    return admin.ask_for_export(request, Case.objects.filter(pk__in=ids), chosen=ids)


def _download(
    cases: CaseQuerySet, format: str, request: HttpRequest, filters: dict[str, Any]
) -> FileResponse:
    """The file has no name on disk and is gone when the answer has been sent."""
    if cases[: MOST_ROWS + 1].count() > MOST_ROWS:
        raise CaseError(_("These are too many cases for one page. Narrow the list by its filters."))
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the response
    export_records(cases, file, format=format, actor=request.user, filters=filters)
    name = f"records-{timezone.localtime():%Y%m%d-%H%M}.{format}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES[format])
