"""Events that belong to no pass: a rollout comes, goes, or is refused by the server."""

from types import SimpleNamespace

import pytest

from bot.model import errors
from bot.wiring import lifecycle
from tests.wiring import objects


def made(*, leading=True):
    posted = []
    to = SimpleNamespace(
        post=lambda *, obj, type, reason, message: posted.append((type, reason, message))
    )
    rollouts = objects.caches().rollouts
    return lifecycle.Lifecycle(events=to, rollouts=rollouts, leading=lambda: leading), posted


NEW = {key: value for key, value in objects.ROLLOUT.items() if key != "status"}


@pytest.mark.row(117)
def test_rollout_is_greeted_once_and_taken_leave_of():
    life, posted = made()
    life.changed(None, NEW)
    life.changed(NEW, objects.ROLLOUT)
    life.changed(objects.ROLLOUT, None)
    assert posted == [
        ("Normal", "RolloutAddedToInformer", "Rollout resource added to informer: default/myapp"),
        ("Normal", "RolloutDeleted", "Rollout default/myapp is deleted."),
    ]


def test_rollout_that_was_there_before_is_no_news():
    life, posted = made()
    life.changed(None, objects.ROLLOUT)
    assert posted == []


def test_nothing_is_said_when_another_replica_leads():
    life, posted = made(leading=False)
    life.changed(None, NEW)
    life.changed(NEW, None)
    assert posted == []


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (errors.Refused("spec.x: Invalid value"), True),
        (errors.Forbidden("may not patch"), True),
        (errors.Conflict("again"), False),
        (errors.Unavailable("503"), False),
    ],
)
async def test_refused_pass_is_an_event_and_still_fails(problem, told):
    life, posted = made()

    async def work(_key):
        raise problem

    with pytest.raises(type(problem)):
        await life.telling(work)("default/myapp")
    assert posted == ([("Warning", "ReconciliationError", str(problem))] if told else [])
