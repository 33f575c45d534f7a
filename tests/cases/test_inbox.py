"""The inbox in the admin: the bell, the page of one's own notices, reading, and what one wants to be told."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.choices import NoticeChannel, State
from cases.models import Notice, NoticeMute, Staff
from cases.services.inbox import MOST_COUNTED, count_unread, mark_read
from tests.cases.acting import do
from tests.cases.telling import be_away, forget_notices
from tests.factories import StaffFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

INBOX = "/admin/cases/case/inbox/"
TOLD, COUNT = f"{INBOX}told/", f"{INBOX}count/"


def logged_in(staff: Staff) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def give(staff: Staff, number: int = 1, **facts: Any) -> Notice:
    """So many notices in this person's inbox; the last of them."""
    before = Notice.objects.count()
    for place in range(before, before + number):
        given = {"subject": f"通知{place:04d}", "body": "请跟进", "situation": "add_note", **facts}
        notice = Notice.objects.create(
            channel=NoticeChannel.INBOX,
            staff=staff,
            language="zh-hans",
            owed_key=f"test{place}",
            state="sent",
            sent_at=timezone.now(),
            **given,
        )
    return notice


def subjects(client: Client, query: str = "") -> list[str]:
    return [notice.subject for notice in client.get(INBOX + query).context["notices"]]


# The bell


def test_every_page_has_the_bell_with_the_number_of_unread_notices(scene: Scene) -> None:
    give(scene.agent, 3)
    give(scene.supervisor)
    client = logged_in(scene.agent)
    for url in ("/admin/", reverse("admin:cases_case_changelist"), INBOX, "/admin/password_change/"):
        response = client.get(url)
        assert response.context["bell"].unread == 3, url
        assert f'data-bell="{COUNT}"' in response.content.decode(), url


def test_the_login_page_has_no_bell() -> None:
    assert "data-bell" not in Client().get("/admin/login/").content.decode()


def test_the_count_is_one_query_and_stops_at_a_hundred(scene: Scene) -> None:
    give(scene.agent, MOST_COUNTED + 20)
    with CaptureQueriesContext(connection) as seen:
        assert count_unread(scene.agent) == MOST_COUNTED + 1
    assert len(seen) == 1
    assert "LIMIT" in seen[0]["sql"]
    assert logged_in(scene.agent).get(COUNT).json()["shown"] == f"{MOST_COUNTED}+"


def test_asking_for_the_count_keeps_no_session_alive(scene: Scene) -> None:
    client = logged_in(scene.agent)
    client.get(COUNT)
    before = dict(client.session)
    answer = client.get(COUNT, headers={"X-Background": "1"})
    assert answer.json()["unread"] == 0
    assert dict(client.session) == before


# The page


def test_unread_notices_come_first_and_each_part_begins_with_the_newest(scene: Scene) -> None:
    give(scene.agent, 4)
    for notice in Notice.objects.filter(subject__in=("通知0000", "通知0003")):
        mark_read(scene.agent, notice_id=notice.pk)
    assert subjects(logged_in(scene.agent)) == ["通知0002", "通知0001", "通知0003", "通知0000"]


def test_pages_follow_each_other_without_gap_or_repetition(scene: Scene) -> None:
    give(scene.agent, 120)
    mark_read(scene.agent, up_to=Notice.objects.order_by("pk")[59].pk)
    client, seen, query = logged_in(scene.agent), [], ""
    for _page in range(5):
        context = client.get(INBOX + query).context
        seen += [notice.subject for notice in context["notices"]]
        assert len(context["notices"]) <= 50
        query = f"?before={context['older']}"
        if not context["older"]:
            break
    assert seen == [f"通知{number:04d}" for number in range(119, -1, -1)]


@pytest.mark.parametrize("before", ["x", "u", "u-1", "r²", "u" + "9" * 30, "<b>", "r0"])
def test_an_unusable_cursor_breaks_nothing(before: str, scene: Scene) -> None:
    give(scene.agent)
    assert logged_in(scene.agent).get(INBOX, {"before": before}).status_code == 200


def test_words_of_others_are_shown_as_text(scene: Scene) -> None:
    give(scene.agent, subject="<img src=x onerror=alert(1)>", body="<script>alert(1)</script>{{ 7 }}")
    page = logged_in(scene.agent).get(INBOX).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_an_empty_inbox_says_so(scene: Scene) -> None:
    response = logged_in(scene.agent).get(INBOX)
    assert response.context["notices"] == []
    assert "bh-nothing" in response.content.decode()


# Reading


def test_one_notice_is_marked_as_read_by_post_alone(scene: Scene) -> None:
    notice = give(scene.agent)
    url, client = reverse("admin:cases_inbox_read", args=[notice.pk]), logged_in(scene.agent)
    assert client.get(url).status_code == 405
    assert count_unread(scene.agent) == 1
    assert client.post(url).status_code == 302
    assert count_unread(scene.agent) == 0


