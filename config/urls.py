from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from cases.admin.login import choose_language, set_up_second_factor
from config.outage import show_status

# Found when asked for: the name of the collected file is not known while urls are read.
FAVICON = lazy(static, str)("bihuan/favicon.svg")

handler500 = "config.outage.answer_failure"

urlpatterns = [
    path("favicon.ico", RedirectView.as_view(url=FAVICON)),  # browsers ask for it by themselves
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("c/", include("cases.customer.urls")),
    path("admin/language/", choose_language, name="set_language"),
    path("admin/second-factor/", admin.site.admin_view(set_up_second_factor), name="second_factor"),
    path("status", show_status, name="status"),
    path("admin/", admin.site.urls),
]
