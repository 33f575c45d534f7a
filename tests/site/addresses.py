"""Every address the URL configuration knows, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, get_resolver

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_address() -> dict[str, str]:
    """Name → pattern of the path. A pattern without a name is named by its path."""
    return dict(_walk(get_resolver().url_patterns))


def _walk(patterns: list[Any], path: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        here = path + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield (namespace + pattern.name if pattern.name else here), here
        else:
            below = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern.url_patterns, here, namespace + below)
