from __future__ import annotations

import pytest
from django.test import Client, RequestFactory
from structlog.testing import capture_logs

from config.structured_logging import RequestRecordMiddleware


def test_a_request_is_recorded_without_what_was_searched_for(rf: RequestFactory) -> None:
    path = RequestRecordMiddleware.format_request(rf.get("/admin/cases/case/", {"q": "13800000000"}))
    assert path == "GET /admin/cases/case/"


@pytest.mark.django_db
def test_no_record_of_a_request_holds_a_phone_number_or_an_address(client: Client) -> None:
    with capture_logs() as lines:
        client.get("/admin/", {"q": "13800000000"}, REMOTE_ADDR="203.0.113.7")
    assert lines
    assert not any("13800000000" in str(line) or "203.0.113.7" in str(line) for line in lines)
