"""One page sent many times (F14), and two people at one case at the same moment (F15)."""

from __future__ import annotations

import random
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Q

from cases.choices import State
from cases.models import Case, CaseEvent
from tests.faults.browser import Answer
from tests.faults.clients import ADD, CASE_PAGE, moment_in_four_hours, request_of
from tests.faults.world import bring_due

if TYPE_CHECKING:
    from cases.models import Staff
    from tests.faults.trial import Trial

OTHER_WORDS = "包裹外箱破损"  # of the second body of a page; no other page has them
STALE = re.compile(r'<div class="bh-notice bh-stale".*?</div>', re.DOTALL)


def f14_sent_many_times(trial: Trial) -> None:
    """One page, sent two to ten times at the same moment: one case. Then with other words: none more."""
    agent, customer = random.choice(trial.world.branch.agents), trial.world.contested
    browser = trial.world.browsers.of(agent.username)
    page = browser.visit(ADD)
    fields = {**page.hidden, **request_of(customer.number)}
    times = random.randint(2, 10)
    with ThreadPoolExecutor(times) as pool:
        results = list(pool.map(lambda _n: browser.post(ADD, fields), range(times)))
    cases = {found.group(1) for answer in results if (found := CASE_PAGE.search(answer.url))}
    key = f"register:{agent.pk}:{page.hidden.get('nonce')}"
    if len(cases) != 1 or CaseEvent.objects.filter(cause_key=key).count() != 1:
        trial.blame("F14 one page is one case", [answer.status for answer in results], sorted(cases))
    other = fields | {"description": f"{fields['description']}，{OTHER_WORDS}"}
    refused = browser.post(ADD, other)
    if faults := faults_of_second_body(refused, key, fields["description"]):
        trial.blame("F14 the same page with other words is refused", refused.status, *faults)


def faults_of_second_body(answer: Answer, key: str, first: str) -> list[str]:
    """What is wrong where a page was sent under ``key`` with the words ``first``, and then with others."""
    faults = [] if answer.is_refusal else [f"not refused: {answer.status} {answer.url}"]
    kept = Case.objects.filter(events__cause_key=key).values_list("description", flat=True)
    if list(kept) != [first]:
        faults.append(f"the first words are not kept: {list(kept)}")
    if stored := list(Case.objects.filter(description__contains=OTHER_WORDS).values_list("pk", flat=True)):
        faults.append(f"the second words are kept: {stored}")
    return faults


@dataclass
class Deed:
    """One person's form, opened before any is sent; ``answer`` is what came of it."""

    staff: Staff
    name: str
    fields: dict[str, str]
    answer: Answer = field(default_factory=lambda: Answer(0))

    @property
    def was_done(self) -> bool:
        """Led away from the form, to the case or to the list."""
        return self.answer.status == 200 and "/transition/" not in self.answer.url

    def names(self, other: Staff) -> bool:
        """Whether the page says that the other one was faster."""
        told = STALE.search(self.answer.body)
        return bool(told and f"· {other.name} ·" in told.group())

    def __str__(self) -> str:
        return f"{self.name} by {self.staff.username}: {self.answer.status} {self.answer.url}"


def f15_two_at_one_case(trial: Trial) -> None:
    """Accept against accept and the supervisor, progress against progress, deliver against a clock."""
    branch = trial.world.branch
    first, second = branch.specialists
    promise = moment_in_four_hours("promised_at")
    case = _contested(trial)
    if _one_wins(trial, case, Deed(first, "accept", promise), Deed(second, "accept", promise)):
        _both_keep_their_note(trial, case)
        _delivered_while_due(trial, case)
    given = {"handler": str(second.pk), "note": "改派"}
    accept, reassign = Deed(first, "accept", promise), Deed(branch.supervisor, "reassign", given)
    _one_wins(trial, _contested(trial), accept, reassign)


def _contested(trial: Trial) -> Case:
    return trial.world.branch.case_in(State.HANDLING, trial.world.contested)


def _one_wins(trial: Trial, case: Case, *deeds: Deed) -> bool:
    """Whether it was so; the other one's page says who was faster, and nothing of theirs is kept."""
    _together(trial, case, *deeds)
    kept = list(case.events.filter(kind__in=[deed.name for deed in deeds]).values_list("kind", "actor"))
    done = [deed for deed in deeds if deed.was_done]
    told = [f"{deed}" for deed in deeds]
    if len(done) != 1 or kept != [(done[0].name, done[0].staff.pk)]:
        trial.blame("F15 one of two wins", case.pk, kept, *told)
        return False
    loser = next(deed for deed in deeds if deed is not done[0])
    if not (loser.answer.is_refusal and loser.names(done[0].staff)):
        trial.blame("F15 who comes second is told who was first", case.pk, *told)
    return True


def _handler_of(case: Case) -> Staff:
    case.refresh_from_db()
    assert case.handler
    return case.handler


def _both_keep_their_note(trial: Trial, case: Case) -> None:
    """One person in two windows: a note is kept once, or its window says that nothing was saved."""
    holder = _handler_of(case)
    notes = [f"第{number}个窗口" for number in (1, 2)]
    deeds = [Deed(holder, "report_progress", {"note": note}) for note in notes]
    _together(trial, case, *deeds)
    times = [case.events.filter(kind="report_progress", note=note).count() for note in notes]
    fair = [
        deed.was_done if kept == 1 else kept == 0 and deed.answer.is_refusal and deed.names(holder)
        for deed, kept in zip(deeds, times, strict=True)
    ]
    if not all(fair) or not any(times):
        trial.blame("F15 no note is lost in silence", case.pk, times, *map(str, deeds))


def _delivered_while_due(trial: Trial, case: Case) -> None:
    """A clock that comes due makes no page stale: the delivery is kept, once."""
    holder = _handler_of(case)
    bring_due(Q(case=case), 1.0)
    deed = Deed(holder, "deliver", {"result": "已补发", "proof": "SF1"})
    trial.wait(1.0)
    _together(trial, case, deed)
    if not deed.was_done or case.events.filter(kind="deliver").count() != 1:
        trial.blame("F15 a delivery is kept though a clock comes due", case.pk, str(deed))


def _together(trial: Trial, case: Case, *deeds: Deed) -> None:
    """Everybody opens the form; when all have it, all send it."""
    ready = threading.Barrier(len(deeds))

    def send(deed: Deed) -> None:
        browser = trial.world.browsers.of(deed.staff.username)
        path = f"/admin/cases/case/{case.pk}/transition/{deed.name}/"
        page = browser.visit(path)
        ready.wait(timeout=60)
        deed.answer = browser.post(path, {**page.hidden, **deed.fields}) if page.status == 200 else page

    with ThreadPoolExecutor(len(deeds)) as pool:
        list(pool.map(send, deeds))
