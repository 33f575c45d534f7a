"""A case whose handler is no staff, or has left, still comes to an end: its supervisor stands in."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from cases.choices import Channel, Outcome, State
from cases.exceptions import NotPermitted
from cases.models import Case, ContactAccess
from cases.services import transition_case
from tests.factories import CustomerFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def confirm_on_behalf(case: Case, scene: Scene) -> Case:
    return transition_case(
        case.pk, "confirm", actor=scene.supervisor, note="客户来电确认", score=5, channel=Channel.PHONE
    )


def test_the_supervisor_confirms_for_a_handler_who_has_left(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    scene.specialist.is_active = False
    scene.specialist.save()

    assert confirm_on_behalf(case, scene).outcome == Outcome.CONFIRMED


def test_the_supervisor_does_not_confirm_for_a_handler_at_work(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)

    with pytest.raises(NotPermitted):
        confirm_on_behalf(case, scene)


def test_what_was_recorded_about_looking_at_contact_data_stays(scene: Scene) -> None:
    access = ContactAccess.objects.create(staff=scene.agent, customer=CustomerFactory(), reason="回电")

    with pytest.raises(IntegrityError), transaction.atomic():
        access.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactAccess.objects.update(reason="别的")
