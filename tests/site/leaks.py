"""Does an answer tell anything of the foreign case?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from django.test import Client

from tests.site.world import CANARY_CUSTOMER

if TYPE_CHECKING:
    from cases.models import Staff
    from tests.site.world import World

# Who may see customers sees all of them, so a name here says nothing about a case.
LISTS_CUSTOMERS = (
    "/admin/cases/customer/",
    "/admin/cases/contactaccess/",
    "/admin/cases/case/add/customers/",
    "/admin/autocomplete/",
)


@dataclass
class Visitor:
    """Somebody who opens addresses and collects what they should not have been told."""

    world: World
    client: Client
    leaks: list[str] = field(default_factory=list)

    @classmethod
    def as_staff(cls, world: World, staff: Staff | None) -> Visitor:
        client = Client(raise_request_exception=True)
        if staff is not None:
            client.force_login(staff)
        return cls(world, client)

    def get(self, url: str, query: dict[str, Any] | None = None) -> Any:
        return self._look(url, query, self.client.get(url, query or {}))

    def post(self, url: str, data: dict[str, Any] | None = None) -> Any:
        return self._look(url, data, self.client.post(url, data or {}))

    def _look(self, url: str, sent: dict[str, Any] | None, response: Any) -> Any:
        body = body_of(response)
        said = f"{url} {unquote_plus(url)} {sent}"
        for secret in self.world.secrets():
            if secret in body and secret not in said and not self._is_no_secret(secret, url):
                self.leaks.append(f"{url} {sent or ''} tells {secret}")
        return response

    def _is_no_secret(self, secret: str, url: str) -> bool:
        return secret == CANARY_CUSTOMER and url.startswith(LISTS_CUSTOMERS)


def body_of(response: Any) -> str:
    """What was sent, and where it points to."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    return f"{headers} {content.decode('utf-8', 'replace')}"
