"""A hard end for a conversation over the network, however slowly the far side drips."""

from __future__ import annotations

import socket
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock, Thread, Timer, current_thread
from time import monotonic
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Answer = TypeVar("Answer")


class Deadline:
    """
    Shuts the watched sockets when its seconds are over; whoever reads from one then gets an end or an error.

    A timeout of a socket counts from byte to byte. This one counts from the beginning.
    """

    def __init__(self, seconds: float) -> None:
        self.begun_at = monotonic()
        self.ends_at = self.begun_at + seconds
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._lock = Lock()
        self._timer = self._new_timer(seconds)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._sockets:
                watched.close()
            self._sockets.clear()

    def left(self) -> float:
        """Seconds that remain, never quite none: a timeout of nothing would mean another thing."""
        return max(self.ends_at - monotonic(), 0.001)

    def prolong(self, seconds: float) -> None:
        """End so many seconds after the beginning, if that is later; what has ended stays ended."""
        with self._lock:
            if self.passed or self.begun_at + seconds <= self.ends_at:
                return
            self._timer.cancel()
            self.ends_at = self.begun_at + seconds
            self._timer = self._new_timer(self.left())
            self._timer.start()

    def watch(self, opened: socket.socket) -> None:
        """A second handle is kept: TLS takes the first one over."""
        with self._lock:
            self._sockets.append(opened.dup())
            if self.passed:
                _shut(self._sockets[-1])

    def _new_timer(self, seconds: float) -> Timer:
        timer = Timer(seconds, self._end)
        timer.daemon = True
        return timer

    def _end(self) -> None:
        with self._lock:
            if current_thread() is not self._timer:
                return  # prolonged at the last moment
            self.passed = True
            for watched in self._sockets:
                _shut(watched)


def in_time(ask: Callable[[], Answer], seconds: float) -> Answer:
    """
    What ``ask`` returns or raises, or TimeoutError after so many seconds.

    It runs in a thread of its own: nothing else ends a resolver that does not answer.
    """
    answer: Future[Answer] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # raised where the answer is waited for
            answer.set_exception(error)

    Thread(target=run, daemon=True).start()
    return answer.result(seconds)


def _shut(opened: socket.socket) -> None:
    with suppress(OSError):  # the far side was faster
        opened.shutdown(socket.SHUT_RDWR)
