"""The web provider against a real server on loopback."""

import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from aiohttp import web as http

from bot.adapters.metrics import text, web
from bot.core import jsonpath
from bot.model import ports
from tests.adapters.metrics.conftest import serve

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BODIES = {
    "/json": b'{"ok": true, "n": 1, "half": 0.5, "list": [1, 2.0, "x"], "text": "a<b", "nul": null}',
    "/word": b"It worked!",
    "/nan": b"NaN",
    "/empty": b"",
    "/long": b"w" * 100_000,
    "/big": b"1" * (web.MAX_BODY + 1),
    "/deep": b"[" * 20000,
    "/exact": b"[" + b" " * (web.MAX_BODY - 2) + b"]",
}


@pytest.fixture
async def server():
    app = http.Application()
    script = SimpleNamespace(seen=[], release=asyncio.Event())

    async def answer(request):
        script.seen.append((request.method, dict(request.headers), await request.text()))
        path = request.path
        if path == "/hang":
            await script.release.wait()
        if path.startswith("/status/"):
            return http.Response(status=int(path.rsplit("/", 1)[1]), text="{}")
        if path == "/loop":
            raise http.HTTPFound("/loop")
        if path == "/moved":
            raise http.HTTPFound("/json")
        return http.Response(body=BODIES.get(path, b"1"))

    app.router.add_route("*", "/{tail:.*}", answer)
    runner, script.address = await serve(app)
    yield script
    script.release.set()
    await runner.cleanup()


@pytest.fixture
async def provider():
    made = web.Web(find=jsonpath.find, find_error=jsonpath.JsonPathError)
    yield made
    await made.close()


async def refusal(provider, **config):
    with pytest.raises(ports.MetricError) as caught:
        await provider.sample(config, now=NOW)
    return str(caught.value)


@pytest.mark.row(95)
@pytest.mark.parametrize(
    ("path", "json_path", "value", "shown"),
    [
        ("/json", "{$.ok}", True, "true"),
        ("/json", "{$.n}", 1.0, "1"),
        ("/json", "{$.half}", 0.5, "0.5"),
        ("/json", "{$.list}", [1.0, 2.0, "x"], '[1,2,"x"]'),
        ("/json", "{$.list[*]}", 1.0, "1"),
        ("/json", "{$.text}", "a<b", '"a\\u003cb"'),
        ("/json", "{$.nul}", None, "null"),
        ("/moved", "{$.n}", 1.0, "1"),
        ("/word", "", "It worked!", "It worked!"),
        ("/word", "{$.n}", "It worked!", "It worked!"),
        ("/nan", "", "NaN", "NaN"),
        ("/empty", "", "", ""),
        ("/exact", "", [], "[]"),
        ("/plain", "", 1.0, "1"),
    ],
)
async def test_web_gives_the_first_value_and_its_json(
    provider, server, path, json_path, value, shown
):
    sample = await provider.sample({"url": server.address + path, "jsonPath": json_path}, now=NOW)
    assert sample == ports.Sample(value=value, shape="any", text=shown)
    assert type(sample.value) is type(value)


async def test_web_gives_the_whole_document_when_there_is_no_path(provider, server):
    sample = await provider.sample({"url": server.address + "/json"}, now=NOW)
    assert sample.value["n"] == 1.0
    assert sample.text.startswith('{"half":0.5,"list":[1,2,"x"],"n":1,')


async def test_web_cuts_the_text_but_not_the_value_when_it_is_long(provider, server):
    sample = await provider.sample({"url": server.address + "/long"}, now=NOW)
    assert sample.value == "w" * 100_000
    assert len(sample.text) == text.MAX_TEXT
    assert sample.text.endswith("w…")


@pytest.mark.row(95)
@pytest.mark.parametrize("status", [300, 404, 500, 503])
async def test_web_refuses_an_answer_that_is_not_2xx(provider, server, status):
    said = await refusal(provider, url=f"{server.address}/status/{status}")
    assert said == f"received non 2xx response code: {status}"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"path": "/json", "jsonPath": "{$.zz}"}, "Could not find JSONPath in body: zz is not"),
        ({"path": "/json", "jsonPath": "{$.list[?(@.a)]}"}, "produced no value"),
        ({"path": "/json", "jsonPath": "{$.n"}, "unclosed action"),
        ({"path": "/big"}, "larger than"),
        ({"path": "/deep"}, "nests too deeply"),
        ({"path": "/loop?token=x"}, "/loop: more than 5 redirects"),
        ({"path": "/hang", "timeoutSeconds": "0.05"}, "no answer within 0.05 s"),
        ({"path": "/", "timeoutSeconds": "soon"}, "timeoutSeconds: invalid value"),
        ({"path": "/", "authentication": {"oauth2": {"tokenUrl": "x"}}}, "missing mandatory"),
        ({"path": "/", "authentication": {"sigv4": {"region": "x"}}}, "not supported yet"),
        ({"path": "/", "method": "DELETE"}, "is not one of GET, POST, PUT"),
        ({"path": "/", "body": "x"}, "cannot be sent with GET"),
        ({"path": "/", "method": "POST", "body": "x", "jsonBody": {"a": 1}}, "either Body"),
        ({"path": "/", "headers": [{"value": "x"}]}, "is no header"),
    ],
)
async def test_web_says_what_is_wrong(provider, server, config, words):
    path = config.pop("path")
    assert words in await refusal(provider, url=server.address + path, **config)


@pytest.mark.parametrize("url", ["", "nothing", "ftp://x/y", "http://", "http://x:port/"])
async def test_web_refuses_what_is_no_http_address(provider, url):
    assert "is not an http address" in await refusal(provider, url=url)


async def test_web_says_so_when_the_connection_is_refused(provider, dead_address):
    said = await refusal(provider, url=dead_address.replace("//", "//user:pass@") + "/x?token=y")
    assert said.startswith(f"{dead_address}/x: ")
    assert "pass" not in said
    assert "token" not in said


@pytest.mark.row(95)
@pytest.mark.parametrize(
    ("config", "method", "body", "kind"),
    [
        ({"method": "POST", "body": "a=b"}, "POST", "a=b", None),
        ({"method": "PUT", "jsonBody": {"a": 1}}, "PUT", {"a": 1}, "application/json"),
        ({"method": "POST", "jsonBody": '{"a": 1}'}, "POST", {"a": 1}, "application/json"),
    ],
)
async def test_web_sends_method_headers_and_body(provider, server, config, method, body, kind):
    headers = [{"key": "Authorization", "value": "Bearer t"}]
    await provider.sample({"url": server.address, "headers": headers, **config}, now=NOW)
    ((seen_method, seen_headers, seen_body),) = server.seen
    assert seen_method == method
    assert seen_headers["Authorization"] == "Bearer t"
    assert body in (seen_body, json.loads(seen_body) if kind else None)
    if kind:
        assert seen_headers["Content-Type"] == kind
