"""The tool as somebody starts it, with rows that need no control plane."""

import json
import subprocess
import sys

from tests.parity import marked


def started(*arguments):
    command = [sys.executable, "-m", "tests.parity", *arguments]
    return subprocess.run(command, cwd=marked.ROOT, capture_output=True, text=True, check=False)


def test_person_is_told_when_no_such_row_is_known():
    done = started("--rows", "9-13,400")
    assert done.returncode == 2
    assert "there is no row 400" in done.stderr


def test_row_that_is_not_built_is_told_and_does_not_pass_when_it_is_named(tmp_path):
    table = tmp_path / "table.json"
    done = started("--rows", "99", "--json", str(table))
    assert done.returncode == 1
    assert "not built" in done.stdout
    assert done.stdout.endswith("Rows: 1; 0 pass, 0 partly, 0 fail, 1 not built.\n")
    (row,) = json.loads(table.read_text())
    assert (row["row"], row["status"]) == (99, "not built")
    assert row["note"] == "the provider plugin is refused by name"


def test_planting_does_not_pass_when_no_row_has_a_bug():
    done = started("--plant", "--rows", "99")
    assert done.returncode == 1
    assert "none of these rows has a planted bug" in done.stdout
