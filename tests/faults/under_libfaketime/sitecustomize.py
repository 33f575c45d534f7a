"""
For programs under libfaketime 0.9.10: where it is to leave the monotonic clock alone, it refuses the sleep of
Python 3.11 (EINVAL); else it moves that clock too, as no machine does. It leaves ``select`` as it is.
"""

from __future__ import annotations

import select
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex, /) -> None:
    select.select([], [], [], float(seconds))


time.sleep = sleep
