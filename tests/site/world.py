"""Two service organisations side by side, and a case of the second full of words nobody else may read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cases.choices import Channel, ClockKind, ContactKind, State
from cases.models import Attachment, Case, Staff, SupportRequest, Timer
from cases.notices.expanding import work_out_announcements
from cases.services import transition_case
from cases.services.attachments import attach_file
from cases.services.ticking import tick
from tests.factories import ContactFactory, CustomerFactory, StaffFactory
from tests.scenes import Scene, make_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

# Words that stand in the other organisation's case alone, each at another place.
CANARIES = {
    "description": "canarydescription 金丝雀甲",
    "product": "canaryproduct",
    "order_number": "CANARYORDER77",
    "remark": "canaryremark",
}
CANARY_CUSTOMER = "canarycustomer"
CANARY_MESSAGE = "canarymessage"
CANARY_NOTE = "canarynote"
CANARY_FILE = "canaryfile.txt"
CANARY_SUPPORT = "canarysupport"
CANARY_PHONE = "+8613900007777"


@dataclass
class World:
    """``here`` and ``there`` share nobody but those who see everything; ``mine`` by State is here."""

    here: Scene
    there: Scene
    mine: dict[State, Case]
    foreign: Case
    file: Attachment
    foreign_file: Attachment
    support: SupportRequest
    foreign_support: SupportRequest
    superuser: Staff

    def narrow_viewers(self) -> dict[str, Staff]:
        """Those who may not see the foreign case."""
        people = {
            "agent": self.here.agent,
            "specialist": self.here.specialist,
            "supporting specialist": self.here.supporter,
            "supervisor": self.here.supervisor,
        }
        return people | {"somebody without a role": StaffFactory()}

    def wide_viewers(self) -> dict[str, Staff]:
        """Those who see every case."""
        return {
            "manager": self.here.manager,
            "auditor": self.here.auditor,
            "administrator": self.here.administrator,
            "superuser": self.superuser,
        }

    def secrets(self) -> Iterator[str]:
        """Everything of the foreign case that must not reach somebody who may not see it."""
        yield self.foreign.number
        yield from CANARIES.values()
        yield from (CANARY_CUSTOMER, CANARY_MESSAGE, CANARY_NOTE, CANARY_FILE, CANARY_SUPPORT)
        yield from (CANARY_PHONE, CANARY_PHONE[3:])


def make_world() -> World:
    here, there = make_scene(), make_scene()
    mine = {state: here.case(state) for state in State}
    foreign, foreign_file, foreign_support = make_foreign(there)
    handling = mine[State.HANDLING]
    support = ask_support(handling, here, "请核对物流")
    reach_a_level(handling)
    file = attach(handling, here.specialist, "own.txt")
    superuser = StaffFactory(is_superuser=True)
    work_out_announcements()
    mine = {state: Case.objects.get(pk=case.pk) for state, case in mine.items()}
    return World(here, there, mine, foreign, file, foreign_file, support, foreign_support, superuser)


def make_foreign(there: Scene) -> tuple[Case, Attachment, SupportRequest]:
    customer = CustomerFactory(name=CANARY_CUSTOMER)
    ContactFactory(customer=customer, kind=ContactKind.PHONE, value=CANARY_PHONE)
    case = there.case(State.HANDLING, customer=customer, **CANARIES)
    transition_case(
        case.pk,
        "contact_customer",
        actor=there.specialist,
        channel=Channel.PHONE,
        message=CANARY_MESSAGE,
    )
    transition_case(case.pk, "report_progress", actor=there.specialist, note=CANARY_NOTE)
    support = ask_support(case, there, CANARY_SUPPORT)
    reach_a_level(case)
    return Case.objects.get(pk=case.pk), attach(case, there.specialist, CANARY_FILE), support


def reach_a_level(case: Case) -> None:
    """A clock of the case has reached a level two minutes ago, and it is noticed now."""
    clocks = Timer.objects.running().filter(case=case, kind=ClockKind.COMPLETION)
    clocks.update(next_at=timezone.now() - timedelta(minutes=2))
    tick()


def ask_support(case: Case, scene: Scene, request: str) -> SupportRequest:
    transition_case(
        case.pk,
        "ask_support",
        actor=scene.specialist,
        team=scene.support,
        request=request,
        due_at=timezone.now() + timedelta(hours=2),
    )
    return SupportRequest.objects.get(case=case)


def attach(case: Case, staff: Staff, name: str) -> Attachment:
    kept = attach_file(case.pk, actor=staff, upload=SimpleUploadedFile(name, name.encode()))
    return Attachment.objects.get(pk=kept.pk)
