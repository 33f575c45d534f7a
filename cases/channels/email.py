"""Mail: plain text through Django, with a Message-ID that is the same with every attempt."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email

from cases.channels.base import PermanentFailure, SendingFailure, TemporaryFailure
from cases.channels.causes import Cause
from cases.channels.deadline import Deadline
from cases.channels.domains import mail_domain
from cases.channels.plain_text import one_line

if TYPE_CHECKING:
    from cases.channels.base import Letter

# "Log in first" and the like, said of a mail: it is our settings that are wrong, not the mail (RFC 4954).
ABOUT_OUR_LOGIN = (530, 534, 535, 538)
# Of all refusals of a sender only this one is about the mail: it is larger than the server takes (RFC 1870).
TOO_LARGE = 552
# Said at any step by a server that is about to end (RFC 5321, 3.8).
CLOSING_DOWN = 421


def send(letter: Letter) -> None:
    """Hand it to the mail server. Raises TemporaryFailure or PermanentFailure."""
    message = as_message(letter)
    if settings.EMAIL_BACKEND.endswith("DeadlineBackend") and not settings.EMAIL_HOST:
        raise TemporaryFailure(Cause.NOT_SET_UP)
    # An answer may take EMAIL_TIMEOUT; the conversation up to the mail half as much again.
    with Deadline(settings.EMAIL_TIMEOUT * 1.5) as deadline:
        message.connection = get_connection(deadline=deadline)
        try:
            message.send()
        except (smtplib.SMTPException, OSError) as error:
            with suppress(smtplib.SMTPException, OSError):
                message.connection.close()
            raise _failure_of(error, deadline) from error


def as_message(letter: Letter) -> EmailMessage:
    """
    Raises PermanentFailure when the address is none; a subject cannot begin another header.

    Mails about one case refer to a mail that was never sent, by which programs show them together.
    """
    try:
        validate_email(letter.to)
    except ValidationError as error:
        raise PermanentFailure(Cause.BAD_ADDRESS) from error
    domain = mail_domain(settings.SITE_URL)
    together = {"References": f"<{letter.thread}@{domain}>"} if letter.thread else {}
    return EmailMessage(
        subject=one_line(letter.subject),
        body=letter.body,
        to=[letter.to],
        headers={
            "Message-ID": f"<{letter.key}@{domain}>",
            **together,
            "Auto-Submitted": "auto-generated",  # RFC 3834: no automatic reply, please
            "Content-Language": letter.language,
        },
    )


def _failure_of(error: Exception, deadline: Deadline) -> SendingFailure:
    if deadline.passed or _came_too_slowly(error):
        return TemporaryFailure(Cause.TOO_SLOW)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max(dict(error.recipients.values()), default=0)
        return _refusal(code, answered=code != CLOSING_DOWN)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return _refusal(error.smtp_code, of_sender=isinstance(error, smtplib.SMTPSenderRefused))
    return _failure_before_the_mail(error)


def _failure_before_the_mail(error: Exception) -> TemporaryFailure:
    """No server has seen the mail yet, so whatever it refuses, a login or encryption, is no verdict on it."""
    if isinstance(error, smtplib.SMTPResponseException):
        of_greeting = isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError)
        is_for_now = of_greeting or error.smtp_code < 500
        return TemporaryFailure(Cause.BUSY if is_for_now else Cause.NOT_SET_UP, error.smtp_code)
    if isinstance(error, ssl.SSLCertVerificationError):
        return TemporaryFailure(Cause.NO_TRUST)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return TemporaryFailure(Cause.NOT_SET_UP)
    return TemporaryFailure(
        Cause.BROKEN_OFF if isinstance(error, smtplib.SMTPException) else Cause.NO_CONNECTION
    )


def _came_too_slowly(error: Exception) -> bool:
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _refusal(code: int, *, answered: bool = False, of_sender: bool = False) -> SendingFailure:
    """``of_sender``: of DEFAULT_FROM_EMAIL, which is the same for every mail."""
    if code in ABOUT_OUR_LOGIN or (of_sender and code >= 500 and code != TOO_LARGE):
        return TemporaryFailure(Cause.NOT_SET_UP, code)
    if code >= 500:
        return PermanentFailure(Cause.REFUSED, code)
    return TemporaryFailure(Cause.BUSY, code, answered=answered)
