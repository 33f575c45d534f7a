"""About five requests a second, made by everybody at once until it is enough."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connections

from tests.faults.clients import Agent, Client, Rater, Reader, Specialist
from tests.faults.sheets import Clerk

if TYPE_CHECKING:
    from tests.faults.journal import Journal
    from tests.faults.world import World


class Load:
    """``with Load(...):`` goes on until the block is left."""

    def __init__(self, world: World, journal: Journal) -> None:
        self._stopping = threading.Event()
        clients: list[Client] = [Reader(world, journal), Rater(world, journal), Clerk(world, journal)]
        for branch in world.branches:
            clients += [Agent(world, journal, branch), Specialist(world, journal, branch)]
        self._threads = [threading.Thread(target=self._go_on, args=(client,)) for client in clients]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, client: Client) -> None:
        longest = client.pause  # nobody is late for work
        while not self._stopping.wait(random.uniform(0, longest)):
            longest = 2 * client.pause
            try:
                client.do_something()
            except (OperationalError, InterfaceError):  # of our own look beside the site, in an outage
                connections.close_all()
        connections.close_all()
