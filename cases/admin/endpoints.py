"""Robots, webhooks and gateways: set up and tried; a secret is entered and never shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin, messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action
from unfold.widgets import UnfoldAdminPasswordWidget

from cases.admin.badges import badge
from cases.admin.base import ROWS, KeptMixin, OwnFiltersMixin
from cases.admin.staff import dialog
from cases.channels.addresses import read_url
from cases.channels.base import PermanentFailure
from cases.channels.causes import in_words
from cases.channels.sms import problems_of, says_what_success_is
from cases.choices import NoticeChannel
from cases.clock import database_now
from cases.exceptions import CaseError
from cases.models import ChannelSetting, Endpoint
from cases.notices.breakers import is_doubtful, is_open, try_now
from cases.notices.letters import WITH_ENDPOINT
from cases.notices.trying import send_test

SHORTEST_SECRET = 16
OURS = (*WITH_ENDPOINT, NoticeChannel.SMS)
# The address of a robot holds its key and options may hold others: only who changes them sees them.
OPEN_FIELDS = ("name", "channel", "server", "team", "language", "personal_data", "active", "works")
KEPT_FIELDS = ("name", "channel", "url", "secret", "options", "team", "language", "personal_data", "active")
# Many gateways answer 200 with an error inside, so what counts as taken is said and not guessed.
SAY_WHAT_SUCCESS_IS = _(
    "Say how the gateway tells that it took a message. If a field of its answer tells: "
    '"success": {"field": "code", "values": [0]}. If the status of its answer alone tells: '
    '"success": {"statuses": [200]}.'
)


class EndpointForm(forms.ModelForm):
    secret = forms.CharField(
        label=capfirst(_("secret")),
        max_length=200,
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False),
        help_text=_("Signs what is sent. It is never shown; left empty, the present one stays."),
    )

    class Meta:
        model = Endpoint
        fields = KEPT_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = (self.instance.url, self.instance.secret)
        self.initial["secret"] = ""
        if "channel" in self.fields:
            self.fields["channel"].choices = [("", "–"), *((item.value, item.label) for item in OURS)]

    def clean_url(self) -> str:
        url = self.cleaned_data["url"].strip()
        try:
            read_url(url)
        except PermanentFailure as failure:
            raise forms.ValidationError(in_words(failure.cause)) from failure
        return url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        url, secret = self.before
        given = cleaned.get("secret", "")
        if not given and secret and _server(cleaned.get("url", url)) != _server(url):
            self.add_error("secret", _("Enter the secret again: it is not told to another server unseen."))
        cleaned["secret"] = given or secret
        if self._channel_of(cleaned) == NoticeChannel.WEBHOOK and len(cleaned["secret"]) < SHORTEST_SECRET:
            self.add_error("secret", _("A webhook needs a secret of at least 16 characters."))
        self._check_options(cleaned)
        return cleaned

    def _channel_of(self, cleaned: dict[str, Any]) -> str:
        """Chosen once; later it is not in the form."""
        channel: str = cleaned.get("channel") or self.instance.channel
        return channel

    def _check_options(self, cleaned: dict[str, Any]) -> None:
        options = cleaned.get("options") or {}
        cleaned["options"] = options
        if self._channel_of(cleaned) != NoticeChannel.SMS:
            if options:
                self.add_error("options", _("Only a gateway of text messages has options."))
        elif wrong := problems_of(options):
            words = _("These parts are missing or wrong: %(parts)s.") % {"parts": ", ".join(wrong)}
            self.add_error("options", words)
        elif not says_what_success_is(options):
            self.add_error("options", SAY_WHAT_SUCCESS_IS)


def _server(url: str) -> str:
    return urlsplit(url).netloc


def works_badge(meter: ChannelSetting | Endpoint) -> SafeString:
    """Whether it works, as far as the last attempts tell."""
    if is_open(meter, database_now()):
        return badge("due-late", "block", _("Not tried at present"))
    if is_doubtful(meter):
        return badge("due-soon", "help", _("The next attempt decides"))
    return badge("due-on_time", "check_circle", _("Works"))


TRY_AGAIN = dialog(
    _("Try again now?"),
    _("One notice is tried at once. If it is taken, the others follow."),
    _("Try again"),
)


class TryAgainMixin:
    """The button that lets one notice be tried although too many have failed; ``page`` is its address."""

    page = ""

    def has_again_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what was changed: counts are written while sending."""
        obj.save(update_fields=list(form.changed_data) if change else None)

    @action(description=_("Try again now"), permissions=["again"], icon="restart_alt", dialog=TRY_AGAIN)
    def try_again(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        meter = self.get_object(request, object_id)
        if meter is None:
            raise Http404
        try_now(meter)
        messages.success(request, _("One notice is tried now."))
        return HttpResponse(headers={"HX-Redirect": reverse(self.page, args=[meter.pk])})


@admin.register(Endpoint)
class EndpointAdmin(TryAgainMixin, OwnFiltersMixin, KeptMixin, ModelAdmin):
    form = EndpointForm
    page = "admin:cases_endpoint_change"
    list_display = ("name", "channel", "server", "team", "works", "active")
    list_filter = (("channel", ChoicesDropdownFilter), "active")
    list_select_related = ("team",)
    list_per_page = ROWS
    show_full_result_count = False
    actions_detail = ("send_test", "try_again")

    def get_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> tuple[str, ...]:
        if obj is None or self.has_change_permission(request, obj):
            return KEPT_FIELDS
        return OPEN_FIELDS

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> tuple[str, ...]:
        """What it is for stays: another channel is another robot."""
        if obj is None:
            return ()
        return ("channel",) if self.has_change_permission(request, obj) else OPEN_FIELDS

    @admin.display(description=_("server"))
    def server(self, obj: Endpoint) -> str:
        return urlsplit(obj.url).hostname or "–"

    @admin.display(description=_("works"))
    def works(self, obj: Endpoint) -> SafeString:
        return works_badge(obj)

    @action(
        description=_("Send a test message"),
        permissions=["again"],
        icon="send",
        dialog=dialog(
            _("Send a test message?"),
            _("It is sent at once. A text message goes to your own mobile number."),
            _("Send"),
        ),
    )
    def send_test(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        endpoint = self.get_object(request, object_id)
        if endpoint is None:
            raise Http404
        try:
            cause = send_test(endpoint, actor=request.user)
        except CaseError as refusal:
            cause = str(refusal)
        if cause:
            messages.error(request, in_words(cause))
        else:
            messages.success(request, _("The test message was taken."))
        return HttpResponse(headers={"HX-Redirect": reverse(self.page, args=[endpoint.pk])})
