"""
Text messages through whatever gateway a company has: what is posted is a template, kept with the gateway.

Options, with their defaults:

    {"method": "POST",                      GET puts the fields into the query
     "format": "json",                      or "form"
     "headers": {},
     "body": {...},                         required; values are texts, numbers or further objects and lists
     "success": {"statuses": [],            those that mean it was taken; absent: any 2xx
                 "field": "",               of a JSON answer, deeper ones with full stops: "data.code"
                 "values": []},             what that field says when the message was taken
     "busy": []}                            what that field says when it is worth another attempt later

``success`` is not guessed: whoever sets a gateway up names a field, or, where its status alone says that it
took a message, the statuses: {"success": {"statuses": [200]}}. Values count only in their own kind: 0 is
neither "0" nor false. Another value is a refusal. An answer that is no JSON, lacks the field or holds another
kind of thing there says nothing, and the message is tried again.

Texts in the body may hold {phone} (+8613812345678), {national} (without +86), {text}, {key} and {secret},
those in headers {key} and {secret}.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cases.channels import http
from cases.channels.base import PermanentFailure, TemporaryFailure
from cases.channels.causes import Cause
from cases.channels.shortening import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cases.channels.answers import Answer
    from cases.channels.base import Letter

PLACEHOLDER = re.compile(r"\{(\w*)\}")
ALLOWED = frozenset({"phone", "national", "text", "key", "secret"})
KNOWN = frozenset({"method", "format", "headers", "body", "success", "busy"})
LONGEST = 500  # characters: seven or eight messages
METHODS, FORMATS = ("POST", "GET"), ("json", "form")
TYPES = {"json": "application/json; charset=utf-8", "form": "application/x-www-form-urlencoded"}


def send(letter: Letter) -> None:
    """Raises TemporaryFailure or PermanentFailure."""
    options = letter.options
    if problems_of(options):
        raise PermanentFailure(Cause.NOT_SET_UP)
    values = {
        "phone": letter.to,
        "national": letter.to.removeprefix("+86"),
        "text": shortened(letter.body, LONGEST),
        "key": letter.key,
        "secret": letter.secret,
    }
    judge(_call(letter.url, _fill(options, values)), options.get("success", {}), options.get("busy", []))


def problems_of(options: Any) -> list[str]:
    """What of the options is not as described above, by the names of the parts; empty when all is well."""
    if not isinstance(options, dict):
        return ["options"]
    success = options.get("success", {})
    checks = {
        ", ".join(sorted(set(options) - KNOWN)): not set(options) - KNOWN,
        "method": options.get("method", "POST") in METHODS,
        "format": options.get("format", "json") in FORMATS,
        "headers": _is_headers(options.get("headers", {})),
        "body": isinstance(options.get("body"), dict) and _placeholders(options["body"]) <= ALLOWED,
        "success": isinstance(success, dict) and _is_success(success),
        "busy": _are_values(options.get("busy", [])) and not (options.get("busy") and not _field_of(success)),
    }
    return [name for name, well in checks.items() if not well]


def says_what_success_is(options: Mapping[str, Any]) -> bool:
    """Whether options without ``problems_of`` tell a message that was taken from a page that says "error"."""
    success = options.get("success", {})
    return bool(success.get("field") or success.get("statuses"))


def judge(answer: Answer, success: Mapping[str, Any], busy: Iterable[Any] = ()) -> None:
    """
    Return where status and field say that the message was taken.

    Raises PermanentFailure where they say that it never will be, TemporaryFailure where they say "later" or
    nothing that could be understood.
    """
    statuses = success.get("statuses") or []
    if answer.status not in statuses:
        http.demand_success(answer)
        if statuses:
            raise TemporaryFailure(Cause.NOT_UNDERSTOOD, answer.status)
    if field := success.get("field"):
        found: Any = answer.json()
        for name in field.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        _judge_value(found, success["values"], busy)


def _judge_value(found: Any, taken: Iterable[Any], busy: Iterable[Any]) -> None:
    said = (_kind_of(found), found)
    detail = found if type(found) is int else ""
    if said in [(_kind_of(value), value) for value in taken]:
        return
    if said in [(_kind_of(value), value) for value in busy]:
        raise TemporaryFailure(Cause.BUSY, detail)
    if _kind_of(found) not in {_kind_of(value) for value in (*taken, *busy)} - {""}:
        raise TemporaryFailure(Cause.NOT_UNDERSTOOD, detail)
    raise PermanentFailure(Cause.REFUSED, detail)


def _kind_of(value: Any) -> str:
    """In Python false is 0; in an answer it is not."""
    kinds = {bool: "truth", int: "number", float: "number", str: "text"}
    return kinds.get(type(value), "")


def _call(url: str, options: Mapping[str, Any]) -> Answer:
    fields, form = options["body"], options.get("format", "json")
    headers = options.get("headers", {})
    with_body = bool(_field_of(options.get("success")))
    if options.get("method") == "GET":
        return http.ask(url, urlencode(fields), headers, with_body=with_body)
    body = urlencode(fields) if form == "form" else json.dumps(fields, ensure_ascii=False)
    return http.post(url, body.encode(), {"Content-Type": TYPES[form], **headers}, with_body=with_body)


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    """Every text filled once: what is filled in is not looked at again."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {name: _fill(inner, values) for name, inner in value.items()}
    return [_fill(inner, values) for inner in value] if isinstance(value, list) else value


def _placeholders(value: Any) -> set[str]:
    if isinstance(value, str):
        return set(PLACEHOLDER.findall(value))
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return {name for part in inner for name in _placeholders(part)}


def _is_headers(headers: Any) -> bool:
    return isinstance(headers, dict) and all(
        isinstance(value, str)
        and f"{name}{value}".isascii()
        and f"{name}{value}".isprintable()
        and _placeholders(value) <= {"key", "secret"}
        for name, value in headers.items()
    )


def _is_success(success: Mapping[str, Any]) -> bool:
    statuses, values = success.get("statuses", []), success.get("values", [])
    field = success.get("field", "")
    return (
        set(success) <= {"statuses", "field", "values"}
        and isinstance(statuses, list)
        and all(type(status) is int for status in statuses)
        and isinstance(field, str)
        and _are_values(values)
        and bool(values) == bool(field)
    )


def _are_values(values: Any) -> bool:
    return isinstance(values, list) and all(_kind_of(value) for value in values)


def _field_of(success: Any) -> Any:
    return success.get("field") if isinstance(success, dict) else None
