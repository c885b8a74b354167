"""People at one bot: what they type and press, and what each of them reads.

The bot is a process of its own, on whatever cluster a kubeconfig names and on the local workspace.
"""

import asyncio
import contextlib
import json
import time

from slack_sdk.web.async_client import AsyncWebClient

from bot.local import workspace as workspaces
from bot.local.demo import chat, process

ROOM = "CRELEASES1"
SOON_S = 60.0
APPROVE, ABORT, AGREE = "rollout:approve", "rollout:abort", "rollout:agree"
GATED = [{"setWeight": 50}, {"pause": {}}]


def rollout(name, steps, namespace="shop"):
    marks = {"app": name}
    container = {"name": "app", "image": f"{name}:v1"}
    template = {"metadata": {"labels": marks}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": marks},
            "strategy": {"canary": {"steps": steps}},
            "template": template,
        },
    }


class Shop:
    """What a test needs: rollouts, people who type and press, and what each of them reads."""

    def __init__(self, api, people, slack, namespace):
        self.api = api
        self.people = people
        self.slack = slack
        self.namespace = namespace
        self.rollouts = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts"

    async def until(self, look, what):
        """The first truth that ``look`` finds; ``what`` names it where there is none."""
        end = time.monotonic() + SOON_S
        while True:
            await self.people.look()
            found = look()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            assert time.monotonic() < end, f"never: {what}; {await self.as_it_is()}"
            await asyncio.sleep(0.05)

    async def as_it_is(self):
        objects = await self.api.get(self.rollouts)
        states = {one["metadata"]["name"]: one.get("status") for one in objects["items"]}
        said = [one["text"] for one in self.people.messages]
        return json.dumps({"states": states, "said": said}, indent=1, ensure_ascii=False)

    async def status(self, name):
        return (await self.api.get(f"{self.rollouts}/{name}"))["status"]

    async def make(self, name, steps=GATED):
        await self.api.apply(rollout(name, steps, self.namespace))

        async def healthy():
            return (await self.api.get(f"{self.rollouts}/{name}")).get("status", {}).get(
                "phase"
            ) == "Healthy"

        await self.until(healthy, f"{name} is there")

    async def type(self, user, text):
        """One command; what its typist alone reads then."""
        before = len(self.read_by(user))
        done = await self.people.command(user=user, channel=ROOM, text=f"/rollout {text}")
        assert done["acked"], done
        return await self.until(lambda: self.read_by(user)[before:], f"an answer to {text}")

    async def ship(self, user, name, tag="v2"):
        for _ in range(3):  # as a person would, where the bot wrote in the same moment
            answer = await self.type(user, f"set-image {name} app={name}:{tag}")
            if not answer[-1].startswith("Nothing was done"):
                break
        assert answer[-1] == f"{name} gets app={name}:{tag}.", answer

    def having(self, action):
        """The newest message for all with such a button."""
        found = (one for one in reversed(self.people.messages) if not one["is_ephemeral"])
        return next((one for one in found if buttons(one, action)), None)

    def read(self, text):
        """Whether some message for all says so."""
        said = (one["text"] for one in self.people.messages if not one["is_ephemeral"])
        return any(text in one.replace("\u202f", " ") for one in said)

    async def gate(self, name):
        """The message that asks, once there is one with a button."""
        return await self.until(
            lambda: next((one for one in self._said(name) if buttons(one, APPROVE)), None),
            f"{name} asks",
        )

    def _said(self, name):
        mine = [one for one in self.people.messages if one["text"].startswith(f"{name} ")]
        return [one for one in reversed(mine) if not one["is_ephemeral"]]

    async def old(self, message, **change):
        """The same message as somebody's phone still shows it; ``change`` binds it to another."""
        blocks = json.loads(json.dumps(message["blocks"]))
        for element in buttons({"blocks": blocks}):
            element["value"] = json.dumps(json.loads(element["value"]) | change)
        posted = await self.slack.chat_postMessage(channel=ROOM, text="copy", blocks=blocks)
        return {"ts": posted["ts"]}

    async def press(self, user, message, action=APPROVE):
        """One click; what the clicker alone reads then."""
        before = len(self.read_by(user))
        done = await self.people.click(user=user, ts=message["ts"], action=action)
        assert done["acked"], done
        found = await self.until(lambda: self.read_by(user)[before:], f"an answer to {user}")
        return found[-1]

    async def refused(self, user, gate):
        """What the clicker reads once the bot has seen who shipped; nothing before."""
        said = await self.press(user, gate)
        return "" if said.startswith("Nobody knows") else said

    def read_by(self, user):
        known = next(u["id"] for u in USERS if u["name"] == user)
        mine = [one for one in self.people.messages if one["ephemeral_for"] == known]
        return [one["text"].replace("\u202f", " ") for one in mine]

    def shown(self, ts):
        found = next(one for one in self.people.messages if one["ts"] == ts)
        return json.dumps([found["text"], found["blocks"]], ensure_ascii=False)


USERS = [{"id": one.id, "name": one.name} for one in workspaces.people.USERS]


def buttons(message, action=""):
    inside = [one for block in message.get("blocks") or () for one in block.get("elements", ())]
    found = [one for one in inside if one.get("type") == "button" and "value" in one]
    return [one for one in found if action in {"", one["action_id"]}]


@contextlib.asynccontextmanager
async def opened(
    *,
    kubeconfig,
    folder,
    policy,
    api,
    namespace="shop",
    bot_kubeconfig=None,
    history="off",
    arguments=(),
    tiers=False,
    prometheus="",
):
    """A workspace, and the bot at it with ``policy``; the namespaces must be there."""
    space = workspaces.LocalWorkspace(commands=("/rollout",), tiers=tiers)
    await space.start()
    rules = folder / "policy.yaml"
    rules.write_text(policy)
    bot = process.BotProcess(
        kubeconfig=bot_kubeconfig or kubeconfig,
        folder=folder,
        prometheus=prometheus,
        slack={"url": space.api_url, "bot": space.bot_token, "app": space.app_token},
        arguments=("--policy", str(rules), "--history", history, *arguments),
    )
    people = chat.Chat(space.url)
    await people.open()
    try:
        await bot.start()
        slack = AsyncWebClient(token=space.bot_token, base_url=space.api_url)
        found = Shop(api, people, slack, namespace)
        found.bot, found.workspace, found.rules = bot, space, rules
        yield found
    finally:
        await bot.stop()
        await people.close()
        await space.stop()


def message(shop, ts):
    return next(one for one in shop.people.messages if one["ts"] == ts)


def told(shop, start):
    said = (one["text"].replace("\u202f", " ") for one in shop.people.messages)
    return any(one.startswith(start) for one in said)


async def phase(shop, name, wanted):
    return (await shop.status(name)).get("phase") == wanted


async def ended(shop, name, tag):
    found = await shop.api.get(f"{shop.rollouts}/{name}")
    image = found["spec"]["template"]["spec"]["containers"][0]["image"]
    status = found["status"]
    done = status["phase"] == "Healthy" and status["stableRS"] == status["currentPodHash"]
    return image.endswith(tag) and done


async def seen_hash(shop, name, gate):
    before = json.loads(buttons(gate, APPROVE)[0]["value"])["h"]
    return (await shop.status(name))["currentPodHash"] != before
