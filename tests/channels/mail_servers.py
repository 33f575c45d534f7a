"""A mail server that says what it is told to say, step by step."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

WELL = b"250 well\r\n"
READY, GO_ON = b"220 ready\r\n", b"354 go on\r\n"
EXTENDED = b"250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"


class PlainServer:
    """
    Takes one mail. ``answers`` are what it says to a command, else 250; None is silence until it is stopped.

    The answer to the mail itself, ``"."``, comes after ``seconds``. Given a ``certificate`` it speaks TLS,
    from the beginning or when it is asked to.
    """

    def __init__(
        self,
        answers: Mapping[str, bytes | None] | None = None,
        *,
        seconds: float = 0,
        certificate: Path | None = None,
        tls_first: bool = True,
    ) -> None:
        self.answers = {"DATA": GO_ON, "EHLO": EXTENDED, "STARTTLS": READY, **(answers or {})}
        self.seconds = seconds
        self.certificate, self.tls_first = certificate, tls_first
        self.taken = 0
        self.stopping = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(10)  # nobody may come: then the test fails, and does not stand still
        self.port = int(self.listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stopping.set()
        self._thread.join()
        self.listener.close()

    def _serve(self) -> None:
        accepted, _address = self.listener.accept()
        try:
            with self._secured(accepted) if self.certificate and self.tls_first else accepted as connection:
                self._talk(connection)
        except OSError:  # the other side has had enough
            accepted.close()

    def _secured(self, accepted: socket.socket) -> socket.socket:
        assert self.certificate
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context.wrap_socket(accepted, server_side=True)

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                command = line.split()[0].decode().upper()
                answer = self.answers.get(command, WELL)
                if not self._say(connection, answer):
                    return
                if command == "STARTTLS" and self.certificate:
                    self._secured(connection)  # which the other side does not trust
                    return
                if command == "DATA" and answer == GO_ON:
                    while next(lines) != b".\r\n":
                        pass
                    self.taken += 1
                    self.stopping.wait(self.seconds)
                    self._say(connection, self.answers.get(".", WELL))
                if command == "QUIT":
                    return

    def _say(self, connection: socket.socket, answer: bytes | None) -> bool:
        """Whether there was something to say."""
        if answer is None:
            self.stopping.wait(10)
            return False
        connection.sendall(answer)
        return True
