"""Short ways for tests to have notices worked out and to see who was told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from cases.choices import ContactKind, NoticeChannel
from cases.models import Absence, Case, Customer, Notice, Staff
from cases.notices.expanding import work_out_announcements
from tests.factories import ContactFactory, CustomerFactory


def told(case: Case, kind: str, channel: str = NoticeChannel.INBOX) -> set[Staff | Any]:
    """Who was told of the newest event of this kind by this channel, after everything owed was worked out."""
    return {n.staff or n.customer or n.endpoint for n in notices_about(case, kind, channel=channel)}


def notices_about(case: Case, kind: str, **wanted: Any) -> list[Notice]:
    """What the newest event of this kind owed to whom; word of absences and lost customers only if wanted."""
    work_out_announcements()
    event = case.events.filter(kind=kind).latest("seq")
    found = Notice.objects.filter(event=event, **wanted)
    if "situation" not in wanted:
        found = found.exclude(situation__in=("absence", "unreachable"))
    return list(found.select_related("staff", "customer", "endpoint", "in_place_of").order_by("pk"))


def forget_notices() -> None:
    """Work out what is owed so far, so that a test sees only what comes."""
    work_out_announcements()


def be_away(staff: Staff, stand_in: Staff | None = None) -> Absence:
    now = timezone.now()
    return Absence.objects.create(
        staff=staff,
        stand_in=stand_in,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=1),
    )


def reachable(*contacts: tuple[ContactKind, str]) -> Customer:
    """A customer with these contacts."""
    customer: Customer = CustomerFactory()
    for kind, value in contacts:
        ContactFactory(customer=customer, kind=kind, value=value)
    return customer
