"""Slack: tokens, scopes, channels, clock, and the way in that the settings ask for."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from email import utils
from typing import Any

import aiohttp
from slack_sdk.web import async_client

from bot import settings
from bot.adapters.slack import calls, http, signatures
from bot.cli import diagnosis, slack_manifest
from bot.model import errors

HELLO_S = 8.0
SKEW_S = 60
"""Slack's window is 300 s; a clock that is a minute off is on its way there."""
_TOKEN = "Take the bot token (xoxb-) from OAuth & Permissions and set SLACK_BOT_TOKEN."  # noqa: S105
_APP = (
    "Make an app-level token (xapp-) with connections:write under Basic Information and set "
    "SLACK_APP_TOKEN."
)


async def checks(
    chosen: settings.Slack, *, groups: frozenset[str] = frozenset()
) -> list[diagnosis.Finding]:
    """All that the settings allow to check; ``groups`` are those that the policy names."""
    if not chosen.bot_token:
        return [diagnosis.skipped("slack", "no SLACK_BOT_TOKEN: the bot runs without Slack")]
    client = _client(chosen.bot_token.reveal(), chosen.api_url)
    try:
        answer = await calls.done(client.auth_test(), what="auth.test")
    except errors.RolloutBotError as problem:
        return [diagnosis.wrong("token", str(problem), _TOKEN), *await _way_in(chosen)]
    team, user = str(answer.get("team") or ""), str(answer.get("user") or "")
    found = [diagnosis.fine("token", f"is that of {user} in {team}")]
    found += [_scopes(answer.headers), _clock(answer.headers, time.time())]
    found += [await _channel(client, one) for one in _channels(chosen)]
    found += await _groups(client, chosen, groups)
    return [*found, *await _way_in(chosen)]


def _client(token: str, base_url: str) -> async_client.AsyncWebClient:
    return async_client.AsyncWebClient(
        token=token, base_url=base_url, timeout=10, retry_handlers=[]
    )


def _header(headers: Mapping[str, Any], name: str) -> str:
    for key, value in headers.items():
        if key.lower() == name:
            return str(value[0] if isinstance(value, list) else value)
    return ""


def _scopes(headers: Mapping[str, Any]) -> diagnosis.Finding:
    granted = {one.strip() for one in _header(headers, "x-oauth-scopes").split(",")} - {""}
    if not granted:
        return diagnosis.skipped("scopes", "Slack did not say which the token has")
    wanted = {scope for scope, _ in slack_manifest.SCOPES}
    if lacks := sorted(wanted - granted):
        return diagnosis.wrong(
            "scopes",
            f"the token lacks {', '.join(lacks)}",
            "Update the app's manifest (rollout-bot manifest) and install the app again.",
        )
    more = sorted(granted - wanted)
    extra = f"; not needed: {', '.join(more)}" if more else ""
    return diagnosis.fine("scopes", f"all {len(wanted)} are granted{extra}")


def _clock(headers: Mapping[str, Any], now: float) -> diagnosis.Finding:
    told = _header(headers, "date")
    try:
        skew = now - utils.parsedate_to_datetime(told).timestamp()
    except ValueError:
        return diagnosis.skipped("clock", "Slack did not say what time it is")
    if abs(skew) <= SKEW_S:
        return diagnosis.fine("clock", f"is within {SKEW_S} s of Slack's")
    which = "ahead of" if skew > 0 else "behind"
    return diagnosis.wrong(
        "clock",
        f"is {abs(skew):.0f} s {which} Slack's; signatures count for {signatures.WINDOW_S} s",
        "Set the clock of this machine by NTP.",
    )


def _channels(chosen: settings.Slack) -> list[str]:
    named = [chosen.default_channel, *chosen.channels.values()]
    return list(dict.fromkeys(one.lstrip("#") for one in named if one))


async def _channel(client: async_client.AsyncWebClient, name: str) -> diagnosis.Finding:
    check = f"channel #{name}"
    try:
        room = await _room(client, name)
    except errors.RolloutBotError as problem:
        return diagnosis.wrong(check, str(problem), "Try again; Slack did not say.")
    if room is None:
        todo = f"Make it, or correct its name; a private one needs /invite @rollout in #{name}."
        return diagnosis.wrong(check, "there is none that the bot can see", todo)
    if not room.get("is_member"):
        return diagnosis.wrong(check, "the bot is not in it", f"/invite @rollout in #{name}.")
    if room.get("is_ext_shared"):
        return diagnosis.wrong(
            check,
            "is shared with another organization: nothing but an abort is answered there",
            "Use a channel of your own.",
        )
    return diagnosis.fine(check, "the bot is in it")


