"""What Django's own deployment checks do not know: mistakes that this product's settings make possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.core.checks import CheckMessage

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@register(Tags.security, deploy=True)
def check_site_url(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Links in notices must lead to where the site really is."""
    public = [host for host in settings.ALLOWED_HOSTS if host.strip("[]") not in LOOPBACK]
    return [
        *_site_url_problems(settings.SITE_URL, https=settings.SECURE_SSL_REDIRECT),
        *_unreachable(settings.SITE_URL, public),
    ]


def _site_url_problems(url: str, *, https: bool) -> Iterator[CheckMessage]:
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        yield Error(f"SITE_URL={url} is no address of a site.", id="bihuan.E001")
    elif https and parts.scheme != "https" and parts.hostname != "127.0.0.1":
        yield Error("SITE_URL is not https although HTTPS is demanded.", id="bihuan.E002")


def _unreachable(url: str, public: Sequence[str]) -> Iterator[CheckMessage]:
    """``public`` are the names under which others reach the site."""
    if public and urlsplit(url).hostname in LOOPBACK:
        name = next((host.lstrip(".") for host in public if host != "*"), "service.example.com")
        hint = f"Set SITE_URL, as in https://{name}."
        yield Error(
            f"SITE_URL={url} is this machine: links lead customers nowhere.", hint=hint, id="bihuan.E004"
        )


@register(Tags.security, deploy=True)
def check_broker(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The broker refuses to forget, a cache is there to forget: they are never the same Redis."""
    broker = _server(settings.REDIS_URL)
    places = [cache.get("LOCATION") or "" for cache in settings.CACHES.values()]
    caches = {_server(url) for place in places for url in ([place] if isinstance(place, str) else place)}
    if broker and broker in caches:
        hint = "Give the cache a Redis of its own: one that may forget must not carry the wake-ups."
        return [Error("The broker and a cache share one Redis.", hint=hint, id="bihuan.E003")]
    return []


def _server(url: str) -> str:
    """Host and port of a redis address; the number of a database is no other server."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}" if parts.scheme in {"redis", "rediss"} else ""


@register(Tags.database, deploy=True)
def check_workers_database(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Workers are many processes that write; SQLite queues them behind each other."""
    if settings.REDIS_URL and "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        hint = "Set DATABASE_URL to a PostgreSQL, or leave REDIS_URL empty and run `manage.py ticker`."
        return [Warning("Workers with a broker need PostgreSQL.", hint=hint, id="bihuan.W001")]
    return []


@register(Tags.security, deploy=True)
def check_outgoing(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What is right on one's own machine and wrong where customers wait for an answer."""
    found: list[CheckMessage] = []
    if getattr(settings, "OUTGOING", "") == "catch" and settings.SECURE_SSL_REDIRECT:
        found.append(Warning("OUTGOING=catch: no notice leaves this machine.", id="bihuan.W002"))
    if getattr(settings, "OUTGOING_ALLOW", None):
        hint = "Only tests need private addresses; robots and gateways are reached by public ones."
        found.append(Warning("OUTGOING_ALLOW opens private addresses.", hint=hint, id="bihuan.W003"))
    return found


@register(Tags.security, deploy=True)
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A site that others reach, and that cannot write to them. On one's own machine nobody waits for mail."""
    ours = settings.EMAIL_BACKEND.endswith("DeadlineBackend") and not settings.EMAIL_HOST
    reached = urlsplit(settings.SITE_URL).hostname not in {None, *LOOPBACK}
    if ours and reached and settings.OUTGOING != "catch":
        hint = "Set EMAIL_URL, as in smtp+tls://name:password@smtp.example.com:587."
        message = "There is no mail server: neither customers nor staff get any mail."
        return [Warning(message, hint=hint, id="bihuan.W004")]
    return []
