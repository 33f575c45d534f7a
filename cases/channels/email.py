"""Mail: plain text through Django, with a Message-ID that is the same with every attempt."""

from __future__ import annotations

import smtplib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email

from cases.channels.base import PermanentFailure, TemporaryFailure
from cases.channels.causes import Cause
from cases.channels.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cases.channels.base import Letter

LONGEST_SUBJECT = 200
# "Log in first" and the like: it is our settings that are wrong, not this mail (RFC 4954).
ABOUT_OUR_LOGIN = (530, 534, 535, 538)


def send(letter: Letter) -> None:
    """Hand it to the mail server. Raises TemporaryFailure or PermanentFailure."""
    message = as_message(letter)
    if settings.EMAIL_BACKEND.endswith("DeadlineBackend") and not settings.EMAIL_HOST:
        raise TemporaryFailure(Cause.NOT_SET_UP)
    # An answer may take EMAIL_TIMEOUT; the whole conversation half as much again.
    with Deadline(settings.EMAIL_TIMEOUT * 1.5) as deadline, _told_apart(letter, deadline):
        message.connection = get_connection(deadline=deadline)
        message.send()


def as_message(letter: Letter) -> EmailMessage:
    """Raises PermanentFailure when the address is none; a subject cannot begin another header."""
    try:
        validate_email(letter.to)
    except ValidationError as error:
        raise PermanentFailure(Cause.BAD_ADDRESS) from error
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return EmailMessage(
        subject=one_line(letter.subject)[:LONGEST_SUBJECT],
        body=letter.body,
        to=[letter.to],
        headers={
            "Message-ID": f"<{letter.key}@{host}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: no automatic reply, please
            "Content-Language": letter.language,
        },
    )


def one_line(text: str) -> str:
    """Without line breaks and other characters that are not to be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@contextmanager
def _told_apart(letter: Letter, deadline: Deadline) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as refused:
        codes = [code for code, _text in refused.recipients.values()]
        raise _failure(max(codes, default=0), answered=True) from refused
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as refused:
        raise TemporaryFailure(Cause.BUSY, refused.smtp_code) from refused
    except smtplib.SMTPResponseException as refused:
        raise _failure(refused.smtp_code) from refused
    except smtplib.SMTPNotSupportedError as error:
        raise TemporaryFailure(Cause.NOT_SET_UP) from error
    except (smtplib.SMTPException, OSError) as error:
        raise TemporaryFailure(_cause_of(error, deadline)) from error


def _failure(code: int, *, answered: bool = False) -> TemporaryFailure | PermanentFailure:
    if code in ABOUT_OUR_LOGIN:
        return TemporaryFailure(Cause.NOT_SET_UP, code)
    if code >= 500:
        return PermanentFailure(Cause.REFUSED, code)
    return TemporaryFailure(Cause.BUSY, code, answered=answered)


def _cause_of(error: Exception, deadline: Deadline) -> Cause:
    if deadline.passed or isinstance(error, TimeoutError):
        return Cause.TOO_SLOW
    return Cause.BROKEN_OFF if isinstance(error, smtplib.SMTPException) else Cause.NO_CONNECTION
