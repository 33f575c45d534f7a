"""Django's way to a mail server, with a hard end: a server that drips holds nobody longer than that."""

from __future__ import annotations

import smtplib
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.mail.backends.smtp import EmailBackend

from cases.channels.deadline import Deadline

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class WatchedSMTP(smtplib.SMTP):
    def __init__(self, deadline: Deadline | None, *args: Any, **kwargs: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **kwargs)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _watched(self.deadline, super()._get_socket(host, port, timeout))  # type: ignore[misc]


class WatchedSMTPS(smtplib.SMTP_SSL):
    def __init__(self, deadline: Deadline | None, *args: Any, **kwargs: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **kwargs)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _watched(self.deadline, super()._get_socket(host, port, timeout))  # type: ignore[misc]


class DeadlineBackend(EmailBackend):
    """The ``deadline`` is that of the letter being sent; without one it is Django's own backend."""

    def __init__(self, *args: Any, deadline: Deadline | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deadline = deadline

    @property
    def connection_class(self) -> Callable[..., smtplib.SMTP]:  # type: ignore[override]
        return partial(WatchedSMTPS if self.use_ssl else WatchedSMTP, self.deadline)


def _watched(deadline: Deadline | None, opened: socket.socket) -> socket.socket:
    if deadline is not None:
        deadline.watch(opened)
    return opened