def test_opening_the_case_marks_the_notice_as_read(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    notice = give(scene.specialist, case=case)
    response = logged_in(scene.specialist).post(
        reverse("admin:cases_inbox_read", args=[notice.pk]), {"open": "1"}
    )
    assert response["Location"] == reverse("admin:cases_case_change", args=[case.pk])
    assert count_unread(scene.specialist) == 0


def test_anothers_notice_is_not_there(scene: Scene) -> None:
    notice = give(scene.agent)
    other = logged_in(scene.administrator)
    assert other.post(reverse("admin:cases_inbox_read", args=[notice.pk])).status_code == 404
    assert other.post(reverse("admin:cases_inbox_read", args=[10**9])).status_code == 404
    other.post(reverse("admin:cases_inbox_read_all"), {"newest": notice.pk})
    assert subjects(other) == []
    assert count_unread(scene.agent) == 1


def test_all_means_all_that_the_page_showed(scene: Scene) -> None:
    give(scene.agent, 3)
    client = logged_in(scene.agent)
    newest = client.get(INBOX).context["newest"]
    later = give(scene.agent)
    client.post(reverse("admin:cases_inbox_read_all"), {"newest": newest})
    assert list(Notice.objects.unread_by(scene.agent)) == [later]
    for unusable in ("", "x", "9" * 40, "-1"):
        client.post(reverse("admin:cases_inbox_read_all"), {"newest": unusable})
    assert count_unread(scene.agent) == 1


def test_reading_needs_the_token_of_the_form(scene: Scene) -> None:
    notice, client = give(scene.agent), Client(enforce_csrf_checks=True)
    client.force_login(scene.agent)
    assert client.post(reverse("admin:cases_inbox_read", args=[notice.pk])).status_code == 403
    assert count_unread(scene.agent) == 1


def test_the_desk_shows_the_newest_unread_notices(scene: Scene) -> None:
    read = give(scene.agent)
    mark_read(scene.agent, notice_id=read.pk)
    unread = give(scene.agent)
    desk = logged_in(scene.agent).get("/admin/").context["desk"]
    assert desk["notices"] == [unread]


# What I am told


def box(client: Client, kind: str, channel: str) -> Any:
    lines = client.get(TOLD).context["lines"]
    return next(b for line in lines for b in line.boxes if (b.kind, b.channel) == (kind, channel))


def test_what_is_unticked_is_muted_and_ticked_again_is_told(scene: Scene) -> None:
    client = logged_in(scene.specialist)
    every = [b.name for line in client.get(TOLD).context["lines"] for b in line.boxes if b.is_offered]
    assert "add_note:inbox" in every
    client.post(TOLD, {"told": [name for name in every if name != "add_note:inbox"]})
    assert list(NoticeMute.objects.values_list("staff", "event_kind", "channel")) == [
        (scene.specialist.pk, "add_note", "inbox")
    ]
    assert box(client, "add_note", "inbox").muted
    client.post(TOLD, {"told": every})
    assert not NoticeMute.objects.exists()


def test_what_is_required_or_told_to_nobody_cannot_be_muted(scene: Scene) -> None:
    client = logged_in(scene.specialist)
    client.post(TOLD, {"told": ["nonsense", "remind:inbox"]})
    muted = set(NoticeMute.objects.values_list("event_kind", "channel"))
    assert ("add_note", "inbox") in muted
    assert muted & {("remind", "inbox"), ("escalate", "inbox"), ("deliver", "email")} == set()
    assert box(client, "remind", "inbox").always_to
    assert not box(client, "remind", "inbox").is_offered


def test_each_person_mutes_for_themselves(scene: Scene) -> None:
    logged_in(scene.specialist).post(TOLD, {"told": []})
    assert not box(logged_in(scene.agent), "add_note", "inbox").muted


# The case page


def test_the_timeline_says_who_was_told_by_which_channel(scene: Scene) -> None:
    stand_in = StaffFactory(role="specialist", department=scene.department, teams=[scene.back])
    be_away(scene.specialist, stand_in)
    case = do(scene.case(State.HANDLING), "remind", scene.supervisor)
    forget_notices()
    Notice.objects.filter(channel=NoticeChannel.EMAIL, event__kind="remind").update(
        state="dead", next_attempt_at=None, error="no_address"
    )
    page = logged_in(scene.supervisor).get(reverse("admin:cases_case_change", args=[case.pk]))
    entry = page.context["timeline"].entries[0]
    told = [(t.recipient, t.in_place_of, t.at is not None) for t in entry.notices]
    assert told[:2] == [
        (stand_in.name, scene.specialist.name, True),
        (stand_in.name, scene.specialist.name, False),
    ]
    assert page.content.decode().count("bh-tellings") > 0
