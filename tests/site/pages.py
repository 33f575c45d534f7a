"""
What each address of the admin is about, and how a test reaches it.

A new address that is not named here fails ``test_every_address_is_known``: whoever adds one says what it
shows, and the row scope, language and deletion tests walk it from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from cases.choices import State
from cases.lifecycle import MOVES
from cases.models import (
    Absence,
    Announcement,
    Case,
    ChannelSetting,
    ContactAccess,
    Customer,
    Department,
    DutyShift,
    Endpoint,
    Escalation,
    ExportRecord,
    Heartbeat,
    ImportRecord,
    LadderStep,
    Notice,
    NoticeRule,
    PhraseTemplate,
    Rearming,
    RoutingRule,
    ServiceLevel,
    Staff,
    Team,
    Topic,
    WorkCalendar,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cases.models import Attachment
    from tests.site.world import World

CASE = "admin:cases_case"
# Models with pages of their own beside the case, and what their pages can beyond the usual five.
EXCHANGE = ("process_import", "import", "export")
HISTORY = ("simple_history",)
MODELS: dict[type[Model], tuple[str, ...]] = {
    Customer: (*EXCHANGE, *HISTORY, "show_contacts"),
    Department: (*EXCHANGE, *HISTORY),
    Team: (*EXCHANGE, *HISTORY),
    Topic: (*EXCHANGE, *HISTORY),
    RoutingRule: (*HISTORY, "where"),
    ServiceLevel: ("promised", "new_version"),
    LadderStep: HISTORY,
    Escalation: ("export",),
    Rearming: (),
    WorkCalendar: (*HISTORY, "load_holidays", "make_default"),
    DutyShift: (*HISTORY, "who"),
    Absence: HISTORY,
    Staff: (
        *HISTORY,
        "deactivate",
        "reactivate",
        "end_sessions",
        "reset_device",
        "unlock",
        "set_password",
    ),
    ExportRecord: (),
    ImportRecord: (),
    ContactAccess: (),
    Heartbeat: (),
    PeriodicTask: (),
    IntervalSchedule: (),
    Notice: ("send_again",),
    Announcement: (),
    Endpoint: ("send_test", "try_again"),
    ChannelSetting: ("try_again",),
    NoticeRule: HISTORY,
    PhraseTemplate: (*HISTORY, "preview"),
}
USUAL = ("changelist", "add", "history", "delete", "change")
OF_ONE_ROW = {
    "history",
    "delete",
    "change",
    "show_contacts",
    *("load_holidays", "make_default"),
    *("deactivate", "reactivate", "end_sessions", "reset_device", "unlock", "set_password"),
    *("send_again", "send_test", "try_again"),
    "new_version",
    "preview",
}
# Of one case, of one of its files, of all cases of a person, and of no case at all.
ABOUT_ONE_CASE = (
    *("change", "history", "delete", "transition", "presence", "attach", "contacts"),
    *("link", "link_revoke"),
)
ABOUT_A_FILE = ("admin:cases_attachment_download",)
ABOUT_CASES = (
    "admin:index",
    f"{CASE}_changelist",
    f"{CASE}_add",
    f"{CASE}_desk",
    f"{CASE}_customers",
    f"{CASE}_proposal",
    f"{CASE}_import_records",
    f"{CASE}_export_records",
    "admin:cases_inbox",
    "admin:cases_inbox_count",
    "admin:cases_told",
)
ABOUT_NO_CASE = (
    "admin:cases_lifecycle",
    "admin:cases_inbox_read",
    "admin:cases_inbox_read_all",
    "admin:login",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:jsi18n",
    "admin:search",
    "admin:autocomplete",
    "admin:view_on_site",
    "admin:app_list",
    "admin:auth_user_password_change",
    "set_language",
    "second_factor",
    "status",
    "customer_case",  # by a token alone: tests/cases/customer
    "customer_nowhere",
    "",  # the root, which leads into the admin
    "favicon.ico",
    "admin/(?P<url>.*)$",  # whatever is no address
)


def address(model: type[Model], page: str) -> str:
    """Name of a page of this model."""
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def known_names() -> set[str]:
    """Every name this registry knows; the short address of a row that leads to its page has none."""
    names = {f"{CASE}_{page}" for page in ABOUT_ONE_CASE}
    names |= {*ABOUT_A_FILE, *ABOUT_CASES, *ABOUT_NO_CASE}
    for model, more in MODELS.items():
        names |= {address(model, page) for page in (*USUAL, *more)}
    return names


def short_addresses() -> set[str]:
    """Paths without a name: one for each model, leading to the page of a row."""
    models: tuple[type[Model], ...] = (Case, *MODELS)
    return {f"admin/{model._meta.label_lower.replace('.', '/')}/<path:object_id>/" for model in models}


def pages_of_case(case: Case, file: Attachment) -> Iterator[str]:
    """Every page about one case."""
    for page in ABOUT_ONE_CASE:
        if page != "transition":
            yield reverse(f"{CASE}_{page}", args=[case.pk])
    for name in MOVES:
        yield reverse(f"{CASE}_transition", args=[case.pk, name])
    yield reverse("admin:cases_attachment_download", args=[file.pk])
    yield f"/admin/cases/case/{case.pk}/"
    yield f"/admin/r/{content_type_of(case)}/{case.pk}/"


def content_type_of(row: Model) -> int:

    return int(ContentType.objects.get_for_model(row).pk)


def pages_without_a_row(world: World) -> Iterator[str]:
    """Pages that may list or search cases, also by questions about fields that no page shows."""
    yield from (reverse(name) for name in ABOUT_CASES)
    yield reverse("admin:cases_lifecycle")
    yield "/admin/cases/"
    for model, more in MODELS.items():
        pages = [page for page in ("changelist", "add", *more) if page not in OF_ONE_ROW | {"simple_history"}]
        yield from (reverse(address(model, page)) for page in pages)


def pages_of_rows(world: World) -> Iterator[str]:
    """The pages of one row of each model, where there is one."""
    for model, more in MODELS.items():
        row = model._default_manager.order_by("pk").last()
        if row is None:
            continue
        for page in ("history", "change", *(page for page in more if page in OF_ONE_ROW)):
            yield reverse(address(model, page), args=[row.pk])
    yield reverse("admin:auth_user_password_change", args=[world.here.agent.pk])


def dialogs_of(world: World) -> Iterator[tuple[State, str]]:
    """Every transition, asked of a case in a state in which it is possible."""
    for name, row in MOVES.items():
        if row.roles:
            yield row.sources[-1], reverse(f"{CASE}_transition", args=[world.mine[row.sources[-1]].pk, name])
