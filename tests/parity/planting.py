"""Plants the bugs of bugs.yaml, each in a copy of the tree, and asks whether a check notices.

A copy each: nothing has to be taken back, and they can run side by side.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.architecture import files
from tests.cluster import binaries
from tests.parity import marked, rows
from tests.parity.rows import HERE

AT_MOST_S = 400
# Runs before any bug is planted: a check that fails anyway notices nothing.
SOUND = "the tree as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One line of a file, with ``old`` in it replaced by ``new``."""

    row: int
    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    bug: Bug
    caught: bool
    how: str


def load(file: Path = HERE / "bugs.yaml") -> list[Bug]:
    return [Bug(**entry) for entry in yaml.safe_load(file.read_text())]


def run(asked: Iterable[int], *, jobs: int) -> int:
    """1 if a bug survived, or could not be planted."""
    wanted = set(asked)
    bugs = [bug for bug in load() if bug.row in wanted]
    if not bugs:
        print("none of these rows has a planted bug")
        return 1
    if failed := _already_failing({bug.row for bug in bugs}):
        print(f"{SOUND} fails already:\n{failed}")
        return 1
    survived = 0
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for found in pool.map(noticed, bugs):
            survived += not found.caught
            word = "caught" if found.caught else "SURVIVED"
            print(f"{word:9}{found.bug.row:>4}  {found.bug.file}  {found.how}", flush=True)
    bare = sorted(wanted - {bug.row for bug in bugs})
    print(f"\n{len(bugs) - survived} of {len(bugs)} planted bugs are caught.")
    if bare:
        print(f"No bug is planted for {len(bare)} rows: {', '.join(map(str, bare))}.")
    return 1 if survived else 0


def _already_failing(numbers: set[int]) -> str:
    line = marked.command(numbers, "--parity-where", "pure", "--tb=line")
    if not line:
        return ""
    done = _start(line, files.ROOT)
    return "" if done.returncode == 0 else done.stdout[-3000:]


def noticed(bug: Bug, *, root: Path = files.ROOT) -> Found:
    """Whether the quickest check of its row that there is fails with the bug in place."""
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        tree = Path(folder)
        if problem := plant(bug, tree=copied(root, tree)):
            return Found(bug=bug, caught=False, how=problem)
        found = Found(bug=bug, caught=False, how="the row has no check")
        for line, sign in ways(bug.row, tree=tree):
            try:
                done = _start(line, tree)
            except subprocess.TimeoutExpired:
                return Found(bug=bug, caught=False, how=f"no answer within {AT_MOST_S} s")
            if done.returncode != marked.NO_TESTS:
                return _judged(bug, done, sign)
        return found


def _judged(bug: Bug, done: "subprocess.CompletedProcess[str]", sign: str) -> Found:
    """Only a check that ran and failed counts: an import error is no sign that a test bites."""
    hits = [text for text in done.stdout.splitlines() if text.startswith(sign)]
    if done.returncode == 1 and hits:
        return Found(bug=bug, caught=True, how=hits[0].partition(" - ")[0].rpartition("/")[2])
    if done.returncode == 0:
        return Found(bug=bug, caught=False, how="all its checks pass")
    return Found(bug=bug, caught=False, how=f"exit {done.returncode}: {done.stdout[-300:]}")


def plant(bug: Bug, *, tree: Path) -> str:
    """Change the line; what is wrong with the bug, if it cannot be planted."""
    path = tree / bug.file
    text = path.read_text() if path.exists() else ""
    if (times := text.count(bug.old)) != 1:
        return f"{bug.old!r} stands {times} times in {bug.file}"
    path.write_text(text.replace(bug.old, bug.new))
    return ""


def copied(root: Path, tree: Path) -> Path:
    for path in files.tracked():
        goal = tree / path.relative_to(files.ROOT)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path.relative_to(files.ROOT), goal)
    # Where the programs of the control plane are; a copy of them would be large.
    (tree / ".cache").mkdir()
    if binaries.CACHE.exists():
        (tree / ".cache" / "plane").symlink_to(binaries.CACHE.resolve())
    return tree


def ways(row: int, *, tree: Path) -> Iterator[tuple[list[str], str]]:
    """Commands, the quickest first, and how a line of each begins that tells of a failure.

    One that has no test to run says so, and the next is tried.
    """
    how = ("-x", "--tb=no", "-W", "ignore", "--parity-where")
    if line := marked.command([row], *how, "pure", root=tree):
        yield line, "FAILED "
    if scenarios := rows.load()[row].scenarios:
        yield [sys.executable, "-m", "tests.parity.played", scenarios[0]], "DIFF"
    if line := marked.command([row], *how, "real", root=tree):
        yield line, "FAILED "


def _start(line: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Without compiled files: a bug of the same length in the same second would go unseen."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    return subprocess.run(
        line,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=AT_MOST_S,
    )
