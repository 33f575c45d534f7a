from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from cases.admin.login import choose_language, set_up_second_factor

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/language/", choose_language, name="set_language"),
    path("admin/second-factor/", admin.site.admin_view(set_up_second_factor), name="second_factor"),
    path("admin/", admin.site.urls),
]
