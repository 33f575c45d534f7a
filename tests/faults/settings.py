"""The product as tests run it, but by the clock of the database and with leases and retries of seconds."""

from __future__ import annotations

from tests.settings import *

CLOCK = "database"
