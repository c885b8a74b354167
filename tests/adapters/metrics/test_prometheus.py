"""The Prometheus provider against a scripted server on loopback, through the real library."""

import asyncio
import math
from datetime import UTC, datetime

import pytest

from bot.adapters.metrics import prometheus
from bot.core import durations, expr
from bot.model import ports

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CLOCKWORK = prometheus.Clockwork(
    instant=expr.instant, seconds=lambda text: durations.parse_go(text).total_seconds()
)


@pytest.fixture
async def provider(prometheus_like):
    made = prometheus.Prometheus(address=prometheus_like.address, clockwork=CLOCKWORK)
    yield made
    prometheus_like.release.set()
    await made.close()


async def refusal(provider, **config):
    with pytest.raises(ports.MetricError) as caught:
        await provider.sample(config, now=NOW)
    return caught.value


@pytest.mark.row(94)
@pytest.mark.parametrize(
    ("query", "value", "shape", "text"),
    [
        ("one", [1.0], "[]float64", "[1]"),
        ("two", [0.5, 1.0], "[]float64", "[0.5,1]"),
        ("empty", [], "[]float64", "[]"),
        ("inf", [math.inf], "[]float64", "[+Inf]"),
        ("small", [1e-7], "[]float64", "[0.0000001]"),
        ("scalar", 2.0, "float64", "2"),
        ("matrix", [1.0, 2.5], "[]float64", "[1,2.5]"),
    ],
)
async def test_prometheus_gives_value_shape_and_text(provider, query, value, shape, text):
    sample = await provider.sample({"query": query}, now=NOW)
    assert sample == ports.Sample(
        value=value, shape=shape, text=text, metadata={"ResolvedPrometheusQuery": query}
    )


@pytest.mark.row(94)
async def test_prometheus_hands_on_what_the_server_warns_of(provider):
    for query, notes in (
        ("warned", {"warnings": '"one shard is away", "so is another"'}),
        ("one", {}),
    ):
        assert (await provider.sample({"query": query}, now=NOW)).notes == notes


async def test_prometheus_keeps_a_nan(provider):
    sample = await provider.sample({"query": "nan"}, now=NOW)
    assert math.isnan(sample.value[0])
    assert sample.text == "[NaN]"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("bad(", 'bad_data: parse error: unclosed "("'),
        ("broken", "server_error: server error: 500"),
        ("page", "the answer is not Prometheus' JSON"),
        ("other", "the answer is not Prometheus' JSON"),
        ("string", "Prometheus metric type not supported"),
        ("histogram", "Prometheus metric type not supported"),
    ],
)
async def test_prometheus_maps_the_error_and_keeps_the_query(provider, query, words):
    error = await refusal(provider, query=query)
    assert words in str(error)
    assert error.metadata == {"ResolvedPrometheusQuery": query}


async def test_prometheus_says_so_when_the_connection_is_refused(provider, dead_address):
    error = await refusal(provider, query="one", address=dead_address)
    assert str(error) == f"{dead_address}: connection refused"


async def test_prometheus_stops_waiting_when_the_timeout_is_over(provider, prometheus_like):
    error = await refusal(provider, query="hang", timeout="0.05")
    assert str(error) == f"{prometheus_like.address}: no answer within 0.05 s"
    assert error.metadata == {"ResolvedPrometheusQuery": "hang"}


async def test_prometheus_answers_others_while_one_query_hangs(provider, prometheus_like):
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(provider.sample({"query": "hang"}, now=NOW))
        await asyncio.wait_for(prometheus_like.hanging.wait(), 60)
        assert (await provider.sample({"query": "one"}, now=NOW)).value == [1.0]
        prometheus_like.release.set()
    assert slow.result().value == [1.0]


async def test_prometheus_asks_once_when_identical_queries_are_under_way(
    provider, prometheus_like
):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(provider.sample({"query": "hang"}, now=NOW)) for _ in range(20)]
        await asyncio.wait_for(prometheus_like.hanging.wait(), 60)
        prometheus_like.release.set()
    assert [task.result().value for task in tasks] == [[1.0]] * 20
    assert len(prometheus_like.asked) == 1
    await provider.sample({"query": "one"}, now=NOW)
    await provider.sample({"query": "one"}, now=NOW)
    assert len(prometheus_like.asked) == 3


