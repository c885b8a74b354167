"""Objects that something keeps as Git has them; tools by their field managers; where a commit stands."""

import dataclasses
from datetime import timedelta

import pytest

from bot.adapters.kubernetes import managers
from bot.core import codec_status, gitops, writers
from bot.core.notices import afterwards, degraded, origin
from bot.core.notices import scene as scenes
from bot.model.facts import ThreadKind
from tests.core.engine.simulation import Simulation
from tests.core.notices import test_notices as canaries

NOW, START = canaries.NOW, canaries.START
TRACKED = {"argocd.argoproj.io/tracking-id": "checkout:argoproj.io/Rollout:shop/checkout"}


def written(manager, *fields, at=NOW):
    owned = {}
    for part, name in fields:
        owned.setdefault(f"f:{part}", {})[f"f:{name}"] = {"f:x": {}}
    return {"manager": manager, "time": codec_status.stamp(at), "fieldsV1": owned}


def rollout(labels=None, annotations=None, entries=()):
    meta = {"name": "checkout", "labels": labels or {}, "annotations": annotations or {}}
    if entries:
        meta["managedFields"] = list(entries)
    return {"metadata": meta}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (rollout(), None),
        (rollout(annotations=TRACKED), ("Argo CD", "checkout")),
        (rollout({"app.kubernetes.io/instance": "shop"}), None),
        (
            rollout(
                {"app.kubernetes.io/instance": "shop"},
                entries=[written("argocd-controller", writers.TEMPLATE)],
            ),
            ("Argo CD", "shop"),
        ),
        (
            rollout(
                {"app.kubernetes.io/instance": "shop"},
                entries=[written("helm", writers.TEMPLATE)],
            ),
            None,
        ),
        (
            rollout(
                {
                    "kustomize.toolkit.fluxcd.io/name": "apps",
                    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
                }
            ),
            ("Flux", "flux-system/apps"),
        ),
        (rollout({"helm.toolkit.fluxcd.io/name": "checkout"}), ("Flux", "checkout")),
        ({"metadata": {"labels": 7, "annotations": None}}, None),
    ],
)
def test_object_is_known_to_follow_git(found, wanted):
    git = gitops.of(found)
    assert (None if git is None else (git.tool, git.app)) == wanted
    assert bool(gitops.warning(found)) is (wanted is not None)


@pytest.mark.parametrize(
    ("manager", "said"),
    [
        ("kubectl-patch", "kubectl"),
        ("kubectl-argo-rollouts", "the Argo Rollouts plugin"),
        ("argocd-server", "Argo CD"),
        ("kustomize-controller", "Flux"),
        ("Mozilla", "a dashboard"),
        ("jenkins", "jenkins"),
    ],
)
def test_tool_is_named_by_who_wrote_the_field(manager, said):
    found = rollout(entries=[written(manager, writers.ABORT), written("x", writers.TEMPLATE)])
    assert writers.how(found, writers.ABORT) == said


def test_tool_is_not_named_by_a_write_that_is_long_past():
    old = written("argocd-server", *writers.COURSE, at=NOW - timedelta(hours=1))
    found = rollout(entries=[old])
    assert writers.how(found, *writers.COURSE, since=NOW - timedelta(minutes=2)) == "kubectl"
    assert writers.how(rollout(), writers.ABORT) == "kubectl"


def test_cache_keeps_of_the_managers_only_what_is_told():
    mine = {"manager": "rollout-bot", "fieldsV1": {"f:status": {"f:abort": {}}}}
    other = {
        "manager": "kubectl",
        "operation": "Update",
        "time": "2026-11-23T12:00:00Z",
        "fieldsV1": {"f:spec": {"f:template": {"f:spec": {}}, "f:replicas": {}}, "f:metadata": {}},
    }
    idle = {"manager": "x", "fieldsV1": {"f:metadata": {"f:labels": {}}}}
    assert managers.kept([mine, other, idle, "nonsense", {"manager": "somebody"}]) == [
        {
            "manager": "kubectl",
            "time": "2026-11-23T12:00:00Z",
            "fieldsV1": {"f:spec": {"f:template": {}}},
        }
    ]
    assert managers.kept(None) == []


def seen(here, **more):
    return dataclasses.replace(here, seen=dataclasses.replace(here.seen, **more))


def aborted(raw=None):
    back = {**canaries.BACK, "safeAt": NOW.isoformat(), **(raw or {})}
    return canaries.scene({"abort": True, "rolloutBot": {"abort": back}})


def test_alert_names_what_git_still_wants():
    notes = {**TRACKED, "rollout-bot.io/commit": "3f2a1c", "rollout-bot.io/app-url": "https://cd/x"}
    here = seen(aborted(), annotations=notes, raw=rollout(annotations=notes))
    told = degraded.alert(here, {})
    assert (told.git, told.git_url) == ("Argo CD checkout at 3f2a1c", "https://cd/x")
    assert degraded.alert(aborted(), {}).git == ""


