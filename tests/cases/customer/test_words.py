"""What a customer's answer does to the case, and how long it may be changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from cases.choices import Confirmation, Outcome, ScoreSource, State
from cases.exceptions import InvalidInput, NotPossible
from cases.models import Case, CustomerLink, EventKind, Topic
from cases.services import transition_case
from cases.services.customer_words import Word, give_word
from cases.services.reference import ensure_roles, ensure_topics
from tests.cases.acting import do, refused
from tests.cases.customer.visiting import Visitor, counts, round_of, visitor
from tests.invariants import violations
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=24)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def kinds(case: Case) -> list[str]:
    return list(case.events.order_by("seq").values_list("kind", flat=True))


def expired(scene: Scene) -> tuple[Case, Visitor]:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    return do(case, "expire", None), page


def test_solved_with_three_or_more_closes_the_case(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    visitor(case).say(solved=True, score=3, comment="谢谢\r\n很快")
    after, about = fresh(case), round_of(case)
    assert (after.state, after.outcome) == (State.ARCHIVE, Outcome.CONFIRMED)
    assert (about.solved, about.score, about.score_source) == (True, 3, ScoreSource.CUSTOMER)
    assert about.comment == "谢谢\n很快"
    assert about.answered_at == about.closed_at
    assert case.events.latest("seq").actor is None
    assert violations() == {}


@pytest.mark.parametrize(("solved", "score"), [(False, ""), (False, 1), (False, 5), (True, 2), (True, 1)])
def test_not_solved_or_two_or_less_goes_to_a_second_round(
    scene: Scene, solved: bool, score: int | str
) -> None:
    case = scene.case(State.CONFIRMATION)
    visitor(case).say(solved=solved, score=score)
    after, about = fresh(case), round_of(case)
    assert (after.state, after.round_number, after.handler) == (State.HANDLING, 2, scene.supervisor)
    assert (about.solved, about.score) == (solved, score or None)
    assert violations() == {}


def test_a_double_click_counts_once(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    nonce = page.nonce()
    for _click in range(3):
        page.say(solved=True, score=5, nonce=nonce)
    other = page.post(solved="no", score=1, comment="还是没到", nonce=nonce)
    assert other.status_code == 409, "not taken, and it is said"
    again = other.content.decode()
    assert ">还是没到</textarea>" in again, "and can be sent again"
    assert '<details class="part" open>' in again
    assert 'value="no" id="solved-no" checked' in again
    assert kinds(case)[-2:] == [EventKind.DELIVER, EventKind.CONFIRM]
    assert fresh(case).state == State.ARCHIVE


def test_the_same_answer_again_leaves_no_event(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    page.say(solved=True, score=5, comment="好")
    before = counts()
    page.say(solved=True, score=5, comment="好")
    assert counts() == before


def test_within_a_day_another_score_replaces_the_first_and_the_event_keeps_it(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    page.say(solved=True, score=3, comment="还行")
    first_at = round_of(case).answered_at
    page.say(solved=True, score=5, comment="很好")
    about, event = round_of(case), case.events.latest("seq")
    assert (about.score, about.comment, about.answered_at) == (5, "很好", first_at)
    assert (event.kind, event.from_state, event.to_state) == ("change_word", State.ARCHIVE, State.ARCHIVE)
    assert event.data["was"] == {
        "solved": True,
        "score": 3,
        "score_source": "customer",
        "score_channel": "",
        "comment": "还行",
    }
    assert fresh(case).outcome == Outcome.CONFIRMED
    assert violations() == {}


def test_within_a_day_a_satisfied_customer_may_dispute_after_all(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    page.say(solved=True, score=5)
    closed_at = round_of(case).closed_at
    page.say(solved=False, score=1, comment="又坏了")
    after, about = fresh(case), round_of(case)
    assert (after.state, after.outcome, after.archived_at) == (State.HANDLING, "", None)
    assert (after.round_number, after.confirmation) == (2, Confirmation.DISSATISFIED)
    assert (about.solved, about.score, about.closed_at) == (False, 1, closed_at)
    assert case.events.get(kind="confirm").data["score"] == 5
    assert round_of(case, 2).needs_plan
    assert violations() == {}


def test_after_a_day_the_answer_stands(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    page.say(solved=True, score=5)
    nonce = page.nonce()
    answered_at = round_of(case).answered_at
    assert answered_at
    with time_machine.travel(answered_at + LATER - timedelta(minutes=1)):
        assert 'name="solved"' in page.get().content.decode()
    with time_machine.travel(answered_at + LATER):
        before = counts()
        assert 'name="solved"' not in page.get().content.decode()
        assert page.post(nonce=nonce, solved="no").status_code == 409
        refused(NotPossible, case, "dispute", None, score=1)
        refused(NotPossible, case, "change_word", None, of_round=1, solved=True, score=4)
        assert counts() == before


def test_satisfied_after_all_is_noted_on_the_earlier_round_and_the_case_goes_on(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    page.say(solved=False, score=1)
    page.say(solved=True, score=4, comment="刚刚收到了")
    after, event = fresh(case), case.events.latest("seq")
    assert (after.state, after.round_number, after.handler) == (State.HANDLING, 2, scene.supervisor)
    assert (round_of(case).solved, round_of(case).score) == (True, 4)
    assert (event.kind, event.round_number, event.data["of_round"]) == ("change_word", 2, 1)
    assert "已转告正在处理的同事" in page.text() or "has been told" in page.text(lang="en")
    assert violations() == {}


def test_a_word_after_silence_is_kept_apart_from_confirmed_cases(scene: Scene) -> None:
    case, page = expired(scene)
    page.say(solved=True, score=5)
    after, about = fresh(case), round_of(case)
    assert (after.state, after.outcome) == (State.ARCHIVE, Outcome.UNANSWERED)
    assert after.confirmation == Confirmation.UNANSWERED
    assert (about.solved, about.score) == (True, 5)
    assert about.answered_at
    assert violations() == {}


def test_after_silence_a_dispute_opens_the_case_again_while_a_link_is_valid(scene: Scene) -> None:
    case, page = expired(scene)
    page.say(solved=False)
    after = fresh(case)
    assert (after.state, after.round_number, after.outcome) == (State.HANDLING, 2, "")
    assert violations() == {}


def test_after_silence_and_without_a_valid_link_nothing_opens_it(scene: Scene) -> None:
    case, _page = expired(scene)
    CustomerLink.objects.update(expires_at=timezone.now())
    refused(NotPossible, case, "dispute", None, score=1)


def test_a_late_word_too_stands_after_a_day(scene: Scene) -> None:
    case, page = expired(scene)
    page.say(solved=True, score=5)
    with time_machine.travel(timezone.now() + LATER + timedelta(seconds=1)):
        refused(NotPossible, case, "dispute", None, score=1)
        assert 'name="solved"' not in page.get().content.decode()


def test_staff_may_not_dispute_what_is_in_the_archive(scene: Scene) -> None:
    case = scene.case(State.ARCHIVE)
    refused(NotPossible, case, "dispute", scene.specialist, score=1, channel="phone")


def test_a_case_on_legal_hold_takes_no_word(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    page.say(solved=True, score=5)
    nonce = page.nonce()
    do(case, "hold_legally", scene.manager)
    refused(NotPossible, case, "dispute", None, score=1)
    refused(NotPossible, case, "change_word", None, of_round=1, solved=True, score=4)
    assert page.post(nonce=nonce, solved="no").status_code == 409


@pytest.mark.parametrize("ending", ["withdraw", "decline"])
def test_a_case_that_ended_otherwise_takes_no_word(scene: Scene, ending: str) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    nonce = page.nonce()
    do(case, ending, scene.specialist if ending == "withdraw" else scene.supervisor)
    assert page.post(nonce=nonce, solved="yes", score=5).status_code == 409
    refused(NotPossible, case, "dispute", None, score=1)


def test_the_second_round_has_a_score_of_its_own_and_the_first_link_cannot_give_it(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    first = visitor(case)
    first.say(solved=False, score=1)
    do(case, "submit_plan", scene.supervisor, plan="换承运商")
    do(case, "accept", scene.supervisor, promised_at=timezone.now() + timedelta(hours=2))
    do(case, "deliver", scene.supervisor, result="已重新送达", proof="SF1")
    first.say(solved=True, score=4)
    assert (fresh(case).state, round_of(case, 2).score) == (State.CONFIRMATION, None)
    visitor(fresh(case)).say(solved=True, score=5)
    assert [round_of(case, n).score for n in (1, 2)] == [4, 5]
    assert fresh(case).outcome == Outcome.CONFIRMED
    assert violations() == {}


def test_what_staff_entered_on_behalf_the_customer_may_put_right(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    do(case, "confirm", scene.specialist, score=5, channel="phone")
    page.say(solved=True, score=3)
    about, event = round_of(case), case.events.latest("seq")
    assert (about.score, about.score_source, about.score_channel) == (3, ScoreSource.CUSTOMER, "")
    assert event.data["was"]["score_source"] == ScoreSource.ON_BEHALF


def test_what_staff_entered_on_behalf_becomes_the_customers_own_word_though_it_is_the_same(
    scene: Scene,
) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    do(case, "confirm", scene.specialist, score=5, channel="phone")
    for _twice in range(2):
        page.say(solved=True, score=5)
    assert round_of(case).score_source == ScoreSource.CUSTOMER
    assert kinds(case).count("change_word") == 1


def test_the_same_without_a_score_is_heard_as_well(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    do(case, "dispute", scene.specialist, solved=False, channel="phone")
    page.say(solved=False)
    assert kinds(case).count("change_word") == 1


def test_a_word_about_no_round_or_without_its_score_is_refused(scene: Scene) -> None:
    case = scene.case(State.ARCHIVE)
    refused(InvalidInput, case, "change_word", None, of_round=2, solved=True, score=4)
    refused(InvalidInput, case, "change_word", None, of_round=1, solved=True)
    refused(InvalidInput, case, "change_word", None, of_round=1, solved=True, score=6)
    refused(NotPossible, case, "change_word", None, of_round=1, solved=False, score=1)


def test_who_answers_while_the_case_is_archived_for_silence_is_asked_under_its_lock(scene: Scene) -> None:
    """The transition follows from where the case stands when the word comes, not when the page was opened."""
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    nonce = page.nonce()
    transition_case(case.pk, "expire", actor=None)
    page.say(solved=True, score=5, nonce=nonce)
    assert kinds(case)[-2:] == ["expire", "change_word"]


def test_the_first_answer_through_a_link_is_noted_on_it(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    page = visitor(case)
    link = CustomerLink.objects.get()
    assert link.first_used_at is None
    page.say(solved=True, score=5)
    link.refresh_from_db()
    used = link.first_used_at
    assert used
    give_word(link, Word(solved=True, score=4), nonce="another")
    link.refresh_from_db()
    assert link.first_used_at == used


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_ten_clicks_at_the_same_moment_one_counts() -> None:
    """Those that say the same are taken with it; those that say another word are told that it is not."""
    ensure_roles()
    ensure_topics(Topic)
    case = make_scene().case(State.CONFIRMATION)
    visitor(case)
    link = CustomerLink.objects.get(case=case)

    def click(score: int) -> int | None:
        try:
            give_word(link, Word(solved=True, score=score), nonce="the page")
        except NotPossible:
            return None
        else:
            return score
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        taken = list(pool.map(click, [5, 4, 3] * 4))
    score = round_of(case).score
    assert taken == [each if each == score else None for each in [5, 4, 3] * 4]
    assert kinds(case)[-2:] == ["deliver", "confirm"]
    assert violations() == {}
