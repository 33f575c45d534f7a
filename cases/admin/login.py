"""Logging in: the form with its second factor, the page to set one up, the page of who is locked out."""

from __future__ import annotations

import base64
from io import BytesIO

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django.views.i18n import set_language
from django_otp import login as remember_device
from django_otp.qr import write_qrcode_image
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from cases.choices import Language
from cases.exceptions import InvalidInput
from cases.services import second_factor
from cases.services.staff import choose_language as keep_language

CODE_ATTRIBUTES = {"autocomplete": "one-time-code", "inputmode": "text", "maxlength": "24"}


class StaffLoginForm(AuthenticationForm):
    """Name, password and, for whoever set one up, the code; a refusal never says which of them was wrong."""

    code = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=24,
        help_text=_("From the authenticator app, or a backup code. Leave empty if you have set up neither."),
        widget=UnfoldAdminTextInputWidget(CODE_ATTRIBUTES),
    )
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _(
            "The user name, the password or the code is wrong. Both name and password distinguish upper and "
            "lower case; a code can be used once."
        ),
    }

    def clean(self) -> dict:
        cleaned = super().clean()
        staff = self.get_user()
        if staff is not None and second_factor.has_device(staff):
            staff.otp_device = second_factor.verified_device(staff, cleaned.get("code", ""))
            if staff.otp_device is None:
                raise self.get_invalid_login_error()
        if staff is not None:
            staff.skip_history_when_saving = True  # the moment of the login is no change of the person
        return cleaned


class EnrolmentForm(forms.Form):
    """The password again, so that a session left open cannot be given somebody else's device."""

    password = forms.CharField(label=_("Your password"), strip=False, widget=UnfoldAdminPasswordWidget())
    code = forms.CharField(
        label=_("Code shown by the app"), max_length=10, widget=UnfoldAdminTextInputWidget(CODE_ATTRIBUTES)
    )


@sensitive_post_parameters()
def set_up_second_factor(request: HttpRequest) -> HttpResponse:
    """Show the key of a new device until a first code of it is entered, then the backup codes, once."""
    staff = request.user
    if second_factor.has_device(staff) and not staff.is_verified():
        raise PermissionDenied
    form = EnrolmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = _confirm(request, form)
        if codes:
            return _page(request, "second_factor_done.html", {"codes": codes, "title": _("Backup codes")})
    device = second_factor.begin_enrolment(staff)
    context = {
        "form": form,
        "title": _("Second factor"),
        "picture": _qr_picture(device.config_url),
        "key": base64.b32encode(device.bin_key).decode(),
        "required": second_factor.is_required_for(staff),
        "replaces": second_factor.has_device(staff),
    }
    return _page(request, "second_factor.html", context)


def _confirm(request: HttpRequest, form: EnrolmentForm) -> list[str]:
    staff = request.user
    if not staff.check_password(form.cleaned_data["password"]):
        form.add_error("password", _("This is not your password."))
        return []
    try:
        device, codes = second_factor.confirm_enrolment(
            staff, form.cleaned_data["code"], session_key=request.session.session_key
        )
    except InvalidInput as error:
        form.add_error("code", error.message)
        return []
    remember_device(request, device)
    request.session.cycle_key()
    return codes


def _qr_picture(text: str) -> str:
    """A data: address, so that the key never travels in the address of a request."""
    out = BytesIO()
    write_qrcode_image(text, out)
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()


def _page(request: HttpRequest, template: str, context: dict, status: int = 200) -> HttpResponse:
    full = {**admin.site.each_context(request), **context}
    return render(request, f"admin/cases/{template}", full, status=status)


def show_locked_page(request: HttpRequest, response: HttpResponse, credentials: dict) -> HttpResponse:
    """What django-axes answers with after too many failures from one address under one name."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return _page(request, "locked.html", {"minutes": minutes, "title": _("Login locked")}, status=429)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """The language switch: kept in a cookie, and with the person who is logged in."""
    language = request.POST.get("language")
    if request.user.is_authenticated and language in Language.values:
        keep_language(request.user, language)
    return set_language(request)


admin.site.login_form = StaffLoginForm
admin.site.login_template = "admin/cases/login.html"
