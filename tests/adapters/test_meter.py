"""The page for Prometheus: names exactly as counted, buckets, bounds, forgetting."""

import shutil
import subprocess

import pytest
from prometheus_client import parser

from bot.adapters import meter as meters
from bot.adapters.kubernetes import requests

ME = {"namespace": "shop", "name": "web"}


def samples(meter):
    page = meter.snapshot().text().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parser.text_string_to_metric_families(page)
        for sample in family.samples
    }


@pytest.mark.row(118)
@pytest.mark.parametrize(
    "name",
    [name for name, kind in meters.KINDS.items() if not kind.buckets],
)
def test_counter_is_named_as_argo_names_it(name):
    meter = meters.Meter()
    labels = dict.fromkeys(meters.KINDS[name].labels, "x")
    for _ in range(2):
        meter.count(name, **labels)
    assert samples(meter)[name, frozenset(labels.items())] == 2
    assert f"{name} " in meter.snapshot().text().decode().replace("{", " {")
    assert f"{name}_total" not in meter.snapshot().text().decode()
    assert "_created" not in meter.snapshot().text().decode()


@pytest.mark.row(118)
def test_histogram_has_argos_buckets():
    meter = meters.Meter()
    for value in (0.005, 0.01, 0.2, 7):
        meter.observe("rollout_reconcile", value, **ME)
    got = samples(meter)

    def bucket(bound):
        return got["rollout_reconcile_bucket", frozenset({**ME, "le": bound}.items())]

    assert [bucket(b) for b in ("0.01", "0.15", "0.25", "0.5", "1", "+Inf")] == [2, 2, 3, 3, 3, 4]
    assert got["rollout_reconcile_count", frozenset(ME.items())] == 4
    assert got["rollout_reconcile_sum", frozenset(ME.items())] == pytest.approx(7.215)


def test_series_of_an_object_go_when_it_is_forgotten_and_no_others():
    meter = meters.Meter()
    other = {**ME, "name": "other"}
    for who in (ME, other):
        meter.count("rollout_reconcile_error", **who)
        meter.observe("rollout_reconcile", 1, **who)
        meter.count("analysis_run_reconcile_error", **who)
    meter.forget(prefix="rollout_", namespace="shop", name="web")
    mine = {name for name, labels in samples(meter) if ("name", "web") in labels}
    assert mine == {"analysis_run_reconcile_error"}
    assert ("rollout_reconcile_error", frozenset(other.items())) in samples(meter)


def test_family_is_bounded(monkeypatch):
    monkeypatch.setattr(meters, "MOST_SERIES", 3)
    meter = meters.Meter()
    for number in range(9):
        meter.count("rollout_reconcile_error", namespace="n", name=f"r{number}")
    names = [dict(labels)["name"] for name, labels in samples(meter) if name.endswith("error")]
    assert names == ["r6", "r7", "r8"]


def test_page_names_the_version_and_the_process():
    got = {name for name, _ in samples(meters.Meter())}
    wanted = {"argo_rollouts_controller_info", "build_info", "rollout_bot_info"}
    assert wanted <= got
    assert "process_start_time_seconds" in got


def test_page_pleases_promtool():
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    meter = meters.Meter()
    for name, kind in meters.KINDS.items():
        labels = dict.fromkeys(kind.labels, "x")
        (meter.observe(name, 1.0, **labels) if kind.buckets else meter.count(name, **labels))
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=meter.snapshot().text(),
        capture_output=True,
        check=False,
    )
    # 3 is a matter of taste (names), 1 a page that cannot be read.
    assert done.returncode in {0, 3}, done.stderr.decode()


@pytest.mark.parametrize(
    ("method", "path", "query", "said"),
    [
        ("GET", "/api/v1/namespaces/n/services/s", {}, ("services", "n", "s", "Get")),
        ("GET", "/apis/apps/v1/namespaces/n/replicasets", {}, ("replicasets", "n", "", "List")),
        ("GET", "/apis/apps/v1/replicasets", {"watch": "1"}, ("replicasets", "", "", "Watch")),
        (
            "PATCH",
            "/apis/argoproj.io/v1alpha1/namespaces/n/rollouts/r/status",
            {},
            ("rollouts", "n", "r", "Patch"),
        ),
        ("POST", "/api/v1/namespaces/n/events", {}, ("events", "n", "", "Create")),
        ("PATCH", "/api/v1/namespaces/n/events/e.1", {}, ("events", "n", "", "Patch")),
        ("DELETE", "/apis/batch/v1/namespaces/n/jobs/j", {}, ("jobs", "n", "j", "Delete")),
        ("GET", "/api/v1/namespaces/n", {}, ("namespaces", "", "n", "Get")),
        ("GET", "/version", {}, ("Unknown", "", "", "Get")),
    ],
)
def test_request_is_counted_by_what_it_was_for(method, path, query, said):
    keys = ("kind", "namespace", "name", "verb")
    assert requests.labels(method, path, query) == dict(zip(keys, said, strict=True))
