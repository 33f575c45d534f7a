"""How unfold looks: names, colours, navigation. Settings import it, so it imports no model and no admin."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "闭环",
    "SITE_HEADER": "闭环",
    "SITE_SUBHEADER": _("Customer service cases"),
    "SITE_SYMBOL": "all_inclusive",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("bihuan/favicon.svg")}
    ],
    "SHOW_LANGUAGES": False,
    "SHOW_VIEW_ON_SITE": False,
}
