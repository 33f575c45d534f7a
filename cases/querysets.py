"""Every named read of the case tables."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import UserManager
from django.db import connections, models
from django.db.models import ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from cases.choices import OPEN_STATES, ClockKind, Confirmation, NoticeChannel, NoticeState, State, WaitingFor
from cases.contacts import likely_contacts
from cases.searching import fts5_query, tsquery

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Case, Customer, Staff, Team


# Both indexes are made from Case.search_text by the database itself (migration 0002).
HOLDS_TOKENS = "cases_case.search @@ %s::tsquery"
MATCHES_TOKENS = "cases_case.id IN (SELECT rowid FROM cases_case_search WHERE cases_case_search MATCH %s)"


CASE_NUMBER = re.compile(r"CS[0-9]{11,20}", re.IGNORECASE)
CUSTOMER_NUMBER = re.compile(r"C[0-9]{1,18}", re.IGNORECASE)


class StaffQuerySet(models.QuerySet["Staff"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def with_role(self, role: str) -> Self:
        return self.filter(groups__name=role)

    def nearest_first(self, team: Team | None) -> Self:
        """Each person once: members of this team, then others of its department, then everybody else."""
        if team is None:
            return self.order_by("name", "pk").distinct()
        distance = models.Case(
            models.When(teams=team, then=0),
            models.When(department=team.department_id, then=1),
            default=2,
            output_field=models.IntegerField(),
        )
        return self.annotate(distance=models.Min(distance)).order_by("distance", "name", "pk")

    def colleagues_of(self, staff: Staff) -> Self:
        """
        Whom this person meets in their cases: everybody for those who see every case, else themselves, the
        members of their teams and, for a supervisor, the department.
        """
        if staff.has_perm("cases.view_every_case"):
            return self
        near = Q(pk=staff.pk) | Q(teams__in=staff.team_ids)
        if staff.has_perm("cases.view_department_case"):
            near |= Q(department_id=staff.department_id, department__isnull=False)
        return self.filter(near).distinct()


class StaffManager(UserManager["Staff"].from_queryset(StaffQuerySet)):  # type: ignore[misc]
    """Django's own account creation, with our reads."""


class CustomerQuerySet(models.QuerySet["Customer"]):
    def reachable_at(self, value: str) -> Self:
        """Customers with exactly this contact; contact data is never searched by parts."""
        return self.filter(contacts__value=value).distinct()

    def named_or_reachable(self, words: str) -> Self:
        """
        Active customers with this number, this exact phone or e-mail, or a name that begins like this;
        contact data is never searched by parts.
        """
        text = unicodedata.normalize("NFKC", words).replace("\0", "").strip()
        if not text:
            return self.none()
        reached = self.filter(contacts__value__in=likely_contacts(text)).values("pk")
        meant = Q(number=text.upper()) | Q(name__startswith=text) | Q(pk__in=reached)
        return self.filter(meant, active=True)


class SupportRequestQuerySet(models.QuerySet[Any]):
    def unfinished(self) -> Self:
        return self.filter(finished_at=None, waived_at=None)

    def of_teams_of(self, staff: Staff) -> Self:
        return self.filter(team_id__in=staff.team_ids)


