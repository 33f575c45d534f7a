"""
Whether an uploaded file may be kept, and in which form. Pure: bytes in, bytes out.

A file is believed neither in its name nor in its declared type: the ending must be on the list, and the
content must be of that kind and of no other. Pictures are drawn anew, which leaves behind where and with what
they were taken. The rules are those of the reliability paper, attack S6 (ASVS 5.2 and 5.3).
"""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from cases.archives import BROKEN_ARCHIVE, is_plainly_packed
from cases.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.utils.functional import Promise

MAX_BYTES = 10 * 1024 * 1024
MAX_NAME = 150  # characters, the width of Attachment.name
MAX_PIXELS = 40_000_000  # a picture of 7,700 × 5,200; unpacked it takes 160 MB
MAX_ENTRIES = 2_000  # parts of an office document
MAX_UNPACKED = 100 * 1024 * 1024
MAX_RELATIONS = 1024 * 1024  # bytes of one part that is read

JPEG_QUALITY = 90
_OFFICE = "application/vnd.openxmlformats-officedocument."
_HEAD = 1024
_OTHER_KINDS = re.compile(
    rb"%pdf-|<!doctype|<html|<head|<body|<script|<svg|<iframe|<\?php|#!/", re.IGNORECASE
)
_ZIP_END = b"PK\x05\x06"
_ZIP_TAIL = 65_557  # the end record of an archive lies within this many bytes of its end
_RUNS_CODE = re.compile(r"vbaproject|macrosheets/|activex/|\.(bin|exe|dll|js|vbs|docm|xlsm|pptm|zip)$")
_OUTSIDE_TEMPLATE = re.compile(rb"(attachedTemplate|oleObject|frame)\"[^>]*TargetMode=\"External\"")


@dataclass(frozen=True)
class CheckedFile:
    """What is kept of an upload; ``sha256`` and ``size`` (bytes) are of the content kept."""

    name: str
    content: bytes
    content_type: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        return len(self.content)


