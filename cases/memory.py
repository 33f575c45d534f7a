"""What long-lived processes do about memory."""

from __future__ import annotations

import gc


def keep_what_is_loaded() -> None:
    """
    Leave what is there when a process begins its work out of garbage collection.

    A batch of rows makes objects enough to have all of it looked through again and again, which took a tenth
    of the time of a tick.
    """
    gc.collect()
    gc.freeze()
