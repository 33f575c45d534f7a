from __future__ import annotations

from django.urls import path, re_path

from cases.customer.views import case_view

urlpatterns = [
    path("<str:token>/", case_view, name="customer_case"),
    # Whatever else begins like a link is answered like a link that does not exist; a full stop would leave
    # out what holds a line break.
    re_path(r"^(?P<token>[\s\S]*)$", case_view, name="customer_nowhere"),
]
