from __future__ import annotations

import io
import time

import pytest
from PIL import Image

from cases.exceptions import InvalidInput
from cases.uploads import MAX_BYTES, MAX_NAME, check_upload, clean_name
from tests.cases.uploading import ACCEPTED, HOSTILE, PDF, photo_with_place, picture


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_file_of_an_accepted_kind_is_kept_under_its_own_name(name: str) -> None:
    file = check_upload(name, ACCEPTED[name])
    assert file.name == name
    assert file.size == len(file.content) > 0
    assert len(file.sha256) == 64


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_once_with_a_reason(name: str) -> None:
    start = time.monotonic()
    with pytest.raises(InvalidInput) as refusal:
        check_upload(name, HOSTILE[name])
    assert refusal.value.field == "file"
    assert str(refusal.value).endswith((".", "。"))
    assert time.monotonic() - start < 2


def test_a_file_over_the_limit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="10 MB"):
        check_upload("a.txt", b"a" * (MAX_BYTES + 1))


def test_a_photo_loses_place_camera_and_remarks_but_keeps_its_size() -> None:
    before = photo_with_place()
    assert b"CameraMaker" in before
    after = check_upload("photo.jpg", before).content
    with Image.open(io.BytesIO(after)) as picture_:
        assert picture_.size == (12, 8)
        assert not picture_.getexif()
    assert b"CameraMaker" not in after
    assert b"secret remark" not in after


def test_a_photo_taken_sideways_stands_upright_afterwards() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    after = check_upload("photo.jpg", picture("JPEG", exif=exif)).content
    with Image.open(io.BytesIO(after)) as upright:
        assert upright.size == (8, 12)


def test_what_hangs_behind_a_picture_is_not_kept() -> None:
    after = check_upload("a.png", picture() + b"#hidden words").content
    assert b"hidden" not in after


def test_a_transparent_palette_picture_stays_transparent() -> None:
    image = Image.new("P", (4, 4))
    image.info["transparency"] = 0
    out = io.BytesIO()
    image.save(out, "PNG", transparency=0)
    with Image.open(io.BytesIO(check_upload("a.png", out.getvalue()).content)) as after:
        assert after.info["transparency"] == 0


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/report.pdf", "report.pdf"),
        ("C:\\Temp\\报告.pdf", "报告.pdf"),
        ("re\u202eport\u200b.pdf", "report.pdf"),
        ("re\r\nport\x00.pdf", "report.pdf"),
        ('re"port<>.pdf', "report.pdf"),
        ("  .report. .pdf ", "report.pdf"),
        ("a" * 300 + ".pdf", "a" * 146 + ".pdf"),
    ],
)
def test_a_name_keeps_nothing_that_misleads(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept
    assert len(check_upload(sent, PDF).name) <= MAX_NAME
