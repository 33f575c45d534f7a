"""Several work out the same announcements at once, while steps go on: each notice once, none lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.apps import apps

from cases.choices import State
from cases.models import Announcement, Case, Notice, Topic
from cases.notices.expanding import work_out_announcements
from cases.services import transition_case
from cases.services.notice_seed import ensure_notices
from cases.services.reference import ensure_roles, ensure_topics
from tests.cases.test_races import pool as pool
from tests.cases.test_races import together
from tests.scenes import Scene, make_scene

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
WORKERS, CASES = 4, 8


@pytest.fixture
def organisation(transactional_db: None) -> Scene:
    """Committed rows; an earlier test of this kind has emptied the tables, rules and phrases too."""
    ensure_roles()
    ensure_topics(Topic)
    ensure_notices(apps)
    return make_scene()


def note(case: Case, scene: Scene) -> None:
    transition_case(case.pk, "add_note", actor=scene.supervisor, note="请跟进")


def test_each_notice_is_owed_once_whoever_works_it_out(organisation: Scene, pool: ThreadPoolExecutor) -> None:
    cases = [organisation.case(State.HANDLING) for _number in range(CASES)]
    work_out_announcements()
    for _time in range(5):
        jobs = [partial(note, case, organisation) for case in cases[: CASES - WORKERS]]
        together(pool, [*jobs, *[work_out_announcements] * WORKERS])
    work_out_announcements()

    assert not Announcement.objects.exists()
    notes = Notice.objects.filter(event__kind="add_note", staff=organisation.specialist)
    assert notes.count() == 5 * (CASES - WORKERS)
    assert notes.values("event").distinct().count() == notes.count()
