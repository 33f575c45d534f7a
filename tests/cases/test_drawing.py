from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import translation

from cases.choices import State
from cases.drawing import arrows_of, draw_lifecycle
from cases.lifecycle import MOVES
from cases.management.commands.draw_lifecycle import file_name, picture
from tests.scenes import make_scene

LANGUAGES = [language for language, _label in settings.LANGUAGES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_in_the_docs_is_the_one_the_code_draws(language: str) -> None:
    kept = settings.BASE_DIR / "docs" / file_name(language)

    assert kept.read_text(encoding="utf-8") == picture(language), "run: python manage.py draw_lifecycle"


def test_the_command_writes_one_picture_per_language(tmp_path: Path) -> None:
    call_command("draw_lifecycle", out=tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(map(file_name, LANGUAGES))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_and_transition_is_in_the_picture(language: str) -> None:
    with translation.override(language):
        root = ElementTree.fromstring(draw_lifecycle())
        words = {
            "".join(node.itertext()).removeprefix("↻ ") for node in root.iter() if node.tag.endswith("text")
        }

        assert {str(state.label) for state in State} <= words
        assert {str(row.label) for row in MOVES.values()} <= words


def test_transitions_between_the_same_states_share_an_arrow() -> None:
    arrows = arrows_of(MOVES.values())

    assert len({(arrow.sources, arrow.target) for arrow in arrows}) == len(arrows)
    drawn = sum(len(arrow.labels) for arrow in arrows)
    changing = [row for row in MOVES.values() if any(row.targets(state) != state for state in row.sources)]
    assert drawn == len(changing)


@pytest.mark.django_db
def test_the_help_page_shows_picture_and_table(client: Client) -> None:
    client.force_login(make_scene().auditor)

    answer = client.get(reverse("admin:cases_lifecycle"))

    assert "<svg" in answer.content.decode()
    assert len(answer.context["rows"]) == len(MOVES)
