"""The Web API through the real client: membership, tokens, threads, files, forms, faults."""

import asyncio
import time

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.local.workspace import LocalWorkspace

RELEASES, RANDOM = "CRELEASES1", "CRANDOM001"
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0\x1f\x15\xc4\x89"
    b"\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\5\0\1\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82"
)


async def refused(call):
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response


async def test_client_is_told_who_it_is_when_it_asks(slack):
    assert (await slack.auth_test())["user_id"] == "UROLLOUT01"
    assert (await slack.team_info())["team"]["name"] == "local"
    assert (await slack.bots_info(bot="BROLLOUT01"))["bot"]["name"] == "rollout"
    assert (await slack.api_test())["ok"]


@pytest.mark.parametrize(
    ("token", "error"), [("xoxb-wrong", "invalid_auth"), (None, "not_authed")]
)
async def test_client_is_refused_when_its_token_is_wrong(workspace, token, error):
    stranger = AsyncWebClient(token=token, base_url=workspace.api_url)
    assert (await refused(stranger.auth_test()))["error"] == error


async def test_client_is_refused_when_it_uses_one_token_for_the_other(workspace):
    wrong = AsyncWebClient(token=workspace.app_token, base_url=workspace.api_url)
    assert (await refused(wrong.auth_test()))["error"] == "not_allowed_token_type"


@pytest.mark.parametrize(
    ("channel", "error"),
    [(RANDOM, "not_in_channel"), ("CNOWHERE01", "channel_not_found")],
)
async def test_post_is_refused_when_the_bot_is_not_there(slack, channel, error):
    assert (await refused(slack.chat_postMessage(channel=channel, text="x")))["error"] == error


async def test_post_works_when_somebody_invited_the_bot(slack, control):
    invite = {"user": "bob", "channel": "random", "text": "/invite @rollout"}
    assert (await control("command", invite))["ok"]
    assert (await slack.chat_postMessage(channel=RANDOM, text="here"))["ok"]


async def test_message_times_are_unique_and_rise_when_many_are_posted(workspace, slack):
    workspace.faults.tiers = False
    posted = [await slack.chat_postMessage(channel=RELEASES, text="x") for _ in range(20)]
    stamps = [answer["ts"] for answer in posted]
    assert stamps == sorted(set(stamps))


async def test_whisper_is_refused_for_edits_and_history_when_it_is_ephemeral(slack):
    whisper = await slack.chat_postEphemeral(channel=RELEASES, user="UBOB000001", text="psst")
    edit = slack.chat_update(channel=RELEASES, ts=whisper["message_ts"], text="x")
    assert (await refused(edit))["error"] == "message_not_found"
    assert (await slack.conversations_history(channel=RELEASES))["messages"] == []
    outside = slack.chat_postEphemeral(channel=RELEASES, user="UNOBODY", text="psst")
    assert (await refused(outside))["error"] == "user_not_in_channel"


async def test_thread_counts_its_replies_when_replied_to(slack):
    parent = await slack.chat_postMessage(channel=RELEASES, text="card")
    for text in ("one", "two"):
        await slack.chat_postMessage(channel=RELEASES, text=text, thread_ts=parent["ts"])
    history = await slack.conversations_history(channel=RELEASES)
    assert [m["reply_count"] for m in history["messages"]] == [2]
    replies = await slack.conversations_replies(channel=RELEASES, ts=parent["ts"])
    assert [m["text"] for m in replies["messages"]] == ["card", "one", "two"]
    link = await slack.chat_getPermalink(channel=RELEASES, message_ts=replies["messages"][1]["ts"])
    assert f"thread_ts={parent['ts']}" in link["permalink"]
    lost = slack.chat_postMessage(channel=RELEASES, text="x", thread_ts="1.000001")
    assert (await refused(lost))["error"] == "thread_not_found"


async def test_edit_keeps_metadata_and_drops_blocks_when_only_text_is_given(slack):
    said = {"event_type": "card", "event_payload": {"id": "u-1"}}
    block = {"type": "divider"}
    posted = await slack.chat_postMessage(
        channel=RELEASES, text="a", blocks=[block], metadata=said
    )
    edited = await slack.chat_update(channel=RELEASES, ts=posted["ts"], text="b")
    assert edited["message"]["metadata"] == said
    assert "blocks" not in edited["message"]


async def test_delete_takes_the_message_away_and_only_own_ones(slack, control):
    posted = await slack.chat_postMessage(channel=RELEASES, text="a")
    await slack.chat_delete(channel=RELEASES, ts=posted["ts"])
    said = await control("message", {"user": "bob", "channel": "releases", "text": "mine"})
    for method, error in (
        (slack.chat_update, "cant_update_message"),
        (slack.chat_delete, "cant_delete_message"),
    ):
        extra = {"text": "x"} if method == slack.chat_update else {}
        answer = await refused(method(channel=RELEASES, ts=said["ts"], **extra))
        assert answer["error"] == error


