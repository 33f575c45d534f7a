"""Files that somebody made to hurt: each function gives the bytes of one."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

from cases.record_sheet import COLUMNS
from tests.cases.exchange.sheets import TWO_ROWS, xlsx_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def repacked(
    replace: dict[str, bytes] | None = None,
    add: dict[str, bytes] | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A good workbook with parts replaced or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_file(TWO_ROWS))) as source,
        zipfile.ZipFile(out, "w", method) as target,
    ):
        for name in source.namelist():
            target.writestr(name, (replace or {}).get(name) or source.read(name))
        for name, content in (add or {}).items():
            target.writestr(name, content)
    return out.getvalue()


def sheet_xml(rows: Iterable[str], after: str = "") -> bytes:
    return (
        f"{_HEAD}<worksheet {_NAMESPACE}><sheetData>{''.join(rows)}</sheetData>{after}</worksheet>".encode()
    )


def with_rows(rows: Iterable[str], after: str = "") -> bytes:
    return repacked({SHEET: sheet_xml(rows, after)})


def inline_row(number: int, cells: Iterable[str] = COLUMNS) -> str:
    texts = (f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{"".join(texts)}</row>'


def row_bomb() -> bytes:
    """Less than 100 kB that unpack to 600,000 rows."""
    return with_rows(["<row><c><v>1</v></c></row>"] * 600_000)


def patient_row_bomb() -> bytes:
    """600,000 rows, each a little different, so that the ratio stays harmless."""
    return with_rows(f'<row r="{number}"><c r="A{number}"><v>1</v></c></row>' for number in range(1, 600_001))


def many_columns() -> bytes:
    return with_rows([f'<row r="1">{"".join(f"<c><v>{n}</v></c>" for n in range(16_384))}</row>'])


def far_corner() -> bytes:
    return with_rows([inline_row(1), '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'])


def far_corner_by_stealth() -> bytes:
    """The row says one place, its cells another."""
    return with_rows([inline_row(1), '<row r="9999999"><c r="A2"><v>1</v></c><c><v>1</v></c></row>'])


def one_string_everywhere() -> bytes:
    """A long shared string, referred to from every cell: 40 kB that become gigabytes."""
    text = "x" * 30_000
    strings = f"{_HEAD}<sst {_NAMESPACE}><si><t>{text}</t></si></sst>".encode()
    cells = '<c t="s"><v>0</v></c>' * 13
    rows = (f'<row r="{number}">{cells}</row>' for number in range(1, 9_000))
    return repacked({STRINGS: strings, SHEET: sheet_xml(rows)})


def ratio_bomb() -> bytes:
    """A part of 1 GB: the packed form of one megabyte, a thousand times over."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    megabyte = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(SHEET, megabyte * 1024 + packer.flush())
        part = archive.getinfo(SHEET)
        part.compress_type, part.file_size = zipfile.ZIP_DEFLATED, 2**30
    return out.getvalue()


def lying_ratio_bomb() -> bytes:
    """The same, declared as a small part."""
    return ratio_bomb().replace((2**30).to_bytes(4, "little"), (2**20).to_bytes(4, "little"))


def bzip2_bomb() -> bytes:
    return _bomb_packed_by(zipfile.ZIP_BZIP2)


def lzma_bomb() -> bytes:
    return _bomb_packed_by(zipfile.ZIP_LZMA)


def _bomb_packed_by(method: int) -> bytes:
    """A picture declared as a kilobyte, by a method that unpacks all of it at once."""
    unpacked = 2**24
    content = repacked(add={"xl/media/a.png": bytes(unpacked)}, method=method)
    return content.replace(unpacked.to_bytes(4, "little"), (1000).to_bytes(4, "little"))


def undecodable_name() -> bytes:
    return repacked(add={"xl/é.xml": b"<a/>"}).replace("é".encode(), b"\xff\xfe")


def entry_beyond_the_end() -> bytes:
    """The directory puts the last part four gigabytes on."""
    content = bytearray(repacked())
    entry = content.rfind(b"PK\x01\x02")
    content[entry + 42 : entry + 46] = b"\xf0\xff\xff\xff"
    return bytes(content)


def damaged_stream() -> bytes:
    """The packed bytes of the first part are not what its method writes."""
    content = bytearray(repacked())
    content[80:110] = bytes(byte ^ 0xFF for byte in content[80:110])
    return bytes(content)


def _with_document_type(document_type: str) -> bytes:
    xml = f"{_HEAD}{document_type}<sst {_NAMESPACE}><si><t>&a;</t></si></sst>"
    return repacked({STRINGS: xml.encode()})


def billion_laughs() -> bytes:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return _with_document_type(f"<!DOCTYPE sst [{entities}]>")


def external_entity() -> bytes:
    return _with_document_type('<!DOCTYPE sst [<!ENTITY a SYSTEM "file:///etc/passwd">]>')


def document_type_in_sheet() -> bytes:
    xml = sheet_xml([inline_row(1)]).replace(b"<worksheet", b'<!DOCTYPE worksheet SYSTEM "x"><worksheet', 1)
    return repacked({SHEET: xml})


def nested_archive() -> bytes:
    return repacked(add={"xl/embeddings/oleObject1.bin": xlsx_file(TWO_ROWS)})


def hidden_sheet_part() -> bytes:
    """A sheet under the name of a picture, where nobody would look for cells."""
    far = sheet_xml(['<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'])
    return repacked(add={"xl/media/picture.png": b"\n" + far})


def macros() -> bytes:
    return repacked(add={"xl/vbaProject.bin": b"\xcc\x61"})


def formula() -> bytes:
    cells = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in TWO_ROWS[0][:12])
    return with_rows(
        [inline_row(1), f'<row r="2">{cells}<c r="M2"><f>HYPERLINK("http://x")</f><v>1</v></c></row>']
    )


def error_cell() -> bytes:
    return with_rows([inline_row(1), '<row r="2"><c r="D2" t="e"><v>#DIV/0!</v></c></row>'])


def merged_cells() -> bytes:
    return with_rows(
        [inline_row(1), inline_row(2, TWO_ROWS[0])], '<mergeCells><mergeCell ref="A2:A3"/></mergeCells>'
    )


def long_tag() -> bytes:
    return with_rows([f'<row r="1" spans="{"1" * 4_000_000}"/>'])


def many_parts() -> bytes:
    return repacked(add={f"xl/media/{number}.png": b"x" for number in range(300)})


def damaged_xml() -> bytes:
    return repacked({SHEET: b'<?xml version="1.0"?><worksheet><sheetData><row'})


def utf16_sheet() -> bytes:
    return repacked({SHEET: sheet_xml([inline_row(1)]).decode().replace("UTF-8", "UTF-16").encode("utf-16")})


def picture() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


def encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2048)


WORKBOOKS: list[Callable[[], bytes]] = [
    row_bomb,
    patient_row_bomb,
    many_columns,
    far_corner,
    far_corner_by_stealth,
    one_string_everywhere,
    ratio_bomb,
    lying_ratio_bomb,
    bzip2_bomb,
    lzma_bomb,
    undecodable_name,
    entry_beyond_the_end,
    damaged_stream,
    billion_laughs,
    external_entity,
    document_type_in_sheet,
    nested_archive,
    hidden_sheet_part,
    macros,
    formula,
    error_cell,
    merged_cells,
    long_tag,
    many_parts,
    damaged_xml,
    utf16_sheet,
    picture,
    encrypted,
]
