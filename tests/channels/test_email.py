"""Mail: plain text, one Message-ID for all attempts, and a server that may refuse, drip or be away."""

from __future__ import annotations

from email import message_from_bytes, policy
from time import monotonic
from typing import Any

import pytest

from cases.channels import email
from cases.channels.base import PermanentFailure, SendingFailure, TemporaryFailure
from tests.channels.letters import KEY, letter
from tests.channels.mail_servers import PlainServer
from tests.gateway_fixtures import use_mail_server
from tests.gateways import DumbServer, MailGateway, free_port


def send(to: str = "anna@example.com", **more: Any) -> None:
    email.send(letter("email", to, **more))


def failure(**more: Any) -> str:
    with pytest.raises(SendingFailure) as caught:
        send(**more)
    return caught.value.cause


def test_a_mail_arrives_with_the_key_as_its_message_id(mail: MailGateway, settings: Any) -> None:
    settings.SITE_URL, settings.DEFAULT_FROM_EMAIL = "https://cases.example.com", "cases@example.com"
    send()
    send()
    first, second = mail.journal.deliveries
    assert first.headers["message-id"] == second.headers["message-id"] == f"<{KEY}@cases.example.com>"
    assert first.headers["subject"] == "工单 CS20240101001"
    assert first.headers["from"] == "cases@example.com"
    assert first.headers["auto-submitted"] == "auto-generated"
    assert first.headers["content-type"].startswith("text/plain")
    assert first.text.strip() == "请在今天联系客户。"
    assert first.path == "anna@example.com"


def test_no_text_can_begin_a_header(mail: MailGateway) -> None:
    send(subject="工单\r\nBcc: everybody@example.com\x00\u2028X: y", body="\r\n.\r\nBcc: x@example.com\r\n")
    (delivery,) = mail.journal.deliveries
    assert delivery.path == "anna@example.com"
    assert "bcc" not in delivery.headers
    assert "x" not in delivery.headers
    assert delivery.headers["subject"] == "工单 Bcc: everybody@example.com X: y"
    assert "." in delivery.text.splitlines()


@pytest.mark.parametrize(
    "subject", ["已处理 👨\u200d👩\u200d👧 谢谢", "می\u200cخواهم"], ids=["emoji", "Persian"]
)
def test_what_joins_letters_stays_in_a_subject(subject: str, mail: MailGateway) -> None:
    send(subject=subject)
    assert mail.journal.deliveries[0].headers["subject"] == subject


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b",
        "a@example.com,b@example.com",
        "a@example.com\nBcc: b@example.com",
        "a b@example.com",
    ],
)
def test_what_is_no_address_is_told_nobody(address: str, mail: MailGateway) -> None:
    with pytest.raises(PermanentFailure, match="bad_address"):
        send(address)
    assert mail.journal.deliveries == []


@pytest.mark.parametrize(
    ("site", "domain"),
    [
        ("https://cases.example.com:8443", "cases.example.com"),
        ("https://客服.example.com", "xn--ubtq9x.example.com"),
        ("https://[2001:DB8::1]:8443", "[IPv6:2001:db8::1]"),
        ("http://10.0.0.1:8000", "10.0.0.1"),
        (f"https://{'长' * 70}.example.com", "localhost"),
        ("https://[2001", "localhost"),
        ("https://[fe80::1%25eth0]", "[IPv6:fe80::1]"),
        ("", "localhost"),
    ],
)
def test_whatever_the_site_is_called_the_message_id_is_sound(site: str, domain: str, settings: Any) -> None:
    settings.SITE_URL = site
    raw = email.as_message(letter("email", "anna@example.com")).message().as_bytes()
    header = message_from_bytes(raw, policy=policy.default)["Message-ID"]
    assert (str(header), header.defects) == (f"<{KEY}@{domain}>", ())