async def test_prometheus_serves_the_others_when_one_waiter_is_cancelled(
    provider, prometheus_like
):
    first, second = (
        asyncio.ensure_future(provider.sample({"query": "hang"}, now=NOW)) for _ in range(2)
    )
    await asyncio.wait_for(prometheus_like.hanging.wait(), 60)
    first.cancel()
    await asyncio.wait({first}, timeout=60)
    prometheus_like.release.set()
    assert (await asyncio.wait_for(second, 60)).value == [1.0]
    assert first.cancelled()


@pytest.mark.row(94)
async def test_prometheus_sends_headers_and_password(provider, prometheus_like):
    await provider.sample(
        {
            "query": "one",
            "headers": [{"key": "X-Scope-OrgID", "value": "team"}],
            "authentication": {"basicAuth": {"username": "u", "password": "p"}, "sigv4": {}},
        },
        now=NOW,
    )
    assert prometheus_like.headers[0]["X-Scope-OrgID"] == "team"
    assert prometheus_like.headers[0]["Authorization"] == "Basic dTpw"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"rangeQuery": {"step": "1m"}}, "failed to parse rangeQuery.start as time"),
        ({"rangeQuery": {"start": "1 + 1"}}, "expected time.Time, but got int"),
        (
            {"rangeQuery": {"start": "now()", "end": "now()", "step": "1 day"}},
            "failed to parse rangeQuery.step as duration",
        ),
        ({"rangeQuery": ["now()"]}, "rangeQuery: an object"),
        ({"authentication": {"oauth2": {"tokenUrl": "x"}}}, "missing mandatory parameter"),
        ({"address": "https://aps-workspaces.example"}, "sigv4: no region"),
        ({"address": "prometheus:9090"}, "prometheus address is not a url"),
        ({"timeout": "soon"}, "timeout: invalid value"),
        ({"timeout": -1}, "timeout: invalid value"),
        ({"headers": [{"key": "a\nb", "value": ""}]}, "is no header"),
    ],
)
async def test_prometheus_refuses_a_configuration_before_asking(
    provider, prometheus_like, config, words
):
    error = await refusal(provider, query="one", **config)
    assert words in str(error)
    assert error.metadata == {"ResolvedPrometheusQuery": "one"}
    assert not prometheus_like.asked


async def test_prometheus_refuses_when_there_is_no_address():
    provider = prometheus.Prometheus()
    assert str(await refusal(provider, query="one")) == "prometheus address is not configured"
    await provider.close()


async def test_prometheus_refuses_when_too_many_wait(provider, prometheus_like, monkeypatch):
    monkeypatch.setattr(prometheus, "MAX_WAITING", 1)
    first = asyncio.ensure_future(provider.sample({"query": "hang"}, now=NOW))
    await asyncio.wait_for(prometheus_like.hanging.wait(), 60)
    assert "more than 1 queries wait" in str(await refusal(provider, query="one"))
    prometheus_like.release.set()
    await asyncio.wait_for(first, 60)


async def test_prometheus_says_so_when_it_is_closed(prometheus_like):
    provider = prometheus.Prometheus(address=prometheus_like.address)
    await provider.close()
    assert str(await refusal(provider, query="one")) == "the bot is stopping"


async def test_prometheus_gives_the_points_of_a_range(provider, prometheus_like):
    points = await provider.range({}, "matrix", NOW, NOW, 15.0)
    assert points == [(1.0, 1.0), (2.0, 2.5)]
    assert "step=15" in prometheus_like.asked[0]
    assert await provider.range({}, "empty", NOW, NOW, 15.0) == []
    with pytest.raises(ports.MetricError):
        await provider.range({}, "bad(", NOW, NOW, 15.0)


@pytest.mark.row(94)
async def test_prometheus_gives_every_point_when_the_metric_asks_for_a_range(
    provider, prometheus_like
):
    span = {"start": 'now() - duration("1h")', "end": "now()", "step": "1m30s"}
    found = await provider.sample({"query": "matrix", "rangeQuery": span}, now=NOW)
    assert (found.value, found.shape, found.text) == ([1.0, 2.5], "[]float64", "[1,2.5]")
    assert found.metadata == {"ResolvedPrometheusQuery": "matrix"}
    at = int(NOW.timestamp())
    (asked,) = prometheus_like.asked
    assert asked.startswith("/api/v1/query_range?")
    assert f"start={at - 3600}&end={at}&step=90" in asked
