from __future__ import annotations

import time
from base64 import b32decode

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import LazySettings
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from cases.choices import Language, Role
from cases.models import Staff, StaffSession
from cases.services.second_factor import begin_enrolment, confirm_enrolment
from tests.factories import PASSWORD, StaffFactory

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
INDEX = "/admin/"
ENROL = "/admin/second-factor/"


@pytest.fixture
def staff() -> Staff:
    person = StaffFactory(role=Role.MANAGER, language=Language.ENGLISH)
    person.set_password(PASSWORD)
    person.save()
    return person


def code_of(key: bytes, at: float | None = None) -> str:
    totp = TOTP(key)
    totp.time = at or time.time()
    return f"{totp.token():06d}"


def enrol(staff: Staff) -> tuple[TOTPDevice, list[str]]:
    """Half a minute ago, so that the code of this moment has not been used."""
    with time_machine.travel(time.time() - 30, tick=False):
        key = begin_enrolment(staff).bin_key
        device, codes = confirm_enrolment(staff, code_of(key), session_key=None)
    return device, codes


def log_in(client: Client, staff: Staff, password: str = PASSWORD, code: str = "", **extra: str) -> bool:
    client.post(LOGIN, {"username": staff.username, "password": password, "code": code}, **extra)  # type: ignore[arg-type]
    return "_auth_user_id" in client.session


def test_name_and_password_open_the_admin_with_a_new_session_id(client: Client, staff: Staff) -> None:
    client.get(LOGIN)
    client.session["before"] = True
    before = client.session.session_key

    assert log_in(client, staff)
    assert client.session.session_key != before
    assert client.get(INDEX).status_code == 200


def test_a_refused_login_says_the_same_for_a_wrong_name_password_and_code(
    client: Client, staff: Staff
) -> None:
    enrol(staff)
    tries = [("nobody", PASSWORD, ""), (staff.username, "wrong", ""), (staff.username, PASSWORD, "000000")]
    errors = [
        client.post(LOGIN, {"username": name, "password": password, "code": code}).context["form"].errors
        for name, password, code in tries
    ]
    assert errors[0]
    assert errors[0] == errors[1] == errors[2]


def test_five_failures_lock_the_name_from_this_address_alone_and_only_for_a_while(
    client: Client, staff: Staff
) -> None:
    for _n in range(5):
        answer = client.post(LOGIN, {"username": staff.username, "password": "wrong"})
    assert answer.status_code == 429
    assert "15" in answer.content.decode()

    assert not log_in(client, staff)
    assert log_in(Client(), staff, REMOTE_ADDR="192.0.2.7")
    assert AccessAttempt.objects.filter(username=staff.username).exists()
    with time_machine.travel(time.time() + 16 * 60, tick=False):
        assert log_in(client, staff)


