"""Every query of the second seed returns data from a real Prometheus that scrapes bot and app."""

import asyncio
import itertools
import re
from datetime import UTC, datetime

import aiohttp
import pytest
import yaml
from aiohttp import web

from bot import settings
from bot.adapters import meter as meters
from bot.local.traffic import prometheus
from bot.wiring import counting, servers
from tests.architecture import files
from tests.wiring import objects

SERVED = """
argo_rollouts_info{namespace="default",rollout="myapp"}
argo_rollouts_info{rollout="myapp"}
argo_rollouts_phase{namespace="default",rollout="myapp"}
argo_rollouts_analysis_run_phase{rollout="myapp"}
argo_rollouts_analysis_run_metric_phase{namespace="default",rollout="myapp",metric="success-rate"}
argo_rollouts_rollout_duration_seconds{namespace="default",rollout="myapp"}
"""
SERVICE = 'service="myapp"'
RATE = "sum(rate({}[5m]))"
P95 = "histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket{{{}}}[5m])) by (le))"
OF_APP = [
    # The panels: success rates of canary and of stable.
    *(
        RATE.format(f'http_requests_total{{version="{version}",status!~"5.."}}')
        + " / "
        + RATE.format(f'http_requests_total{{version="{version}"}}')
        for version in ("canary", "stable")
    ),
    # The analysis templates, their arguments filled in.
    RATE.format(f'http_requests_total{{{SERVICE},status!~"5.."}}')
    + " / "
    + RATE.format(f"http_requests_total{{{SERVICE}}}"),
    P95.format(SERVICE) + " * 1000",
    "("
    + RATE.format(f'http_requests_total{{{SERVICE},version="canary",status=~"5.."}}')
    + " or vector(0)) / ("
    + RATE.format(f'http_requests_total{{{SERVICE},version="stable",status=~"5.."}}')
    + " or vector(0))",
    P95.format(f'{SERVICE},version="canary"') + " / " + P95.format(f'{SERVICE},version="stable"'),
    RATE.format(f"revenue_total{{{SERVICE}}}")
    + " / "
    + RATE.format(f"http_requests_total{{{SERVICE}}}"),
    RATE.format(f"conversions_total{{{SERVICE}}}")
    + " / "
    + RATE.format(f"page_views_total{{{SERVICE}}}"),
]
GIVEN = {
    "service": "myapp",
    "canary-service": "myapp",
    "stable-service": "myapp",
    "revision": "canary",
    "baseline": "stable",
    "namespace": "default",
    "rollout": "myapp",
    "window": "5m",
}


def ready_queries():
    """The queries of the templates in manifests/, their arguments filled in."""
    for path in sorted((files.ROOT / "manifests" / "templates").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            for metric in document.get("spec", {}).get("metrics", ()):
                found = metric["provider"]["prometheus"]["query"]
                yield re.sub(r"{{args\.([a-z-]+)}}", lambda match: GIVEN[match[1]], found)


QUERIES = [*filter(None, SERVED.splitlines()), *OF_APP, *ready_queries()]


class App:
    """An app whose counters grow with each scrape."""

    def __init__(self):
        self._turn = itertools.count(1)

    async def page(self, _request):
        turn, lines = next(self._turn), []
        for version in ("canary", "stable"):
            who = f'service="myapp",version="{version}"'
            for status, each in (("200", 99), ("500", 1)):
                lines.append(f'http_requests_total{{{who},status="{status}"}} {turn * each}')
            for bound in ("0.1", "1", "+Inf"):
                name = "http_request_duration_seconds_bucket"
                lines.append(f'{name}{{{who},le="{bound}"}} {turn * 100}')
        for version in ("canary", "stable"):
            pod = f'namespace="default",pod="myapp-{version}-x"'
            lines.append(f'container_cpu_usage_seconds_total{{{pod},container="c"}} {turn}')
            asked = "kube_pod_container_resource_requests"
            lines.append(f'{asked}{{{pod},resource="cpu"}} 1')
        for name in ("revenue_total", "conversions_total", "page_views_total"):
            lines.append(f'{name}{{service="myapp"}} {turn * 10}')
        return web.Response(text="\n".join([*lines, ""]))


@pytest.fixture
async def app_port():
    app = web.Application()
    app.router.add_get("/metrics", App().page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
async def bot_port():
    meter = meters.Meter()
    found = counting.Counting(
        meter=meter,
        caches=objects.caches(),
        clock=lambda: datetime.now(UTC),
        leading=lambda: True,
    )
    meter.gauges.append(found.gauges)
    chosen = settings.Settings(metrics_port=0, healthz_port=0)
    port = servers.Servers(chosen, ready=lambda: "", meter=meter)
    await port.start()
    yield port.metrics_port
    await port.stop()


@pytest.fixture
async def server(tmp_path, app_port, bot_port):
    if prometheus.program() is None:
        pytest.skip("needs prometheus: apt-get install prometheus")
    made = prometheus.Prometheus(folder=tmp_path)
    await made.start()
    made.targets([app_port, bot_port])
    yield made
    await made.stop()


async def test_prometheus_has_data_for_every_query_of_the_seed(server):
    assert len(QUERIES) == 6 + len(OF_APP) + 12
    missing = list(QUERIES)
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while missing:
            answers = {query: await ask(session, server.url, query) for query in missing}
            missing = [query for query, found in answers.items() if not found]
            await asyncio.sleep(0.2)


async def ask(session, url, query):
    async with session.get(f"{url}/api/v1/query", params={"query": query}) as answer:
        found = await answer.json()
        assert found["status"] == "success", found
        return [one for one in found["data"]["result"] if one["value"][1] != "NaN"]
