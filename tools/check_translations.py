"""Are the translations complete? Exit code 1 and one line for each fault.

Each `django.po` has no empty and no fuzzy entry and says what its compiled `django.mo` says. Where gettext is
installed, the source is also searched for texts that no `django.po` knows.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polib

from tools.bootstrap import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOURCES = ("config", "cases", "reports", "processes")
_LANGUAGE = "zh_Hans"
_FILE = Path("locale") / _LANGUAGE / "LC_MESSAGES" / "django.po"
# What libraries leave in English; makemessages does not know this folder and so leaves it alone.
_OF_LIBRARIES = ROOT / "config" / "locale_of_libraries" / _LANGUAGE / "LC_MESSAGES" / "django.po"


def main() -> int:
    files = [ROOT / source / _FILE for source in _SOURCES if (ROOT / source / _FILE).exists()]
    known = _known(files)
    faults = [fault for file in [*files, _OF_LIBRARIES] for fault in _faults_of(file)]
    faults += _faults_of_source(known)
    print("\n".join(faults) or f"{len(known)} texts, all translated.")
    return 1 if faults else 0


def _key(entry: polib.POEntry | polib.MOEntry) -> tuple[str, str]:
    return entry.msgctxt or "", entry.msgid


def _meaning(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str, str], object]:
    return {_key(entry): entry.msgstr_plural or entry.msgstr for entry in catalogue if not entry.obsolete}


def _known(files: Sequence[Path]) -> set[tuple[str, str]]:
    return {key for file in files for key in _meaning(polib.pofile(str(file)))}


def _faults_of(file: Path) -> list[str]:
    catalogue = polib.pofile(str(file))
    place = file.relative_to(ROOT)
    faults = [
        f"{place}:{entry.linenum}: empty: {entry.msgid!r}" for entry in catalogue.untranslated_entries()
    ]
    faults += [f"{place}:{entry.linenum}: fuzzy: {entry.msgid!r}" for entry in catalogue.fuzzy_entries()]
    compiled = file.with_suffix(".mo")
    if not compiled.exists() or _meaning(polib.mofile(str(compiled))) != _meaning(catalogue):
        faults.append(
            f"{place.with_suffix('.mo')} is stale: run python manage.py compilemessages and commit it"
        )
    return faults


def _faults_of_source(known: set[tuple[str, str]]) -> list[str]:
    if not shutil.which("xgettext"):
        print("gettext is not installed: texts missing from the catalogues were not looked for.")
        return []
    return [f"not in any {_FILE.name}: {text!r}" for _, text in sorted(_texts_in_source() - known)]


def _texts_in_source() -> set[tuple[str, str]]:
    """What makemessages finds, looked for in a copy so that the check changes nothing."""
    with tempfile.TemporaryDirectory(prefix="bihuan-texts-") as name:
        copy = Path(name)
        for source in filter(lambda source: (ROOT / source).is_dir(), _SOURCES):
            shutil.copytree(
                ROOT / source, copy / source, ignore=shutil.ignore_patterns("locale", "__pycache__")
            )
            (copy / source / "locale").mkdir()
        shutil.copy(ROOT / "manage.py", copy)
        command = [sys.executable, "manage.py", "makemessages", f"--locale={_LANGUAGE}", "--verbosity=0"]
        subprocess.run(command, cwd=copy, check=True)
        return {_key(entry) for file in copy.glob(f"*/{_FILE}") for entry in polib.pofile(str(file))}


if __name__ == "__main__":
    sys.exit(main())
