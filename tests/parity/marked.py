"""Runs the tests that carry an asked row: one pytest, its outcomes as checks."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.parity.verdicts import Check, Outcome, Where

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"\bmark\.row\(([\d,\s]+)\)")
NO_TESTS = 5


def files(rows: Iterable[int], *, root: Path = ROOT) -> list[str]:
    """The test files that name one of the rows, so that pytest need not collect the others."""
    wanted = set(rows)
    return [
        path.relative_to(root).as_posix()
        for path in sorted((root / "tests").rglob("test_*.py"))
        if wanted & set(named(path.read_text()))
    ]


def named(text: str) -> Iterator[int]:
    for marker in MARK.findall(text):
        yield from (int(number) for number in marker.split(",") if number.strip())


def command(rows: Iterable[int], *arguments: str, root: Path = ROOT) -> list[str]:
    """Empty where no file names any of the rows."""
    numbers = sorted(rows)
    found = files(numbers, root=root)
    if not found:
        return []
    return [
        *(sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "tests.parity.plugin"),
        *("-p", "no:cacheprovider", "--parity-rows", ",".join(map(str, numbers))),
        *arguments,
        *found,
    ]


def run(rows: Iterable[int], *, root: Path = ROOT) -> list[Check]:
    """Every outcome; ends the tool where pytest itself could not run."""
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        record = Path(folder) / "outcomes.json"
        line = command(rows, "--tb=short", "--parity-record", str(record), root=root)
        if not line:
            return []
        code = subprocess.call(line, cwd=root)
        if code not in {0, 1, NO_TESTS} or not record.exists():
            raise SystemExit(f"pytest ended with {code}: no outcome can be believed")
        return [_check(entry) for entry in json.loads(record.read_text())]


def _check(entry: dict[str, str]) -> Check:
    return Check(
        rows=tuple(int(number) for number in entry["rows"]),
        name=entry["name"].rpartition("/")[2],
        where=Where(entry["where"]),
        outcome=Outcome(entry["outcome"]),
        why=entry["why"],
    )
