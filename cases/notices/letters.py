"""From a notice to the letter that is sent: the address is looked up at this moment, and kept nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F, Q

from cases.channels.base import Letter, PermanentFailure
from cases.channels.causes import Cause
from cases.choices import ContactKind, NoticeChannel
from cases.models import CustomerContact, Endpoint
from cases.services.customer_links import issue_link

if TYPE_CHECKING:
    from cases.models import Notice

LINK = "{link}"
WITH_ENDPOINT = (
    NoticeChannel.WECOM,
    NoticeChannel.DINGTALK,
    NoticeChannel.FEISHU,
    NoticeChannel.WEBHOOK,
)


def letter_for(notice: Notice) -> Letter:
    """Raises PermanentFailure where there is nowhere to send it to."""
    endpoint = _endpoint_for(notice)
    to = endpoint.url if endpoint and notice.channel in WITH_ENDPOINT else _address_of(notice)
    return Letter(
        key=str(notice.key),
        channel=notice.channel,
        to=to,
        subject=notice.subject,
        body=_body_of(notice),
        language=notice.language,
        url=endpoint.url if endpoint else "",
        secret=endpoint.secret if endpoint else "",
        options=endpoint.options if endpoint else {},
        facts=_facts_of(notice) if notice.channel == NoticeChannel.WEBHOOK else {},
    )


def _endpoint_for(notice: Notice) -> Endpoint | None:
    """The robot or webhook it is for, or the gateway a text message goes through: the team's own first."""
    if notice.channel in WITH_ENDPOINT:
        if notice.endpoint is None or not notice.endpoint.active:
            raise PermanentFailure(Cause.SWITCHED_OFF)
        return notice.endpoint
    if notice.channel != NoticeChannel.SMS:
        return None
    gateways = Endpoint.objects.filter(channel=NoticeChannel.SMS, active=True)
    near = gateways.filter(Q(team=None) | Q(team=notice.case.team_id if notice.case else None))
    found = near.order_by(F("team").asc(nulls_last=True), "pk").first()
    if found is None:
        raise PermanentFailure(Cause.NOT_SET_UP)
    return found


def _address_of(notice: Notice) -> str:
    mail = notice.channel == NoticeChannel.EMAIL
    if notice.staff is not None:
        if not notice.staff.is_active:
            raise PermanentFailure(Cause.LEFT)
        found = notice.staff.email if mail else notice.staff.mobile
    else:
        found = _contact_of(notice, ContactKind.EMAIL if mail else ContactKind.PHONE)
    if not found:
        raise PermanentFailure(Cause.NO_ADDRESS)
    return found


def _contact_of(notice: Notice, kind: ContactKind) -> str:
    """The preferred one first; a service number of three digits gets no text messages."""
    known = CustomerContact.objects.filter(customer=notice.customer, kind=kind)
    if kind == ContactKind.PHONE:
        known = known.filter(value__startswith="+")
    return known.order_by("-preferred", "pk").values_list("value", flat=True).first() or ""


def _body_of(notice: Notice) -> str:
    """A customer's text with a link made for this very attempt: its token is stored nowhere."""
    if LINK not in notice.body or notice.customer_id is None or notice.case is None:
        return notice.body
    number = notice.event.round_number if notice.event else notice.case.round_number
    link = issue_link(case_id=notice.case.pk, round_number=number, notice=notice, created_by=None)
    return notice.body.replace(LINK, link)


def _facts_of(notice: Notice) -> dict[str, Any]:
    """What a program reads; nothing about a person."""
    case, event = notice.case, notice.event
    facts: dict[str, Any] = {"situation": notice.situation, "urgent": notice.urgent}
    if case is not None:
        facts |= {"case": case.number, "state": case.state, "urgency": case.urgency, "type": case.type}
    if event is not None:
        facts |= {"event": event.kind, "at": event.at.isoformat(), "round": event.round_number}
    return facts
