"""A gate that is over keeps what it was decided by: images, differences, commit, what was measured."""

import dataclasses

import pytest

from bot.core import codec_spec
from bot.core.notices import gate, origin
from bot.core.notices import scene as scenes
from bot.model import facts, messages
from bot.render import rendering
from tests.core.engine.planted import Bug, planted
from tests.core.notices import test_notices as canaries
from tests.render.limits import problems
from tests.render.reading import lines

GATE = {"currentStepIndex": 3, "pauseConditions": canaries.pauses()}
NOTES = {"rollout-bot.io/commit": "3f2a1c", "rollout-bot.io/commit-title": "retry payments"}
OLD = dataclasses.replace(
    canaries.V1,
    template={
        **canaries.V1.template,
        "spec": {"containers": [{"name": "app", "image": "app:v1", "env": [{"name": "RETRIES"}]}]},
    },
)
V3 = canaries.replica_set("app:v3", 3, 1)
OPENED = {"revision": canaries.V2.hash, "step": 3, "by": "sam (U0SAM)", "at": "2026-11-23T12:29:00Z"}
CHANGED = 'changed: image app:v1 → v2 · env -RETRIES · 3f2a1c "retry payments"'


def scene(raw, *sets, image="app:v2", notes=NOTES):
    here = canaries.scene(raw, sets=sets or (OLD, canaries.V2))
    seen = dataclasses.replace(here.seen, annotations=notes)
    return scenes.build(
        spec=codec_spec.decode(canaries.manifest(image)),
        status=here.status,
        seen=seen,
        reasons=(),
        now=canaries.NOW,
    )


def closed(after, *, without=()):
    """The gate that was open, as it ends in ``after``."""
    (asked,) = gate.notices(scene(GATE), {})
    record = {key: value for key, value in asked.keep.items() if key not in without}
    found = [one for one in gate.notices(after, {asked.key: record}) if one.key == asked.key]
    return asked.facts, found[0].facts


def passed(*sets):
    return scene({"currentStepIndex": 4, "rolloutBot": {"opened": OPENED}}, *sets)


def promoted(*sets):
    raw = {"currentStepIndex": 4, "stableRS": canaries.V2.hash, "rolloutBot": {"opened": OPENED}}
    return scene(raw, *sets)


def aborted():
    return scene({"abort": True, "rolloutBot": {"abort": canaries.BACK}})


def shipped_again():
    return scene({"currentPodHash": V3.hash}, OLD, canaries.V2, V3, image="app:v3")


@pytest.mark.parametrize("after", [passed, promoted, aborted])
def test_closed_gate_keeps_what_it_was_decided_by(after):
    asked, over = closed(after())
    assert over.decided is not None
    kept = ("stable", "change", "so_far_s", "measured", "metrics")
    assert [getattr(over, name) for name in kept] == [getattr(asked, name) for name in kept]
    message = rendering.render(over)
    assert CHANGED in lines(message)
    assert "so far: 4 min, up to 50 %. Nothing was measured." in lines(message)
    assert problems(message, may_mention=("<@U0SAM>",)) == []


def test_gate_of_a_revision_that_is_gone_tells_nothing_of_the_next_one():
    asked, over = closed(shipped_again())
    assert over.decided.closing is facts.Closing.SUPERSEDED
    assert over.change == messages.ChangeFact(changes=asked.change.changes)
    assert "changed: image app:v1 → v2 · env -RETRIES" in lines(rendering.render(over))


def test_closed_gate_says_less_where_the_pods_of_that_time_are_gone():
    _, over = closed(promoted(canaries.V2))
    assert (over.stable, over.change.changes) == (None, ())
    assert 'changed: 3f2a1c "retry payments"' in lines(rendering.render(over))


def test_gate_that_an_older_bot_opened_is_closed_with_the_present_stable():
    _, over = closed(passed(), without=("old",))
    assert over.stable.images == ("app:v1",)
    _, over = closed(promoted(), without=("old",))
    assert over.stable is None


def test_closed_gate_never_exceeds_a_limit_whatever_was_changed():
    loud = {key: "<!channel> *x* " * 600 for key in (*origin.COMMITS, *origin.TITLES)}
    env = [{"name": f"<@U{number}>" * 30} for number in range(90)]
    spec = {"containers": [{"name": "app", "image": "i" * 9_000, "env": env}]}
    old = dataclasses.replace(OLD, template={**OLD.template, "spec": spec})
    here = scene({"currentStepIndex": 4, "rolloutBot": {"opened": OPENED}}, old, canaries.V2, notes=loud)
    _, over = closed(here)
    assert len(over.change.changes) > 10
    assert problems(rendering.render(over), may_mention=("<@U0SAM>",)) == []


BUGS = {
    "stable-of-now": Bug(
        "bot.core.notices.gate:_old", "known or", "None or",
        lambda: test_closed_gate_keeps_what_it_was_decided_by(promoted),
    ),
    "commit-of-the-next": Bug(
        "bot.core.notices.gate:_evidence", "record.get('revision') != scene.hash", "False",
        test_gate_of_a_revision_that_is_gone_tells_nothing_of_the_next_one,
    ),
    "nothing-is-kept": Bug(
        "bot.core.notices.gate:closed", "**_evidence(scene, record)", "measured=True",
        lambda: test_closed_gate_keeps_what_it_was_decided_by(aborted),
    ),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS.values(), ids=list(BUGS))
def test_bug_in_what_is_kept_is_noticed(bug):
    with planted(bug), pytest.raises(AssertionError):
        bug.caught_by()
