"""Files as people send them, and as nobody should."""

from __future__ import annotations

import io
import zipfile
import zlib

from PIL import Image

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
TYPES = '<?xml version="1.0"?><Types><Override ContentType="application/x{}"/></Types>'
RELATION = (
    '<Relationships><Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'attachedTemplate" Target="https://example.org/t.dotm" TargetMode="External"/></Relationships>'
)
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def picture(format_: str = "PNG", size: tuple[int, int] = (12, 8), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, format_, **options)
    return out.getvalue()


def photo_with_place() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (39.0, 54.0, 0.0)
    return picture("JPEG", exif=exif, comment=b"a secret remark")


def office(
    folder: str = "word",
    content_type: str = "",
    more: dict[str, str | bytes] | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("[Content_Types].xml", TYPES.format(content_type))
        archive.writestr(f"{folder}/document.xml", "<document/>")
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def packed_bomb(method: int) -> bytes:
    """Relations declared as a kilobyte, by a method that unpacks all of them at once."""
    unpacked = 2**24
    content = office(more={"word/_rels/a.rels": bytes(unpacked)}, method=method)
    return content.replace(unpacked.to_bytes(4, "little"), (1000).to_bytes(4, "little"))


def damaged(start: int, count: int = 1) -> bytes:
    """A document with some bytes turned over."""
    content = bytearray(office())
    content[start : start + count] = bytes(byte ^ 0xFF for byte in content[start : start + count])
    return bytes(content)


def plain_archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()


def claiming_picture(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge picture."""
    content = bytearray(picture())
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    checksum = zlib.crc32(bytes(content[12:29]))
    content[29:33] = checksum.to_bytes(4, "big")
    return bytes(content)


ACCEPTED = {
    "report.pdf": PDF,
    "picture.PNG": picture(),
    "photo.jpg": photo_with_place(),
    "photo.webp": picture("WEBP"),
    "words.txt": "客户说：没收到货\r\n".encode(),
    "table.csv": "\ufeff编号,值\r\n1,=2\r\n".encode(),
    "letter.docx": office("word"),
    "sheet.xlsx": office("xl"),
    "slides.pptx": office("ppt"),
}
HOSTILE = {
    "page.html": HTML,
    "drawing.svg": SVG,
    "code.js": b"alert(1)",
    "archive.zip": plain_archive(),
    "report.pdf.exe": b"MZ\x90\x00",
    "page.pdf": HTML,
    "page.txt": HTML,
    "page.png": HTML,
    "drawing.png": SVG,
    "picture.pdf": picture(),
    "report.png": PDF,
    "archive.docx": plain_archive(),
    "sheet.docx": office("xl"),
    "pdf-and-zip.pdf": PDF[:-6] + plain_archive() + b"\n%%EOF",
    "pdf-and-html.pdf": b"%PDF-1.4\n<script>alert(1)</script>\n%%EOF",
    "png-and-zip.png": picture() + plain_archive(),
    "html-in-docx.docx": b"PK\x03\x04<html><script>" + office("word"),
    "macros.docx": office("word", more={"word/vbaProject.bin": b"x"}),
    "macros-by-type.docx": office("word", ".document.macroEnabled.main+xml"),
    "program.xlsx": office("xl", more={"xl/embeddings/a.exe": b"MZ"}),
    "template-from-outside.docx": office("word", more={"word/_rels/settings.xml.rels": RELATION}),
    "climbing.docx": office("word", more={"word/../../evil.xml": "x"}),
    "bomb.docx": office("word", more={"word/bomb.xml": b"0" * 110_000_000}),
    "bzip2-bomb.docx": packed_bomb(zipfile.ZIP_BZIP2),
    "lzma-bomb.docx": packed_bomb(zipfile.ZIP_LZMA),
    "bzip2.docx": office(method=zipfile.ZIP_BZIP2),
    "lzma.docx": office(method=zipfile.ZIP_LZMA),
    "undecodable-name.docx": office(more={"word/é.xml": "x"}).replace("é".encode(), b"\xff\xfe"),
    "damaged-stream.docx": damaged(55, 20),
    "bomb.png": claiming_picture(60_000, 60_000),
    "large.png": claiming_picture(8_000, 6_000),
    "cut.jpg": picture("JPEG")[:200],
    "zeros.txt": b"MZ\x00\x00",
    "latin.txt": "Grüße".encode("latin-1"),
    "old.doc": b"\xd0\xcf\x11\xe0" + b"\0" * 600,
    "script.txt": b"#!/bin/sh\nrm -rf /",
    "empty.pdf": b"",
    "no ending": PDF,
    ".pdf": PDF,
}
