"""A mail server that says what it is told to say, step by step."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

HELLO = b"250 well\r\n"


class PlainServer:
    """
    Takes one mail. ``answers`` are what it says to a command, else 250; None is silence until it is stopped.

    The answer to the mail itself, ``"."``, comes after ``seconds``. Given a ``certificate``, it speaks TLS.
    """

    def __init__(
        self,
        answers: Mapping[str, bytes | None] | None = None,
        *,
        seconds: float = 0,
        certificate: Path | None = None,
    ) -> None:
        self.answers = {"DATA": b"354 go on\r\n", **(answers or {})}
        self.seconds = seconds
        self.certificate = certificate
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
            with self._secured(accepted) as connection:
                self._talk(connection)
        except OSError:  # the other side has had enough
            accepted.close()

    def _secured(self, accepted: socket.socket) -> socket.socket:
        if self.certificate is None:
            return accepted
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context.wrap_socket(accepted, server_side=True)

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                command = line.split()[0].decode().upper()
                answer = self.answers.get(command, HELLO)
                if not self._say(connection, answer):
                    return
                if command == "DATA" and answer == b"354 go on\r\n":
                    while next(lines) != b".\r\n":
                        pass
                    self.taken += 1
                    self.stopping.wait(self.seconds)
                    self._say(connection, self.answers.get(".", HELLO))
                if command == "QUIT":
                    return

    def _say(self, connection: socket.socket, answer: bytes | None) -> bool:
        """Whether there was something to say."""
        if answer is None:
            self.stopping.wait(10)
            return False
        connection.sendall(answer)
        return True
