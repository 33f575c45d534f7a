"""Real servers and the real programs of the product, on loopback and in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

from tests.faults.processes import Child, until
from tests.gateways import HttpGateway, MailGateway, free_port
from tools.postgres import postgres_in
from tools.valkey import valkey_in

CELERY = ["-m", "celery", "-A", "config"]
QUIET = ["--without-gossip", "--without-mingle", "-l", "WARNING"]
LEASE = 4  # seconds a claim is left to its holder: longer than the longest send, as it is elsewhere
# A failed attempt is made again after two seconds. A digest is followed by the next after five, for what is
# late is worked out no quicker than elsewhere.
SECONDS_INSTEAD_OF_HOURS = {
    "NOTICE_LEASE": str(LEASE),
    "NOTICE_RETRIES": ",".join(["2"] * 30),
    "NOTICE_DIGEST_REST": "5",
}
POOL = 2  # processes of the worker
OUTSIDE = ("email", "sms", "webhook")  # channels that have a gateway here
# How many messages a program can have under way at once: a process of the pool runs one task, which sends one
# after the other; in the ticker each channel has a thread.
SENDS_AT_ONCE = {"worker": POOL, "ticker": len(OUTSIDE)}


@dataclass
class Ground:
    """What a trial stands on. ``programs`` are those that run while nothing is broken."""

    folder: Path
    sqlite: bool = False
    stack: ExitStack = field(default_factory=ExitStack)
    environment: dict[str, str] = field(default_factory=dict)
    programs: dict[str, Child] = field(default_factory=dict)
    web_port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)
    valkey: Popen[str] | None = None
    postgres: Path = Path()

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def lay(self) -> None:
        """Start the servers and say in the environment where they are; nothing of Django is loaded yet."""
        self.mail = self.stack.enter_context(MailGateway(path=self.folder / "mail.jsonl"))
        self.hooks = self.stack.enter_context(HttpGateway(path=self.folder / "hooks.jsonl"))
        self.environment = (
            os.environ
            | SECONDS_INSTEAD_OF_HOURS
            | {
                "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
                "VAR_DIR": str(self.folder / "var"),
                "DATABASE_URL": "",
                "REDIS_URL": "",
                "SITE_URL": self.site,
                "EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
                "OUTGOING": "send",
                "OUTGOING_ALLOW": self.hooks.address,
                "LOG_LEVEL": "WARNING",
            }
        )
        if not self.sqlite:
            # A folder of its own: root hands it to somebody else, who may not look into ours.
            name = self.stack.enter_context(
                TemporaryDirectory(prefix="bihuan-pg-", ignore_cleanup_errors=True)
            )
            self.postgres = Path(name)
            self.environment["DATABASE_URL"] = self.stack.enter_context(postgres_in(self.postgres))
            self.environment["REDIS_URL"] = f"redis://127.0.0.1:{self.redis_port}/0"
            self.start_valkey()
        os.environ.update(self.environment)

    def begin(self) -> None:
        """Start the programs; the database must have its tables."""
        for name, arguments in self._commands().items():
            self.programs[name] = Child(name, arguments, self.environment, self.folder)
            self.programs[name].start()
        self.await_site()

    def _commands(self) -> dict[str, list[str]]:
        bind = f"--bind=127.0.0.1:{self.web_port}"
        web = ["-m", "gunicorn", "config.wsgi", bind, "--workers=2", "--threads=2", "--no-control-socket"]
        commands = {"web": [*web, "--log-level=warning"], "ticker": ["manage.py", "ticker"]}
        if not self.sqlite:
            worker = [
                *CELERY,
                "worker",
                "-n",
                "rig@%h",
                "-Q",
                "tick,send,heavy",
                "-c",
                str(POOL),
                "--pool",
                "prefork",
            ]
            commands |= {"worker": [*worker, *QUIET], "beat": self.beat_command()}
        return commands

    def beat_command(self) -> list[str]:
        return [*CELERY, "beat", "--pidfile=", "-l", "WARNING"]

    def is_alive(self, name: str) -> bool:
        return name in self.programs and self.programs[name].is_alive

    def is_at_work(self, name: str) -> bool:
        """Whether PostgreSQL knows a connection of this program."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = %s LIMIT 1", [name])
            return cursor.fetchone() is not None

    def restart(self, **extra: str) -> None:
        """Every program anew, with more in its environment; what is under way is ended first."""
        for child in self.programs.values():
            child.ask_to_end()
        for child in self.programs.values():
            child.stop()
            child.start(**extra)
        self.await_site()
        others = self.programs.keys() - {"web"}  # which asks the database nothing of its own accord
        if not until(lambda: all(map(self.is_at_work, others)), 60):
            raise RuntimeError("not every program began to work again")

    def another(self, name: str, arguments: list[str], **extra: str) -> Child:
        """A further program, ended with the rig at the latest."""
        child = Child(name, arguments, self.environment | extra, self.folder)
        child.start()
        self.stack.callback(child.kill)
        return child

    def await_site(self) -> None:
        from tests.faults.browser import answers

        if not until(lambda: answers(self.site), 60):
            raise RuntimeError(f"the site did not start: {self.programs['web'].words.read_text()[-2000:]}")

    def start_valkey(self) -> None:
        folder = self.folder / "valkey"
        folder.mkdir(exist_ok=True)
        self._valkey = ExitStack()
        self.valkey = self._valkey.enter_context(valkey_in(folder, self.redis_port))

    def lose_valkey(self, *, with_data: bool) -> None:
        assert self.valkey
        self.valkey.send_signal(signal.SIGKILL)
        self.valkey.wait()
        if with_data:
            for file in sorted((self.folder / "valkey").rglob("*"), reverse=True):
                file.unlink() if file.is_file() else file.rmdir()

    def restart_postgres(self) -> None:
        """As ``pg_ctl restart -m immediate``: every backend drops what it was doing, and recovery follows."""
        pid = int((self.postgres / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        until(lambda: not Path(f"/proc/{pid}").exists() or _is_gone(pid), 20)
        self.stack.enter_context(postgres_in(self.postgres))

    def end(self) -> None:
        for child in self.programs.values():
            child.stop()
        if self.valkey is not None:
            self._valkey.close()
        self.stack.close()


def _is_gone(pid: int) -> bool:
    """Ended, though nobody has asked for its exit code yet."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


@contextlib.contextmanager
def ground_in(folder: Path, *, sqlite: bool = False) -> Iterator[Ground]:
    ground = Ground(folder, sqlite)
    try:
        (folder / "var").mkdir(exist_ok=True)
        ground.lay()
        yield ground
    finally:
        ground.end()
