"""Datadog and New Relic against servers on loopback: their questions, values, words, keys."""

import asyncio
import base64
import io
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from aiohttp import web as http

from bot.adapters.metrics import asking, datadog, newrelic
from bot.core import durations
from bot.model import errors, ports
from tests.adapters.metrics.conftest import serve

NOW = datetime(2026, 11, 23, tzinfo=UTC)
AT = int(NOW.timestamp())
KEY, APP = "api-0123456789", "app-9876543210"


class Secrets:
    """The Secrets of a cluster; ``refusal`` is what the server says instead."""

    def __init__(self, **found):
        self.found, self.refusal, self.asked = found, None, []

    async def get(self, ref, *, urgent=False):
        self.asked.append((ref.namespace, ref.name))
        if self.refusal is not None:
            raise self.refusal
        if ref.name not in self.found:
            raise errors.NotFound(ref.name)
        return {"data": {k: _coded(v) for k, v in self.found[ref.name].items()}}


def _coded(value):
    return base64.b64encode(value.encode()).decode()


def _seconds(text):
    return durations.parse_go(text).total_seconds()


@pytest.fixture
async def server():
    script = SimpleNamespace(seen=[], status=200, body="{}", hang=False, release=asyncio.Event())

    async def answer(request):
        script.seen.append(
            SimpleNamespace(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers=dict(request.headers),
                text=await request.text(),
            )
        )
        if script.hang:
            await script.release.wait()
        place = {"Location": "/elsewhere"} if script.status == 302 else {}
        return http.Response(status=script.status, body=script.body, headers=place)

    app = http.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner, script.address = await serve(app)
    yield script
    script.release.set()
    await runner.cleanup()


@pytest.fixture
def secrets(server):
    dog = {"address": server.address, "api-key": KEY, "app-key": f"{APP}\n"}
    relic = {"personal-api-key": KEY, "account-id": "7", "base-url-nerdgraph": server.address}
    return Secrets(datadog=dog, newrelic=relic)


@pytest.fixture
async def dog(secrets):
    made = datadog.Datadog(api=secrets, home="bots", environment={}, seconds=_seconds)
    yield made
    await made.close()


@pytest.fixture
async def relic(secrets):
    made = newrelic.NewRelic(api=secrets, home="bots", patience_s=0.05)
    yield made
    await made.close()


async def refusal(provider, **config):
    with pytest.raises(ports.MetricError) as caught:
        await provider.sample(config, now=NOW)
    said = str(caught.value)
    assert KEY not in said
    assert APP not in said
    return said


# -- Datadog ---------------------------------------------------------------------------------


@pytest.mark.row(96)
@pytest.mark.parametrize(
    ("series", "value", "shape", "shown"),
    [
        ([{"pointlist": [[1, 5.0], [2, 0.5]]}], 0.5, "float64", "0.5"),
        ([{"pointlist": [[1, 1e-7]]}, {"pointlist": [[1, 9]]}], 1e-7, "float64", "0.0000001"),
        ([{"pointlist": [[1, 3]]}], 3.0, "float64", "3"),
        ([], None, "*float64", "[]"),
        (None, None, "*float64", "null"),
        ([{"pointlist": []}], None, "*float64", '[{"Pointlist":[]}]'),
        ([{"pointlist": [[1, 5.0], [2, None]]}], None, "*float64", "null"),
    ],
)
async def test_datadog_v1_gives_the_last_point_of_the_first_series(
    dog, server, series, value, shape, shown
):
    server.body = json.dumps({"series": series})
    sample = await dog.sample({"query": "avg:errors{a b}", "interval": "5m"}, now=NOW)
    assert (sample.value, sample.shape, sample.text) == (value, shape, shown)
    (asked,) = server.seen
    assert (asked.method, asked.path) == ("GET", "/api/v1/query")
    assert asked.query == {"query": "avg:errors{a b}", "from": str(AT - 300), "to": str(AT)}
    assert (asked.headers["DD-API-KEY"], asked.headers["DD-APPLICATION-KEY"]) == (KEY, APP)


NUMBERS = {"name": "query", "type": "number", "values": [0.5, None, 2]}
REGION = {"name": "region", "type": "group", "values": [["eu"], ["us"], ["us"]]}
HOST = {"name": "host", "type": "group", "values": [["a"], ["b"], ["c", "d"]]}


def scalar(*columns, **more):
    return json.dumps({"data": {"attributes": {"columns": columns}, **more}})