async def _room(client: async_client.AsyncWebClient, name: str) -> dict[str, Any] | None:
    cursor = ""
    while True:
        answer = await calls.done(
            client.conversations_list(
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=1000,
                cursor=cursor or None,
            ),
            what="conversations.list",
        )
        for one in answer.get("channels") or ():
            if name in {one.get("id"), one.get("name")}:
                return dict(one)
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return None


async def _groups(
    client: async_client.AsyncWebClient, chosen: settings.Slack, groups: frozenset[str]
) -> list[diagnosis.Finding]:
    """User groups need a paid plan; only where settings or policy name one is it asked."""
    named = {one for names in chosen.approvers.values() for one in names if one[:1] == "S"}
    named |= groups
    if not named:
        return []
    try:
        answer = await calls.done(client.usergroups_list(), what="usergroups.list")
    except errors.RolloutBotError as problem:
        todo = "User groups need a paid plan and the scope usergroups:read; else name people."
        return [diagnosis.wrong("groups", str(problem), todo)]
    known = {str(one.get("id")) for one in answer.get("usergroups") or ()}
    if lacks := sorted(named - known):
        said = f"there is no user group {', '.join(lacks)}"
        return [diagnosis.wrong("groups", said, "Correct the id in the settings or the policy.")]
    return [diagnosis.fine("groups", f"all {len(named)} are there")]


async def _way_in(chosen: settings.Slack) -> list[diagnosis.Finding]:
    return [await (_signed(chosen) if chosen.http is not None else _socket(chosen))]


async def _socket(chosen: settings.Slack) -> diagnosis.Finding:
    """Open a socket as the bot does, wait for Slack's hello, and close it."""
    if not chosen.app_token:
        return diagnosis.wrong("socket", "no SLACK_APP_TOKEN, and no --slack-http", _APP)
    token = chosen.app_token.reveal()
    opening = _client(token, chosen.api_url).apps_connections_open(app_token=token)
    try:
        answer = await calls.done(opening, what="apps.connections.open")
        async with (
            asyncio.timeout(HELLO_S),
            aiohttp.ClientSession() as session,
            session.ws_connect(str(answer["url"])) as opened,
        ):
            hello = await opened.receive_json()
    except errors.RolloutBotError as problem:
        return diagnosis.wrong("socket", str(problem), _APP)
    except (TimeoutError, aiohttp.ClientError, TypeError, ValueError) as problem:
        todo = "Let this machine open connections to Slack (wss, port 443), or use --slack-http."
        return diagnosis.wrong("socket", f"does not open: {type(problem).__name__}", todo)
    return diagnosis.fine("socket", f"opens; {hello.get('num_connections', 1)} open now")


async def _signed(chosen: settings.Slack) -> diagnosis.Finding:
    """Ask the bot's own port as Slack would when it looks whether the address is ours."""
    check, place = "signing secret", chosen.http
    if place is None or not chosen.signing_secrets:
        todo = "Set SLACK_SIGNING_SECRET (Basic Information, App Credentials)."
        return diagnosis.wrong(check, "none is set", todo)
    host = "127.0.0.1" if place.host in {"0.0.0.0", "::"} else place.host
    url = f"http://{f'[{host}]' if ':' in host else host}:{place.port}{http.PATH}"
    mark = secrets.token_hex(8)
    body = f'{{"type":"url_verification","challenge":"{mark}"}}'.encode()
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        signatures.TIMESTAMP: stamp,
        signatures.SIGNATURE: signatures.signature(
            chosen.signing_secrets[0].reveal(), timestamp=stamp, body=body
        ),
    }
    try:
        async with (
            asyncio.timeout(HELLO_S),
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            status, text = answer.status, await answer.text()
    except (TimeoutError, aiohttp.ClientError) as problem:
        todo = f"Start the bot with --slack-http {place.host}:{place.port}; then ask again."
        return diagnosis.wrong(check, f"nobody answers at {url} ({type(problem).__name__})", todo)
    if status == 200 and mark in text:
        return diagnosis.fine(check, f"the bot at {url} takes it")
    todo = "Give the running bot the same SLACK_SIGNING_SECRET, and start it again."
    return diagnosis.wrong(check, f"{url} answers {status}: it has another secret", todo)