def check_upload(name: str, content: bytes) -> CheckedFile:
    """The file as it may be kept; raises InvalidInput, field ``file``, with the reason and the remedy."""
    shown = clean_name(name)
    kind = KINDS.get(PurePosixPath(shown).suffix.lower())
    if kind is None:
        raise _refused(_("Files of this kind are not accepted. Accepted are: %(kinds)s."), kinds=_ENDINGS)
    if not content:
        raise _refused(_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise _refused(_("The file is larger than %(limit)s MB. Make it smaller."), limit=MAX_BYTES // 2**20)
    return CheckedFile(shown, kind.check(content), kind.content_type)


def clean_name(name: str) -> str:
    """The last part of a path, without invisible or direction-changing characters, at most MAX_NAME long."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    stem, dot, suffix = re.sub(r"\s+", " ", visible).strip(" .").rpartition(".")
    if not dot:
        return suffix[:MAX_NAME]
    return f"{stem[: MAX_NAME - len(suffix) - 1].rstrip(' .') or 'file'}.{suffix}"[:MAX_NAME]


def _refused(message: str | Promise, **values: object) -> InvalidInput:
    return InvalidInput("file", message % values if values else message)


def _wrong_content() -> InvalidInput:
    return _refused(_("The content does not match the ending of the file name. Save it anew and try again."))


def _refuse_other_kinds(content: bytes, *, skip: int = 0) -> None:
    """A file that is of two kinds at once is meant to be taken for the wrong one."""
    if _OTHER_KINDS.search(content[skip:_HEAD]):
        raise _wrong_content()


def _refuse_archive(content: bytes) -> None:
    if _ZIP_END in content[-_ZIP_TAIL:]:
        raise _wrong_content()


def _pdf(content: bytes) -> bytes:
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-2048:]:
        raise _wrong_content()
    _refuse_other_kinds(content, skip=5)
    _refuse_archive(content)
    return content


def _text(content: bytes) -> bytes:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(_("The text is not in UTF-8. Save it with this encoding and try again.")) from None
    if any(unicodedata.category(c) == "Cc" and c not in "\t\r\n\f" for c in text):
        raise _wrong_content()
    _refuse_other_kinds(content)
    return content


def _picture(format_: str) -> Callable[[bytes], bytes]:
    def check(content: bytes) -> bytes:
        _refuse_other_kinds(content)
        _refuse_archive(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                return _drawn_anew(content, format_)
        except (
            OSError,
            ValueError,
            SyntaxError,
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ):
            # Every way in which Pillow says that it cannot read a picture.
            raise _wrong_content() from None

    return check


def _drawn_anew(content: bytes, format_: str) -> bytes:
    """The pixels alone: no place, no camera, no remarks, nothing behind the end of the picture."""
    with Image.open(io.BytesIO(content), formats=[format_]) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise _refused(
                _("The picture has more than %(limit)s million pixels. Make it smaller."),
                limit=MAX_PIXELS // 10**6,
            )
        if getattr(picture, "n_frames", 1) > 1:
            raise _refused(_("Moving pictures are not accepted. Send a single picture."))
        drawn = ImageOps.exif_transpose(picture)
        transparency = drawn.info.get("transparency")
        drawn.info = {} if transparency is None else {"transparency": transparency}
        if format_ == "JPEG" and drawn.mode not in ("RGB", "L"):
            drawn = drawn.convert("RGB")
        out = io.BytesIO()
        drawn.save(out, format_, **({} if format_ == "PNG" else {"quality": JPEG_QUALITY}))
    return out.getvalue()


def _office(folder: str) -> Callable[[bytes], bytes]:
    def check(content: bytes) -> bytes:
        if not content.startswith(b"PK\x03\x04"):
            raise _wrong_content()
        _refuse_other_kinds(content)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                _check_parts(archive, folder)
        except BROKEN_ARCHIVE:
            raise _wrong_content() from None
        return content

    return check


def _check_parts(archive: zipfile.ZipFile, folder: str) -> None:
    parts = archive.infolist()
    names = [part.filename.lower() for part in parts]
    if not _has_main_parts(names, folder):
        raise _wrong_content()
    if not is_plainly_packed(parts):
        raise _refused(
            _("The document is packed in a way that no office program uses. Save it anew and try again.")
        )
    if _unpacks_to_too_much(parts):
        raise _refused(_("The document unpacks to too much. Divide it into several files."))
    if _is_encrypted(parts):
        raise _refused(_("The document is encrypted. Save it without a password."))
    if _holds_code(archive, names):
        raise _refused(_("The document contains macros or other files. Save it without them."))
    if _loads_from_outside(archive):
        raise _refused(_("The document loads something from outside. Save a copy without links."))


def _has_main_parts(names: Sequence[str], folder: str) -> bool:
    return "[content_types].xml" in names and any(name.startswith(folder) for name in names)


def _unpacks_to_too_much(parts: Sequence[zipfile.ZipInfo]) -> bool:
    return len(parts) > MAX_ENTRIES or sum(part.file_size for part in parts) > MAX_UNPACKED


def _is_encrypted(parts: Sequence[zipfile.ZipInfo]) -> bool:
    return any(part.flag_bits & 1 for part in parts)


def _holds_code(archive: zipfile.ZipFile, names: Sequence[str]) -> bool:
    by_name = any(_RUNS_CODE.search(name) or ".." in name for name in names)
    return by_name or _is_macro_document(archive)


def _loads_from_outside(archive: zipfile.ZipFile) -> bool:
    relations = (part for part in archive.infolist() if part.filename.lower().endswith(".rels"))
    return any(_OUTSIDE_TEMPLATE.search(_part(archive, part)) for part in relations)


def _is_macro_document(archive: zipfile.ZipFile) -> bool:
    types = next(part for part in archive.infolist() if part.filename.lower() == "[content_types].xml")
    return b"macroenabled" in _part(archive, types).lower()


def _part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """At most MAX_RELATIONS bytes, whatever the archive says about the size."""
    with archive.open(part) as opened:
        return opened.read(MAX_RELATIONS)


@dataclass(frozen=True)
class Kind:
    content_type: str
    check: Callable[[bytes], bytes]


KINDS: dict[str, Kind] = {
    ".pdf": Kind("application/pdf", _pdf),
    ".png": Kind("image/png", _picture("PNG")),
    ".jpg": Kind("image/jpeg", _picture("JPEG")),
    ".jpeg": Kind("image/jpeg", _picture("JPEG")),
    ".webp": Kind("image/webp", _picture("WEBP")),
    ".txt": Kind("text/plain; charset=utf-8", _text),
    ".csv": Kind("text/csv; charset=utf-8", _text),
    ".docx": Kind(f"{_OFFICE}wordprocessingml.document", _office("word/")),
    ".xlsx": Kind(f"{_OFFICE}spreadsheetml.sheet", _office("xl/")),
    ".pptx": Kind(f"{_OFFICE}presentationml.presentation", _office("ppt/")),
}
_ENDINGS = ", ".join(ending.removeprefix(".") for ending in KINDS)
