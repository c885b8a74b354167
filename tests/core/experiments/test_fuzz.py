"""No manifest and no status makes the pass fall: it runs, or it is refused with a path."""

import copy

from hypothesis import example, given, HealthCheck, settings
from hypothesis import strategies as st

from bot.core import experiments
from bot.core.experiments import status_codec
from tests.core.experiments import world_of_one as worlds

JUNK = st.sampled_from(
    [None, 0, -1, 2**40, "", "x", "{{", "{{templates.a}}", "9999-12-31T23:59:59Z", [], {}, [3]]
    + [{"a": 1}, True, 1.5, [None], [[]], {"name": 3}]
)


def _paths(value, path=()):
    yield path
    entries = value.items() if isinstance(value, dict) else ()
    entries = enumerate(value) if isinstance(value, list) else entries
    for key, one in entries:
        yield from _paths(one, (*path, key))


def _good():
    port = {"containerPort": 80}
    one = worlds.template("a", service={"name": "s"}, template=worlds.pod(ports=[port]))
    analysis = {
        "name": "judge",
        "templateName": "judge",
        "requiredForCompletion": True,
        "args": [{"name": "hash", "value": "{{templates.a.podTemplateHash}}"}],
    }
    world = worlds.World(
        labels={"rollout-bot.io/rollout": "web"},
        templates=[one, {"name": "b", "specRef": "stable"}],
        analyses=[analysis],
        duration="1m",
        dryRun=[{"metricName": "ok"}],
        analysisRunMetadata={"labels": {"a": "b"}},
    )
    labels = {"matchLabels": {"app": "web"}}
    world.revisions = {"stable": {"spec": {"selector": labels, "template": worlds.pod()}}}
    return world.settle()


GOOD = _good()
PLACES = [path for path in _paths({k: GOOD.raw[k] for k in ("spec", "status")}) if len(path) > 1]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=3))
@example(changes=[(("spec", "analyses", 0, "args"), [None]), (("status", "analysisRuns"), None)])
def test_pass_never_falls(changes):
    raw = copy.deepcopy(GOOD.raw)
    for path, junk in changes:
        _put(raw, path, junk)
    decision = experiments.decide(raw, GOOD.seen(), GOOD.now)
    again = status_codec.decode(status_codec.encode(decision.status))
    assert status_codec.encode(again) == status_codec.encode(decision.status)


def _put(raw, path, junk):
    at = raw
    for key in path[:-1]:
        try:
            at = at[key]
        except (KeyError, IndexError, TypeError):
            return
    try:
        at[path[-1]] = copy.deepcopy(junk)
    except (IndexError, TypeError):
        return
