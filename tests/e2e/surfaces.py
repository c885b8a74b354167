"""Everything that shows one gate, asked again and again until it says what was decided.

Used by the story that wants them to agree and by the table of how soon they do.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from playwright import async_api

from bot import __main__ as program
from bot.local import workspace as workspaces
from bot.local.cluster import LocalCluster
from bot.local.demo import kube
from bot.local.demo import stage as stages
from tests.e2e import shop as shops
from tests.gallery import showing

READER = "carol"  # decides nothing herself: she only looks
POLL_S = 0.05
AGREE_S = 60.0
WAITS = ("waits for approval", "an approval", "approval at")
POLICY = """
groups:
  sre: {members: [UALICE0001, UBOB000001, UCAROL0001]}
rules:
  - match: {names: ["by-timeout*"]}
    approval: {approvers: ["group:sre"], expires: 20s, onTimeout: promote}
"""
Object = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Surfaces:
    """One shop, its chat on a phone of ``READER``, and a terminal."""

    shop: shops.Shop
    page: async_api.Page
    kubeconfig: Path

    async def gate(self, name: str) -> tuple[Object, Object]:
        """The request and the card of a rollout that stands at its gate."""
        await self.shop.make(name)
        await self.shop.ship("alice", name)
        gate = await self.shop.gate(name)
        await self.home()
        where = f'#home [data-action="{shops.APPROVE}"]'
        await async_api.expect(self.page.locator(where)).to_have_count(1, timeout=AGREE_S * 1000)
        link = f"/p{gate['ts'].replace('.', '')}"
        card = await self.shop.until(
            lambda: next((m for m in self.public() if link in str(m.get("blocks"))), None),
            f"the card of {name} links to its gate",
        )
        return gate, card

    def public(self) -> list[Object]:
        """What stands for all, the newest first."""
        found = [one for one in self.shop.people.messages if not one["is_ephemeral"]]
        return found[::-1]

    def standing(self, start: str) -> list[Object]:
        """Messages of the room itself that begin so."""
        found = [one for one in self.public() if one.get("thread_ts") in {None, "", one["ts"]}]
        return [one for one in found if one["text"].startswith(start)]

    async def home(self) -> None:
        """Open her Home tab, as a person does; nobody touches it afterwards."""
        await self.page.evaluate("document.getElementById('open-home').click()")

    async def agree(
        self, name: str, gate: Object, card: Object, *, closer: str, began: float
    ) -> dict[str, float]:
        """Seconds from ``began`` until each of them says it, and the gate also by whom."""
        looks: dict[str, Callable[[], Awaitable[bool]]] = {
            "gate": lambda: self._said(gate["ts"], closer),
            "card": lambda: self._said(card["ts"], ""),
            "page": lambda: self._drawn(gate["ts"], closer),
            "Home tab": self._home_is_empty,
            "list": lambda: self._answered(f"list {self.shop.namespace}", name),
            "why": lambda: self._answered(f"why {name}", name),
            "terminal": lambda: self._printed(name),
        }
        names, tasks = [*looks], [_until(look, began) for look in looks.values()]
        found = dict(zip(names, await asyncio.gather(*tasks), strict=True))
        late = {where for where, seconds in found.items() if seconds is None}
        assert not late, f"{name}: never said by {late}"  # noqa: S101 - a helper of tests
        return {where: seconds for where, seconds in found.items() if seconds is not None}

    async def _said(self, ts: str, closer: str) -> bool:
        await self.shop.people.look()
        found = shops.message(self.shop, ts)
        text = json.dumps([found["text"], found["blocks"]], ensure_ascii=False)
        over = not shops.buttons(found, shops.APPROVE) and not _waits(text)
        return over and closer in text

    async def _drawn(self, ts: str, closer: str) -> bool:
        node = self.page.locator(f"#list [data-ts='{ts}']")
        if await node.locator(f"[data-action='{shops.APPROVE}']").count():
            return False
        shown = (await node.text_content() or "").replace("\u202f", " ")
        return closer.replace("<@UBOB000001>", "@bob") in shown

    async def _home_is_empty(self) -> bool:
        text = await self.page.locator("#home").text_content() or ""
        return "Nothing waits for you" in text

    async def _answered(self, command: str, name: str) -> bool:
        """She alone types: her newest answer is the one to this command."""
        async with _typing:
            said = (await self.shop.type(READER, command))[-1]
        mine = [part for part in said.split("; ") if name in part]
        return bool(mine) and not any(map(_waits, mine))

    async def _printed(self, name: str) -> bool:
        words = ["get", f"{self.shop.namespace}/{name}", "--json"]
        words += ["--kubeconfig", str(self.kubeconfig)]
        done = await asyncio.to_thread(CliRunner().invoke, program.main, words)
        return done.exit_code == 0 and json.loads(done.output)["news"] != "waits"

    async def terminal(self, *words: str) -> str:
        more = [*words, "--kubeconfig", str(self.kubeconfig)]
        done = await asyncio.to_thread(CliRunner().invoke, program.main, more)
        assert done.exit_code == 0, done.output  # noqa: S101 - a helper of tests
        return str(done.output)


_typing = asyncio.Lock()


def _waits(text: str) -> bool:
    return any(word in text for word in WAITS)


async def _until(look: Callable[[], Awaitable[bool]], began: float) -> float | None:
    """None where it was never so."""
    end = time.monotonic() + AGREE_S
    while not await look():
        if time.monotonic() > end:
            return None
        await asyncio.sleep(POLL_S)
    return time.monotonic() - began


@contextlib.asynccontextmanager
async def opened(
    folder: Path, policy: str = POLICY, *, tiers: bool = False, prometheus: str = ""
) -> AsyncIterator[Surfaces]:
    """The local stage with one bot, and a phone that looks at its workspace.

    ``tiers``: the workspace answers 429 as Slack would. ``prometheus``: what the bot measures by.
    """
    cluster = LocalCluster()
    await cluster.start()
    kubeconfig = folder / "kubeconfig"
    cluster.kubeconfig(kubeconfig)
    try:
        async with kube.Kube(kubeconfig) as api, showing.browsing() as browser:
            await stages.install_kinds(api)
            for name in ("shop", "argo-rollouts"):
                space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                await api.apply(space)
            at = shops.opened(
                kubeconfig=kubeconfig,
                folder=folder,
                policy=policy,
                api=api,
                tiers=tiers,
                prometheus=prometheus,
            )
            async with at as shop:
                size = {"width": showing.WIDTH, "height": showing.HEIGHT}
                page = await browser.new_page(viewport=size)
                await page.goto(f"{shop.people.url}/#{READER}/releases")
                await async_api.expect(page.locator("#state")).to_have_text("live")
                yield Surfaces(shop=shop, page=page, kubeconfig=kubeconfig)
    finally:
        await cluster.stop()


async def by_kubectl(at: Surfaces, name: str) -> float:
    """What the stock plugin writes to promote."""
    began = time.monotonic()
    path = f"{at.shop.rollouts}/{name}/status?fieldManager=kubectl-argo-rollouts"
    await at.shop.api.call("PATCH", path, {"status": {"pauseConditions": None}}, content=kube.MERGE)
    return began


async def by_terminal(at: Surfaces, name: str) -> float:
    began = time.monotonic()
    await at.terminal("approve", f"shop/{name}")
    return began


async def by_button(at: Surfaces, name: str) -> float:
    began = time.monotonic()
    said = await at.shop.press("bob", await at.shop.gate(name))
    assert said.startswith("Approved"), said  # noqa: S101 - a helper of tests
    return began


async def by_timeout(at: Surfaces, name: str) -> float:
    """Nobody does anything: the moment in which the cluster shows it is the beginning."""

    async def over() -> bool:
        return not (await at.shop.status(name)).get("pauseConditions")

    await _until(over, 0.0)
    return time.monotonic()


WAYS: dict[str, tuple[Callable[[Surfaces, str], Awaitable[float]], str]] = {
    "by-kubectl": (by_kubectl, "promoted with kubectl at "),
    "by-terminal": (by_terminal, "with the terminal"),
    "by-timeout": (by_timeout, "nobody answered"),
    "by-button": (by_button, "approved by <@UBOB000001>"),
}
