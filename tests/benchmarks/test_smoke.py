"""The benchmarks run: tiny numbers, no wall-clock time is judged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_bench_prints_a_row_with_samples_when_it_is_quick(control_plane, tmp_path):
    out = tmp_path / "rows.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", "promote,moment"]
    done = subprocess.run(
        [*command, "--json", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(out.read_text())}
    assert len(rows["promote"]["seconds"]) == 9
    assert rows["moment"]["notes"] == "0 of 4 lost"
    assert "promote" in done.stdout and "moment" in done.stdout


def test_bench_counts_calls_of_slack_on_no_plane_when_only_that_is_asked(tmp_path):
    out = tmp_path / "rows.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", "slack"]
    done = subprocess.run(
        [*command, "--json", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(out.read_text())}
    assert set(rows) == {"card-fresh", "card-fresh-1", "slack-rush", "slack-rush-news"}
    assert len(rows["card-fresh"]["seconds"]) == 20 * 3, rows["card-fresh"]["notes"]
    assert "10 cards of their own say done" in rows["slack-rush"]["notes"]


def test_gate_and_card_say_what_was_decided_before_the_cards_that_only_move_on(tmp_path):
    """On a virtual clock: above Slack's limit of edits the others wait, not the decided one."""
    out = tmp_path / "rows.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", "decided"]
    done = subprocess.run(
        [*command, "--json", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(out.read_text())}
    for name in ("gate-busy", "card-busy"):
        assert len(rows[name]["seconds"]) == 20, rows[name]
        assert max(rows[name]["seconds"]) < 2, rows[name]
        assert "0 times 429" in rows[name]["notes"]