async def test_directory_answers_when_read(slack):
    rooms = (await slack.conversations_list())["channels"]
    assert {room["name"]: room["is_member"] for room in rooms} == {
        "releases": True,
        "random": False,
    }
    members = (await slack.conversations_members(channel=RELEASES))["members"]
    assert "UGUEST0001" in members
    guest = (await slack.users_info(user="UGUEST0001"))["user"]
    assert guest["is_restricted"]
    assert (await slack.users_lookupByEmail(email="alice@local.invalid"))["user"]["id"]
    assert len((await slack.users_list())["members"]) == 6
    (group,) = (await slack.usergroups_list(include_users=True))["usergroups"]
    assert group["users"] == ["UALICE0001"]
    assert (await slack.usergroups_users_list(usergroup=group["id"]))["users"] == ["UALICE0001"]
    direct = (await slack.conversations_open(users="UBOB000001"))["channel"]["id"]
    assert (await slack.chat_postMessage(channel="UBOB000001", text="x"))["channel"] == direct


async def test_list_is_cut_in_pages_when_a_limit_is_given(slack):
    seen, cursor = [], None
    while cursor != "":
        page = await slack.users_list(limit=4, cursor=cursor)
        seen += page["members"]
        cursor = page["response_metadata"]["next_cursor"]
    assert len({user["id"] for user in seen}) == 6


async def test_reaction_is_added_once_and_removed_when_asked(slack):
    ts = (await slack.chat_postMessage(channel=RELEASES, text="x"))["ts"]
    where = {"channel": RELEASES, "timestamp": ts}
    await slack.reactions_add(**where, name="eyes")
    again = slack.reactions_add(**where, name="eyes")
    assert (await refused(again))["error"] == "already_reacted"
    shown = (await slack.reactions_get(**where))["message"]["reactions"]
    assert shown == [{"name": "eyes", "users": ["UROLLOUT01"], "count": 1}]
    await slack.reactions_remove(**where, name="eyes")
    assert "reactions" not in (await slack.reactions_get(**where))["message"]


async def test_arguments_are_taken_from_query_form_and_json_alike(workspace, session):
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}
    url = workspace.api_url + "users.info"
    query = session.get(url, params={"user": "UBOB000001"}, headers=headers)
    form = session.post(url, data={"user": "UBOB000001", "token": workspace.bot_token})
    body = session.post(url, json={"user": "UBOB000001"}, headers=headers)
    for call in (query, form, body):
        async with call as answer:
            assert (await answer.json())["user"]["name"] == "bob"


async def test_file_can_be_shown_only_a_moment_after_upload(
    workspace, slack, session, until, control
):
    ticket = await slack.files_getUploadURLExternal(
        filename="chart.png", length=len(PNG), alt_txt="falls to 92 %"
    )
    async with session.post(ticket["upload_url"], data=PNG) as answer:
        assert await answer.text() == f"OK - {len(PNG)}"
    key = ticket["file_id"]
    await slack.files_completeUploadExternal(files=[{"id": key, "title": "chart"}])
    image = {"type": "image", "slack_file": {"id": key}, "alt_text": "chart"}
    early = slack.chat_postMessage(channel=RELEASES, text="x", blocks=[image])
    answer = await refused(early)
    assert answer["error"] == "invalid_blocks"
    assert "invalid slack file [json-pointer:/blocks/0/slack_file]" in str(answer.data)

    async def is_ready():
        return (await slack.files_info(file=key))["file"]["mimetype"] == "image/png"

    await until(is_ready)
    assert (await slack.chat_postMessage(channel=RELEASES, text="x", blocks=[image]))["ok"]
    async with session.get(f"{workspace.url}/_control/files/{key}") as got:
        assert (await got.read(), got.content_type) == (PNG, "image/png")
    private = (await slack.files_info(file=key))["file"]["url_private"]
    async with session.get(private) as got:
        assert got.status == 401
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}
    async with session.get(private, headers=headers) as got:
        assert await got.read() == PNG


async def test_file_lands_in_the_thread_when_uploaded_by_the_sdk(slack, control, until):
    parent = await slack.chat_postMessage(channel=RELEASES, text="alert")
    await slack.files_upload_v2(
        channel=RELEASES,
        thread_ts=parent["ts"],
        file=PNG,
        filename="chart.png",
        alt_txt="falls",
        initial_comment="the chart",
    )

    async def shared():
        messages = (await control("messages?channel=releases"))["messages"]
        return [m for m in messages if m.get("files")]

    (share,) = await until(shared)
    assert share["text"] == "the chart"
    assert share["thread_ts"] == parent["ts"]
    assert share["files"][0]["alt_txt"] == "falls"