def test_mails_of_one_thread_are_shown_together_and_others_alone(settings: Any) -> None:
    settings.SITE_URL = "https://cases.example.com"
    for thread, reference in [("CS20240101001", "<CS20240101001@cases.example.com>"), ("", None)]:
        message = email.as_message(letter("email", "anna@example.com", thread=thread)).message()
        assert message["References"] == reference


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_four_hundred_means_later_and_five_hundred_never(step: str, mail: MailGateway) -> None:
    mail.answers[step] = "451 4.7.1 anna@example.com is greylisted"
    with pytest.raises(TemporaryFailure) as later:
        send()
    mail.answers[step] = "550 5.1.1 anna@example.com is unknown"
    with pytest.raises(PermanentFailure) as never:
        send()
    assert (later.value.cause, never.value.cause) == ("busy: 451", "refused: 550")
    assert later.value.answered == (step == "RCPT")


def test_a_server_that_closes_down_at_a_recipient_says_nothing_of_it(mail: MailGateway) -> None:
    mail.answers["RCPT"] = "421 4.3.2 Service shutting down"
    with pytest.raises(TemporaryFailure, match="busy: 421") as caught:
        send()
    assert not caught.value.answered


def test_a_refused_sender_is_no_fault_of_the_mail(mail: MailGateway) -> None:
    for answer in ("553 5.7.1 Sender must be the authorized user", "550 5.1.0 rejected", "501 bad address"):
        mail.answers["MAIL"] = answer
        with pytest.raises(TemporaryFailure, match=f"not_set_up: {answer[:3]}") as caught:
            send()
        assert not caught.value.answered
    mail.answers["MAIL"] = "451 4.7.1 later"
    with pytest.raises(TemporaryFailure, match="busy: 451"):
        send()
    mail.answers["MAIL"] = "552 5.3.4 Message size exceeds limit"
    with pytest.raises(PermanentFailure, match="refused: 552"):
        send()


def test_a_wrong_login_is_no_fault_of_the_mail(mail: MailGateway, settings: Any) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "somebody", "a password"
    with pytest.raises(TemporaryFailure, match="not_set_up"):
        send()
    mail.answers["MAIL"] = "530 5.7.0 Must issue a STARTTLS command first"
    settings.EMAIL_HOST_USER = ""
    with pytest.raises(TemporaryFailure, match="not_set_up: 530"):
        send()


@pytest.mark.parametrize("code", [523, 524, 526, 535, 550, 554])
def test_a_refused_login_is_no_verdict_on_the_mail(code: int, settings: Any) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "somebody", "an authorization code that is over"
    with PlainServer({"AUTH": f"{code} login fail\r\n".encode()}) as server:
        use_mail_server(settings, server.port)
        with pytest.raises(TemporaryFailure, match=f"not_set_up: {code}") as caught:
            send()
    assert not caught.value.answered
    assert server.taken == 0


@pytest.mark.parametrize(("code", "cause"), [(554, "not_set_up: 554"), (454, "busy: 454")])
def test_a_refused_encryption_is_no_verdict_on_the_mail(code: int, cause: str, settings: Any) -> None:
    settings.EMAIL_USE_TLS = True
    with PlainServer({"STARTTLS": f"{code} no TLS here\r\n".encode()}) as server:
        use_mail_server(settings, server.port)
        with pytest.raises(TemporaryFailure, match=cause) as caught:
            send()
    assert not caught.value.answered


def test_nobody_there_is_worth_another_attempt(settings: Any) -> None:
    use_mail_server(settings, free_port())
    with pytest.raises(TemporaryFailure, match="no_connection"):
        send()


def test_without_a_mail_server_nothing_is_tried(settings: Any) -> None:
    use_mail_server(settings, 25)
    settings.EMAIL_HOST = ""
    with pytest.raises(TemporaryFailure, match="not_set_up"):
        send()


@pytest.mark.parametrize("drip", [b"", b"2", b"220-still here\r\n"], ids=["silent", "drips", "talks on"])
def test_no_server_holds_us_longer_than_the_deadline(drip: bytes, settings: Any) -> None:
    with DumbServer(drip) as server:
        use_mail_server(settings, server.port)
        begun = monotonic()
        assert failure() == "too_slow"
        assert monotonic() - begun < 3
