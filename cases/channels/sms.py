"""
Text messages through whatever gateway a company has: what is posted is a template, kept with the gateway.

Options, with their defaults:

    {"method": "POST",                      GET puts the fields into the query
     "format": "json",                      or "form"
     "headers": {},
     "body": {...},                         required; values are texts, numbers or further objects and lists
     "success": {"statuses": [],            absent: any 2xx
                 "field": "",               of a JSON answer, deeper ones with full stops: "data.code"
                 "values": []}}             what that field says when the message was taken

Texts in the body may hold {phone} (+8613812345678), {national} (without +86), {text}, {key} and {secret},
those in headers {key} and {secret}.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cases.channels import http
from cases.channels.base import PermanentFailure
from cases.channels.causes import Cause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cases.channels.base import Letter
    from cases.channels.http import Answer

PLACEHOLDER = re.compile(r"\{(\w*)\}")
ALLOWED = frozenset({"phone", "national", "text", "key", "secret"})
KNOWN = frozenset({"method", "format", "headers", "body", "success"})
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
        "text": letter.body[:LONGEST],
        "key": letter.key,
        "secret": letter.secret,
    }
    judge(_call(letter.url, _fill(options, values)), options.get("success", {}))


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
    }
    return [name for name, well in checks.items() if not well]


def judge(answer: Answer, success: Mapping[str, Any]) -> None:
    """Raise unless status and field say that the message was taken."""
    statuses = success.get("statuses") or []
    if answer.status not in statuses:
        http.demand_success(answer)
        if statuses:
            raise PermanentFailure(Cause.REFUSED, answer.status)
    if field := success.get("field"):
        found: Any = answer.json()
        for name in field.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if found is None or isinstance(found, dict | list) or found not in success["values"]:
            raise PermanentFailure(Cause.REFUSED, found if isinstance(found, int) else "")


def _call(url: str, options: Mapping[str, Any]) -> Answer:
    fields, form = options["body"], options.get("format", "json")
    headers = options.get("headers", {})
    if options.get("method") == "GET":
        query = urlencode(fields)
        return http.post(f"{url}{'&' if '?' in url else '?'}{query}", b"", headers, method="GET")
    body = urlencode(fields) if form == "form" else json.dumps(fields, ensure_ascii=False)
    return http.post(url, body.encode(), {"Content-Type": TYPES[form], **headers})


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
        and isinstance(values, list)
        and bool(values) == bool(field)
    )
