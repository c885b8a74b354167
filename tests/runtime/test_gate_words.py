"""What a policy says of a gate stands in its message, after an edit and after a restart too."""

import asyncio
import json
from dataclasses import replace

from bot.core.policies import codec, resolve
from tests.runtime import stage as stages
from tests.runtime import virtual

POLICY = codec.decode(
    {
        "groups": {"sre": {"members": ["@sam", "@lee"]}},
        "rules": [
            {
                "approval": {
                    "approvers": ["group:sre"],
                    "quorum": 2,
                    "fourEyes": True,
                    "expires": "4h",
                    "onTimeout": "abort",
                }
            }
        ],
    }
)
SHIPPED_BY = "rollout-bot.io/shipped-by"


class Ruled(stages.Stage):
    """A stage under a policy."""

    def seen(self):
        found = super().seen()
        effective = resolve.resolve(
            POLICY,
            cluster="prod-eu",
            namespace="shop",
            name="checkout",
            labels={},
            annotations=found.annotations,
        )
        return replace(found, policy=effective)

    def note(self, who):
        notes = {SHIPPED_BY: who}
        self.api.put(stages.merge(self.api.rollout, {"metadata": {"annotations": notes}}))

    async def told(self):
        self.settle()
        await asyncio.sleep(30)
        (gate,) = [
            text
            for one in self.chat.messages.values()
            if "may approve" in (text := json.dumps(one["message"].blocks, ensure_ascii=False))
        ]
        return gate.replace("\u202f", " ")


def test_words_of_the_policy_survive_an_edit_and_a_restart():
    async def story():
        stage = Ruled([{"setWeight": 50}, {"pause": {}}])
        stage.start()
        stage.settle()
        await asyncio.sleep(5)
        stage.ship("app:v2")
        first = await stage.told()
        stage.note("dana")
        edited = await stage.told()
        stage.start()
        stage.note("eve")
        return first, edited, await stage.told(), len(stage.chat.edits)

    first, edited, again, edits = virtual.run(story())
    for text, barred in ((first, ""), (edited, ", not dana"), (again, ", not eve")):
        assert f"may approve: sre{barred}; 2 must approve" in text
        assert "then it is aborted" in text
    assert "nobody knows who shipped it" in first
    assert "nobody knows" not in edited
    assert edits >= 2
