"""The analysis templates that are ready to use: each is whole, and needs what it says."""

import pytest
import yaml

from bot.core import preflight
from bot.core.analysis import arguments, metrics, templates
from bot.model import preflight as words
from tests.architecture import files

FOLDER = files.ROOT / "manifests" / "templates"
FOUND = {
    document["metadata"]["name"]: document
    for path in sorted(FOLDER.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
    if document["kind"] == "ClusterAnalysisTemplate"
}
WANTED = ("success-rate", "error-rate", "latency-p95", "latency-p99", "saturation")


def test_each_template_is_there_for_a_service_and_for_a_revision():
    both = {
        f"{name}{end}" for name in (*WANTED, "compare-baseline") for end in ("", "-of-revision")
    }
    assert set(FOUND) == both
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert set(listed) == {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}


@pytest.mark.parametrize("raw", FOUND.values(), ids=list(FOUND))
def test_template_runs_when_its_arguments_are_given(raw):
    def find(_everywhere, name):
        return raw if name == raw["metadata"]["name"] else None

    judged = preflight.template(raw, find)
    assert judged.word in {words.Word.AS_BEFORE, words.Word.DIFFERS}
    merged = templates.resolve(
        [{"templateName": raw["metadata"]["name"], "clusterScope": True}], find
    )
    values = {arg["name"]: arg.get("value") or "x" for arg in merged.args}
    (metric,) = metrics.in_order([arguments.substituted(m, values) for m in merged.metrics])
    assert metric.count == 5
    assert "{{" not in str(metric)


@pytest.mark.parametrize("raw", FOUND.values(), ids=list(FOUND))
def test_template_uses_every_argument_that_it_asks_for(raw):
    text = str(raw["spec"]["metrics"])
    for arg in raw["spec"]["args"]:
        assert f"{{{{args.{arg['name']}}}}}" in text
