from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client

from cases.choices import Role, ScanState, State
from cases.exceptions import CaseNotFound, InvalidInput, NotPermitted, NotPossible, StalePage
from cases.models import Attachment, Case
from cases.services.attachments import attach_file
from tests.cases.uploading import PDF, photo_with_place
from tests.factories import StaffFactory, TeamFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client: Client, scene: Scene) -> Client:
    client.force_login(scene.agent)
    return client


def upload(name: str = "报告.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def post(client: Client, case: Case, **data: object) -> int:
    return client.post(f"/admin/cases/case/{case.pk}/attach/", data).status_code


def test_a_file_is_an_event_and_lies_under_a_random_name(scene: Scene) -> None:
    case = scene.case()
    kept = attach_file(case.pk, actor=scene.agent, upload=upload(), note="物流单")

    case.refresh_from_db()
    event = case.events.last()
    assert event
    assert (event.kind, event.note, event.data["name"], event.seq) == (
        "attach_file",
        "物流单",
        "报告.pdf",
        case.version,
    )
    assert kept.scan_state == ScanState.UNSCANNED
    assert Path(kept.file.path).read_bytes() == PDF
    assert kept.sha256 == hashlib.sha256(PDF).hexdigest() == event.data["sha256"]
    assert re.fullmatch(r"attachments/[0-9a-f]{2}/[0-9a-f]{40}", str(kept.file.name))


def test_the_case_page_takes_a_file_and_hands_it_out_for_saving_only(client: Client, scene: Scene) -> None:
    case = scene.case()
    assert post(client, case, file=upload(), note="") == 302
    kept = Attachment.objects.get()

    answer = client.get(f"/admin/cases/case/attachments/{kept.pk}/", HTTP_RANGE="bytes=0-3")

    assert answer.status_code == 200
    assert answer.getvalue() == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "%E6%8A%A5%E5%91%8A.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_photo_is_handed_out_without_its_place(client: Client, scene: Scene) -> None:
    case = scene.case()
    post(client, case, file=upload("a.jpg", photo_with_place()))
    assert b"CameraMaker" not in Path(Attachment.objects.get().file.path).read_bytes()


def test_a_foreign_case_takes_no_file_and_hands_none_out(client: Client, scene: Scene) -> None:
    case = scene.case()
    kept = attach_file(case.pk, actor=scene.agent, upload=upload())
    stranger = StaffFactory(role=Role.AGENT, teams=[TeamFactory()])
    client.force_login(stranger)

    assert post(client, case, file=upload("b.pdf", PDF + b"\n")) == 404
    assert client.get(f"/admin/cases/case/attachments/{kept.pk}/").status_code == 404
    assert client.get("/admin/cases/case/attachments/987654/").status_code == 404
    assert Client().get(f"/admin/cases/case/attachments/{kept.pk}/").status_code == 302
    assert Attachment.objects.count() == 1
    with pytest.raises(CaseNotFound):
        attach_file(case.pk, actor=stranger, upload=upload())


def test_reading_changes_nothing_and_only_post_attaches(client: Client, scene: Scene) -> None:
    case = scene.case()
    assert client.get(f"/admin/cases/case/{case.pk}/attach/").status_code == 405
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(scene.agent)
    assert post(forged, case, file=upload()) == 403
    assert not Attachment.objects.exists()


def test_an_auditor_reads_files_and_attaches_none(client: Client, scene: Scene) -> None:
    case = scene.case()
    kept = attach_file(case.pk, actor=scene.agent, upload=upload())
    client.force_login(scene.auditor)
    answer = client.get(f"/admin/cases/case/attachments/{kept.pk}/")
    assert answer.getvalue() == PDF
    post(client, case, file=upload("b.pdf", PDF + b"\n"))
    assert Attachment.objects.count() == 1
    with pytest.raises(NotPermitted):
        attach_file(case.pk, actor=scene.auditor, upload=upload())


def test_an_infected_file_is_not_handed_out(client: Client, scene: Scene) -> None:
    kept = attach_file(scene.case().pk, actor=scene.agent, upload=upload())
    Attachment.objects.update(scan_state=ScanState.INFECTED)
    assert client.get(f"/admin/cases/case/attachments/{kept.pk}/").status_code == 404


def test_a_refused_file_leaves_no_row_no_event_and_no_file(scene: Scene, media_root: Path) -> None:
    case = scene.case()
    before = files_in(media_root)
    for name, content in (("a.html", b"<html>"), ("a.pdf", b"<html>"), ("a.pdf", b"")):
        with pytest.raises(InvalidInput):
            attach_file(case.pk, actor=scene.agent, upload=upload(name, content))
    assert (case.events.count(), case.attachments.count()) == (case.version, 0)
    assert files_in(media_root) == before


def test_a_failing_transaction_takes_the_file_back(
    scene: Scene, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = scene.case()
    before = files_in(media_root)
    monkeypatch.setattr(Attachment._meta.get_field("sha256"), "get_db_prep_save", fail_to_store)
    with pytest.raises(DatabaseError):
        attach_file(case.pk, actor=scene.agent, upload=upload())
    assert files_in(media_root) == before
    assert case.events.count() == case.version


def fail_to_store(*args: object, **kwargs: object) -> None:
    raise DatabaseError("disk full")


def test_a_stale_page_an_archived_case_and_the_same_file_again_are_refused(scene: Scene) -> None:
    case = scene.case()
    attach_file(case.pk, actor=scene.agent, upload=upload())
    with pytest.raises(StalePage):
        attach_file(case.pk, actor=scene.agent, upload=upload("b.pdf", PDF + b" "), expected_version=1)
    with pytest.raises(InvalidInput):
        attach_file(case.pk, actor=scene.agent, upload=upload("c.pdf"))
    with pytest.raises(NotPossible):
        attach_file(scene.case(State.ARCHIVE).pk, actor=scene.specialist, upload=upload())
