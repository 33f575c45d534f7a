"""Attaching a file to a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.choices import OPEN_STATES
from cases.exceptions import InvalidInput, NotPermitted, NotPossible
from cases.models import Attachment, Case, EventKind
from cases.services.steps import Step, finish_step, lock_case, refuse_stale
from cases.uploads import MAX_BYTES, CheckedFile, check_upload

if TYPE_CHECKING:
    from django.core.files.base import File

    from cases.models import Staff


def attach_file(
    case_id: int,
    *,
    actor: Staff,
    upload: File[bytes],
    note: str = "",
    expected_version: int | None = None,
) -> Attachment:
    """
    Keep a file with the case: one event, and the file under a random name in the private media folder.

    The file is on the disk before the transaction is committed and removed again when that fails, so there
    is no row without its file. Raises CaseError, and then nothing is kept; ``cases.uploads`` says what is
    accepted. Not for use inside another transaction, whose failure this could not notice.
    """
    if not actor.has_perm("cases.attach_file"):
        raise NotPermitted
    file = check_upload(upload.name or "", upload.read(MAX_BYTES + 1))
    attachment = Attachment(
        name=file.name,
        content_type=file.content_type,
        size=file.size,
        sha256=file.sha256,
        uploaded_by=actor,
    )
    try:
        with transaction.atomic():
            attachment.case = _locked(case_id, actor, expected_version)
            _keep(attachment, file, note)
    except BaseException:  # also a worker being stopped must not leave a file that no row knows
        if attachment.file:
            attachment.file.delete(save=False)
        raise
    return attachment


def _locked(case_id: int, actor: Staff, expected_version: int | None) -> Case:
    case = lock_case(case_id, seen_by=actor)
    refuse_stale(case, expected_version)
    if case.state not in OPEN_STATES:
        raise NotPossible(_("The case is archived. Reopen it to attach a file."))
    return case


def _keep(attachment: Attachment, file: CheckedFile, note: str) -> None:
    case = attachment.case
    if case.attachments.filter(sha256=file.sha256).exists():
        raise InvalidInput("file", _("This file is attached to the case already."))
    step = Step(case, EventKind.ATTACH_FILE, attachment.uploaded_by, case.locked_at, note.strip())
    step.kept.update(name=file.name, size=file.size, sha256=file.sha256)
    attachment.event = finish_step(step)
    attachment.file.save(file.name, ContentFile(file.content), save=False)
    attachment.save()
