"""
Django's way to a mail server, with a hard end: a server that drips holds nobody longer than that.

The end holds for looking the name up, for each of its addresses and for the handshake of TLS as well. Once
the mail is out it is put off: a server that scans what it got is slow to say that it has it, and if nobody
waits for that, it gets the mail again with every attempt.
"""

from __future__ import annotations

import smtplib
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.utils import DNS_NAME

from cases.channels.addresses import connect, look_up
from cases.channels.deadline import Deadline, in_time

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class WatchedSMTP(smtplib.SMTP):
    def __init__(self, deadline: Deadline, *args: Any, **kwargs: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **kwargs)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        rows = look_up(host, port, min(timeout, self.deadline.left()))
        opened = connect(rows, timeout, self.deadline)
        opened.settimeout(timeout)
        return opened

    def data(self, msg: Any) -> tuple[int, bytes]:
        """The mail. Its verdict is waited for until the hard end, other answers for the timeout."""
        try:
            return super().data(msg)
        finally:
            self._wait_for(self.timeout)

    def send(self, s: Any) -> None:
        super().send(s)
        if isinstance(s, bytes):  # the mail itself: commands are texts
            self.deadline.prolong(settings.EMAIL_SECONDS)
            self._wait_for(self.deadline.left())

    def _wait_for(self, seconds: float) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds)


class WatchedSMTPS(smtplib.SMTP_SSL, WatchedSMTP):
    """TLS from the beginning, over a connection that is watched already."""

    def __init__(self, deadline: Deadline, *args: Any, **kwargs: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **kwargs)


class DeadlineBackend(EmailBackend):
    """The ``deadline`` is that of the letter being sent; without one it is Django's own backend."""

    def __init__(self, *args: Any, deadline: Deadline | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deadline = deadline

    @property
    def connection_class(self) -> Callable[..., smtplib.SMTP]:  # type: ignore[override]
        if self.deadline is None:
            return super().connection_class
        return partial(WatchedSMTPS if self.use_ssl else WatchedSMTP, self.deadline)

    def open(self) -> bool | None:
        """Our own name, which is said first, is asked of the resolver too; once found it is kept."""
        if self.deadline is not None:
            in_time(DNS_NAME.get_fqdn, self.deadline.left())
        return super().open()

    def _close_connection(self, connection: smtplib.SMTP) -> None:
        """
        What a server says to goodbye is no news of the mail it took.

        Nor does it hide what went wrong before.
        """
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()
        connection.close()
