"""Every metrics provider of the table: no data, errors and hanging servers come out as agreed."""

import asyncio
import base64
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from aiohttp import web as http

from bot.adapters import metrics
from bot.core import durations, expr, jsonpath
from bot.model import ports

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EMPTY_VECTOR = '{"status":"success","data":{"resultType":"vector","result":[]}}'


@dataclass(frozen=True)
class Case:
    """How to point one provider at a server, and what "no data" looks like to it."""

    config: object
    no_data: str
    timeout: str
    brief: object = 0.05
    complaint: str = "index out of range"


CASES = {
    "prometheus": Case(
        config=lambda address, **more: {"address": address, "query": "up", **more},
        no_data=EMPTY_VECTOR,
        timeout="timeout",
    ),
    "web": Case(
        config=lambda address, **more: {"url": address, "jsonPath": "{$.a}", **more},
        no_data="{}",
        timeout="timeoutSeconds",
    ),
    "datadog": Case(
        config=lambda address, **more: {"query": "up", "secretRef": {"name": address}, **more},
        no_data='{"series": []}',
        timeout="requestTimeout",
        brief="50ms",
        complaint="float64\\[int\\] is undefined",
    ),
    "newRelic": Case(
        config=lambda address, **more: {"query": "SELECT 1", "profile": address, **more},
        no_data='{"data": {"actor": {"account": {"nrql": {"results": []}}}}}',
        timeout="timeout",
        brief=0,
        complaint="unknown\\[int\\] is undefined",
    ),
}


class Secrets:
    """A cluster in which every Secret says that the vendor is at the address it is called."""

    async def get(self, ref, *, urgent=False):
        values = {
            "address": ref.name,
            "api-key": "k",
            "app-key": "p",
            "personal-api-key": "k",
            "account-id": "7",
            "base-url-nerdgraph": ref.name,
        }
        return {"data": {k: base64.b64encode(v.encode()).decode() for k, v in values.items()}}


def _seconds(duration):
    return durations.parse_go(duration).total_seconds()


@pytest.fixture(params=sorted(metrics.BUILDERS))
async def case(request):
    return request.param, CASES[request.param]


@pytest.fixture
async def provider(case):
    settings = metrics.Settings(
        find=jsonpath.find,
        find_error=jsonpath.JsonPathError,
        clockwork=metrics.Clockwork(instant=expr.instant, seconds=_seconds),
        api=Secrets(),
        patience_s=0.05,
    )
    made = metrics.build(settings)
    yield made[case[0]]
    for one in made.values():
        await one.close()


@pytest.fixture
async def serve():
    """Start a server that always answers so; None hangs."""
    runners, release = [], asyncio.Event()

    async def start(status, body):
        async def answer(_):
            if body is None:
                await release.wait()
            return http.Response(status=status, text=body or "", content_type="application/json")

        app = http.Application()
        app.router.add_route("*", "/{tail:.*}", answer)
        runner = http.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await http.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    start.runners = runners
    yield start
    release.set()
    for runner in runners:
        await runner.cleanup()


async def refusal(provider, config, *, answered=True):
    with pytest.raises(ports.MetricError) as caught:
        await asyncio.wait_for(provider.sample(config, now=NOW), 10)
    assert str(caught.value)
    assert caught.value.answered is answered
    return str(caught.value)


def test_table_has_a_case_for_every_provider():
    assert set(CASES) == set(metrics.BUILDERS)


async def test_provider_bears_the_name_of_its_line(provider, case):
    assert provider.name == case[0]


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
async def test_provider_maps_an_error_status(provider, case, serve, status):
    address = await serve(status, "no")
    assert str(status) in await refusal(provider, case[1].config(address))


async def test_provider_maps_a_refused_connection(provider, case, serve):
    address = await serve(200, "")
    await serve.runners.pop().cleanup()
    assert address in await refusal(provider, case[1].config(address), answered=False)


async def test_provider_maps_a_hanging_server(provider, case, serve):
    config = case[1].config(await serve(200, None), **{case[1].timeout: case[1].brief})
    assert "no answer" in await refusal(provider, config, answered=False)


async def test_provider_never_makes_a_verdict_of_no_data(provider, case, serve):
    """Either it says so itself, or the condition that looks for a value does."""
    config = case[1].config(await serve(200, case[1].no_data))
    try:
        sample = await provider.sample(config, now=NOW)
    except ports.MetricError as error:
        assert str(error)
        return
    with pytest.raises(expr.ExprError, match=case[1].complaint):
        expr.evaluate("result[0] >= 0.95", sample.value, shape=sample.shape)


@pytest.mark.parametrize("config", [{}, {"address": 7, "url": 7, "query": 7}, {"headers": "x"}])
async def test_provider_refuses_a_poor_configuration(provider, case, config):
    await refusal(provider, config)
