"""Import and export of reference data: whose rows, which formats, and a record of what left."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from import_export.admin import ImportExportMixin
from import_export.results import Result
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from cases.exceptions import CaseError
from cases.exchange.limits import MAX_FILE_BYTES
from cases.exchange.reference_files import PrivateWaitingRoom, TextCsv, TextXlsx
from cases.models import ExportRecord

CHANGED = _("The rows have changed meanwhile. Nothing was imported; try again.")
FORGOTTEN = _("The file waited too long for its confirmation. Choose it again.")


class BoundedImportForm(ImportForm):
    """Refuses a file before anything reads it."""

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES // 2**20
            raise forms.ValidationError(_("The file is larger than %(limit)s MB."), params={"limit": limit})
        return file


class ReferenceExchangeMixin(ImportExportMixin):
    """`resource_classes` says what a file contains. Rights: import_ and export_ of the model."""

    import_form_class = BoundedImportForm
    export_form_class = ExportForm
    tmp_storage_class = PrivateWaitingRoom
    formats = (TextCsv, TextXlsx)
    import_error_display = ("message",)

    def get_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"staff": request.user}

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def get_valid_export_item_pks(self, request: HttpRequest) -> QuerySet:
        return self.get_queryset(request).values_list("pk", flat=True)

    def add_data_read_fail_error_to_form(self, form: forms.Form, e: Exception) -> None:
        if isinstance(e, CaseError):
            form.add_error("import_file", str(e))
        else:
            form.add_error("import_file", _("The file cannot be read. Choose the format it really has."))

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        """Where somebody changed the rows between preview and confirmation, nothing is stored."""
        if not (result.has_errors() or result.has_validation_errors()):
            return super().process_result(result, request)
        return self._start_again(request, CHANGED)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return super().process_import(request, **kwargs)
        except FileNotFoundError:
            return self._start_again(request, FORGOTTEN)

    def _start_again(self, request: HttpRequest, why: str | Promise) -> HttpResponse:
        messages.error(request, why)
        return redirect(f"admin:cases_{self.opts.model_name}_import")

    def get_export_data(
        self, file_format: Any, request: HttpRequest, queryset: QuerySet, **kwargs: Any
    ) -> bytes:
        data: bytes = super().get_export_data(file_format, request, queryset, **kwargs)
        resource = self.choose_export_resource_class(kwargs.get("export_form"), request)()
        ExportRecord.objects.create(
            staff=request.user,
            what=self.opts.model_name,
            format=file_format.get_extension(),
            filters={**request.GET.dict(), **self.export_remarks(request, kwargs.get("export_form"))},
            columns=resource.get_export_headers(),
            rows=queryset.count(),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        return data

    def export_remarks(self, request: HttpRequest, form: forms.Form | None) -> dict[str, str]:
        """What the record of an export keeps beside the filters of the list."""
        return {}
