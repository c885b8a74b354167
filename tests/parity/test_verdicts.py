"""What is said of a row, by what ran."""

import pytest

from tests.parity import verdicts
from tests.parity.rows import Row
from tests.parity.verdicts import Check, Outcome, Status, Where

ROW = Row(number=9, feature="a feature")
GAPPED = Row(number=9, feature="a feature", missing="half of it")
ABSENT = Row(number=9, feature="a feature", not_built="it is refused")


def check(where, outcome=Outcome.PASSED, *, rows=(9,), why=""):
    return Check(rows=rows, name="one", where=where, outcome=outcome, why=why)


PURE, REAL = check(Where.PURE), check(Where.REAL)
LOCAL = check(Where.LOCAL)
FAILED = check(Where.PURE, Outcome.FAILED)
SKIPPED = check(Where.REAL, Outcome.SKIPPED, why="no control plane")
FOREIGN = check(Where.REAL, rows=(10,))


@pytest.mark.parametrize(
    ("row", "checks", "status"),
    [
        pytest.param(ROW, [REAL], Status.PASS, id="real"),
        pytest.param(ROW, [PURE, LOCAL, REAL], Status.PASS, id="everywhere"),
        pytest.param(ROW, [PURE], Status.PARTLY, id="only-pure"),
        pytest.param(ROW, [PURE, LOCAL], Status.PARTLY, id="only-local"),
        pytest.param(ROW, [SKIPPED], Status.PARTLY, id="only-skipped"),
        pytest.param(ROW, [REAL, SKIPPED], Status.PARTLY, id="one-skipped"),
        pytest.param(ROW, [REAL, FAILED], Status.FAIL, id="one-failed"),
        pytest.param(ROW, [check(Where.REAL, Outcome.FAILED)], Status.FAIL, id="real-failed"),
        pytest.param(ROW, [], Status.NOT_BUILT, id="nothing"),
        pytest.param(ROW, [FOREIGN], Status.NOT_BUILT, id="only-of-another-row"),
        pytest.param(GAPPED, [REAL], Status.PARTLY, id="a-part-is-missing"),
        pytest.param(GAPPED, [REAL, FAILED], Status.FAIL, id="a-part-is-missing-and-one-failed"),
        pytest.param(ABSENT, [], Status.NOT_BUILT, id="refused"),
        pytest.param(ABSENT, [FAILED], Status.FAIL, id="refused-and-one-failed"),
    ],
)
def test_row_is_judged_by_what_ran(row, checks, status):
    line = verdicts.judge(row, checks)
    assert line.status is status
    assert bool(line.note) == (status is not Status.PASS)


def test_row_counts_what_passed_in_each_place():
    line = verdicts.judge(ROW, [PURE, PURE, REAL, FAILED, FOREIGN])
    assert line.passed == {Where.PURE: 2, Where.LOCAL: 0, Where.REAL: 1}


@pytest.mark.parametrize(
    ("checks", "of_all", "by_name"),
    [
        pytest.param([REAL], 0, 0, id="pass"),
        pytest.param([PURE], 0, 1, id="partly"),
        pytest.param([], 0, 1, id="not-built"),
        pytest.param([FAILED], 1, 1, id="fail"),
    ],
)
def test_exit_code_is_1_when_an_asked_row_fails(checks, of_all, by_name):
    lines = [verdicts.judge(ROW, checks), verdicts.judge(Row(number=10, feature="b"), [FOREIGN])]
    assert verdicts.exit_code(lines, asked_by_name=False) == of_all
    assert verdicts.exit_code(lines, asked_by_name=True) == by_name


def test_count_names_every_status():
    lines = [verdicts.judge(ROW, [REAL]), verdicts.judge(ROW, [])]
    counted = {"pass": 1, "partly": 0, "fail": 0, "not built": 1}
    assert verdicts.count(lines) == counted