def test_alert_counts_requests_only_where_they_were_counted():
    counted = degraded.alert(aborted({"served": {"requests": 1240, "failed": 0}}), {})
    assert (counted.requests, counted.requests_failed) == (1240, 0)
    for served in ({}, None, {"requests": True}, {"requests": "7"}):
        told = degraded.alert(aborted({"served": served}), {})
        assert (told.requests, told.requests_failed) == (None, None)


def test_abort_is_told_with_the_tool_that_wrote_it():
    told = degraded.alert(aborted({"cause": "", "how": "Argo CD"}), {})
    assert told.because == "aborted with Argo CD (no name known)"


def reapplied(entries=(), annotations=TRACKED, back=None):
    block = {"rolledBack": {canaries.V2.hash: START.isoformat()} if back is None else back}
    here = canaries.scene({"rolloutBot": block})
    raw = rollout(annotations=annotations, entries=entries)
    return seen(here, raw=raw, annotations=annotations)


def kinds(here):
    return [line.fact.kind for line in afterwards.lines(here)]


def test_channel_hears_that_git_brings_back_what_was_rolled_back():
    (line,) = afterwards.lines(reapplied())
    assert line.fact.kind is ThreadKind.REAPPLIED
    assert line.fact.text == "applied by Argo CD (checkout)"
    by_argo = [written("argocd-controller", writers.TEMPLATE)]
    assert kinds(reapplied(by_argo)) == [ThreadKind.REAPPLIED]


@pytest.mark.parametrize(
    "here",
    [
        reapplied(annotations={}),
        reapplied([written("kubectl-edit", writers.TEMPLATE)]),
        reapplied(back={"another": START.isoformat()}),
    ],
    ids=["no-gitops", "by-kubectl", "another-revision"],
)
def test_nobody_hears_of_git_when_it_did_not_bring_it_back(here):
    assert kinds(here) == []


def test_rollout_remembers_what_was_rolled_back_and_replaced():
    sim = Simulation(steps=[{"setWeight": 20}, {"pause": {}}]).settle().ship("two").settle()
    bad = sim.status.current_hash
    sim.ask("abort").settle()
    assert sim.status.bot.rolled_back == {}
    sim.ship("one").settle()
    assert list(sim.status.bot.rolled_back) == [bad]
    sim.ship("two").settle()
    assert list(sim.status.bot.rolled_back) == [bad]
    for number in range(6):
        sim.ask("abort").settle().ship(f"n{number}").settle()
    assert len(sim.status.bot.rolled_back) == 4
    sim.close()


@pytest.mark.parametrize("by", ["argocd-server", "kubectl-patch"])
def test_rollout_records_which_tool_asked_for_an_abort(by):
    sim = Simulation(steps=[{"setWeight": 20}, {"pause": {}}]).settle().ship("two").settle()
    entry = written(by, writers.ABORT, at=sim.now)
    sim.patch(metadata={"managedFields": [entry]})
    sim.write_status(abort=True).settle()
    assert sim.status.bot.abort["how"] == writers.how(rollout(entries=[entry]), writers.ABORT)
    sim.close()


WHOLE = "3f2a1c" + "0" * 34


@pytest.mark.parametrize(
    ("notes", "pods", "wanted"),
    [
        ({}, {}, ("", "", "", "")),
        (
            {"rollout-bot.io/commit": "3f2a1c", "kubernetes.io/change-cause": "retry"},
            {},
            ("3f2a1c", "", "retry", ""),
        ),
        (
            {},
            {
                "org.opencontainers.image.revision": WHOLE,
                "org.opencontainers.image.source": "https://git.example/shop.git",
                "org.opencontainers.image.authors": "dana",
            },
            ("3f2a1c000000", f"https://git.example/shop/commit/{WHOLE}", "", "dana"),
        ),
        (
            {"rollout-bot.io/commit-url": "https://git.example/c/1", "rollout-bot.io/commit": "1"},
            {"org.opencontainers.image.revision": WHOLE},
            ("1", "https://git.example/c/1", "", ""),
        ),
    ],
)
def test_change_says_commit_author_and_title_where_annotations_do(notes, pods, wanted):
    here = canaries.scene()
    manifest = canaries.manifest()
    manifest["spec"]["template"]["metadata"]["annotations"] = pods
    spec = dataclasses.replace(here.spec, template=manifest["spec"]["template"])
    here = scenes.build(
        spec=spec,
        status=here.status,
        seen=dataclasses.replace(here.seen, annotations=notes),
        reasons=(),
        now=NOW,
    )
    found = origin.change(here)
    assert (found.commit, found.commit_url, found.subject, found.author) == wanted
