"""Setting an image while others write the same object: again, a few times, and over nobody."""

import pytest

from bot.runtime import spec_writes
from tests.runtime import stage as stages
from tests.runtime import virtual
from tests.runtime.test_desk import SAM, at_gate, open_desk


def meddling(stage, meddle, *, times):
    """Somebody writes just before each of our first writes arrives."""
    left = [times]

    def fail(name, number):
        if name == "write" and left[0] > 0:
            left[0] -= 1
            meddle(left[0])

    stage.trouble.fail = fail


async def ask(meddle, *, times):
    stage = stages.Stage(stages.STEPS)
    await at_gate(stage)
    table = open_desk(stage)
    meddling(stage, lambda left: meddle(stage, left), times=times)
    reply = await table.set_image("shop/checkout", SAM, "app", "app:v3")
    (container,) = stage.api.rollout["spec"]["template"]["spec"]["containers"]
    return reply, container["image"], stage


def status(stage, left):
    stage.patch(observedGeneration=str(left))


def ship(stage, _left):
    stage.ship("app:theirs")


@pytest.mark.parametrize("times", [1, 3, spec_writes.TRIES - 1])
def test_image_is_set_though_the_status_is_written_at_the_same_moment(times):
    reply, image, stage = virtual.run(ask(status, times=times))
    assert (reply.accepted, reply.sentence, image) == (True, "checkout gets app=app:v3.", "app:v3")
    assert stage.api.rollout["status"]["observedGeneration"] == "0"


def test_nothing_is_done_and_that_is_said_when_it_changes_at_every_try():
    reply, image, _ = virtual.run(ask(status, times=100))
    assert not reply.accepted and "nothing was done. Try again." in reply.sentence
    assert image == "app:v2"


def test_version_that_somebody_else_shipped_meanwhile_is_not_overwritten():
    reply, image, _ = virtual.run(ask(ship, times=1))
    assert not reply.accepted and "It changed at the same moment" in reply.sentence
    assert image == "app:theirs"
