"""The list of cases: what its rows show, how they are narrowed, found and paged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin import ShowFacets
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList

from cases.admin import badges
from cases.admin.actions import BulkActionsMixin
from cases.admin.filters import FILTERS
from cases.admin.paging import Cursor, count_up_to, read_page
from cases.admin.tabs import EVERYTHING, TABS
from cases.models import Case
from cases.querysets import CaseQuerySet

ROWS = 50
COUNTED = 200  # a page costs the walk to its 50 rows, and the count four times that
FIRST_WORDS = 80
TAB, AFTER, BEFORE = "tab", "after", "before"
FILTER_NAMES = frozenset(name for each in FILTERS for name in each.parameters())


def rows_of(cases: CaseQuerySet) -> CaseQuerySet:
    """With what a row of a list shows, and without the long texts it does not show."""
    return (
        cases.select_related("customer", "topic", "handler", "team")
        .defer("description", "remark", "search_text", "customer__notes", "handler__password")
        .annotate(first_words=Left("description", FIRST_WORDS))
    )


def take_cursor(request: HttpRequest, name: str) -> Cursor | None:
    """The cursor of the address, taken out of it: no link, search or filter starts in the middle."""
    request.GET = request.GET.copy()
    return Cursor.read((request.GET.pop(name, [""]))[-1])


@dataclass(frozen=True)
class Row:
    """A case as one line of a list, at the moment ``at``; its marks are empty where nothing is to be said."""

    case: Case
    at: datetime

    @property
    def vip(self) -> SafeString | str:
        return badges.vip_mark(self.case.customer)

    @property
    def urgency(self) -> SafeString:
        return badges.urgency_badge(self.case)

    @property
    def state(self) -> SafeString:
        return badges.state_badge(self.case)

    @property
    def waiting(self) -> SafeString | str:
        return badges.waiting_badge(self.case)

    @property
    def due(self) -> SafeString | str:
        due_at = self.case.due_at
        title = f"{timezone.localtime(due_at):%Y-%m-%d %H:%M}" if due_at else ""
        return badges.deadline_badge(due_at, self.at, title=title)

    @property
    def clock(self) -> str:
        """Which clock comes next; before there is a promise it may be the customer's wish."""
        if self.case.due_at is None:
            return ""
        return self.case.get_due_clock_display() or str(_("Expected by the customer"))

    @property
    def handler(self) -> SafeString | str:
        return self.case.handler_label or badges.unclaimed_badge(self.case)

    @property
    def round(self) -> SafeString | str:
        return badges.round_badge(self.case)


class CaseChangeList(ChangeList):
    """Newest first, or by deadline in a queue; never counts all and never skips rows by number."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.at = timezone.now()
        self.after, self.before = take_cursor(request, AFTER), take_cursor(request, BEFORE)
        self.tab_name = request.GET.get(TAB, EVERYTHING)
        if self.tab_name not in TABS:
            self.tab_name = EVERYTHING
        self.tab = TABS[self.tab_name]
        super().__init__(request, *args, **kwargs)
        self.title = self.opts.verbose_name_plural

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Our own filters; a lookup into the database is kept too, so that it is refused."""
        given = self.filter_params if params is None else params
        return {name: value for name, value in given.items() if name in FILTER_NAMES or "__" in name}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> CaseQuerySet:
        self.filter_specs, self.has_filters, _rest, _double, self.has_active_filters = self.get_filters(
            request
        )
        cases = self.tab.narrow(self.root_queryset, request.user, self.at)
        for spec in self.filter_specs:
            cases = spec.queryset(request, cases)
        self.clear_all_filters_qs = self.get_query_string(dict.fromkeys(FILTER_NAMES))
        return cases.find(self.query) if self.query.strip() else cases

    def get_results(self, request: HttpRequest) -> None:
        page = read_page(
            rows_of(self.queryset), self.tab.order, size=ROWS, after=self.after, before=self.before
        )
        self.page = page
        self.result_list = page.rows
        # Rows found by words may lie far apart: walking to the next two hundred would cost seconds.
        self.counted = ROWS if self.query.strip() else COUNTED
        self.result_count = self._count()
        self.full_result_count = self.result_count  # nothing to say beside the title
        self.paginator = None
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True

    def _count(self) -> int:
        """Exact while it is cheap, else one more than was counted."""
        if self.page.newer is None and self.page.older is None:
            return len(self.page.rows)
        if self.counted == ROWS:
            return ROWS + 1
        return count_up_to(self.queryset, self.tab.order, self.counted)

    def get_ordering_field_columns(self) -> dict[int, str]:
        """No column sorts: the tab decides, and has an index for it."""
        return {}

    @property
    def may_take_all(self) -> bool:
        """Whether a bulk change may be offered for the rows of all pages."""
        return len(self.result_list) < self.result_count <= self.counted

    @cached_property
    def count_in_words(self) -> str:
        """“37”, or “200+” where counting stopped."""
        if self.result_count > self.counted:
            return f"{number_format(self.counted)}+"
        return number_format(self.result_count)

    def rows(self) -> list[Row]:
        return [Row(case, self.at) for case in self.result_list]

    def tabs(self) -> list[dict[str, Any]]:
        return [
            {
                "label": tab.label,
                "link": self.get_query_string({TAB: None if name == EVERYTHING else name}),
                "active": name == self.tab_name,
            }
            for name, tab in TABS.items()
        ]

    def chips(self) -> list[dict[str, Any]]:
        """What narrows the list now, each with the link that takes it off again."""
        found = [
            {"words": spec.in_words(), "without": self.get_query_string(dict.fromkeys(spec.parameters()))}
            for spec in self.filter_specs
            if spec.in_words()
        ]
        if self.query.strip():
            found.append({"words": f"“{self.query}”", "without": self.get_query_string({"q": None})})
        return found

    def page_links(self) -> dict[str, str | None]:
        newer, older = self.page.newer, self.page.older
        return {
            "newest": self.get_query_string() if newer else None,
            "newer": self.get_query_string({BEFORE: newer}) if newer else None,
            "older": self.get_query_string({AFTER: older}) if older else None,
        }


class CaseListMixin(BulkActionsMixin):
    """How the list of cases looks and what can be done from it."""

    list_display = ("number",)  # the rows are drawn by rows.html
    list_filter = FILTERS
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = ROWS
    list_before_template = "admin/cases/case/list_before.html"
    search_fields = ("number",)  # what is searched is said in get_search_results
    search_help_text = _("Number, phone, e-mail, customer, order or words")
    show_facets = ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CaseChangeList]:
        return CaseChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in FILTER_NAMES

    def get_search_results(
        self, request: HttpRequest, queryset: CaseQuerySet, search_term: str
    ) -> tuple[CaseQuerySet, bool]:
        return (queryset.find(search_term) if search_term.strip() else queryset), False