@pytest.mark.row(96)
@pytest.mark.parametrize(
    ("columns", "value", "shape", "shown", "groups"),
    [
        ([NUMBERS], 0.5, "float64", "0.5", None),
        ([{"values": [4]}], 4.0, "float64", "4", None),
        ([], None, "*float64", "[]", None),
        ([{**NUMBERS, "values": [None]}], None, "*float64", "[]", None),
        (
            [REGION, NUMBERS],
            [0.5, 2.0],
            "[]float64",
            "[0.5,2]",
            '[{"name":"eu","value":0.5},{"name":"us","value":2}]',
        ),
        (
            [REGION, HOST, NUMBERS],
            [0.5, 2.0],
            "[]float64",
            "[0.5,2]",
            '[{"name":"eu,a","value":0.5},{"name":"us,c,d","value":2}]',
        ),
    ],
)
async def test_datadog_v2_gives_a_value_or_one_a_group(
    dog, server, columns, value, shape, shown, groups
):
    server.body = scalar(*columns)
    sample = await dog.sample({"apiVersion": "v2", "query": "up"}, now=NOW)
    assert (sample.value, sample.shape, sample.text) == (value, shape, shown)
    assert sample.notes.get("groups") == groups


@pytest.mark.row(96)
async def test_datadog_v2_is_asked_with_a_formula_over_named_queries(dog, server):
    server.body = scalar(NUMBERS)
    queries = {"a": "count:errors{*}", "b": "count:requests{*}"}
    config = {"apiVersion": "v2", "queries": queries, "formula": "a / b", "interval": "1m"}
    await dog.sample({**config, "aggregator": "sum"}, now=NOW)
    (asked,) = server.seen
    assert (asked.method, asked.path) == ("POST", "/api/v2/query/scalar")
    named = [
        {"name": name, "query": query, "data_source": "metrics", "aggregator": "sum"}
        for name, query in queries.items()
    ]
    assert json.loads(asked.text)["data"] == {
        "type": "scalar_request",
        "attributes": {
            "from": (AT - 60) * 1000,
            "to": AT * 1000,
            "queries": named,
            "formulas": [{"formula": "a / b"}],
        },
    }


async def test_datadog_names_the_lowest_and_the_highest_of_very_many_groups(dog, server):
    numbers = {"type": "number", "values": list(range(250))}
    tags = {"type": "group", "values": [[f"h{at}"] for at in range(250)]}
    server.body = scalar(tags, numbers)
    sample = await dog.sample({"apiVersion": "v2", "query": "up"}, now=NOW)
    kept = [one["value"] for one in json.loads(sample.notes["groups"])]
    assert len(sample.value) == 250
    assert kept == [*range(50), *range(200, 250)]
    assert sample.notes["groups_truncated"] == "true"


V2 = {"apiVersion": "v2"}
REVIEW = "Please review the Analysis Template."


@pytest.mark.row(96)
@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, f"Must have either a query or queries. {REVIEW}"),
        ({"query": "a", "queries": {"a": "b"}}, f"Cannot have both a query and queries. {REVIEW}"),
        ({"queries": {"a": "b"}}, "Query is empty. API Version v1 only supports"),
        ({**V2, "query": "a", "formula": "f"}, f"Formula are only valid when queries are set. {REVIEW}"),
        ({**V2, "queries": {"a": "1", "b": "2"}}, "When multiple queries are provided you must include a formula."),
        ({"query": "a", "aggregator": "sum"}, f"Aggregator is not supported in v1. {REVIEW}"),
        ({**V2, "query": "a", "aggregator": "most"}, "aggregator: 'most' is not one of"),
        ({"apiVersion": "v3", "query": "a"}, "apiVersion has to be v1 or v2"),
        ({"query": "a", "interval": "soon"}, 'invalid duration "soon"'),
        ({"query": "a", "requestTimeout": "soon"}, "Could not parse the request timeout"),
        ({"query": "a", "requestTimeout": "0s"}, "Request timeout must be a positive duration"),
        ({"query": "a", "secretRef": {"namespaced": True}}, "secret name is required for namespaced credentials"),
        ({"query": "a", "secretRef": {"name": "lost"}}, 'failed to find the credentials for datadog metrics provider: secrets "lost" not found'),
    ],
)  # fmt: skip
async def test_datadog_says_argos_words_when_the_metric_is_wrong(dog, server, config, said):
    assert said in await refusal(dog, **config)
    assert server.seen == []


