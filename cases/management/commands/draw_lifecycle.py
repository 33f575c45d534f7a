"""``manage.py draw_lifecycle``: write the picture of the lifecycle into the docs, once per language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation

from cases.drawing import draw_lifecycle

if TYPE_CHECKING:
    from argparse import ArgumentParser


def picture(language: str) -> str:
    """The file as it must be in this language."""
    with translation.override(language):
        return draw_lifecycle(standalone=True)


def file_name(language: str) -> str:
    return f"lifecycle.{language}.svg"


class Command(BaseCommand):
    help = "Write docs/lifecycle.<language>.svg from the lifecycle table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "docs", help="the folder")

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        for language, _label in settings.LANGUAGES:
            target = out / file_name(language)
            target.write_text(picture(language), encoding="utf-8")
            self.stdout.write(str(target))
