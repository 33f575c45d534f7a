"""The product as tests run it, but by the clock of the database, with patience scaled as its hours are."""

from __future__ import annotations

from tests.settings import *

CLOCK = "database"

# Seconds; a fifth of what they are elsewhere. The longest send takes two, which a claim outlasts
# (tests.faults.ground.LEASE).
OUTGOING_CONNECT_SECONDS, OUTGOING_SECONDS = 1.0, 2.0
EMAIL_TIMEOUT = 2
