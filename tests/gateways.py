"""
Fake gateways on loopback that say what they got: HTTP servers and mail servers, each with a behaviour.

A behaviour is asked for each delivery, so it can be changed while the server runs. Every delivery is kept
with its key (Idempotency-Key, or what stands before the @ of a Message-ID) and, given a path, appended to a
file as a line of JSON before the answer is given: who is killed on receipt has been delivered to. Whether
what arrives under a behaviour counts as taken is said with the behaviour and kept with the delivery.
"""

from __future__ import annotations

import email
import email.policy
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller


@dataclass
class Delivery:
    """One request or one mail, as it arrived."""

    key: str
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    taken: bool = True

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """Of a mail."""
        message = email.message_from_bytes(self.body, policy=email.policy.default)
        return str(message.get_payload(decode=True).decode())  # type: ignore[union-attr]


class Journal:
    """Deliveries in the order of their arrival; ``path`` keeps them for another process too."""

    def __init__(self, path: Path | None = None) -> None:
        self.deliveries: list[Delivery] = []
        self.path = path
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)

    def add(self, delivery: Delivery) -> None:
        with self._lock:
            if self.path is not None:
                line = json.dumps({"key": delivery.key, "path": delivery.path, "taken": delivery.taken})
                with self.path.open("a") as file:
                    file.write(line + "\n")
            self.deliveries.append(delivery)
            self._arrived.notify_all()

    def wait_for(self, count: int, seconds: float = 5.0) -> bool:
        """Whether that many have arrived in time."""
        with self._lock:
            return self._arrived.wait_for(lambda: len(self.deliveries) >= count, seconds)

    @property
    def keys(self) -> list[str]:
        return [delivery.key for delivery in self.deliveries]


class Talk:
    """What a behaviour does with one HTTP request: it answers, or does something worse."""

    def __init__(self, handler: Handler, delivery: Delivery) -> None:
        self.handler, self.delivery = handler, delivery

    def answer(self, status: int = 200, body: bytes | str | dict[str, Any] = b"", **headers: str) -> None:
        raw = json.dumps(body) if isinstance(body, dict) else body
        content = raw.encode() if isinstance(raw, str) else raw
        self.handler.send_response(status)
        self.handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(content)

    def reset(self) -> None:
        """Close at once with an RST."""
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.handler.connection.close()

    def drip(self, part: str = "body", *, every: float = 0.05, status: int = 200) -> None:
        """From this part on (status, head, body) a byte at a time, until one of both has had enough."""
        line = f"HTTP/1.1 {status} Well\r\n"
        self._write({"status": "", "head": line, "body": f"{line}\r\n"}[part].encode())
        while not self.handler.server.stopping.wait(every) and self._write(b"x"):
            pass

    def never_answer(self) -> None:
        self.handler.server.stopping.wait(60)

    def _write(self, data: bytes) -> bool:
        try:
            self.handler.wfile.write(data)
        except OSError:
            return False
        return True


Behaviour = Callable[[Talk], None]


def well(talk: Talk) -> None:
    talk.answer(200, {"errcode": 0, "errmsg": "ok", "code": 0, "StatusCode": 0})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        behaviour, taken = self.server.conduct
        delivery = Delivery(_key_of(headers, body), self.path, headers, body, taken)
        self.server.journal.add(delivery)
        self.close_connection = True
        behaviour(Talk(self, delivery))

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing on the terminal."""


def _key_of(headers: dict[str, str], body: bytes) -> str:
    """Webhooks say it in a header, gateways of text messages where their template puts it."""
    if key := headers.get("idempotency-key"):
        return key
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return str(said.get("key", "")) if isinstance(said, dict) else ""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def __init__(self, behaviour: Behaviour, journal: Journal, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.conduct, self.journal = (behaviour, True), journal
        self.stopping = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client has gone: what tests of deadlines are about."""


class HttpGateway:
    """``with HttpGateway(behaviour) as gateway:`` serves in a thread at ``gateway.url``."""

    def __init__(self, behaviour: Behaviour = well, *, path: Path | None = None, port: int = 0) -> None:
        self.journal = Journal(path)
        self.server = Server(behaviour, self.journal, port)
        self.port = int(self.server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def behave(self, behaviour: Behaviour, *, taken: bool = True) -> None:
        """From the next request on; ``taken`` is whether what arrives then counts as delivered."""
        self.server.conduct = (behaviour, taken)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.server.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


class MailHandler:
    """Answers each step of SMTP as ``answers`` says, else accepts; ``refused`` keeps each address refused."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.answers: dict[str, str] = {}
        self.refused: list[str] = []

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if refusal := self.answers.get("MAIL"):
            return refusal
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if refusal := self.answers.get(address) or self.answers.get("RCPT"):
            self.refused.append(address)
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        headers = {name.lower(): str(value) for name, value in message.items()}
        key = headers.get("message-id", "").strip("<>").partition("@")[0]
        delivery = Delivery(key, ",".join(envelope.rcpt_tos), headers, envelope.content)
        if refusal := self.answers.get("DATA"):
            return refusal
        self.journal.add(delivery)
        return "250 OK"


class MailGateway:
    """``with MailGateway() as gateway:``; ``gateway.answers["RCPT"] = "451 later"`` and the like."""

    def __init__(self, *, path: Path | None = None, port: int = 0) -> None:
        self.journal = Journal(path)
        handler = MailHandler(self.journal)
        self.answers, self.refused = handler.answers, handler.refused
        self.controller = Controller(handler, hostname="127.0.0.1", port=port or free_port())

    @property
    def port(self) -> int:
        return int(self.controller.port)

    def __enter__(self) -> Self:
        self.controller.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.controller.stop()


class DumbServer:
    """Takes a connection and then says these bytes, one by one, for ever, or nothing at all."""

    def __init__(self, drip: bytes = b"", *, every: float = 0.05) -> None:
        self.drip, self.every = drip, every
        self.stopping = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stopping.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join()
        self.listener.close()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            connection, _address = self.listener.accept()
            thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            while not self.stopping.wait(self.every):
                try:
                    connection.sendall(self.drip)
                except OSError:
                    return


def free_port() -> int:
    """A port where nothing listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
