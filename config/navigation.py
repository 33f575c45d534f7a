"""How unfold looks: names, colours, navigation. Settings import it, so it imports no model and no admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.utils.functional import Promise


def may(permission: str) -> Callable[[HttpRequest], bool]:
    """Whether the person at the screen has this permission of the app ``cases``."""
    return lambda request: request.user.has_perm(f"cases.{permission}")


def page(title: str | Promise, icon: str, address: str, permission: str = "") -> dict[str, Any]:
    """One line of the sidebar; without a permission everybody sees it."""
    line = {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{address}")}
    return line | {"permission": may(permission)} if permission else line


SIDEBAR = [
    {
        "items": [
            page(_("My desk"), "desk", "index"),
            page(_("Cases"), "inbox", "cases_case_changelist", "view_case"),
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
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("bihuan/favicon.svg")}
    ],
    "STYLES": [lambda request: static("cases/bihuan.css")],
    "SIDEBAR": {"navigation": SIDEBAR},
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
