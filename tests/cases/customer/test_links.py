from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client, override_settings
from django.utils import timezone

from cases.choices import State
from cases.models import CustomerLink
from cases.services.customer_links import find_link, issue_link, revoke_links
from tests.cases.customer.visiting import Visitor, visitor
from tests.scenes import Scene

pytestmark = pytest.mark.django_db
# As browsers say where a form was; the old ones do not.
FETCHED_FROM = [{"Sec-Fetch-Site": site} for site in ("same-origin", "cross-site", "same-site", "none")] + [
    {}
]


def token_of(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[1]


def test_a_link_is_an_absolute_address_with_160_random_bits(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    with override_settings(SITE_URL="https://service.example.com"):
        url = issue_link(case_id=case.pk, round_number=1)
    assert re.fullmatch(r"https://service\.example\.com/c/[a-z2-7]{32}/", url)
    others = {token_of(issue_link(case_id=case.pk, round_number=1)) for _n in range(50)}
    assert len({*others, token_of(url)}) == 51


def test_only_the_hash_of_a_token_is_kept(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    token = token_of(issue_link(case_id=case.pk, round_number=1, created_by=scene.agent))
    row = CustomerLink.objects.values().get()
    assert row["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(row)
    assert (row["created_by_id"], row["round_number"], row["revoked_at"]) == (scene.agent.pk, 1, None)


def test_a_link_opens_its_case_and_round_for_14_days(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    token = token_of(issue_link(case_id=case.pk, round_number=1))
    now = timezone.now()
    found = find_link(token, now)
    assert found
    assert (found.case, found.round_number) == (case, 1)
    assert find_link(token, now + timedelta(days=14) - timedelta(minutes=1))
    assert find_link(token, now + timedelta(days=14)) is None


def test_revoking_ends_every_valid_link_of_the_case_and_of_no_other(scene: Scene) -> None:
    case, other = scene.case(State.CONFIRMATION), scene.case(State.CONFIRMATION)
    mine, also_mine, foreign = visitor(case), visitor(case), visitor(other)
    assert revoke_links(case.pk, actor=scene.agent) == 2
    assert [page.get().status_code for page in (mine, also_mine, foreign)] == [404, 404, 200]
    assert CustomerLink.objects.filter(revoked_by=scene.agent).count() == 2
    assert revoke_links(case.pk, actor=scene.agent) == 0


def test_unknown_tampered_expired_and_revoked_links_are_answered_alike(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    good, revoked = visitor(case).path, visitor(case).path
    CustomerLink.objects.filter(pk=CustomerLink.objects.latest("pk").pk).update(revoked_at=timezone.now())
    with time_machine.travel(timezone.now() - timedelta(days=14, seconds=1)):
        expired = visitor(case).path
    tampered = good[:-2] + ("a" if good[-2] != "a" else "b") + "/"
    wrong = [revoked, expired, tampered, "/c/" + good[3:].upper(), good[:-2] + "/", good + "x/", good + "/"]
    wrong += [
        "/c/",
        "/c/%00/",
        "/c/..%2f..%2fadmin/",
        "/c/é中/",
        "/c/" + "a" * 5000,
        "/c/a'--/",
        "/c/admin/cases/",
    ]
    answers = {
        (answer.status_code, answer.content, tuple(sorted(answer.headers.items())))
        for path in wrong
        for answer in [Client(REMOTE_ADDR=f"203.0.113.{wrong.index(path)}").get(path)]
    }
    assert len(answers) == 1
    status, body, _headers = answers.pop()
    assert status == 404
    assert "This link does not work" in body.decode()
    assert case.number not in body.decode()


def test_posting_to_a_dead_link_is_answered_like_any_other(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    nonce = page.nonce()
    revoke_links(case.pk, actor=None)
    dead = page.client.post(page.path, {"nonce": nonce, "solved": "yes", "score": 5})
    unknown = page.client.post("/c/unknown/", {"nonce": nonce, "solved": "yes", "score": 5})
    assert (dead.status_code, dead.content) == (unknown.status_code, unknown.content)
    case.refresh_from_db()
    assert case.state == State.CONFIRMATION


def test_words_sent_by_a_dead_link_can_be_copied_and_no_foreign_page_can_have_its_own_shown(
    scene: Scene,
) -> None:
    page = visitor(scene.case(State.CONFIRMATION))
    words = {"nonce": page.nonce(), "solved": "no", "comment": "<b>还是不行</b>\n请回电"}
    CustomerLink.objects.update(revoked_at=timezone.now())
    for path in (page.path, "/c/unknown/"):
        answers = [page.client.post(path, words, headers=headers) for headers in FETCHED_FROM]
        shown = ["&lt;b&gt;还是不行&lt;/b&gt;<br>请回电" in answer.content.decode() for answer in answers]
        assert shown == [True, False, False, False, False]
        assert {answer.status_code for answer in answers} == {404}


def test_another_secret_key_keeps_links_and_an_earlier_one_keeps_open_pages(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    with override_settings(SECRET_KEY="the first key, long enough to be one"):
        page = visitor(case)
        nonce = page.nonce()
    with override_settings(SECRET_KEY="another key, also long enough to be one", SECRET_KEY_FALLBACKS=[]):
        assert page.get().status_code == 200
        refused = page.post(nonce=nonce, solved="yes", score=5)
        assert refused.status_code == 422
    keys = ["the first key, long enough to be one"]
    with override_settings(SECRET_KEY="another key, also long enough to be one", SECRET_KEY_FALLBACKS=keys):
        page.say(solved=True, score=5, nonce=nonce)
    case.refresh_from_db()
    assert case.state == State.ARCHIVE


def test_a_link_without_its_last_slash_works_too(scene: Scene) -> None:
    page = visitor(scene.case(State.CONFIRMATION))
    assert Visitor(page.path.rstrip("/")).get().status_code == 200