def test_a_forged_forwarding_header_does_not_unlock(client: Client, staff: Staff) -> None:
    for number in range(5):
        log_in(client, staff, "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert not log_in(client, staff, HTTP_X_FORWARDED_FOR="198.51.100.99")


def test_behind_one_proxy_its_last_entry_counts_and_not_what_the_client_wrote(
    client: Client, staff: Staff, settings: LazySettings
) -> None:
    settings.PROXY_COUNT = 1
    for number in range(5):
        log_in(client, staff, "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}, 192.0.2.1")
    assert not log_in(client, staff, HTTP_X_FORWARDED_FOR="198.51.100.99, 192.0.2.1")
    assert log_in(client, staff, HTTP_X_FORWARDED_FOR="198.51.100.0, 192.0.2.2")


def test_the_lock_page_speaks_the_language_asked_for(client: Client, staff: Staff) -> None:
    for _n in range(5):
        log_in(client, staff, "wrong")
    page = client.post(LOGIN, {"username": staff.username, "password": "x"}, HTTP_ACCEPT_LANGUAGE="en")
    assert "too many failed logins" in page.content.decode()


def test_whoever_has_a_device_needs_its_code_and_each_code_works_once(client: Client, staff: Staff) -> None:
    device, _codes = enrol(staff)
    code = code_of(device.bin_key)

    assert not log_in(client, staff)
    assert log_in(Client(), staff, code=code)
    assert not log_in(Client(), staff, code=code)


def test_wrong_codes_slow_the_next_try_down(client: Client, staff: Staff) -> None:
    device, _codes = enrol(staff)
    assert not log_in(client, staff, code="000000")
    assert not log_in(client, staff, code=code_of(device.bin_key))
    device.refresh_from_db()
    assert device.throttling_failure_count == 1


def test_a_backup_code_works_once_and_is_kept_as_a_digest(client: Client, staff: Staff) -> None:
    _device, codes = enrol(staff)
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert len(codes) == len(stored) == 10
    assert not {code.replace("-", "") for code in codes} & stored

    assert log_in(Client(), staff, code=codes[0].upper())
    assert not log_in(Client(), staff, code=codes[0])


def test_another_persons_device_does_not_help(client: Client, staff: Staff) -> None:
    enrol(staff)
    device, codes = enrol(StaffFactory(role=Role.MANAGER))
    assert not log_in(client, staff, code=code_of(device.bin_key))
    assert not log_in(Client(), staff, code=codes[0])


def test_a_role_that_needs_a_second_factor_reaches_nothing_before_it_is_set_up(
    client: Client, staff: Staff, settings: LazySettings
) -> None:
    settings.OTP_REQUIRED_ROLES = ["manager"]
    log_in(client, staff)
    assert client.get(INDEX).url == ENROL  # type: ignore[attr-defined]
    assert client.get("/admin/cases/customer/").url == ENROL  # type: ignore[attr-defined]

    page = client.get(ENROL)
    key = b32decode(page.context["key"])
    answer = client.post(ENROL, {"password": PASSWORD, "code": code_of(key)})

    assert len(answer.context["codes"]) == 10
    assert client.get(INDEX).status_code == 200
    assert "data:image/svg+xml;base64," in page.content.decode()


def test_setting_up_asks_for_the_password_and_a_right_code(client: Client, staff: Staff) -> None:
    log_in(client, staff)
    key = b32decode(client.get(ENROL).context["key"])
    assert "password" in client.post(ENROL, {"password": "x", "code": code_of(key)}).context["form"].errors
    assert "code" in client.post(ENROL, {"password": PASSWORD, "code": "000000"}).context["form"].errors
    assert TOTPDevice.objects.get(user=staff).confirmed is False
    assert TOTPDevice.objects.get(user=staff).throttling_failure_count == 1


def test_a_session_from_before_the_device_can_neither_work_on_nor_replace_it(
    client: Client, staff: Staff, settings: LazySettings
) -> None:
    other = Client()
    log_in(other, staff)
    log_in(client, staff)
    key = b32decode(client.get(ENROL).context["key"])
    client.post(ENROL, {"password": PASSWORD, "code": code_of(key)})

    assert other.get(INDEX).status_code == 302
    half = Client()
    half.force_login(staff)
    assert half.get(ENROL).status_code == 403
    settings.OTP_REQUIRED_ROLES = ["manager"]
    assert half.get(INDEX).url.startswith(LOGIN)  # type: ignore[attr-defined]
    assert not half.session.get("_auth_user_id")


def test_a_session_ends_after_half_an_hour_without_work(client: Client, staff: Staff) -> None:
    start = time.time()
    with time_machine.travel(start, tick=False) as clock:
        log_in(client, staff)
        for minutes in (20, 40, 60):
            clock.move_to(start + minutes * 60)
            assert client.get(INDEX).status_code == 200
        clock.move_to(start + 91 * 60)
        assert client.get(INDEX).url.startswith(LOGIN)  # type: ignore[attr-defined]


def test_a_page_that_asks_by_itself_keeps_no_session_alive(client: Client, staff: Staff) -> None:
    start = time.time()
    with time_machine.travel(start, tick=False) as clock:
        log_in(client, staff)
        clock.move_to(start + 20 * 60)
        assert client.get(INDEX, headers={"X-Background": "1"}).status_code == 200
        clock.move_to(start + 31 * 60)
        assert client.get(INDEX).status_code == 302


def test_a_session_ends_after_eight_hours_of_work(client: Client, staff: Staff) -> None:
    start = time.time()
    with time_machine.travel(start, tick=False) as clock:
        log_in(client, staff)
        for worked in range(25, 480, 25):  # minutes; after half an hour of rest the session ends too
            clock.move_to(start + worked * 60)
            assert client.get(INDEX).status_code == 200
        clock.move_to(start + 8 * 3600)
        assert client.get(INDEX).status_code == 302


def test_the_moment_last_seen_is_written_at_most_once_a_minute(client: Client, staff: Staff) -> None:
    start = time.time()
    with time_machine.travel(start, tick=False) as clock:
        log_in(client, staff)
        before = StaffSession.objects.get(staff_id=staff.pk).session_data
        clock.move_to(start + 50)
        client.get(INDEX)
        assert StaffSession.objects.get(staff_id=staff.pk).session_data == before
        clock.move_to(start + 70)
        client.get(INDEX)
        assert StaffSession.objects.get(staff_id=staff.pk).session_data != before


def test_changing_the_own_password_ends_the_other_sessions(client: Client, staff: Staff) -> None:
    other = Client()
    log_in(other, staff)
    log_in(client, staff)
    new = "another long enough password"
    answer = client.post(
        "/admin/password_change/",
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )
    assert answer.status_code == 302
    assert client.get(INDEX).status_code == 200
    assert other.get(INDEX).status_code == 302


def test_a_login_leaves_no_row_in_the_history_of_the_person(client: Client, staff: Staff) -> None:
    before = staff.history.count()
    log_in(client, staff)
    staff.refresh_from_db()
    assert staff.last_login
    assert staff.history.count() == before


def test_pages_speak_the_language_of_the_person_and_the_switch_keeps_it(client: Client, staff: Staff) -> None:
    client.force_login(staff)
    assert client.get(INDEX, HTTP_ACCEPT_LANGUAGE="zh-hans").headers["Content-Language"] == "en"

    client.post("/admin/language/", {"language": "zh-hans", "next": INDEX})

    staff.refresh_from_db()
    assert staff.language == Language.CHINESE
    assert client.get(INDEX).headers["Content-Language"] == "zh-hans"
    assert Client().get(LOGIN).headers["Content-Language"] == "zh-hans"
    assert Client().get(LOGIN, HTTP_ACCEPT_LANGUAGE="en").headers["Content-Language"] == "en"


def test_login_leads_to_no_foreign_site(client: Client, staff: Staff) -> None:
    data = {"username": staff.username, "password": PASSWORD, "next": "https://example.org/"}
    assert client.post(LOGIN, data).url == INDEX  # type: ignore[attr-defined]
    foreign = client.post("/admin/language/", {"language": "en", "next": "https://example.org/"})
    assert "example.org" not in foreign.url  # type: ignore[attr-defined]


def test_an_unknown_host_is_refused(client: Client) -> None:
    assert client.get(LOGIN, HTTP_HOST="example.org").status_code == 400
