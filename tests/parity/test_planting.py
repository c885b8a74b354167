"""Every planted bug can be planted, and one that nobody notices is told."""

import pytest

from tests.parity import marked, planting, rows

BUGS = planting.load()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.row}-{bug.file}")
def test_line_of_a_bug_stands_once_in_its_file(bug):
    assert (marked.ROOT / bug.file).read_text().count(bug.old) == 1
    assert bug.old != bug.new
    assert bug.row in rows.load()


def test_every_row_that_is_built_has_a_bug():
    built = {row.number for row in rows.load().values() if not row.not_built}
    assert {bug.row for bug in BUGS} == built


def test_bug_is_refused_when_its_line_is_gone_or_not_the_only_one(tmp_path):
    (tmp_path / "one.py").write_text("a = 1\nb = 1\n")
    bug = planting.Bug(row=1, file="one.py", old="a = 1", new="a = 2")
    assert planting.plant(bug, tree=tmp_path) == ""
    assert (tmp_path / "one.py").read_text() == "a = 2\nb = 1\n"
    assert "stands 0 times" in planting.plant(bug, tree=tmp_path)
    twice = planting.Bug(row=1, file="one.py", old=" = ", new=" is ")
    assert "stands 2 times" in planting.plant(twice, tree=tmp_path)
    lost = planting.Bug(row=1, file="two.py", old="a", new="b")
    assert "stands 0 times" in planting.plant(lost, tree=tmp_path)


FILE = "bot/core/replicas.py"


@pytest.mark.parametrize(
    ("old", "new", "caught"),
    [
        ("Sizes(canary=replicas - 1, stable=1)", "Sizes(canary=0, stable=replicas)", True),
        ("spec §2.9, with its", "spec §2.9, with their", False),
        ("from fractions import Fraction", "from fractions import Nonsense", False),
    ],
    ids=["caught", "survives", "breaks-the-import"],
)
def test_bug_is_caught_only_when_a_check_of_its_row_ran_and_failed(old, new, caught):
    found = planting.noticed(planting.Bug(row=11, file=FILE, old=old, new=new))
    assert found.caught is caught, found.how
