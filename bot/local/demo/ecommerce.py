"""The exercise of the teaching material: ``ecommerce-app``, first through Istio, then nginx.

With each router three bad versions, each bad in its own way, and then a good one.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.local.demo import checks, criteria, errors, kube, scenes, shipment, stage, story

CHAPTERS = {
    "bad": "error-rate",
    "slow": "latency-p95",
    "unsold": "conversion-rate",
    "good": "",
}
"""What is shipped, and the metric that must send it back."""
ROUTERS = ("istio", "nginx")
ASK_S = 5.0


class Ecommerce(story.Story):
    """A story that goes otherwise ends where it does: what was not seen then is wrong."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._version = 1

    async def _act(self) -> None:
        for router in ROUTERS:
            if router == "nginx":
                await self._move()
            found = await self._through(router)
            self.checks += found
            if not all(check.ok for check in found):
                break

    async def _through(self, router: str) -> list[checks.Check]:
        self.say(f"the traffic goes through {router}")
        good, bad = None, []
        for kind, metric in CHAPTERS.items():
            self._version += 1
            image = f"{self.stage.scene.name}:{kind}-{self._version}"
            # A good person approves what he is asked for: but a bad version must not ask.
            one = await self._ship(image, approves=not metric)
            seen = shipped(one, metric=metric)
            if metric:
                bad.append(seen)
            else:
                good = seen
            if one.phase != ("Degraded" if metric else "Healthy"):
                break
        every = [*bad, *([good] if good else [])]
        answered = await self._ask_again(criteria.queries(every))
        source = self.stage.traffic.source
        found = criteria.eight(good, bad, answered=answered, source=source)
        return [checks.Check(id=f"{router}-{c.id}", ok=c.ok, evidence=c.evidence) for c in found]

    async def _ask_again(self, queries: Mapping[str, float]) -> dict[str, int]:
        """How many series the metric server itself has for what the runs say they asked."""
        found = {}
        address = f"{self.stage.traffic.prometheus_url}/api/v1/query"
        timeout = aiohttp.ClientTimeout(total=ASK_S)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as http:
            for query, at in queries.items():
                asked = {"query": query, "time": f"{at:.3f}"}
                async with http.get(address, params=asked) as answer:
                    body = await answer.json()
                    found[query] = len(body.get("data", {}).get("result", []))
        return found

    async def _move(self) -> None:
        """From Istio to nginx, as an edit of the manifest would: only the router changes."""
        api, name = self.stage.api, self.stage.scene.name
        objects = kube.documents(scenes.NGINX)
        for obj in objects:
            if obj["kind"] != "Rollout":
                await api.apply(obj)
        path = f"{kube.collection(self.stage.rollout)}/{name}"
        routing = await self._routing(path)
        wanted = stage.rollout(objects, name)["spec"]["strategy"]["canary"]["trafficRouting"]
        canary = {"trafficRouting": dict.fromkeys(routing) | wanted}
        body = {"spec": {"strategy": {"canary": canary}}}
        await api.call("PATCH", path, body, content=kube.MERGE)
        space = self.stage.rollout["metadata"]["namespace"]
        ingress = f"{name}-{wanted['nginx']['stableIngress']}-canary"
        await self._until_there(
            f"/apis/networking.k8s.io/v1/namespaces/{space}/ingresses/{ingress}"
        )
        service = routing["istio"]["virtualService"]["name"]
        await api.call("DELETE", f"{stage.ISTIO}/namespaces/{space}/virtualservices/{service}")

    async def _routing(self, path: str) -> dict[str, Any]:
        found = await self.stage.api.call("GET", path)
        routing: dict[str, Any] = found["spec"]["strategy"]["canary"]["trafficRouting"]
        return routing

    async def _until_there(self, path: str) -> None:
        try:
            async with asyncio.timeout(stage.READY_S):
                while await self.stage.api.get(path) is None:
                    self.stage.bot.check()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise errors.TookTooLongError(f"{path} was not made") from None


def shipped(one: shipment.Shipment, *, metric: str) -> criteria.Shipped:
    """What was seen of it, for the criteria."""
    told, texts = one.told(), one.stage.chat.texts
    return criteria.Shipped(
        image=one.image,
        metric=metric,
        sights=one.seen.sights,
        answers=one.answers(),
        runs=one.seen.runs,
        rollout=one.seen.rollout,
        canary=one.canary,
        stable=one.stable,
        old=f"v{one.before}",
        new=f"v{one.number}",
        over=one.over,
        told=told,
        card=[text for card in told["card"] for text in texts[card["ts"]]],
        heard=min((texts[alert["ts"]][0][0] for alert in told["alert"]), default=None),
        presses=one.presses,
    )
