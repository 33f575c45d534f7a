"""From a notice to the letter that is sent: the address is looked up at this moment, and kept nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from cases.channels.base import Letter, PermanentFailure
from cases.channels.causes import Cause
from cases.choices import ContactKind, NoticeChannel
from cases.clock import database_now
from cases.contacts import takes_texts
from cases.models import CustomerContact, CustomerLink
from cases.notices.placeholders import LINK, NOTHING, UNTIL
from cases.notices.values import say_moment
from cases.services.customer_links import LIFE, TOKEN_BYTES, end_links, issue_link, links_ended_since
from cases.services.time_to_answer import answer_until

if TYPE_CHECKING:
    from cases.models import Case, Endpoint, Notice
    from cases.notices.ways import Gateways

LINK_SALT = "cases.notices.letters.link"
WITH_ENDPOINT = (
    NoticeChannel.WECOM,
    NoticeChannel.DINGTALK,
    NoticeChannel.FEISHU,
    NoticeChannel.WEBHOOK,
)


def endpoint_of(notice: Notice, gateways: Gateways) -> Endpoint | None:
    """The robot or webhook it is for, or the gateway a text message goes through."""
    if notice.channel == NoticeChannel.SMS:
        return gateways.for_team(notice.case.team_id) if notice.case else gateways.of_no_case
    return notice.endpoint


def letter_for(notice: Notice, endpoint: Endpoint | None) -> Letter:
    """``endpoint`` is that of the notice. Raises PermanentFailure where there is nowhere to send it to."""
    _demand(endpoint, notice.channel)
    to = endpoint.url if endpoint and notice.channel in WITH_ENDPOINT else _address_of(notice)
    return Letter(
        key=str(notice.key),
        channel=notice.channel,
        to=to,
        subject=_with_time_to_answer(notice, notice.subject),
        body=_body_of(notice),
        language=notice.language,
        url=endpoint.url if endpoint else "",
        secret=endpoint.secret if endpoint else "",
        options=endpoint.options if endpoint else {},
        facts=_facts_of(notice) if notice.channel == NoticeChannel.WEBHOOK else {},
        thread=notice.case.number if notice.case else "",
        at=database_now(),
    )


def _demand(endpoint: Endpoint | None, channel: str) -> None:
    if channel in WITH_ENDPOINT and (endpoint is None or not endpoint.active):
        raise PermanentFailure(Cause.SWITCHED_OFF)
    if channel == NoticeChannel.SMS and endpoint is None:
        raise PermanentFailure(Cause.NOT_SET_UP)


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
    """The preferred one first; landlines and service numbers get no text messages."""
    known = CustomerContact.objects.filter(customer=notice.customer, kind=kind)
    values = known.order_by("-preferred", "pk").values_list("value", flat=True)
    return next((value for value in values if kind != ContactKind.PHONE or takes_texts(value)), "")


def _body_of(notice: Notice) -> str:
    """A customer's text with its link, the same with every attempt: its token is stored nowhere."""
    body = _with_time_to_answer(notice, notice.body)
    if LINK not in body or notice.customer_id is None or notice.case is None:
        return body
    return body.replace(LINK, _link_of(notice, notice.case))


def _with_time_to_answer(notice: Notice, text: str) -> str:
    """A reminder says by when there is to answer it, reckoned from this moment."""
    if UNTIL not in text or notice.customer_id is None or notice.case is None:
        return text
    return text.replace(UNTIL, say_moment(answer_until(notice.case.pk, database_now())) or NOTHING)


def _link_of(notice: Notice, case: Case) -> str:
    """The address; where the links of the case were revoked since the notice is owed, words in its place."""
    if not _links_ended(notice, case):
        number = notice.event.round_number if notice.event else case.round_number
        token = _token_for(notice, number)
        link = issue_link(case_id=case.pk, round_number=number, notice=notice, token=token)
        if not _links_ended(notice, case):  # at this very moment
            return link
        end_links(notice.links.all(), database_now())
    with translation.override(notice.language):
        return _("The link has been withdrawn. Please contact us.")


def _links_ended(notice: Notice, case: Case) -> bool:
    """It is owed since its event, or since a person sent it again."""
    owed_since = notice.replayed_at or (notice.event.at if notice.event else notice.created_at)
    return links_ended_since(case.pk, owed_since)


def _token_for(notice: Notice, round_number: int) -> bytes:
    """
    Known to whoever has the secret key, and another one for each notice, case and round.

    Where the link has little life left, or was revoked before a person sent the notice again, the next one is
    counted and has a token of its own. An attempt of the outbox brings no revoked link back.
    """
    used_up = Q(expires_at__lte=database_now() + LIFE / 2)
    if notice.replayed_at is not None:
        used_up |= Q(revoked_at__lte=notice.replayed_at)
    spent = CustomerLink.objects.filter(used_up, notice=notice).count()
    about = f"{notice.key}:{notice.case_id}:{round_number}:{spent}"
    return salted_hmac(LINK_SALT, about, algorithm="sha256").digest()[:TOKEN_BYTES]


def _facts_of(notice: Notice) -> dict[str, Any]:
    """
    What a program reads; nothing about a person.

    Only what never changes, so that the body is the same with every attempt: the same key with another body
    is refused for good. What the case says now is no part of it.
    """
    case, event = notice.case, notice.event
    facts: dict[str, Any] = {"situation": notice.situation, "urgent": notice.urgent}
    if case is not None:
        facts["case"] = case.number
    if event is not None:
        facts |= {"event": event.kind, "state": event.to_state}
        facts |= {"at": event.at.isoformat(), "round": event.round_number}
    return facts
