"""A marker in every secret, servers that throw back what they were given: it shows up nowhere.

The whole bot, as a process of its own. What is searched: every message, file and answer, the log,
every object of the cluster but Secrets, the history, the metrics, what the webhook got, and what
the commands at a terminal print.
"""

import asyncio
import base64
import contextlib
import json
import os
import sys
import urllib.parse

import aiohttp
import pytest
import yaml
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.local import workspace as workspaces
from bot.local.cluster import LocalCluster, resources
from bot.local.demo import chat, kube, process
from bot.local.demo import stage as stages
from tests.e2e import shop as shops

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SLACK = ("xoxb-marker-of-the-bot", "xapp-marker-of-the-app")
PROMETHEUS = "marker-of-prometheus"
WEB = "marker-of-the-web-check"
BEARER = "marker-of-the-bearer"
PAGER = "marker-of-the-pager-key"
PAGER_PATH = "marker-of-the-pager-address"
WEBHOOK = "marker-of-the-webhook"
WEBHOOK_PATH = "marker-of-its-address"
DATABASE = "marker-of-the-database"
MARKERS = (*SLACK, PROMETHEUS, WEB, BEARER, PAGER, PAGER_PATH, WEBHOOK, WEBHOOK_PATH, DATABASE)


class Parrot:
    """Refuses everybody, and quotes what it was asked with; ``fine`` answers first."""

    def __init__(self):
        self.fine = True
        self.asked = []
        self.answered = []

    async def start(self):
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self):
        await self._runner.cleanup()

    async def _answer(self, request):
        body = await request.text()
        self.asked.append((request.path, body))
        if self.fine and "check" in request.path:
            return web.json_response({"value": 1})
        given = request.headers.get("Authorization", "")
        with contextlib.suppress(ValueError):
            given += " " + base64.b64decode(given.removeprefix("Basic ")).decode("utf-8", "replace")
        quoted = {"error": f"no: {request.url} {dict(request.headers)} {given} {body}"}
        self.answered.append(json.dumps(quoted))
        return web.json_response(quoted, status=403)


def forms(marker):
    """As it may be seen: plainly, in base64, in an address."""
    yield marker
    yield urllib.parse.quote(marker, safe="")
    for before in ("", ":", "x:", "bot:", "Bearer "):
        text = base64.b64encode((before + marker).encode()).decode()
        yield text.rstrip("=")[:-2][len(before) * 2 :]


def found(text):
    return sorted({marker for marker in MARKERS for one in forms(marker) if one in text})


