"""All that can be judged without running the product: what `make check` does.

Every check runs, also after one has failed; the exit code is 1 when any did.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

_BIN = Path(sys.executable).parent
_MANAGE = [sys.executable, "manage.py"]
_CHECKS: list[tuple[str, list[str]]] = [
    ("style", [str(_BIN / "ruff"), "check", "."]),
    ("format", [str(_BIN / "ruff"), "format", "--check", "."]),
    ("types", [str(_BIN / "mypy")]),
    ("layers", [str(_BIN / "lint-imports")]),
    ("migrations", [*_MANAGE, "makemigrations", "--check", "--dry-run"]),
    ("deployment", [*_MANAGE, "check", "--deploy", "--fail-level", "WARNING"]),
    ("translations", [sys.executable, "-m", "tools.check_translations"]),
]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bihuan-check-") as folder:
        # As a fresh installation has it: nothing in the environment but the place to write.
        environment = os.environ | {"VAR_DIR": folder, "DATABASE_URL": "", "HTTPS": "true", "DEBUG": "false"}
        failed = [name for name, command in _CHECKS if not _passes(name, command, environment)]
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nAll checks passed.")
    return 1 if failed else 0


def _passes(name: str, command: list[str], environment: dict[str, str]) -> bool:
    print(f"== {name} ==", flush=True)
    return subprocess.run(command, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
