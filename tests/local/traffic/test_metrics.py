"""The embedded source against hand-counted values and against a real Prometheus on the same pods."""

import asyncio
import json
import math
import time
import urllib.parse
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bot.local.traffic import app, behaviors, embedded, errors, prometheus, promql

MANIFESTS = Path(embedded.__file__).parents[1] / "manifests"
SUCCESS = 'sum(rate(http_requests_total{status!~"5.."}[10s]))/sum(rate(http_requests_total[10s]))'


async def ask(url: str, query: str, **more: Any) -> dict[str, Any]:
    path = "query_range" if "step" in more else "query"
    words = urllib.parse.urlencode({"query": query, **more})
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/api/v1/{path}?{words}") as answer:
            return dict(json.loads(await answer.text()))


def scraped(rounds: int = 11) -> embedded.Embedded:
    """Ten good and one bad request a second for ten seconds."""
    source = embedded.Embedded()
    for t in range(rounds):
        lines = [
            f'http_requests_total{{version="a",status="200"}} {10 * t}',
            f'http_requests_total{{version="a",status="500"}} {t}',
            f'd_bucket{{le="0.1"}} {5 * t}',
            f'd_bucket{{le="0.5"}} {10 * t}',
            f'd_bucket{{le="+Inf"}} {10 * t}',
        ]
        source.take("\n".join(lines), instance="p:1", at=1000.0 + t)
    return source


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sum(rate(http_requests_total[10s]))", 11.0),
        ('sum(rate(http_requests_total{status=~"5.."}[10s])) by (version)', 1.0),
        (SUCCESS, 10 / 11),
        ("histogram_quantile(0.75, sum by (le) (rate(d_bucket[10s])))", 0.3),
        ("1000 * histogram_quantile(0.5, sum(rate(d_bucket[10s])) by (le))", 100.0),
        ("sum(rate(nothing[10s])) or vector(0)", 0.0),
        ("sum(increase(http_requests_total[10s]))", 110.0),
        ("sum(http_requests_total) > 5", 110.0),
        ("-max(http_requests_total) + 2 * 3", -94.0),
        ("count(http_requests_total)", 2.0),
    ],
)
def test_embedded_computes_what_prometheus_would(query: str, wanted: float) -> None:
    value = scraped().value(query, at=1010.0)
    assert isinstance(value, dict)
    assert list(value.values()) == [pytest.approx(wanted)]


@pytest.mark.parametrize("query", ["sum(rate(nothing[10s]))", "http_requests_total > 1000"])
def test_embedded_answers_nothing_when_nothing_matches(query: str) -> None:
    assert scraped().value(query, at=1010.0) == {}


def test_embedded_answers_nan_when_nothing_was_asked() -> None:
    source = embedded.Embedded()
    for t in range(3):
        source.take("a_total 0", instance="p", at=float(t))
    (value,) = source.value("rate(a_total[5s])/rate(a_total[5s])", at=2.0).values()
    assert math.isnan(value)


@pytest.mark.parametrize(
    "query",
    ["", "sum(", "rate(a)", "a[5s]", "topk(1, a)", 'a{b=~"("}', "a b", "sum(1)", "$x", "(" * 99],
)
def test_embedded_refuses_what_it_does_not_understand(query: str) -> None:
    with pytest.raises(errors.BadQuery):
        scraped().value(query, at=1010.0)


def test_embedded_understands_the_queries_of_the_manifests() -> None:
    for file in MANIFESTS.rglob("*.yaml"):
        for document in yaml.safe_load_all(file.read_text()):
            for metric in document.get("spec", {}).get("metrics", []):
                promql.parse(metric["provider"]["prometheus"]["query"])


@pytest.fixture
async def pod() -> Any:
    identity = app.Identity(pod="p", service="checkout", revision="abc", version="good-1")
    behavior = behaviors.Behavior(errors=0.5, latency_ms=1.0)
    one = app.App(identity=identity, behavior=behavior)
    port = await one.start()
    yield one, port
    await one.stop()


async def until_counted(source: Any, pod: Any, port: int) -> dict[str, float]:
    """Requests until the source has a rate of them; then what it says of several queries."""
    await source.start()
    try:
        source.targets([port])
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"http://127.0.0.1:{port}/") as answer:
                    assert answer.headers["x-revision"] == "abc"
                found = (await ask(source.url, SUCCESS))["data"]["result"]
                if found and 0 < float(found[0]["value"][1]) < 1 and pod.samples.page_views > 60:
                    break
        end = time.time()
        queries = {
            "total": 'sum(http_requests_total{service="checkout",version="abc"})',
            "p95": "histogram_quantile(0.95, sum by (le) "
            '(rate(http_request_duration_seconds_bucket{version="abc"}[10s])))',
            "views": "sum(page_views_total)",
        }
        async with asyncio.timeout(60):  # the next scrape has all of them
            while True:
                rows = {
                    k: (await ask(source.url, q))["data"]["result"] for k, q in queries.items()
                }
                if float(rows["total"][0]["value"][1]) == pod.samples.page_views:
                    break
                await asyncio.sleep(0.02)
        matrix = await ask(source.url, queries["total"], start=end - 5, end=end, step=1)
        assert matrix["data"]["resultType"] == "matrix"
        assert len(matrix["data"]["result"][0]["values"]) >= 1
        assert (await ask(source.url, "sum("))["status"] == "error"
        return {name: float(row[0]["value"][1]) for name, row in rows.items()}
    finally:
        await source.stop()


@pytest.mark.parametrize("kind", ["embedded", "prometheus"])
async def test_source_tells_what_the_pods_counted(kind: str, pod: Any, tmp_path: Path) -> None:
    if kind == "prometheus" and prometheus.program() is None:
        pytest.skip("prometheus is not on PATH")
    source: Any = embedded.Embedded() if kind == "embedded" else None
    source = source or prometheus.Prometheus(folder=tmp_path)
    assert source.source == kind
    one, port = pod
    found = await until_counted(source, one, port)
    assert found["total"] == found["views"] == one.samples.page_views
    assert 0 < found["p95"] < 5
