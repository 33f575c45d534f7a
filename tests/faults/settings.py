"""The product as tests run it, but by the clock of the database, with patience scaled as its hours are."""

from __future__ import annotations

from tests.settings import *

CLOCK = "database"

# Seconds; a fifth of what they are elsewhere, a third by mail. The longest send is half as long again as
# EMAIL_TIMEOUT: 3 s, which a claim outlasts (tests.faults.ground.LEASE).
OUTGOING_CONNECT_SECONDS, OUTGOING_SECONDS = 1.0, 2.0
EMAIL_TIMEOUT = 2
