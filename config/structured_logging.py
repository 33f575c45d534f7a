"""One JSON line on standard error for each request and each message of the program.

Lines carry ids, never contents: the path without its query (a search may be somebody's phone number) and
without the token of a customer's link, the primary key of the member of staff, no address. Times are UTC.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import structlog
from django.db import InterfaceError, OperationalError
from django_structlog.middlewares import RequestMiddleware

if TYPE_CHECKING:
    from django.http import HttpRequest

# What stands behind /c/ opens a customer's case, also where it was mistyped or cut off, or stands in a query.
_TOKEN = re.compile(r"((?:/|%2F)+c(?:/|%2F)+)[^/\s\"'\\?#<>]+", re.IGNORECASE)

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


def without_tokens(text: str) -> str:
    return _TOKEN.sub(r"\1…", text)


def hide_tokens(_logger: Any, _method: str, line: str) -> str:
    """The last word on every line, whoever wrote it: a request that failed, an error's traceback."""
    return without_tokens(line)


def logging_settings(level: str) -> dict[str, Any]:
    """The LOGGING setting: requests from `level` on, the rest from WARNING on."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
            hide_tokens,
        ],
        "foreign_pre_chain": [*_SHARED, structlog.processors.format_exc_info],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            # The development server's own lines repeat ours, with the whole address.
            "django.server": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
            "django_structlog": {"level": level},
            # It writes whole addresses, in which gateways get number and text, and robots their key. What
            # went wrong is said by the notice.
            "urllib3": {"level": "CRITICAL"},
        },
    }


class RequestRecordMiddleware(RequestMiddleware):
    """Records each request with its path alone."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return without_tokens(f"{request.method} {request.path}")

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Who asks is not looked up again where the database failed: each attempt takes seconds."""
        if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
            RequestMiddleware.bind_user_id(request)