def objects(port):
    """Secrets, a template for each way to use one, and a Rollout that measures with them."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys", "namespace": "shop"},
        "data": {"web": base64.b64encode(WEB.encode()).decode(),
                 "bearer": base64.b64encode(BEARER.encode()).decode()},
    }  # fmt: skip
    args = [
        {"name": key, "valueFrom": {"secretKeyRef": {"name": "keys", "key": key}}}
        for key in ("web", "bearer")
    ]
    url = f"http://127.0.0.1:{port}/check?key={{{{args.web}}}}"
    headers = [{"key": "Authorization", "value": "Bearer {{args.bearer}}"}]
    by_web = {"url": url, "headers": headers, "jsonPath": "{$.value}", "timeoutSeconds": 5}
    by_query = {"query": 'up{key="{{args.web}}"}'}
    more = {"interval": "1s", "count": 30, "failureLimit": 2, "consecutiveErrorLimit": 0}
    template = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "checks", "namespace": "shop"},
        "spec": {
            "args": args,
            "metrics": [
                {"name": "by-web", "provider": {"web": by_web},
                 "successCondition": "result >= 1", **more},
                {"name": "by-query", "provider": {"prometheus": by_query}, **more,
                 "successCondition": "result[0] >= 1", "consecutiveErrorLimit": 12},
            ],
        },
    }  # fmt: skip
    rollout = shops.rollout("checkout", [{"setWeight": 20}, {"pause": {}}])
    rollout["spec"]["strategy"]["canary"]["analysis"] = {"templates": [{"templateName": "checks"}]}
    return [secret, template, rollout]


def settings(folder, port):
    text = yaml.safe_dump(
        {
            "pager": {"url": f"http://127.0.0.1:{port}/{PAGER_PATH}"},
            "webhooks": [
                {"url": f"http://127.0.0.1:{port}/hook/{WEBHOOK_PATH}", "secretEnv": "HOOK"}
            ],
            "requestsQuery": "sum(requests)",
            "failedQuery": "sum(failed)",
        }
    )
    path = folder / "settings.yaml"
    path.write_text(text)
    return str(path)


@pytest.fixture
async def parrot():
    made = Parrot()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def told(tmp_path, parrot, monkeypatch):
    """A bot with a marker in every secret; everything that it has let out so far."""
    for name, value in {"PAGERDUTY_ROUTING_KEY": PAGER, "HOOK": WEBHOOK}.items():
        monkeypatch.setenv(name, value)
    async with contextlib.AsyncExitStack() as stack:
        cluster = LocalCluster()
        await cluster.start()
        stack.push_async_callback(cluster.stop)
        kubeconfig = tmp_path / "kubeconfig"
        cluster.kubeconfig(kubeconfig)
        space = workspaces.LocalWorkspace(commands=("/rollout",), tiers=False, tokens=SLACK)
        await space.start()
        stack.push_async_callback(space.stop)
        bot = process.BotProcess(
            kubeconfig=kubeconfig,
            folder=tmp_path,
            prometheus=f"http://bot:{PROMETHEUS}@127.0.0.1:{parrot.port}",
            slack={"url": space.api_url, "bot": space.bot_token, "app": space.app_token},
            arguments=(
                *("--config", settings(tmp_path, parrot.port), "--loglevel", "debug"),
                *("--history", str(tmp_path / "history.db")),
            ),
        )
        talk = chat.Chat(space.url)
        await talk.open()
        stack.push_async_callback(talk.close)
        api = await stack.enter_async_context(kube.Kube(kubeconfig))
        await stages.install_kinds(api)
        for name in ("shop", "argo-rollouts"):
            await api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        stack.push_async_callback(bot.stop)
        await bot.start()
        slack = AsyncWebClient(token=space.bot_token, base_url=space.api_url)
        yield Told(shops.Shop(api, talk, slack, "shop"), space, bot, tmp_path)


class Told:
    def __init__(self, shop, space, bot, folder):
        self.shop, self.space, self.bot, self.folder = shop, space, bot, folder

    async def terminal(self, *words):
        """A command at a terminal, with the same environment."""
        command = (sys.executable, "-m", "bot", *words)
        known = {"SLACK_BOT_TOKEN": SLACK[0], "SLACK_APP_TOKEN": SLACK[1]}
        made = await asyncio.create_subprocess_exec(
            *command, env=os.environ | known, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await made.communicate()
        return said.decode()

    async def everything(self):
        """What was let out, by where."""
        out = {"log": self.bot.log.read_text()}
        state = self.space.state
        out["messages"] = repr(state.messages)
        out["files"] = repr([vars(one) if hasattr(one, "__dict__") else one
                             for one in state.files.values()])  # fmt: skip
        for one in resources.ALL:
            if one.plural in {"secrets", "customresourcedefinitions"}:
                continue
            base = f"/apis/{one.group}/" if one.group else "/api/"
            with contextlib.suppress(kube.RefusedError):
                listed = await self.shop.api.get(f"{base}{one.versions[0]}/{one.plural}")
                out[one.plural] = json.dumps(listed)
        for path in self.folder.glob("history.db*"):
            out[path.name] = path.read_bytes().decode("latin-1")
        async with aiohttp.ClientSession() as http:
            port = self.bot.ports["metrics"]
            async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                out["metrics"] = await answer.text()
        return out


async def test_marker_of_no_secret_shows_up_anywhere_when_every_server_throws_it_back(
    told, parrot
):
    shop = told.shop
    for one in objects(parrot.port):
        await shop.api.apply(one)

    async def healthy():
        found = await shop.api.get(f"{shop.rollouts}/checkout")
        return (found.get("status") or {}).get("phase") == "Healthy"

    await shop.until(healthy, "it is there")
    await shop.ship("bob", "checkout")
    await shop.gate("checkout")
    for words in ("get checkout", "why checkout", "plan checkout", "list"):
        await shop.type("carol", words)
    parrot.fine = False
    await shop.until(lambda: shops.phase(shop, "checkout", "Degraded"), "it is taken back")
    await shop.until(lambda: told.space.state.files, "the bundle comes")
    await shop.until(lambda: any(PAGER_PATH in path for path, _ in parrot.asked), "a page is tried")
    for words in ("get checkout", "why checkout", "audit checkout", "history"):
        await shop.type("carol", words)
    kubeconfig = ("--kubeconfig", str(told.folder / "kubeconfig"))
    printed = {
        " ".join(words): await told.terminal(*words)
        for words in (
            ("get", "checkout", "-n", "shop", *kubeconfig),
            ("why", "checkout", "-n", "shop", *kubeconfig, "--json"),
            ("audit", "checkout", "-n", "shop", "--history", str(told.folder / "history.db")),
            ("doctor", *kubeconfig, "--config", str(told.folder / "settings.yaml"),
             "--slack-api-url", told.space.api_url,
             "--history", f"postgresql://bot:{DATABASE}@127.0.0.1:1/rollouts"),
        )
    }  # fmt: skip
    thrown = " ".join(parrot.answered)
    assert set(found(thrown)) >= {PROMETHEUS, WEB, BEARER, PAGER, PAGER_PATH, WEBHOOK_PATH}
    assert len(printed) == 4 and all(printed.values()), printed
    out = await told.everything() | printed
    assert {"log", "messages", "rollouts", "analysisruns", "events", "history.db"} <= set(out)
    assert "by-web" in out["messages"] and "by-web" in out["analysisruns"], "they speak of it"
    assert {where: found(text) for where, text in out.items() if found(text)} == {}
    webhook = [body for path, body in parrot.asked if WEBHOOK_PATH in path]
    assert webhook and found(" ".join(webhook)) == []
