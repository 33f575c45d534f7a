"""Read from the source: a case changes through the services alone, and pages read through the row scope."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cases.lifecycle import MOVES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for app in ("cases", "config") for path in (ROOT / app).rglob("*.py"))
SERVICES = ROOT / "cases" / "services"
FACTS = {"Case", "CaseEvent", "Message", "Round", "SupportRequest", "Attachment"}
# Functions of pages that need not name the scope, and why.
SCOPED_OTHERWISE = {
    "cases/admin/customer.py get_queryset": "counts the open cases of a customer",
    "cases/admin/exchange.py _ask_for_export": "those a bulk action has already found by the scope",
}


def outside_services() -> list[Path]:
    return [path for path in SOURCES if SERVICES not in path.parents and "migrations" not in path.parts]


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def test_nothing_outside_the_services_calls_a_transition() -> None:
    calls = {
        place(path, node)
        for path in outside_services()
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in MOVES
        and not is_super(node.func.value)
    }
    assert calls == set()


def assigns_state(node: ast.AST) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(isinstance(target, ast.Attribute) and target.attr == "state" for target in targets)
        case (
            ast.AugAssign(target=ast.Attribute(attr="state"))
            | ast.AnnAssign(target=ast.Attribute(attr="state"))
        ):
            return True
        case ast.Call(func=ast.Attribute(attr="update"), keywords=keywords):
            return any(keyword.arg == "state" and not of_another(keyword.value) for keyword in keywords)
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="state"), *_]):
            return True
    return False


def of_another(value: ast.expr) -> bool:
    """Notices and jobs have states of their own, which are no case's."""
    return isinstance(value, ast.Attribute) and ast.unparse(value.value) in {"NoticeState", "JobState"}


def test_nothing_at_all_assigns_a_state() -> None:
    """The seed lays down whole histories past the services; the states of its plots are no case's."""
    sources = [path for path in SOURCES if "seeding" not in path.parts]
    assert {place(path, node) for path in sources for node in nodes(path) if assigns_state(node)} == set()


WRITES = {
    "save",
    "update",
    "bulk_update",
    "delete",
    "create",
    "bulk_create",
    "get_or_create",
    "update_or_create",
}


def starts_at_facts(node: ast.expr) -> bool:
    """Whether a chain of calls begins at the manager of a case or of its facts."""
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager"}:
            return isinstance(node.value, ast.Name) and node.value.id in FACTS
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def test_nothing_outside_the_services_and_the_seed_writes_a_fact() -> None:
    """What is measured beside the services writes the plain way on purpose."""
    writes = {
        place(path, node)
        for path in outside_services()
        if not {"seeding", "benchmarks"} & set(path.parts)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WRITES
        and starts_at_facts(node.func.value)
    }
    assert writes == set()


def unscoped_reads(path: Path) -> Iterator[str]:
    """Functions that read cases from their manager without naming the row scope."""
    for function in nodes(path):
        if isinstance(function, ast.FunctionDef):
            words = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
            managers = [node for node in ast.walk(function) if isinstance(node, ast.expr)]
            if any(is_manager_of_case(node) for node in managers) and "visible_to" not in words:
                yield f"{path.relative_to(ROOT)} {function.name}"


def is_manager_of_case(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_default_manager", "_base_manager"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "Case"
    )


def test_every_page_reads_cases_through_the_row_scope() -> None:
    pages = [path for path in SOURCES if "admin" in path.parts]
    found = {name for path in pages for name in unscoped_reads(path)}
    assert found == SCOPED_OTHERWISE.keys()


def test_nothing_deletes_a_case_a_customer_or_a_person() -> None:
    deletes = {
        place(path, node)
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"delete", "_raw_delete"}
        and starts_at_facts(node.func.value)
    }
    assert deletes == set()


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("case.state = 'archive'", True),
        ("setattr(case, 'state', 'archive')", True),
        ("cases.update(state='archive')", True),
        ("notices.update(state=NoticeState.SENT)", False),
        ("state = case.state", False),
        ("cases.filter(state='archive')", False),
    ],
)
def test_the_reader_knows_an_assignment_when_it_sees_one(line: str, wrong: bool) -> None:
    assert any(assigns_state(node) for node in ast.walk(ast.parse(line))) is wrong
