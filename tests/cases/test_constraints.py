"""Each rule of the database, broken once past the services, on whichever database the tests run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from cases.choices import State
from cases.models import (
    Case,
    CaseEvent,
    ContactAccess,
    Department,
    Message,
    Round,
    SupportRequest,
    Team,
    Topic,
)
from tests.cases import broken_promises
from tests.factories import ContactFactory, CustomerFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db
Break = Callable[[Scene, Case], Any]


def row(model: type[Model], case: Case, **values: Any) -> Any:
    """A second row like the newest one of this case, but for these values."""
    twin = model._default_manager.filter(case=case).order_by("-pk")[0]
    twin.pk, twin._state.adding = None, True
    for name, value in values.items():
        setattr(twin, name, value)
    return twin.save(force_insert=True)


def change(model: type[Model], case: Case, **values: Any) -> int:
    key = "pk" if model is Case else "case"
    return model._default_manager.filter(**{key: case.pk}).update(**values)


def copy_of(case: Case, **values: Any) -> None:
    facts = {f.attname: getattr(case, f.attname) for f in Case._meta.concrete_fields if not f.primary_key}
    Case(**{**facts, "number": "CS20240101999", **values}).save(force_insert=True)


def support(case: Case, **values: Any) -> SupportRequest:
    assert case.team
    return SupportRequest.objects.create(
        case=case, round=case.current_round, team=case.team, requested_at=timezone.now(), **values
    )


def preferred_twice(scene: Scene, case: Case) -> None:
    ContactFactory(customer=case.customer, preferred=True)
    ContactFactory(customer=case.customer, preferred=True)


def same_contact(scene: Scene, case: Case) -> None:
    first = ContactFactory(customer=case.customer)
    ContactFactory(customer=case.customer, value=first.value)


def asked_twice(scene: Scene, case: Case) -> None:
    support(case)
    support(case)


def page_opened_twice(scene: Scene, case: Case) -> None:
    view = apps.get_model("cases", "CaseView")
    for _time in range(2):
        view._default_manager.create(case=case, staff=scene.agent, seen_at=timezone.now())


def now() -> Any:
    return timezone.now()


BROKEN: dict[str, Break] = {
    **broken_promises.BROKEN,
    "case_number_is_unique": lambda s, c: copy_of(c, number=c.number),
    "case_number_has_its_pattern": lambda s, c: change(Case, c, number="CS2024-1"),
    "case_state_outcome_and_archived_at_agree": lambda s, c: change(Case, c, outcome="confirmed"),
    "case_pending_exactly_in_confirmation": lambda s, c: change(Case, c, confirmation="pending"),
    "case_is_no_duplicate_of_itself": lambda s, c: change(
        Case, s.case(State.ARCHIVE), duplicate_of=Case.objects.latest("pk").pk, outcome="duplicate"
    ),
    "case_duplicate_has_its_outcome": lambda s, c: change(Case, c, duplicate_of=s.case().pk),
    "case_response_is_not_before_intake": lambda s, c: change(
        Case, c, first_response_at=c.received_at - timedelta(seconds=1)
    ),
    "case_amount_is_not_negative": lambda s, c: change(Case, c, amount=-1),
    "case_type_is_known": lambda s, c: change(Case, c, type="refund"),
    "case_urgency_is_known": lambda s, c: change(Case, c, urgency="hurry"),
    "case_rounds_start_at_one": lambda s, c: change(Case, c, round_number=0),
    "case_has_one_handler": lambda s, c: change(Case, c, handler=s.agent, handler_name="张*"),
    "event_seq_is_unique_in_its_case": lambda s, c: row(CaseEvent, c),
    "event_cause_happens_once": lambda s, c: [
        row(CaseEvent, c, seq=c.version + n, from_state=c.state, cause_key="form:1") for n in (1, 2)
    ],
    "event_seq_starts_at_one": lambda s, c: row(CaseEvent, c, seq=0),
    "event_kind_is_known": lambda s, c: row(
        CaseEvent, c, seq=c.version + 1, from_state=c.state, kind="dance"
    ),
    "message_has_its_channel": lambda s, c: Message.objects.create(
        case=c, event=c.events.get(seq=1), direction="out", body="您好", at=now()
    ),
    "message_is_not_empty": lambda s, c: Message.objects.create(
        case=c, event=c.events.get(seq=1), direction="internal", body="", at=now()
    ),
    "round_number_is_unique_in_its_case": lambda s, c: row(Round, c, closed_at=now()),
    "round_one_is_open_per_case": lambda s, c: row(Round, c, number=2),
    "round_score_is_1_to_5_with_its_source": lambda s, c: change(Round, c, score=6, score_source="customer"),
    "round_numbers_start_at_one": lambda s, c: change(Round, c, number=0),
    "support_is_asked_once_at_a_time": asked_twice,
    "support_is_finished_or_waived": lambda s, c: support(c, finished_at=now(), waived_at=now()),
    "customer_number_is_unique": lambda s, c: CustomerFactory(number=c.customer.number),
    "customer_number_has_its_pattern": lambda s, c: CustomerFactory(number="K1"),
    "customer_stand_in_is_another": lambda s, c: CustomerFactory(dedicated_agent=s.agent, stand_in=s.agent),
    "customer_vip_level_is_known": lambda s, c: CustomerFactory(vip_level=9),
    "contact_is_kept_once": same_contact,
    "contact_one_is_preferred": preferred_twice,
    "contact_phone_is_normal": lambda s, c: ContactFactory(value="138 1234 5678"),
    "contact_email_is_normal": lambda s, c: ContactFactory(kind="email", value="Li@Example.com"),
    "contact_access_has_a_reason": lambda s, c: ContactAccess.objects.create(
        staff=s.agent, customer=c.customer, reason=""
    ),
    "department_name_is_unique": lambda s, c: Department.objects.create(name=s.department.name),
    "team_name_is_unique": lambda s, c: Team.objects.create(name=s.front.name, department=s.department),
    "team_tier_is_known": lambda s, c: Team.objects.create(name="新组", department=s.department, tier=7),
    "topic_name_is_unique_in_its_type": lambda s, c: Topic.objects.create(type="complaint", name="物流延迟"),
    "topic_type_is_known": lambda s, c: Topic.objects.create(type="refund", name="新"),
    "case_view_is_kept_once": page_opened_twice,
}


def named_rules() -> set[str]:
    models = apps.get_app_config("cases").get_models()
    return {rule.name for model in models for rule in model._meta.constraints}


def test_every_rule_of_the_models_is_broken_here_once() -> None:
    assert named_rules() == BROKEN.keys()


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_the_database_refuses_what_breaks(scene: Scene, rule: str) -> None:
    case = scene.case(State.HANDLING)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        BROKEN[rule](scene, case)
    assert_named(caught.value, rule)


def assert_named(refused: DatabaseError, rule: str) -> None:
    """PostgreSQL names the rule; SQLite names it for checks, and its columns for what must be unique."""
    words = str(refused)
    if connection.vendor == "postgresql" or "UNIQUE" not in words:
        assert rule in words


TRIGGERS: dict[str, Break] = {
    "an event is changed": lambda s, c: change(CaseEvent, c, note="anders"),
    "an event is deleted": lambda s, c: CaseEvent.objects.filter(case=c)._raw_delete("default"),
    "a message is changed": lambda s, c: change(Message, c, body="anders"),
    "a message is deleted": lambda s, c: Message.objects.filter(case=c)._raw_delete("default"),
    "an event leaves a gap": lambda s, c: row(CaseEvent, c, seq=c.version + 2, from_state=c.state),
    "an event begins elsewhere": lambda s, c: row(CaseEvent, c, seq=c.version + 1, from_state="intake"),
    "a first event comes from somewhere": lambda s, c: CaseEvent.objects.create(
        case=Case.objects.get(pk=eventless(c)),
        seq=1,
        kind="register",
        at=now(),
        from_state="intake",
        to_state="intake",
    ),
    "a state changes without its event": lambda s, c: change(Case, c, state="analysis"),
    "a state and version change without their event": lambda s, c: change(
        Case, c, state="analysis", version=c.version + 1
    ),
}


def eventless(case: Case) -> int:
    copy_of(case, version=0)
    return Case.objects.get(number="CS20240101999").pk


@pytest.mark.parametrize("what", sorted(TRIGGERS))
def test_the_database_keeps_facts_and_states_together(scene: Scene, what: str) -> None:
    case = scene.case(State.HANDLING)
    with pytest.raises(DatabaseError, match="facts|sequence|together"), transaction.atomic():
        TRIGGERS[what](scene, case)


def test_a_state_assigned_past_the_transitions_is_refused(scene: Scene) -> None:
    case = scene.case()
    with pytest.raises(AttributeError):
        case.state = State.ARCHIVE


def test_people_and_facts_are_not_deleted_with_each_other() -> None:
    links: list[Any] = [
        field
        for model in apps.get_app_config("cases").get_models()
        if not model.__name__.startswith("Historical")
        for field in model._meta.fields
        if field.is_relation
    ]
    assert links
    assert {field.remote_field.on_delete.__name__ for field in links} == {"PROTECT"}
