"""Random walks of several cases through the services; every promise is checked after each step."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as walk

from cases.choices import CaseType, Channel, Role, State
from cases.exceptions import CaseError
from cases.lifecycle import MOVES
from cases.models import Case, Customer, Round, Staff, Topic
from cases.services import Offer, offers, register_case, transition_case
from cases.services.outcomes import WORD
from cases.services.ticking import tick
from tests.cases.answering import BLANK, WORDS, Answering
from tests.factories import CustomerFactory, StaffFactory
from tests.invariants import CLOCK_PROMISES, trace, violations
from tests.scenes import Scene, make_scene

START = datetime.fromisoformat("2026-03-02T09:00+08:00")
HOURS = [*[0] * 7, *[0.1] * 4, 1, 5, 24 * 4]
RUNS, RUNS_ON_POSTGRESQL, STEPS = 30, 15, 40
RUNS_WHEN_THOROUGH = 1000
CUSTOMERS_WORD = {"answered_at", *WORD}
USUAL_WITHOUT_ACTOR = {
    State.CONFIRMATION: ["confirm", "dispute", "expire"],
    State.HANDLING: ["change_word", "raise_tier"],
    State.ARCHIVE: ["change_word", "change_word", "change_word", "dispute"],
}


class Walk(RuleBasedStateMachine):
    """People of a small organisation do what they may, and what they may not, while time goes by."""

    scene: ClassVar[Scene]
    people: ClassVar[list[Staff]]
    customers: ClassVar[list[Customer]]
    answering: ClassVar[Answering]
    done: ClassVar[Counter[str]] = Counter()
    refusals: ClassVar[Counter[str]] = Counter()
    levels: ClassVar[Counter[bool]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(START, tick=False)
        self.traveller = self.clock.start()
        self.rows = transaction.atomic()
        self.rows.__enter__()
        self.cases: list[int] = []
        self.changed = True
        self.closed: dict[int, Any] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.rows.__exit__(None, None, None)
        self.clock.stop()

    @initialize(state=st.sampled_from(State), wish=st.sampled_from(sorted(MOVES)))
    def two_cases_are_under_way(self, state: State, wish: str) -> None:
        self.wish = wish
        self.cases += [
            self.scene.case(each, customer=self.customers[0]).pk for each in (state, State.ANALYSIS)
        ]

    @rule(seed=st.integers(0, 2**32 - 1))
    def something_happens(self, seed: int) -> None:
        """
        One rule, not five: Hypothesis leaves out whole rules in most walks, and these need each other. What
        happens is thrown with dice of its own, for Hypothesis likes to draw the same again.
        """
        dice = Random(seed)
        self.traveller.shift(timedelta(hours=dice.choice(HOURS)))
        acts = [self.take_offer] * 8 + [self.try_anything] * 2 + [self.act_without_actor]
        dice.choice([*acts, self.somebody_registers, self.the_clock_ticks])(dice)

    def somebody_registers(self, dice: Random) -> None:
        if len(self.cases) > 3:
            return
        self.register(
            dice.choice([None, *self.people]),
            dice.choice(self.customers),
            dice.choice([*CaseType.values, "refund"]),
            dice.choice([*Channel.values, "telex"]),
            dice.choice([None, "mail:1", "mail:2"]),
            dice.choice(WORDS + BLANK),
        )

    def register(
        self, actor: Staff | None, customer: Customer, kind: str, channel: str, cause: str | None, words: str
    ) -> None:
        before = Case.objects.count()
        try:
            case = register_case(
                actor=actor,
                customer=customer,
                channel=channel,
                type=kind,
                description=words,
                team=self.scene.front,
                cause_key=cause,
            )
        except CaseError:
            self.refusals["register"] += 1
            assert Case.objects.count() == before
        else:
            self.done["register"] += 1
            self.changed = True
            if case.pk not in self.cases:
                self.cases.append(case.pk)

    def the_clock_ticks(self, dice: Random) -> None:
        """Whatever is due is noticed, once, by nobody early and of no case that has moved on."""
        report = tick()
        assert report.held == 0
        self.levels[bool(report.fired)] += 1
        self.changed = True
        assert violations(CLOCK_PROMISES) == {}
        assert tick().fired == 0

    def try_anything(self, dice: Random) -> None:
        """Mostly refused: any person, any transition, answers that may be missing or impossible."""
        case, name = self.any_case(dice), dice.choice(sorted(MOVES))
        actor = dice.choice([None, *self.people])
        given = {item.name: self.answering.any(case, item, dice) for item in MOVES[name].inputs}
        if given and dice.randrange(5) == 0:
            given.pop(dice.choice(sorted(given)))
        version = dice.choice([None, None, case.version, case.version - 1])
        cause = dice.choice([None, None, None, "form:1", "form:2"])
        self.attempt(case, name, actor, dice.choice(WORDS + BLANK), version, cause, given)

    def act_without_actor(self, dice: Random) -> None:
        """The customer or the system."""
        case = self.any_case(dice)
        usual = USUAL_WITHOUT_ACTOR.get(State(case.state), ["dispatch", "raise_tier"])
        name = dice.choice([*usual, *usual, "confirm", "dispute", "expire", "dispatch"])
        given = {item.name: self.answering.fit(case, item, dice) for item in MOVES[name].inputs}
        self.attempt(case, name, None, "", None, None, given)

    def take_offer(self, dice: Random) -> None:
        case = self.any_case(dice)
        person = dice.choice(self.near(case))
        if not Case.objects.visible_to(person).filter(pk=case.pk).exists():
            return
        open_now = [offer for offer in offers(case, person) if offer.reason is None]
        if open_now:
            name = dice.choices(open_now, [self.weight(offer) for offer in open_now])[0].name
            given = {item.name: self.answering.fit(case, item, dice) for item in MOVES[name].inputs}
            self.attempt(case, name, person, "客户要求", case.version, None, given)

    def weight(self, offer: Offer) -> int:
        """What leads on is drawn more often, or most walks would end in notes; what is wished for, mostly."""
        if offer.name == self.wish:
            return 40
        if offer.name in {"receive_message", "add_note", "remind"}:
            return 1
        return 6 if offer.row.likely else 3

    def near(self, case: Case) -> list[Staff]:
        """Everybody, but those whose turn it is more often."""
        asked = [self.scene.supporter, self.scene.supervisor] if case.support_requests.unfinished() else []
        asked += [self.scene.manager] if case.state == State.ARCHIVE else []
        return [*([case.handler] if case.handler else []) * 15, *asked * 5, *self.people]

    def any_case(self, dice: Random) -> Case:
        return Case.objects.get(pk=dice.choice(self.cases))

    def attempt(
        self,
        case: Case,
        name: str,
        actor: Staff | None,
        note: str,
        version: int | None,
        cause: str | None,
        given: dict[str, Any],
    ) -> None:
        """One step: one event more, or nothing at all."""
        before = trace(*self.cases)
        known = case.events.model.objects.filter(cause_key=cause).exists() if cause else False
        try:
            transition_case(
                case.pk, name, actor=actor, note=note, expected_version=version, cause_key=cause, **given
            )
        except CaseError:
            self.refusals[name] += 1
            assert trace(*self.cases) == before
            return
        if known:
            assert trace(*self.cases) == before
            return
        self.done[name] += 1
        self.changed = True
        assert Case.objects.get(pk=case.pk).version == case.version + 1

    @invariant()
    def every_promise_holds(self) -> None:
        """Looked at whenever a row may have changed; that a refusal changed none, attempts see themselves."""
        if self.changed:
            self.changed = False
            assert violations() == {}
            self.refuse_changed_rounds()

    def refuse_changed_rounds(self) -> None:
        """A closed round is never touched again, but for the customer's word on it."""
        columns = [str(f.column) for f in Round._meta.concrete_fields if f.name not in CUSTOMERS_WORD]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(columns)} FROM cases_round WHERE closed_at IS NOT NULL")
            now = {row[0]: row for row in cursor.fetchall()}
        assert {key: now[key] for key in self.closed} == self.closed
        self.closed = now


