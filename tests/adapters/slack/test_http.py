"""The port for Slack's requests, as anybody on the network may try it."""

import asyncio
import json
import logging
import socket as sockets
import time

import aiohttp
import pytest

from bot.adapters.slack import http, signatures, socket
from bot.local.workspace import signed_http
from bot.runtime import tasks

NEW, OLD = "the new secret", "the old secret"
COMMAND = {"command": "/rollout", "text": "list", "team_id": "T1", "user_id": "U1"}


class Port:
    """A server with one listener, and somebody who posts to it."""

    def __init__(self, session):
        self.session = session
        self.heard = []
        self.now = [float(int(time.time()))]
        self.bolt = socket.app(token="xoxb-1", base_url="http://127.0.0.1:1/api/")
        self.bolt.command("/rollout")(self._listen)
        self.bolt.event("app_home_opened")(self._opened)
        self.server = http.Server(
            bolt=self.bolt,
            secrets=[NEW, OLD],
            host="127.0.0.1",
            port=0,
            wall=lambda: self.now[0],
        )

    async def _listen(self, ack, body):
        await ack("heard")
        self.heard.append(body["text"])

    async def _opened(self, event):
        self.heard.append(event["user"])

    async def post(self, *, kind="slash_commands", body=COMMAND, secret=NEW, at=0.0, **change):
        content, raw = signed_http.encoded(kind, body)
        sent = {"Content-Type": content, **signed_http.signed(secret, raw, self.now[0] + at)}
        return await self.raw(raw, {**sent, **change})

    async def raw(self, raw, headers, method="POST", path=http.PATH):
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with self.session.request(method, url, data=raw, headers=headers) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def port(until):
    async with aiohttp.ClientSession() as session:
        made = Port(session)
        task = tasks.spawn(made.server.run(), name="http")
        await until(lambda: made.server.port)
        yield made
        await tasks.cancel(task)


async def test_command_is_acknowledged_when_it_is_signed(port):
    assert await port.post() == (200, "heard")
    assert port.heard == ["list"]


async def test_command_counts_with_either_secret_while_they_rotate(port):
    assert (await port.post(secret=OLD))[0] == 200
    assert (await port.post(secret=NEW))[0] == 200
    assert (await port.post(secret="a wrong one"))[0] == 401
    assert port.heard == ["list", "list"]


async def test_command_is_refused_when_it_is_replayed_later(port):
    content, raw = signed_http.encoded("slash_commands", COMMAND)
    sent = {"Content-Type": content, **signed_http.signed(NEW, raw, port.now[0])}
    assert (await port.raw(raw, sent))[0] == 200
    port.now[0] += signatures.WINDOW_S + 1
    assert await port.raw(raw, sent) == (401, "")
    assert port.heard == ["list"]


async def test_command_counts_once_when_it_is_replayed_at_once(port):
    body = {**COMMAND, "trigger_id": "1.2.3"}
    assert (await port.post(body=body)) == (200, "heard")
    assert (await port.post(body=body)) == (200, "")
    assert (await port.post(body={**body, "team_id": "T2"}))[1] == "heard"
    assert port.heard == ["list", "list"]


@pytest.mark.parametrize(
    "change",
    [
        {signatures.SIGNATURE: ""},
        {signatures.SIGNATURE: "v0=00"},
        {signatures.TIMESTAMP: "yesterday"},
        {signatures.TIMESTAMP: "٣"},
        {signatures.TIMESTAMP: ""},
    ],
)
async def test_command_is_refused_and_nothing_breaks_when_its_headers_are_wrong(port, change):
    assert await port.post(**change) == (401, "")
    assert port.heard == []


async def test_request_is_refused_unread_when_it_is_too_large(port):
    assert (await port.post(body={**COMMAND, "text": "x" * http.BODY_LIMIT}))[0] == 413
    assert port.heard == []


async def test_request_is_refused_when_its_body_never_comes(port, monkeypatch):
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.05)
    stamp = str(int(port.now[0]))
    reader, writer = await asyncio.open_connection("127.0.0.1", port.server.port)
    writer.write(
        f"POST {http.PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
        f"{signatures.TIMESTAMP}: {stamp}\r\n{signatures.SIGNATURE}: v0=1\r\n\r\n".encode()
    )
    assert b" 408 " in await reader.readline()
    writer.close()


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"{", b"[1]", b"payload=%7B", b"payload=1", b""])
async def test_request_gets_an_answer_below_500_when_its_body_is_no_slack_json(port, raw, caplog):
    for content in ("application/json", "application/x-www-form-urlencoded"):
        sent = {"Content-Type": content, **signed_http.signed(NEW, raw, port.now[0])}
        assert 400 <= (await port.raw(raw, sent))[0] < 500


@pytest.mark.parametrize(("method", "path"), [("GET", http.PATH), ("POST", "/"), ("GET", "/")])
async def test_port_serves_nothing_else(port, method, path):
    assert (await port.raw(None, {}, method=method, path=path))[0] in {404, 405}


async def test_event_is_handled_once_when_slack_repeats_it(port, until):
    event = {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": "Ev1",
        "event": {"type": "app_home_opened", "user": "U7", "tab": "home"},
    }
    for _ in range(3):
        assert (await port.post(kind="events_api", body=event))[0] == 200
    await port.post(kind="events_api", body={**event, "event_id": "Ev2"})
    await until(lambda: len(port.heard) == 2)


async def test_challenge_is_answered_when_slack_looks_whether_the_url_is_ours(port):
    body = {"type": "url_verification", "challenge": "c-1", "token": "t"}
    status, text = await port.post(kind="events_api", body=body)
    assert (status, json.loads(text)) == (200, {"challenge": "c-1"})
    assert (await port.post(kind="events_api", body=body, secret="a wrong one"))[0] == 401


async def test_refusal_is_logged_once_a_minute_and_names_no_secret(port, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            await port.post(secret="a wrong one")
    said = [record.message for record in caplog.records]
    assert said == ["a request to /slack/events was refused: its signature is of another secret"]
    assert not any(secret in caplog.text for secret in (NEW, OLD, "wrong one"))


async def test_listener_that_breaks_is_no_500_and_the_next_command_is_heard(port):
    @port.bolt.command("/broken")
    async def broken(ack):
        await ack()
        raise ZeroDivisionError

    await port.post(body={**COMMAND, "command": "/broken"})
    assert (await port.post())[1] == "heard"


async def test_server_comes_up_when_its_port_gets_free(port, until, monkeypatch, caplog):
    monkeypatch.setattr(http, "RETRY_S", 0.01)
    taken = sockets.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    number = taken.getsockname()[1]
    made = http.Server(bolt=port.bolt, secrets=[NEW], host="127.0.0.1", port=number)
    task = tasks.spawn(made.run(), name="http")
    await until(lambda: "cannot be taken" in caplog.text)
    taken.close()
    await until(lambda: made.port == number)
    await tasks.cancel(task)
    assert made.port == 0
