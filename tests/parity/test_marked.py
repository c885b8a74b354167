"""The outcomes of real tests in a folder of their own, as pytest tells them."""

import pytest

from tests.parity import marked, verdicts
from tests.parity.rows import Row
from tests.parity.verdicts import Outcome, Where

SETTINGS = """
[tool.pytest.ini_options]
markers = ["row(number)", "cluster"]
"""
TESTS = """
import pytest

@pytest.mark.row(1)
def test_good(): pass

@pytest.mark.row(1, 2)
@pytest.mark.parametrize("value", [1, 2])
def test_half(value): assert value == 1

@pytest.mark.row(3)
@pytest.mark.cluster
def test_real(): pass

@pytest.mark.row(3)
def test_not_here(): pytest.skip("no engine")

@pytest.fixture
def broken():
    yield
    raise RuntimeError("on the way out")

@pytest.mark.row(4)
def test_breaks_afterwards(broken): pass

@pytest.mark.row(5)
def test_of_no_interest(): assert False

def test_without_a_row(): assert False
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    (tmp_path / "tests" / "e2e").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "tests" / "test_some.py").write_text(TESTS)
    local = "import pytest\n\n@pytest.mark.row(1)\ndef test_stage(): pass\n"
    (tmp_path / "tests" / "e2e" / "test_stage.py").write_text(local)
    monkeypatch.setenv("PYTHONPATH", str(marked.ROOT))
    return tmp_path


def test_every_outcome_is_told_with_its_rows_and_place(tree):
    checks = marked.run([1, 2, 3, 4], root=tree)
    found = {check.name.partition("::")[2]: check for check in checks}
    assert {name: (check.rows, check.where, check.outcome) for name, check in found.items()} == {
        "test_good": ((1,), Where.PURE, Outcome.PASSED),
        "test_half[1]": ((1, 2), Where.PURE, Outcome.PASSED),
        "test_half[2]": ((1, 2), Where.PURE, Outcome.FAILED),
        "test_real": ((3,), Where.REAL, Outcome.PASSED),
        "test_not_here": ((3,), Where.PURE, Outcome.SKIPPED),
        "test_breaks_afterwards": ((4,), Where.PURE, Outcome.FAILED),
        "test_stage": ((1,), Where.LOCAL, Outcome.PASSED),
    }
    assert "no engine" in found["test_not_here"].why


def test_row_fails_and_so_does_the_tool_when_a_test_of_it_fails(tree):
    line = verdicts.judge(Row(number=2, feature="halves"), marked.run([2], root=tree))
    assert line.status is verdicts.Status.FAIL
    assert "test_half[2]" in line.note
    assert verdicts.exit_code([line], asked_by_name=False) == 1


def test_nothing_runs_when_no_file_names_the_row(tree):
    assert marked.run([77], root=tree) == []


def test_tool_ends_when_pytest_cannot_read_a_file(tree):
    (tree / "tests" / "test_torn.py").write_text("import nowhere\n@pytest.mark.row(2)\n")
    with pytest.raises(SystemExit, match="no outcome can be believed"):
        marked.run([2], root=tree)
