"""How unfold looks: names, colours, navigation. Settings import it, so it imports no model and no admin."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.utils.functional import Promise


def may(permission: str) -> Callable[[HttpRequest], bool]:
    """Whether the person at the screen has this permission; of the app ``cases`` if it names none."""
    wanted = permission if "." in permission else f"cases.{permission}"
    return lambda request: request.user.has_perm(wanted)


def here(link: str | Promise) -> Callable[[HttpRequest], bool]:
    """Whether this line of the sidebar is the nearest to the page that is open."""

    def is_nearest(request: HttpRequest) -> bool:
        above = [address for address in _addresses() if request.path.startswith(address)]
        return str(link) == (max(above, key=len) if above else request.path)

    return is_nearest


def page(title: str | Promise, icon: str, address: str, permission: str = "") -> dict[str, Any]:
    """One line of the sidebar; without a permission everybody sees it."""
    link = reverse_lazy(f"admin:{address}")
    line: dict[str, Any] = {"title": title, "icon": icon, "link": link, "active": here(link)}
    return line | {"permission": may(permission)} if permission else line


@cache
def _addresses() -> list[str]:
    """Of all lines but the desk, above which every page would be; each line of each page asks for them."""
    return [str(line["link"]) for group in SIDEBAR for line in group["items"]][1:]


SIDEBAR: list[dict[str, Any]] = [
    {
        "items": [
            page(_("My desk"), "desk", "index"),
            page(_("Cases"), "inbox", "cases_case_changelist", "view_case"),
            page(_("Customers"), "contacts", "cases_customer_changelist", "view_customer"),
            page(_("How a case goes"), "account_tree", "cases_lifecycle", "view_case"),
        ],
    },
    {
        "title": _("Organisation"),
        "separator": True,
        "items": [
            page(_("Staff"), "badge", "cases_staff_changelist", "view_staff"),
            page(_("Teams"), "groups", "cases_team_changelist", "view_team"),
            page(_("Departments"), "apartment", "cases_department_changelist", "view_department"),
            page(_("Duty roster"), "event_available", "cases_dutyshift_changelist", "view_dutyshift"),
            page(_("Absences"), "beach_access", "cases_absence_changelist", "view_absence"),
        ],
    },
    {
        "title": _("Rules"),
        "separator": True,
        "items": [
            page(_("Topics"), "label", "cases_topic_changelist", "view_topic"),
            page(_("Routing rules"), "alt_route", "cases_routingrule_changelist", "view_routingrule"),
            page(_("Calendars"), "calendar_month", "cases_workcalendar_changelist", "view_workcalendar"),
            page(_("Service levels"), "handshake", "cases_servicelevel_changelist", "view_servicelevel"),
            page(_("What would be promised?"), "help", "cases_servicelevel_promised", "view_servicelevel"),
            page(_("Ladder"), "stairs", "cases_ladderstep_changelist", "view_ladderstep"),
        ],
    },
    {
        "title": _("Clocks"),
        "separator": True,
        "items": [
            page(_("Escalations"), "timer", "cases_escalation_changelist", "view_escalation"),
            page(_("Reckonings anew"), "update", "cases_rearming_changelist", "view_rearming"),
        ],
    },
    {
        "title": _("Notices"),
        "separator": True,
        "items": [
            page(_("My notices"), "notifications", "cases_inbox"),
            page(_("Outbox"), "outbox", "cases_notice_changelist", "view_notice"),
            page(_("Channels"), "cell_tower", "cases_channelsetting_changelist", "view_channelsetting"),
            page(_("Robots and webhooks"), "smart_toy", "cases_endpoint_changelist", "view_endpoint"),
            page(_("Notice rules"), "campaign", "cases_noticerule_changelist", "view_noticerule"),
            page(_("Phrase templates"), "chat", "cases_phrasetemplate_changelist", "view_phrasetemplate"),
        ],
    },
    {
        "title": _("Files and records"),
        "separator": True,
        "items": [
            page(_("Import record sheet"), "upload_file", "cases_case_import_records", "import_case"),
            page(_("Imports"), "download_done", "cases_importrecord_changelist", "view_importrecord"),
            page(_("Exports"), "file_export", "cases_exportrecord_changelist", "view_exportrecord"),
            page(
                _("Looks at contact data"),
                "visibility",
                "cases_contactaccess_changelist",
                "view_contactaccess",
            ),
        ],
    },
    {
        "title": _("Machinery"),
        "separator": True,
        "items": [
            page(_("How it runs"), "monitor_heart", "cases_heartbeat_changelist", "view_heartbeat"),
            page(
                _("Schedule"),
                "schedule",
                "django_celery_beat_periodictask_changelist",
                "django_celery_beat.view_periodictask",
            ),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "闭环 · Bihuan",
    "SITE_HEADER": "闭环 · Bihuan",
    "SITE_SUBHEADER": _("Customer service cases"),
    "SITE_SYMBOL": "all_inclusive",
    "SITE_URL": None,
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "cases.admin.desk.fill_index",
    "GLOBAL_CALLBACK": "cases.admin.inbox.add_bell",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("bihuan/favicon.svg")}
    ],
    "STYLES": [lambda request: static("cases/bihuan.css")],
    "SCRIPTS": [lambda request: static("cases/bell.js")],
    "SIDEBAR": {"navigation": SIDEBAR},
    "ACCOUNT": {
        "navigation": [
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": _("Second factor"), "link": reverse_lazy("second_factor")},
        ]
    },
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        },
    },
}