@pytest.mark.row(96)
@pytest.mark.parametrize("config", [{"query": "a"}, {**V2, "query": "a"}], ids=["v1", "v2"])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "received authentication error response code: 401"),
        (403, "received authentication error response code: 403"),
        (429, "received non 2xx response code: 429"),
        (500, "received non 2xx response code: 500"),
        (302, "received non 2xx response code: 302"),
    ],
)
async def test_datadog_says_argos_words_when_it_is_refused(dog, server, config, status, said):
    server.status, server.body = status, f"no entry\nfor {KEY} and {APP}"
    assert await refusal(dog, **config) == f"{said} no entry for ***** and *****"
    assert len(server.seen) == 1, "neither again nor elsewhere"


@pytest.mark.parametrize("config", [{"query": "a"}, {**V2, "query": "a"}], ids=["v1", "v2"])
@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", "[" * 30_000, '{"series": 7, "data": 7}', '{"series": [7], "data": [7]}'],
)
async def test_datadog_names_an_answer_that_is_junk(dog, server, config, body):
    server.body = body
    assert "Could not parse JSON body" in await refusal(dog, **config)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (json.dumps({"data": {"errors": "unknown metric"}}), "There were errors in your query: unknown metric"),
        (scalar({"name": "n", "values": ["x"]}), 'could not parse numeric value ""x"" in column "n"'),
        (scalar(NUMBERS, {**REGION, "values": [None]}), "could not parse group label at index 0"),
        (io.BytesIO(b" " * (asking.MAX_BODY + 1)), "the answer is larger than"),
    ],
)  # fmt: skip
async def test_datadog_says_what_it_cannot_use(dog, server, body, said):
    server.body = body
    assert said in await refusal(dog, **V2, query="a")


async def test_datadog_v1_refuses_a_point_without_a_value(dog, server):
    server.body = json.dumps({"series": [{"pointlist": [[1]]}]})
    assert await refusal(dog, query="a") == "Datapoint does not have 2 values"


@pytest.mark.row(96)
async def test_datadog_is_given_up_when_it_hangs(dog, server):
    server.hang = True
    assert "no answer within 0.05 s" in await refusal(dog, query="a", requestTimeout="50ms")


NAMED = {"name": "ours", "namespaced": True}


@pytest.mark.row(96)
@pytest.mark.parametrize(
    ("ref", "environment", "asked"),
    [
        (None, {}, ("bots", "datadog")),
        ({"name": "ours"}, {}, ("bots", "ours")),
        (NAMED, {}, ("shop", "ours")),
        (None, {"DD_API_KEY": KEY, "DD_APP_KEY": APP}, ("bots", "datadog")),
        (None, {"DD_API_KEY": KEY, "DD_APP_KEY": APP, "DD_ADDRESS": "x"}, None),
        ({"name": "ours"}, {"DD_API_KEY": "", "DD_APP_KEY": "", "DD_ADDRESS": ""}, ("bots", "ours")),
    ],
)  # fmt: skip
async def test_datadog_finds_its_keys_in_argos_order(server, secrets, ref, environment, asked):
    secrets.found["ours"] = secrets.found["datadog"]
    server.body = json.dumps({"series": []})
    if "DD_ADDRESS" in environment and asked is None:
        environment = {**environment, "DD_ADDRESS": server.address}
    made = datadog.Datadog(api=secrets, home="bots", environment=environment, seconds=_seconds)
    config = {"query": "a", **({"secretRef": ref} if ref else {})}
    await made.within("shop").sample(config, now=NOW)
    await made.close()
    assert secrets.asked == ([asked] if asked else [])
    assert server.seen[0].headers["DD-API-KEY"] == KEY


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (errors.Forbidden("no"), "the Secret bots/datadog may not be read"),
        (errors.Unavailable("no"), "the Secret bots/datadog cannot be read: Unavailable"),
    ],
)
async def test_datadog_says_why_it_has_no_keys(dog, secrets, refused, said):
    secrets.refusal = refused
    assert said in await refusal(dog, query="a")


async def test_datadog_says_which_secret_lacks_a_key(dog, secrets):
    del secrets.found["datadog"]["app-key"]
    assert 'secrets "datadog" lacks api-key or app-key' in await refusal(dog, query="a")


# -- New Relic -------------------------------------------------------------------------------


def rows(*found):
    return json.dumps({"data": {"actor": {"account": {"nrql": {"results": found}}}}})


