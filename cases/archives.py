"""ZIP archives that nobody vouches for: what record sheets and office documents may be packed in. Pure."""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Deflate unpacks as little at a time as one asks for. BZIP2 and LZMA hand out all that a packed block holds,
# whatever was asked for: 6 kB become gigabytes. No office program writes them.
_PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# Every way in which zipfile says that it cannot read an archive: damaged tables, names that are no text,
# places beyond the end, a stream that ends early.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def is_plainly_packed(entries: Iterable[zipfile.ZipInfo]) -> bool:
    """Can all entries be unpacked in bounded pieces? To be asked before any of them is opened."""
    return all(entry.compress_type in _PLAIN_METHODS for entry in entries)
