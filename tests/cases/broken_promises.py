"""How each rule of calendars, levels, clocks, rosters, outbox and links is broken past the services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from cases.models import (
    Absence,
    CalendarDay,
    CalendarWindow,
    CalendarYear,
    Case,
    ChannelSetting,
    CustomerLink,
    DutyShift,
    Endpoint,
    Escalation,
    LadderStep,
    Notice,
    NoticeMute,
    NoticeRule,
    PhraseTemplate,
    ServiceLevel,
    ServiceLevelVersion,
    Staff,
    Timer,
    WorkCalendar,
)
from tests.scenes import Scene

Break = Callable[[Scene, Case], Any]
MINUTE = timedelta(minutes=1)


def twin_of(row: Model, **values: Any) -> None:
    """A second row like this one, but for these values."""
    row.pk, row._state.adding = None, True
    for name, value in values.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def first(model: type[Model]) -> Any:
    return model._default_manager.order_by("pk").first()


def change(model: type[Model], **values: Any) -> int:
    return model._default_manager.filter(pk=first(model).pk).update(**values)


def change_timer(case: Case, **values: Any) -> int:
    return Timer.objects.filter(case=case, kind="completion").update(**values)


def twin_timer(case: Case, **values: Any) -> None:
    twin_of(Timer.objects.get(case=case, kind="completion"), **values)


def day(**values: Any) -> CalendarDay:
    return CalendarDay.objects.create(calendar=first(WorkCalendar), date=date(2031, 5, 5), **values)


def escalation(case: Case, **values: Any) -> Escalation:
    timer, now = Timer.objects.get(case=case, kind="completion"), timezone.now()
    facts = {
        "timer": timer,
        "case": case,
        "kind": timer.kind,
        "round_number": 1,
        "cycle": 1,
        "percent": 80,
        "planned_at": now,
        "fired_at": now,
        "lateness": timedelta(0),
        "event": case.events.order_by("seq").first(),
    }
    return Escalation.objects.create(**{**facts, **values})


def escalated_twice(scene: Scene, case: Case) -> None:
    escalation(case)
    escalation(case, event=case.events.get(seq=2))


def shift(scene: Scene, **values: Any) -> DutyShift:
    facts = {"weekday": 0, "starts": "09:00", "ends": "18:00", "valid_from": date(2026, 1, 1)}
    return DutyShift.objects.create(team=scene.front, staff=scene.agent, **{**facts, **values})


def absence(scene: Scene, **values: Any) -> Absence:
    now = timezone.now()
    facts = {"starts_at": now, "ends_at": now + MINUTE}
    return Absence.objects.create(staff=scene.agent, **{**facts, **values})


def endpoint(name: str = "新") -> Endpoint:
    return Endpoint.objects.create(name=name, channel="webhook", url="https://example.com/")


def rule(**values: Any) -> NoticeRule:
    facts = {"event_kind": "confirm", "whom": "auditor", "channel": "email"}
    return NoticeRule.objects.create(**{**facts, **values})


def twice(make: Callable[[], Any]) -> None:
    make()
    make()


def told_twice_by_one_endpoint(scene: Scene, case: Case) -> None:
    hook = endpoint()
    twice(lambda: rule(whom="endpoint", channel="webhook", endpoint=hook))


def notice(scene: Scene, **values: Any) -> Notice:
    facts = {
        "situation": "remind",
        "channel": "email",
        "staff": scene.agent,
        "language": "zh-hans",
        "subject": "催办",
        "body": "催办",
        "owed_key": "1:email:staff1",
        "state": "waiting",
        "next_attempt_at": timezone.now(),
    }
    return Notice.objects.create(**{**facts, **values})


def link(case: Case) -> CustomerLink:
    now = timezone.now()
    return CustomerLink.objects.create(
        case=case, round_number=1, token_hash="0" * 64, created_at=now, expires_at=now
    )


def version(**values: Any) -> None:
    twin_of(first(ServiceLevelVersion), **{"number": 2, **values})


BROKEN: dict[str, Break] = {
    "absence_ends_after_it_begins": lambda s, c: absence(s, ends_at=timezone.now() - MINUTE),
    "absence_stand_in_is_another": lambda s, c: absence(s, stand_in=s.agent),
    "calendar_day_is_kept_once": lambda s, c: twice(lambda: day(kind="closed")),
    "calendar_day_says_how_it_differs": lambda s, c: day(kind="as_weekday"),
    "calendar_name_is_unique": lambda s, c: WorkCalendar.objects.create(name=first(WorkCalendar).name),
    "calendar_one_is_default": lambda s, c: WorkCalendar.objects.create(name="新", is_default=True),
    "calendar_year_is_kept_once": lambda s, c: twice(
        lambda: CalendarYear.objects.create(calendar=first(WorkCalendar), year=2031)
    ),
    "channel_quiet_hours_have_both_ends": lambda s, c: change(
        ChannelSetting, quiet_from="22:00", quiet_until=None
    ),
    "channel_rate_is_not_zero": lambda s, c: change(ChannelSetting, per_minute=0),
    "endpoint_name_is_unique": lambda s, c: twice(endpoint),
    "escalation_happens_once": escalated_twice,
    "escalation_is_never_early": lambda s, c: escalation(c, planned_at=timezone.now() + MINUTE),
    "ladder_action_fits_the_clock": lambda s, c: change(LadderStep, kind="retention", action="dispatch"),
    "ladder_percent_is_sensible": lambda s, c: change(LadderStep, percent=0),
    "ladder_step_is_kept_once": lambda s, c: twin_of(first(LadderStep)),
    "link_ends_after_it_begins": lambda s, c: link(c),
    "mute_is_kept_once": lambda s, c: twice(
        lambda: NoticeMute.objects.create(staff=s.agent, event_kind="remind", channel="email")
    ),
    "notice_given_up_says_why": lambda s, c: notice(s, state="dead", next_attempt_at=None),
    "notice_has_one_recipient": lambda s, c: notice(s, customer=c.customer),
    "notice_rule_is_kept_once": lambda s, c: twice(rule),
    "notice_rule_is_kept_once_per_endpoint": told_twice_by_one_endpoint,
    "notice_rule_names_its_endpoint": lambda s, c: rule(whom="endpoint"),
    "notice_sent_says_when": lambda s, c: notice(s, state="sent", next_attempt_at=None),
    "notice_waiting_says_until_when": lambda s, c: notice(s, next_attempt_at=None),
    "phrase_is_kept_once": lambda s, c: twin_of(first(PhraseTemplate)),
    "service_level_keeps_three_years": lambda s, c: version(retention=timedelta(days=365)),
    "service_level_name_is_unique": lambda s, c: ServiceLevel.objects.create(name=first(ServiceLevel).name),
    "service_level_reminds_before_it_ends": lambda s, c: version(confirmation_expiry=MINUTE),
    "service_level_version_is_unique": lambda s, c: version(number=1),
    "service_level_versions_start_at_one": lambda s, c: version(number=0),
    "shift_ends_after_it_begins": lambda s, c: shift(s, valid_until=date(2025, 1, 1)),
    "shift_weekday_is_known": lambda s, c: shift(s, weekday=7),
    "staff_mobile_is_normal": lambda s, c: Staff.objects.filter(pk=s.agent.pk).update(mobile="138 1234"),
    "timer_is_kept_once": lambda s, c: twin_timer(c, stopped_at=timezone.now(), end="void", next_at=None),
    "timer_kind_is_known": lambda s, c: change_timer(c, kind="egg"),
    "timer_one_of_a_kind_runs": lambda s, c: twin_timer(c, cycle=9),
    "timer_runs_or_is_paused": lambda s, c: change_timer(c, paused_at=timezone.now()),
    "timer_that_stopped_has_no_next_level": lambda s, c: change_timer(
        c, stopped_at=timezone.now(), end="void"
    ),
    "timer_that_stopped_says_why": lambda s, c: change_timer(c, stopped_at=timezone.now(), next_at=None),
    "window_is_kept_once": lambda s, c: twin_of(first(CalendarWindow)),
    "window_weekday_is_known": lambda s, c: change(CalendarWindow, weekday=7),
}