@pytest.mark.row(97)
@pytest.mark.parametrize(
    ("found", "value", "shown"),
    [
        ([{"rate": 0.5}], {"rate": 0.5}, '{"rate":0.5}'),
        ([{"b": 1, "a": "x<y"}], {"b": 1.0, "a": "x<y"}, '{"a":"x\\u003cy","b":1}'),
        ([{"n": 1}, {"n": 2}], [{"n": 1.0}, {"n": 2.0}], '[{"n":1},{"n":2}]'),
        ([{"rate": None}], {"rate": None}, '{"rate":null}'),
    ],
)
async def test_new_relic_gives_a_row_or_a_list_of_rows(relic, server, found, value, shown):
    server.body = rows(*found)
    sample = await relic.sample({"query": "SELECT 1", "timeout": 9}, now=NOW)
    assert (sample.value, sample.shape, sample.text) == (value, "any", shown)
    assert sample.metadata == {"ResolvedNewRelicQuery": "SELECT 1"}
    (asked,) = server.seen
    assert (asked.method, asked.headers["API-Key"]) == ("POST", KEY)
    variables = json.loads(asked.text)["variables"]
    assert variables == {"accountId": 7, "query": "SELECT 1", "timeout": 9}


@pytest.mark.row(97)
@pytest.mark.parametrize("found", [[], [{}]])
async def test_new_relic_without_a_row_lacks_data(relic, server, found):
    server.body = rows(*found)
    sample = await relic.sample({"query": "SELECT 1"}, now=NOW)
    assert (sample.value, sample.lacking) == (None, "no results returned from NRQL query")


@pytest.mark.row(97)
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "401 response returned: Invalid credentials provided. Missing API key or an invalid API key was provided."),
        (429, "429 response returned: slow down, *****"),
        (500, "500 response returned: slow down, *****"),
        (302, "302 response returned: slow down, *****"),
    ],
)  # fmt: skip
async def test_new_relic_says_its_own_words_when_it_refuses(relic, server, status, said):
    server.status, server.body = status, f"slow down, {KEY}"
    assert await refusal(relic, query="SELECT 1") == said
    assert len(server.seen) == 1, "neither again nor elsewhere"


@pytest.mark.row(97)
async def test_new_relic_says_what_is_wrong_with_the_query(relic, server):
    server.body = json.dumps({"errors": [{"message": "NRQL Syntax Error"}, {"message": KEY}]})
    assert await refusal(relic, query="SELEC") == "NRQL Syntax Error; *****"


JUNK = ["", "<html>", "[]", "7", "[" * 30_000, '{"data": null}', '{"errors": 7}', rows(7)]


@pytest.mark.parametrize("body", JUNK)
async def test_new_relic_names_an_answer_that_is_junk(relic, server, body):
    server.body = body
    assert await refusal(relic, query="SELECT 1") == "the answer is not NerdGraph's JSON"


@pytest.mark.row(97)
async def test_new_relic_is_given_up_when_it_hangs(relic, server):
    server.hang = True
    assert "no answer within 0.05 s" in await refusal(relic, query="SELECT 1", timeout=0)


@pytest.mark.row(97)
@pytest.mark.parametrize(
    ("config", "profile", "said"),
    [
        ({"timeout": -1}, {}, "timeout value needs to be a positive value"),
        ({"timeout": "x"}, {}, "timeout: a whole number of seconds is needed"),
        ({"query": ""}, {}, "query: a NRQL query is needed"),
        ({"profile": "lost"}, {}, 'secrets "lost" not found'),
        ({}, {"account-id": ""}, "account ID or personal API key not found"),
        ({}, {"personal-api-key": ""}, "account ID or personal API key not found"),
        ({}, {"account-id": "seven"}, "could not parse account ID"),
        ({}, {"region": "moon"}, "region: it is not one of eu, staging, us"),
        ({}, {"base-url-nerdgraph": "here"}, "base-url-nerdgraph is not an http address"),
    ],
)
async def test_new_relic_says_what_is_wrong_with_the_metric(
    relic, server, secrets, config, profile, said
):
    secrets.found["newrelic"] |= profile
    assert said in await refusal(relic, **{"query": "SELECT 1", **config})
    assert server.seen == []


@pytest.mark.row(97)
async def test_new_relic_reads_the_profile_beside_the_bot(relic, server, secrets):
    secrets.found["theirs"] = secrets.found["newrelic"]
    server.body = rows({"n": 1})
    await relic.sample({"query": "SELECT 1", "profile": "theirs"}, now=NOW)
    assert secrets.asked == [("bots", "theirs")]