@pytest.mark.long
@pytest.mark.django_db
def test_no_walk_breaks_a_promise() -> None:
    Walk.scene = scene = make_scene()
    second = StaffFactory(role=Role.SUPERVISOR, department=scene.department)
    agent = StaffFactory(role=Role.AGENT, department=scene.department, teams=[scene.front])
    specialist = StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.back])
    Walk.people = [scene.agent, agent, scene.specialist, specialist, scene.supervisor, scene.supporter]
    Walk.people += [second, scene.manager, scene.auditor, scene.administrator]
    Walk.customers = CustomerFactory.create_batch(2)
    Walk.answering = Answering(scene, Walk.people, list(Topic.objects.all()[:4]))
    walk(Walk, settings=profile())
    # That each transition can be made, the matrix shows; here the walks must not stand still.
    least = 20 if profile().max_examples >= RUNS else 10
    assert len(Walk.done) >= least, sorted(Walk.done)
    assert Walk.levels[True] > least // 5


def profile() -> settings:
    """Fewer walks on PostgreSQL, where each statement is a message to another process."""
    usual = RUNS if connection.vendor == "sqlite" else RUNS_ON_POSTGRESQL
    thorough = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
    return settings(
        max_examples=RUNS_WHEN_THOROUGH if thorough else usual,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
