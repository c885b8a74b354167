"""Why pods do not get ready, from what stands in them."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.notices import ailing, card, degraded, listing, standing
from bot.model import facts
from bot.render import rendering
from tests.core.notices import test_notices as notices


def container(*, ready=False, image="checkout:v42", last=None, **state):
    last_state = {"terminated": last} if last else {}
    return {
        "name": "app", "image": image, "ready": ready, "state": state, "lastState": last_state,
    }  # fmt: skip


def waiting(reason, message="", **more):
    return container(waiting={"reason": reason, "message": message}, **more)


def pod(*containers, conditions=(), starting=(), deleting=False):
    meta = {"deletionTimestamp": "2026-11-23T12:00:00Z"} if deleting else {}
    status = {
        "containerStatuses": list(containers),
        "initContainerStatuses": list(starting),
        "conditions": list(conditions),
    }
    return {"metadata": meta, "status": status}


NO_IMAGE = pod(waiting("ImagePullBackOff"))
FULL = pod(
    conditions=[
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient cpu. preemption: none.",
        }
    ]
)
SLOW = pod(container(running={"startedAt": "2026-11-23T12:00:00Z"}))
READY = pod(
    container(ready=True, running={"x": 1}), conditions=[{"type": "Ready", "status": "True"}]
)
MEMORY = {"reason": "OOMKilled", "exitCode": 137}


@pytest.mark.parametrize(
    ("pods", "text", "stuck"),
    [
        ([NO_IMAGE], "image cannot be pulled: checkout:v42", True),
        ([pod(starting=[waiting("ErrImagePull")])], "image cannot be pulled: checkout:v42", True),
        ([FULL], "no node takes it: 0/3 nodes are available: 3 Insufficient cpu", False),
        (
            [pod(waiting("CrashLoopBackOff", last={"exitCode": 1}))],
            "app crashes again and again (exit code 1)",
            True,
        ),
        (
            [pod(waiting("CrashLoopBackOff", last=MEMORY))],
            "app crashes again and again (out of memory)",
            True,
        ),
        (
            [pod(waiting("CreateContainerConfigError", 'secret "db" not found'))],
            'app cannot be started: secret "db" not found',
            True,
        ),
        ([SLOW], "app runs but does not report ready", False),
        ([SLOW, SLOW, NO_IMAGE], "image cannot be pulled: checkout:v42", True),
    ],
)
def test_pods_say_why_they_are_not_ready(pods, text, stuck):
    assert ailing.of([*pods, READY]) == ailing.Ailment(text=text, stuck=stuck)


@pytest.mark.parametrize(
    "one",
    [
        READY,
        pod(),
        pod(waiting("ContainerCreating")),
        pod(waiting("PodInitializing"), starting=[container(running={"x": 1})]),
        pod(waiting("ImagePullBackOff"), deleting=True),
    ],
)
def test_pods_say_nothing_where_nothing_is_known_to_be_wrong(one):
    assert ailing.of([one]) is None


ANY = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["status", "metadata", "containerStatuses", "state", "waiting", "reason"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(["metadata", "status"]), ANY), max_size=3))
def test_pods_of_any_shape_are_read_without_an_error(pods):
    ailing.of(pods)


def ill(raw=None, *, stuck=True, ready=0):
    here = notices.scene(raw, sets=(notices.V1, dataclasses.replace(notices.V2, ready=ready)))
    return dataclasses.replace(
        here, ailment=ailing.Ailment(text="image cannot be pulled", stuck=stuck)
    )


def test_card_and_answers_say_why_the_canary_is_not_ready():
    found = card.card(ill())
    assert found.news is facts.News.NOT_READY
    text = rendering.render(found).text
    assert "canary not ready: 0 of 1 pods, image cannot be pulled" in text
    assert "image cannot be pulled" in listing.why(ill()).sentences[0]
    assert "image cannot be pulled" in listing.row(ill()).what


def test_card_goes_on_moving_while_pods_may_still_come():
    found = card.card(ill(stuck=False))
    assert found.news is facts.News.MOVES
    assert found.canary_pods.trouble == "image cannot be pulled"
    assert standing.trouble(ill(ready=1)) == ""


LATE = {
    "abort": True,
    "rolloutBot": {"abort": {**notices.BACK, "cause": "timed out", "deadline": True}},
}


def test_alert_of_a_deadline_says_why_and_keeps_it_when_the_pods_are_gone():
    (first,) = degraded.notices(ill(LATE), {})
    assert first.facts.because == "canary not ready after 10 min (image cannot be pulled)"
    after = notices.scene(LATE)
    (again,) = degraded.notices(after, {first.key: {"ts": "1", **first.keep}})
    assert again.facts.because == first.facts.because
    (unknown,) = degraded.notices(after, {})
    assert unknown.facts.because == "canary not ready after 10 min"
