"""The import contracts of pyproject.toml hold, and would be noticed if they did not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import files

LINT = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_import_contracts_hold() -> None:
    done = lint(files.ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("bot/model/planted.py", "import bot.core"),
        ("bot/core/planted.py", "import time"),
        ("bot/core/planted.py", "import asyncio"),
        ("bot/render/planted.py", "import aiohttp"),
        ("bot/runtime/planted.py", "import bot.adapters"),
        ("bot/adapters/planted.py", "import bot.core"),
        ("bot/local/planted.py", "import bot.render"),
        ("handlers/planted.py", "import bot.adapters"),
        ("bot/wiring/planted.py", "import sqlalchemy"),
        ("bot/adapters/slack/planted.py", "import sqlalchemy"),
    ],
    ids=lambda value: value.replace("/", "."),
)
def test_import_contracts_notice_a_planted_import(tmp_path: Path, module: str, line: str) -> None:
    for name in ("bot", "handlers"):
        for path in (files.ROOT / name).rglob("__init__.py"):
            copy = tmp_path / path.relative_to(files.ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    shutil.copy(files.ROOT / "pyproject.toml", tmp_path)
    (tmp_path / module).write_text(f'"""Planted."""\n\n{line}\n')
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout
