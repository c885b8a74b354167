"""A bot that only looks on: cards that say so, nothing to press, nothing written."""

import asyncio

from bot.runtime import announce
from tests.runtime import stage as stages
from tests.runtime import virtual


def play():
    """A release up to its gate, and an abort, all driven by somebody else."""

    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.announcer = announce.Announcer(
            chat=stage.chat,
            api=stage.api,
            clock=virtual.now,
            rules=stage.rules,
            observe=lambda obj: None,
            observing=True,
        )
        for image in ("app:v1", "app:v2"):
            stage.ship(image)
            for _ in range(4):
                stage.settle(6)
                await asyncio.sleep(25)
        gated = stage.chat.top()
        stage.patch(abort=True)
        stage.settle(6)
        await asyncio.sleep(25)
        await stage.announcer.drain(timeout_s=1)
        return stage, gated

    return virtual.run(story())


def test_observer_shows_marked_cards_only_when_another_controller_works():
    stage, gated = play()
    assert gated[-1].startswith("Observing: checkout v2 waits for approval")
    assert all(text.startswith("Observing: ") for text in stage.chat.top())
    assert "rolled back" in stage.chat.top()[-1]
    assert len(stage.chat.top()) == 2
    assert stage.chat.lines() == []
    shown = [str(each["message"].blocks) for each in stage.chat.messages.values()]
    assert all("_observing_" in blocks for blocks in shown)
    assert not any("actions" in blocks for blocks in shown)


def test_observer_writes_nothing_down_when_it_shows_a_card():
    stage, _ = play()
    assert stage.api.writes == []
