"""From what ran to what is said of a row. Pure: the runners are elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.parity.rows import Row


class Where(StrEnum):
    """What a check ran against: nothing but Python, the local cluster, the real API server."""

    PURE = "pure"
    LOCAL = "local"
    REAL = "real"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Status(StrEnum):
    PASS = "pass"
    PARTLY = "partly"
    FAIL = "fail"
    NOT_BUILT = "not built"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One test or scenario that ran, or was to run."""

    rows: tuple[int, ...]
    name: str
    where: Where
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table; ``passed`` counts the checks that passed in each place."""

    row: Row
    status: Status
    passed: Mapping[Where, int]
    note: str


def judge(row: Row, checks: Iterable[Check]) -> Line:
    ours = [check for check in checks if row.number in check.rows]
    passed = {
        where: sum(1 for c in ours if c.where is where and c.outcome is Outcome.PASSED)
        for where in Where
    }
    status, note = _status(row, ours, real=passed[Where.REAL])
    return Line(row=row, status=status, passed=passed, note=note)


def _status(row: Row, ours: list[Check], *, real: int) -> tuple[Status, str]:
    """The first that holds: a failure outweighs all else, a gap outweighs what passed."""
    failed = [c for c in ours if c.outcome is Outcome.FAILED]
    skipped = [c for c in ours if c.outcome is Outcome.SKIPPED]
    if failed:
        return Status.FAIL, "; ".join(f"{c.name} {c.why}".strip() for c in failed)
    if row.not_built:
        return Status.NOT_BUILT, row.not_built
    if not ours:
        return Status.NOT_BUILT, "neither a test nor a scenario"
    if row.missing:
        return Status.PARTLY, row.missing
    if skipped:
        return Status.PARTLY, f"not run: {skipped[0].name} {skipped[0].why}".strip()
    if not real:
        return Status.PARTLY, "not checked on the real control plane"
    return Status.PASS, ""


def exit_code(lines: Iterable[Line], *, asked_by_name: bool) -> int:
    """1 if a row failed; a row that somebody named must pass."""
    found = {line.status for line in lines}
    return 1 if Status.FAIL in found or (asked_by_name and found - {Status.PASS}) else 0


def count(lines: Iterable[Line]) -> dict[Status, int]:
    statuses = [line.status for line in lines]
    return {status: statuses.count(status) for status in Status}