class CaseQuerySet(models.QuerySet["Case", "Case"]):
    def visible_to(self, staff: Staff) -> Self:
        """
        The one row scope: own cases, those own teams handle, took in or support; supervisors see those of
        the teams of their department and what no team has yet; managers and auditors see everything.
        """
        scope = self._scope_of(staff)
        return self if scope is None else self.filter(scope)

    def with_sight_of(self, staff: Staff) -> models.QuerySet[Any]:
        """
        The same cases, each with ``in_sight``: whether it is ``visible_to`` this person.

        Of a row whose lock was waited for that is asked of the row as it is now, but of support requests as
        they were before: False may be out of date.
        """
        scope = self._scope_of(staff)
        if scope is None:
            return self.annotate(in_sight=Value(True))
        return self.annotate(in_sight=Coalesce(ExpressionWrapper(scope, models.BooleanField()), False))

    def _scope_of(self, staff: Staff) -> Q | None:
        """None where all are seen."""
        if staff.has_perm("cases.view_every_case"):
            return None
        mine = Q(handler=staff)
        if staff.has_perm("cases.view_department_case"):
            mine |= Q(team=None)
        if teams := staff.team_ids | staff.led_team_ids:
            mine |= Q(team_id__in=teams) | Q(intake_team_id__in=teams)
        if staff.team_ids:
            requests = self.model.support_requests.rel.related_model._default_manager
            asked = requests.filter(case=OuterRef("pk"), team_id__in=staff.team_ids).order_by()
            # Equal to one id, not IN or EXISTS: of those the planner of PostgreSQL believes, under an OR,
            # that every second case fulfils them, and then searches a million rows for fifty.
            mine |= Q(pk=Subquery(asked.values("case_id")[:1]))
        return mine

    def locked(self, *, skip: bool = False) -> Self:
        """
        With the lock of each, in the order of their ids; ``skip`` leaves out those somebody else has.

        Whoever changes a case has this lock first. It does not wait for rows that refer to the case: a notice
        being written keeps no step waiting and lets no clock be passed over. (Of ``values_list`` Django locks
        what is joined, too.)
        """
        skip_locked = skip and connections[self.db].features.has_select_for_update_skip_locked
        return self.order_by("pk").select_for_update(no_key=True, of=("self",), skip_locked=skip_locked)

    def under_way(self) -> Self:
        return self.filter(state__in=OPEN_STATES)

    def archived(self) -> Self:
        return self.filter(state=State.ARCHIVE)

    def handled_by(self, staff: Staff) -> Self:
        return self.under_way().filter(handler=staff)

    def of_teams_of(self, staff: Staff) -> Self:
        return self.filter(team_id__in=staff.team_ids)

    def unclaimed(self) -> Self:
        return self.filter(state__in=OPEN_STATES, handler=None)

    def late(self, at: datetime) -> Self:
        """Open cases whose promised (or, before promise and result, expected) time has passed."""
        return self.under_way().filter(due_at__lt=at)

    def waiting_for_customer(self) -> Self:
        return self.under_way().filter(waiting_for=WaitingFor.CUSTOMER)

    def dissatisfied(self) -> Self:
        return self.under_way().filter(confirmation=Confirmation.DISSATISFIED)

    def by_next_deadline(self) -> Self:
        return self.order_by(F("due_at").asc(nulls_last=True), "received_at", "pk")

    def newest_first(self) -> Self:
        return self.order_by("-received_at", "-pk")

    def of_same_customer(self, case: Case) -> Self:
        """The other cases of this case's customer."""
        return self.filter(customer_id=case.customer_id).exclude(pk=case.pk)

    def same_request(self, *, customer: Customer, type: str) -> Self:
        """Open cases of the same customer and type: perhaps the same request, registered twice."""
        return self.under_way().filter(customer=customer, type=type)

    def find(self, words: str) -> Self:
        """
        What a person looks for with these words: the case of exactly this number, else the cases of the
        customer with this number, phone or e-mail, else those holding all the words (``search``).
        """
        text = unicodedata.normalize("NFKC", words).strip()
        number = text.upper() if CASE_NUMBER.fullmatch(text) else f"CS{text}"
        if CASE_NUMBER.fullmatch(number) and (exact := self.filter(number=number)).exists():
            return exact
        if customers := self._customers_exactly(text):
            return self.filter(customer_id__in=customers)
        return self.search(text)

    def _customers_exactly(self, text: str) -> list[int]:
        """Ids of the customers with this number or contact; contact data is never searched by parts."""
        customers: Any = self.model.customer.field.related_model._default_manager
        if CUSTOMER_NUMBER.fullmatch(text):
            return list(customers.filter(number=text.upper()).values_list("pk", flat=True))
        contacts = likely_contacts(text)
        return (
            list(customers.reachable_at(contacts[0]).values_list("pk", flat=True)[:100]) if contacts else []
        )

    def search(self, words: str) -> Self:
        """
        Cases holding all the words: whole numbers, words by their beginning, and any two neighbouring
        Chinese characters. An empty or unusable query finds nothing.
        """
        postgresql = connections[self.db].vendor == "postgresql"
        query = tsquery(words) if postgresql else fts5_query(words)
        if not query:
            return self.none()
        sql = HOLDS_TOKENS if postgresql else MATCHES_TOKENS
        return self.filter(RawSQL(sql, [query], output_field=models.BooleanField()))


class TimerQuerySet(models.QuerySet[Any]):
    def running(self) -> Self:
        """Not stopped; a paused clock is running as far as the promise goes."""
        return self.filter(stopped_at=None)

    def following(self) -> Self:
        """Running clocks that follow a change of standards; how long cases are kept does not."""
        return self.running().exclude(kind=ClockKind.RETENTION)

    def free(self, at: datetime) -> Self:
        """Those not held back because they could not be worked on."""
        return self.filter(Q(held_until=None) | Q(held_until__lte=at))

    def due(self, at: datetime) -> Self:
        """Clocks whose next level has been reached, earliest first; those held back are left out."""
        return self.free(at).filter(next_at__lte=at).order_by("next_at", "pk")


class DutyShiftQuerySet(models.QuerySet[Any]):
    def visible_to(self, staff: Staff) -> Self:
        """All for those who see every case; else the shifts of own teams and those of the own department."""
        if staff.has_perm("cases.view_every_case"):
            return self
        return self.filter(team_id__in=staff.team_ids | staff.led_team_ids)


class AbsenceQuerySet(models.QuerySet[Any]):
    def visible_to(self, staff: Staff) -> Self:
        """Those of the people this person meets (``colleagues_of``)."""
        if staff.has_perm("cases.view_every_case"):
            return self
        people: Any = self.model.staff.field.related_model._default_manager
        return self.filter(staff__in=people.colleagues_of(staff).order_by().values("pk"))

    def at(self, moment: datetime) -> Self:
        """Absences that include this moment; the end is no part of them."""
        return self.filter(starts_at__lte=moment, ends_at__gt=moment)


class AnnouncementQuerySet(models.QuerySet[Any]):
    def due(self, at: datetime) -> Self:
        """Those not held back, in the order they were written."""
        return self.filter(Q(held_until=None) | Q(held_until__lte=at)).order_by("pk")


class NoticeQuerySet(models.QuerySet[Any]):
    def in_inbox_of(self, staff: Staff) -> Self:
        return self.filter(staff=staff, channel=NoticeChannel.INBOX)

    def unread_by(self, staff: Staff) -> Self:
        return self.in_inbox_of(staff).filter(read_at=None)

    def due(self, at: datetime) -> Self:
        """Waiting notices whose next attempt has come and that nobody is sending, earliest first."""
        free = Q(lease_until=None) | Q(lease_until__lte=at)
        return self.filter(free, state=NoticeState.WAITING, next_attempt_at__lte=at).order_by(
            "next_attempt_at", "pk"
        )


class CustomerLinkQuerySet(models.QuerySet[Any]):
    def valid(self, at: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at)
