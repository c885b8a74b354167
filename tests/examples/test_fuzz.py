"""Manifests that somebody has broken: they run or are refused by name, and hold up nobody."""

import asyncio
import copy
import logging
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.model import ports
from tests.examples import endings, play
from tests.examples import plane as planes

JUNK = [
    None, True, 0, -1, 2**40, 10**30, 1.5, "", "abc", "5x", "999999999999%", [], [None], ["x"],
    {}, {"a": 1}, [{}], [[]], {"a": {"b": []}}, "9999-12-31T23:59:59Z", "{{args.x}}",
]  # fmt: skip
# Kinds that an API server takes as they are, more or less; it knows the others better than we do.
LOOSE = {"Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun", "Experiment"}
LOOSE |= {"VirtualService", "DestinationRule"}
NAMES = sorted(name for name in endings.EXAMPLES if name.startswith(("canary", "blue")))
PATH = re.compile(r"\bspec\b|\bmetrics\[|[Tt]emplate '[^']*'|[Mm]etric '|args\.")


class Steady:
    """A Prometheus whose every answer is nought."""

    name = "prometheus"

    async def sample(self, config, *, now):
        return ports.Sample(value=[0.0], shape="[]float64", text="[0]")


class Bugs(logging.Handler):
    """What was logged with a traceback."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.found = []

    def emit(self, record):
        if record.exc_info:
            self.found.append(logging.Formatter().format(record))

    def __enter__(self):
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_):
        logging.getLogger().removeHandler(self)


def places(value, path=()):
    """Every path in ``value``, below ``spec``: an API server sees to the rest itself."""
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        here = (*path, key)
        if here[0] != "spec":
            continue
        yield here
        if isinstance(one, dict | list):
            yield from places(one, here)


def put(value, path, junk):
    """``junk`` at ``path``, where an earlier change has left that there."""
    *way, last = path
    for key in way:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(value, dict) or (
        isinstance(value, list) and isinstance(last, int) and last < len(value)
    ):
        value[last] = junk


@st.composite
def broken(draw):
    """The documents of an example with one to three values changed, and the good ones."""
    name = draw(st.sampled_from(NAMES))
    good = play.load(name)
    bad = copy.deepcopy(good)
    spots = [
        (at, path) for at, one in enumerate(good) if one["kind"] in LOOSE for path in places(one)
    ]
    for _ in range(draw(st.integers(1, 3))):
        at, path = draw(st.sampled_from(spots))
        put(bad[at], path, copy.deepcopy(draw(st.sampled_from(JUNK))))
    return name, good, bad


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=broken())
def test_broken_example_runs_or_is_refused_by_name_and_runs_once_it_is_mended(case):
    name, good, bad = case
    with Bugs() as bugs:
        play.run(lambda: life(good, bad))
    assert bugs.found == [], name


async def life(good, bad):
    plane = planes.Plane(prometheus=Steady())
    async with plane.running():
        plane.cluster.apply(bad)
        await asyncio.sleep(60)
        told_of(plane)
        tried(play.ship, plane, "shop", "next")
        for _ in range(3):
            await asyncio.sleep(120)
            told_of(plane)
            tried(plane.ask, "shop", "promote")
        mend(plane, good)
        await recovered(plane)


FOUND = {
    "a metric's name is an object": (
        "canary-web-check.yaml", 1, ("spec", "metrics", 0, "name"), {"a": {}},
    ),
    "a metric's provider is a number": (
        "canary-background-analysis.yaml", 1, ("spec", "metrics", 0, "provider"), 7,
    ),
    "a route's name is an object": (
        "canary-istio-hosts.yaml", 3, ("spec", "http", 0, "name"), {},
    ),
}  # fmt: skip


def test_rollout_is_invalid_by_name_when_the_server_will_not_have_its_pods():
    good = play.load("canary-gate.yaml")
    bad = copy.deepcopy(good)
    bad[0]["spec"]["template"]["spec"]["containers"] = []
    said = []

    async def story():
        plane = planes.Plane()
        async with plane.running():
            plane.cluster.apply(bad)
            await asyncio.sleep(900)
            said.append((plane.rollout("shop")["status"], len(plane.cluster.writes)))
            mend(plane, good)
            await plane.until(lambda: plane.rollout("shop")["status"]["phase"] == "Healthy")
            said.append((plane.rollout("shop")["status"], 0))

    play.run(story)
    (broken_one, writes), (mended, _) = said
    assert broken_one["phase"] == "Degraded"
    assert (
        'InvalidSpec: The Rollout "shop" is invalid: spec.template: ReplicaSet'
        in broken_one["message"]
    )
    assert writes < 10, "it is tried again, but said once"
    assert "InvalidSpec" not in {one["type"] for one in mended["conditions"]}


@pytest.mark.parametrize("case", FOUND)
def test_broken_example_that_once_fell_is_refused_by_name(case):
    name, at, path, junk = FOUND[case]
    good = play.load(name)
    bad = copy.deepcopy(good)
    put(bad[at], path, junk)
    with Bugs() as bugs:
        play.run(lambda: life(good, bad))
    assert bugs.found == []


def tried(work, *args):
    """What people do meanwhile; a manifest may be too broken for it."""
    try:
        work(*args)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        return


def told_of(plane):
    """Whoever looks at the Rollout finds out where it is wrong."""
    status = plane.rollout("shop").get("status") or {}
    assert status, "nothing says how it stands"
    if str(status.get("message", "")).startswith("InvalidSpec"):
        assert PATH.search(status["message"]), status["message"]
    if (mark := (status.get("rolloutBot") or {}).get("notSupported")) is not None:
        assert PATH.search(mark), mark


def mend(plane, good):
    """The manifests as they should have been, applied as one replaces a file."""
    for document in good:
        kind = planes.clusters.KINDS[document["kind"]]
        old = plane.cluster.find(kind, document["metadata"]["name"])
        kept = {k: old["metadata"][k] for k in ("uid", "creationTimestamp")}
        revision = (old["metadata"].get("annotations") or {}).get(REVISION)
        meta = {**copy.deepcopy(document["metadata"]), **kept}
        if revision is not None:
            meta["annotations"] = {**meta.get("annotations", {}), REVISION: revision}
        fresh = {**copy.deepcopy(document), "metadata": meta}
        plane.cluster.put(kind, {**fresh, **{k: old[k] for k in ("status",) if k in old}})


REVISION = "rollout.argoproj.io/revision"


async def recovered(plane):
    """Healthy in the end; people promote, and try again what was aborted."""
    for order in ("retry", "promote-full", "promote") * 3:
        await asyncio.sleep(400)
        status = plane.rollout("shop")["status"]
        if status.get("phase") == "Healthy":
            return
        plane.ask("shop", order)
    raise AssertionError(plane.rollout("shop")["status"])
