"""Files of a case: taken in on its page, and handed out to whoever may see the case."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from cases.choices import ScanState
from cases.exceptions import CaseError
from cases.models import Attachment, Case
from cases.services.attachments import attach_file
from cases.uploads import KINDS


class AttachForm(forms.Form):
    """What the case page shows and the upload view reads."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.ClearableFileInput({"accept": ",".join(KINDS)}),
        error_messages={"required": _("Choose a file first."), "empty": _("The file is empty.")},
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class AttachmentsMixin:
    """Two addresses of the case admin: `case_attach` and `attachment_download`."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:case_id>/attach/", view(require_POST(self.attach_view)), name="cases_case_attach"),
            path(
                "attachments/<int:attachment_id>/",
                view(require_GET(self.download_view)),
                name="cases_attachment_download",
            ),
            *super().get_urls(),
        ]

    def attach_view(self, request: HttpRequest, case_id: int) -> HttpResponse:
        get_object_or_404(Case.objects.visible_to(request.user), pk=case_id)
        form = AttachForm(request.POST, request.FILES)
        if form.is_valid():
            _attach(request, case_id, form.cleaned_data)
        else:
            messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return redirect("admin:cases_case_change", case_id)

    def download_view(self, request: HttpRequest, attachment_id: int) -> HttpResponse:
        """The file as it is kept, always for saving and never for showing inside our pages."""
        if not request.user.has_perm("cases.view_attachment"):
            raise PermissionDenied
        attachment = get_object_or_404(
            Attachment.objects.filter(case__in=Case.objects.visible_to(request.user)), pk=attachment_id
        )
        if attachment.scan_state == ScanState.INFECTED:
            raise Http404
        response = FileResponse(
            attachment.file.open("rb"),
            as_attachment=True,
            filename=attachment.name,
            content_type=attachment.content_type,
        )
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response.headers["Accept-Ranges"] = "none"
        return response


def _attach(request: HttpRequest, case_id: int, data: dict) -> None:
    try:
        kept = attach_file(
            case_id,
            actor=request.user,
            upload=data["file"],
            note=data["note"],
            expected_version=data["version"],
        )
    except CaseError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("“%(name)s” is attached.") % {"name": kept.name})