async def test_upload_is_refused_when_its_length_is_not_what_was_said(slack, session):
    ticket = await slack.files_getUploadURLExternal(filename="a.png", length=5)
    async with session.post(ticket["upload_url"], data=b"1234") as answer:
        assert answer.status == 400


# -- faults


async def test_calls_get_429_with_retry_after_when_rate_limited(slack, control):
    limit = {"retry_after": 7, "times": 1, "methods": ["chat.postMessage"]}
    await control("faults", {"rate_limit": limit})
    answer = await refused(slack.chat_postMessage(channel=RELEASES, text="x"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert (await slack.chat_postMessage(channel=RELEASES, text="x"))["ok"]


async def test_edits_get_429_when_the_ordinary_tier_is_spent(slack):
    ts = (await slack.chat_postMessage(channel=RELEASES, text="x"))["ts"]
    answers = [slack.chat_update(channel=RELEASES, ts=ts, text=str(n)) for n in range(60)]
    got = await asyncio.gather(*answers, return_exceptions=True)
    limited = [error for error in got if isinstance(error, SlackApiError)]
    assert limited
    assert {error.response.status_code for error in limited} == {429}


async def test_calls_get_503_and_sockets_close_when_down(app, workspace, slack, control, until):
    await control("faults", {"down": True})
    await until(lambda: workspace.connected == 0)
    answer = await refused(slack.chat_postMessage(channel=RELEASES, text="x"))
    assert answer.status_code == 503
    await control("faults", {"down": False})
    assert (await slack.chat_postMessage(channel=RELEASES, text="x"))["ok"]
    await until(lambda: workspace.connected == 1)


async def test_call_hangs_and_goes_on_when_slack_hangs_for_a_while(workspace, slack, control):
    await control("faults", {"down": "hang"})
    waiting = asyncio.ensure_future(slack.auth_test())
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    await control("faults", {"down": False})
    assert (await waiting)["ok"]


async def test_call_takes_longer_when_slow(slack, control):
    await control("faults", {"slow": 0.05})
    started = time.monotonic()
    await slack.auth_test()
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(("when", "landed"), [("after", 1), ("before", 0)])
async def test_answer_is_lost_when_dropped(workspace, session, control, when, landed):
    await control("faults", {"drop": {"times": 1, "when": when}})
    url, said = workspace.api_url + "chat.postMessage", {"channel": RELEASES, "text": "x"}
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}
    with pytest.raises(aiohttp.ClientConnectionError):
        await session.post(url, json=said, headers=headers)
    assert len((await control("messages?channel=releases"))["messages"]) == landed


async def test_message_never_lands_when_slack_loses_it(slack, control):
    await control("faults", {"lose": 1})
    assert (await slack.chat_postMessage(channel=RELEASES, text="x"))["ok"]
    assert (await control("messages?channel=releases"))["messages"] == []


async def test_one_message_can_be_edited_no_more_when_slack_has_closed_it(slack, control):
    ts = [(await slack.chat_postMessage(channel=RELEASES, text="x"))["ts"] for _ in range(2)]
    closed = {"error": "edit_window_closed", "methods": ["chat.update"], "ts": ts[0]}
    await control("faults", {"refuse": closed})
    answer = await refused(slack.chat_update(channel=RELEASES, ts=ts[0], text="y"))
    assert answer["error"] == "edit_window_closed"
    assert (await slack.chat_update(channel=RELEASES, ts=ts[1], text="y"))["ok"]
    await control("faults", {"refuse": False})
    assert (await slack.chat_update(channel=RELEASES, ts=ts[0], text="y"))["ok"]
    assert (await control("faults", {"refuse": True}))["error"] == "invalid_arguments"


async def test_fault_is_refused_when_nobody_knows_it(control):
    assert (await control("faults", {"flood": 1}))["error"] == "invalid_arguments"


async def test_calls_are_logged_without_tokens_when_made(workspace, slack, control):
    await slack.chat_postMessage(channel=RELEASES, text="x")
    (call,) = (await control("calls?method=chat.postMessage"))["calls"]
    assert call["args"]["text"] == "x"
    assert call["answer"]["ok"]
    assert call["status"] == 200
    assert workspace.bot_token not in str(call)


async def test_foreign_page_is_refused_when_it_posts_or_rebinds(workspace, session):
    url = f"{workspace.url}/_control/faults"
    async with session.post(url, json={}, headers={"Origin": "http://evil.invalid"}) as answer:
        assert answer.status == 403
    async with session.get(url, headers={"Host": "evil.invalid"}) as answer:
        assert answer.status == 403


async def test_server_stops_at_once_when_a_page_and_a_socket_are_open(session):
    served = LocalWorkspace()
    await served.start()
    stream = await session.get(f"{served.url}/_page/live/events?user=alice")
    assert b"snapshot" in await stream.content.readline()
    started = time.monotonic()
    await served.stop()
    assert time.monotonic() - started < 1
    stream.close()
