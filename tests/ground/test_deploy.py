"""The files in `deploy/` name what there is: commands, queues, settings, paths."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import get_commands
from django.utils.module_loading import import_string

from cases.broker import QUEUES
from config.settings import STORAGES
from tools.bootstrap import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")


def commands_of_units() -> dict[str, list[str]]:
    """By the last word of the unit's name; systemd doubles each per cent sign."""
    return {
        unit.stem.removeprefix("bihuan-"): shlex.split(read(unit)["Service"]["ExecStart"]) for unit in UNITS
    }


def commands_of_containers() -> dict[str, list[str]]:
    """Each command is written as a list on one line, which is read without a library."""
    found = re.findall(r"^  (\w+):\n(?:    .*\n|\n)*?    command: \[(.*)\]$", COMPOSE, re.MULTILINE)
    parts = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,\s][^,]*)')
    return {name: ["".join(pair).strip() for pair in parts.findall(words)] for name, words in found}


def read(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit, encoding="utf-8")
    return parser


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_there_is_a_unit_for_each_process_and_a_container_beside() -> None:
    assert set(commands_of_units()) == {"web", "worker", "heavy", "beat", "ticker"}
    assert {"web", "worker", "heavy", "beat", "ticker", "migrate", "redis"} == set(commands_of_containers())


@pytest.mark.parametrize(
    "commands", [commands_of_units(), commands_of_containers()], ids=["units", "containers"]
)
def test_the_workers_take_from_every_queue_and_heavy_work_has_its_own(commands: dict[str, list[str]]) -> None:
    taken = {name: option(commands[name], "-Q").split(",") for name in ("worker", "heavy")}
    assert taken == {"worker": ["tick", "send"], "heavy": ["heavy"]}
    assert {*taken["worker"], *taken["heavy"]} == {*QUEUES}
    for name in taken:
        assert {"--without-gossip", "--without-mingle"} <= set(commands[name])
        assert option(commands[name], "--pool") == "prefork"


@pytest.mark.parametrize(
    "commands", [commands_of_units(), commands_of_containers()], ids=["units", "containers"]
)
def test_every_command_exists(commands: dict[str, list[str]]) -> None:
    for words in commands.values():
        if "manage.py" in words:
            assert words[words.index("manage.py") + 1] in get_commands()
        elif Path(words[0]).name == "celery":
            assert option(words, "-A") == "config"
            assert words[words.index("-A") + 2] in {"worker", "beat"}
        else:
            assert Path(words[0]).name in {"gunicorn", "redis-server"}
            assert words[1] in {"config.wsgi", "/etc/redis.conf"}


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_celery_knows_every_option_of_its_units(name: str) -> None:
    helped = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "config", name, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for unit in ("worker", "heavy") if name == "worker" else ("beat",):
        words = commands_of_units()[unit]
        given = [word.split("=")[0] for word in words[words.index(name) + 1 :] if word.startswith("-")]
        assert [word for word in given if word not in helped] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_without_rights_and_starts_again(unit: Path) -> None:
    service = read(unit)["Service"]
    assert service["User"] == "bihuan"
    assert service["Restart"] == "always"
    assert service["EnvironmentFile"] == "/etc/bihuan/env"
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "strict")
    assert service["CapabilityBoundingSet"] == ""
    assert (service["StateDirectory"], service["StateDirectoryMode"]) == ("bihuan", "0750")


def test_no_password_has_a_default() -> None:
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY"):
        assert f"${{{name}:?" in COMPOSE
        assert not re.search(rf"\$\{{{name}(?::?-|\}})", COMPOSE)
        assert f"\n{name}=\n" in (DEPLOY / "env.example").read_text(encoding="utf-8")


def test_the_example_names_only_variables_that_are_read() -> None:
    settings = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    settings += (ROOT / "config" / "outgoing.py").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Z_]+)=", (DEPLOY / "env.example").read_text(encoding="utf-8"), re.MULTILINE)
    of_compose = {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert [
        name for name in names if name not in of_compose and not re.search(rf"\b{name}\b", settings)
    ] == []


def test_the_broker_keeps_what_it_is_given() -> None:
    written = (DEPLOY / "redis.conf").read_text(encoding="utf-8").splitlines()
    wanted = {
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory 256mb",
        "maxmemory-policy noeviction",
        'save ""',
        "bind 127.0.0.1",
        "protected-mode yes",
        "user default off",
    }
    assert wanted <= set(written)


def test_nginx_limits_and_logs_no_token() -> None:
    written = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for line in ("client_max_body_size 12m;", "underscores_in_headers off;", "limit_req zone="):
        assert line in written
    shape = written[written.index("log_format") : written.index("server {")]
    assert "$request_uri" not in shape
    assert "$request " not in shape
    assert "$http_referer" not in shape


def test_nginx_seals_what_it_says_itself_of_a_customers_link() -> None:
    written = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    of_links = written[written.index("location /c/ {") :].partition("}")[0]
    for name, value in (("Referrer-Policy", "no-referrer"), ("Cache-Control", '"no-store, private"')):
        assert f"proxy_hide_header {name};" in of_links  # or there were two of them
        assert f"add_header {name} {value} always;" in of_links


def test_what_root_collects_the_account_of_the_site_can_read(tmp_path: Path) -> None:
    settings: Any = STORAGES["staticfiles"]
    storage = import_string(settings["BACKEND"])(location=tmp_path / "static", **settings["OPTIONS"])
    storage.save("cases/one.css", ContentFile(b""))
    file = tmp_path / "static" / "cases" / "one.css"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in list(file.parents)[:2]} == {0o755}


def example() -> dict[str, str]:
    """The example of settings, filled in with passwords of every kind."""
    lines = re.findall(
        r"^([A-Z_]+)=(.*)$", (DEPLOY / "env.example").read_text(encoding="utf-8"), re.MULTILINE
    )
    secrets = {"SECRET_KEY": "k3Y-xP" * 10, "POSTGRES_PASSWORD": "p@ss/w#1", "REDIS_PASSWORD": "a?b/c"}
    return dict(lines) | secrets


def check_deploy(**environment: str) -> subprocess.CompletedProcess[str]:
    """On a machine of its own: what other tests have set for theirs does not count."""
    machine = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", "HTTPS": "true"}
    surroundings = machine | environment
    words = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(words, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)


def test_the_example_filled_in_passes_the_deployment_check(tmp_path: Path) -> None:
    result = check_deploy(**example() | {"VAR_DIR": str(tmp_path)})
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


def test_mistakes_of_ours_are_found(tmp_path: Path) -> None:
    result = check_deploy(
        VAR_DIR=str(tmp_path),
        SITE_URL="http://service.example.com",
        REDIS_URL="redis://127.0.0.1/0",
        DATABASE_URL="",
        OUTGOING="catch",
        OUTGOING_ALLOW="127.0.0.1:8025",
    )
    found = set(re.findall(r"bihuan\.[EW]\d+", result.stderr))
    assert found == {"bihuan.E002", "bihuan.W001", "bihuan.W002", "bihuan.W003"}
    mute = check_deploy(**example() | {"VAR_DIR": str(tmp_path), "EMAIL_URL": ""})
    assert set(re.findall(r"bihuan\.[EW]\d+", mute.stderr)) == {"bihuan.W004"}
