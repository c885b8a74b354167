"""What is posted, edited, whispered and uploaded, and each way in which Slack says no."""

import dataclasses
import struct
import zlib

import pytest

from bot.adapters.slack import calls, messenger
from bot.model import errors, facts, messages
from bot.model import messenger as ports

HI = messages.Message(
    text="hi", blocks=({"type": "section", "text": {"type": "mrkdwn", "text": "hi"}},)
)


def picture():
    def part(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x00")
    start = b"\x89PNG\r\n\x1a\n"
    return start + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


async def ways(chat, place):
    """Every call of the port, by name."""
    return {
        "post": lambda: chat.post(channel="#releases", message=HI),
        "update": lambda: chat.update(place=place, message=HI),
        "marked": lambda: chat.marked(channel="#releases"),
        "whisper": lambda: chat.whisper(channel=place.channel, user="UBOB000001", message=HI),
        "upload": lambda: chat.upload(place=place, picture=picture(), title="t", alt="a"),
        "upload_text": lambda: chat.upload_text(place=place, text="t", name="a.md", title="t"),
        "members": lambda: chat.members("#releases", "UALICE0001"),
        "check": chat.check,
    }


WAYS = ["post", "update", "marked", "whisper", "upload", "upload_text", "members", "check"]


@pytest.mark.parametrize("channel", ["#releases", "releases", "CRELEASES1"])
async def test_messenger_posts_when_the_channel_is_named_or_an_id(chat, workspace, channel):
    place = await chat.post(channel=channel, message=HI)
    assert workspace.state.messages["CRELEASES1"][place.ts].text == "hi"


async def test_messenger_asks_for_the_channels_once_when_it_posts_often(chat, workspace):
    for _ in range(3):
        await chat.post(channel="#releases", message=HI)
    asked = [c["method"] for c in workspace.state.calls]
    assert asked.count("conversations.list") == 1


MARKED = dataclasses.replace(HI, mark="u-1:card:2")


async def test_messenger_finds_its_own_messages_again_by_their_marks(chat, workspace):
    await chat.check()
    card = await chat.post(channel="#releases", message=MARKED)
    line = dataclasses.replace(HI, mark="u-1:thread:2:shipped")
    said = await chat.post(channel="#releases", message=line, thread=card.ts)
    await chat.update(place=card, message=HI)
    await chat.post(channel="#releases", message=HI)
    assert await chat.marked(channel="#releases") == {MARKED.mark: card}
    assert (await chat.marked(channel="#releases", thread=card.ts))[line.mark] == said


async def test_messenger_counts_no_mark_that_somebody_else_wrote(chat, workspace):
    await chat.check()
    card = await chat.post(channel="#releases", message=MARKED)
    log = workspace.state.messages["CRELEASES1"]
    log[card.ts] = dataclasses.replace(log[card.ts], user="UALICE0001")
    assert await chat.marked(channel="#releases") == {}


async def test_messenger_edits_its_message(chat, workspace):
    place = await chat.post(channel="#releases", message=HI)
    await chat.update(place=place, message=dataclasses.replace(HI, text="new"))
    assert workspace.state.messages["CRELEASES1"][place.ts].text == "new"


async def test_messenger_answers_in_the_thread_and_in_the_channel_when_it_is_broadcast(
    chat, workspace
):
    top = await chat.post(channel="#releases", message=HI)
    loud = dataclasses.replace(HI, broadcast=True)
    place = await chat.post(channel="#releases", message=loud, thread=top.ts)
    kept = workspace.state.messages["CRELEASES1"][place.ts]
    assert (kept.thread_ts, kept.broadcast) == (top.ts, True)


async def test_messenger_whispers_to_one_person(chat, workspace):
    await chat.whisper(channel="#releases", user="UBOB000001", message=HI)
    (kept,) = workspace.state.messages["CRELEASES1"].values()
    assert kept.only_for == "UBOB000001"


async def test_messenger_uploads_a_picture_into_the_thread_with_its_alt_text(
    chat, workspace, until
):
    place = await chat.post(channel="#releases", message=HI)
    await chat.upload(place=place, picture=picture(), title="chart", alt="99 %")
    (file,) = workspace.state.files.values()
    assert (file.title, file.alt, file.content) == ("chart", "99 %", picture())
    await until(lambda: len(workspace.state.messages["CRELEASES1"]) == 2)
    shared = [m for m in workspace.state.messages["CRELEASES1"].values() if m.files]
    assert [m.thread_ts for m in shared] == [place.ts]


async def test_messenger_uploads_a_text_into_the_thread(chat, workspace, until):
    place = await chat.post(channel="#releases", message=HI)
    await chat.upload_text(place=place, text="# ü \ud800", name="report.md", title="report")
    (file,) = workspace.state.files.values()
    assert (file.name, file.title, file.content) == ("report.md", "report", "# ü ?".encode())
    await until(lambda: len(workspace.state.messages["CRELEASES1"]) == 2)
    shared = [m for m in workspace.state.messages["CRELEASES1"].values() if m.files]
    assert [m.thread_ts for m in shared] == [place.ts]


async def test_messenger_knows_the_address_of_a_message_once_the_workspace_is_known(chat):
    place = await chat.post(channel="#releases", message=HI)
    assert chat.permalink(place) == ""
    await chat.check()
    wanted = await chat.client.chat_getPermalink(channel=place.channel, message_ts=place.ts)
    assert chat.permalink(place) == wanted["permalink"]


async def test_messenger_names_the_actor_or_full_members_to_ask(chat):
    assert await chat.members("#releases", "UALICE0001") == {"UALICE0001"}
    everybody = {"UALICE0001", "UBOB000001", "UCAROL0001"}
    assert await chat.members("#releases", "UGUEST0001") == everybody
    assert await chat.members("#releases", "UNOBODY001") == everybody


def asked(workspace, method):
    return [c["method"] for c in workspace.state.calls].count(method)


@pytest.fixture
def clocked(workspace):
    """A messenger and the clock that its memory goes by."""
    now = [0.0]
    chat = messenger.SlackMessenger(token=workspace.bot_token, base_url=workspace.api_url)
    chat.directory.monotonic = lambda: now[0]
    return chat, now


async def test_messenger_remembers_members_for_five_minutes(clocked, workspace):
    chat, now = clocked
    for at, times in ((0.0, 1), (299.0, 1), (301.0, 2)):
        now[0] = at
        await chat.members("#releases", "UALICE0001")
        assert asked(workspace, "conversations.members") == times


async def test_messenger_finds_who_was_invited_a_moment_ago(clocked, workspace):
    chat, now = clocked
    room = workspace.state.channels["CRELEASES1"]
    short = dataclasses.replace(room, members=room.members - {"UALICE0001"})
    workspace.state.channels[room.id] = short
    assert "UALICE0001" not in await chat.members("#releases", "UALICE0001")
    workspace.state.channels[room.id] = room
    now[0] = 11.0
    assert await chat.members("#releases", "UALICE0001") == {"UALICE0001"}


async def test_messenger_looks_up_few_people_in_a_large_channel(chat, workspace):
    room = workspace.state.channels["CRELEASES1"]
    crowd = {f"U{number:09}" for number in range(3_000)}
    alice = workspace.state.users["UALICE0001"]
    for user in crowd:
        workspace.state.users[user] = dataclasses.replace(alice, id=user, name=user.lower())
    workspace.state.channels[room.id] = dataclasses.replace(room, members=room.members | crowd)
    assert await chat.members("#releases", "U000000001") == {"U000000001"}
    assert asked(workspace, "conversations.members") == 1
    assert await chat.members("#releases", "UALICE0001") == {"UALICE0001"}
    assert asked(workspace, "conversations.members") == 4
    assert len(await chat.members("#releases", "UGUEST0001")) == 3
    assert asked(workspace, "conversations.members") == 4
    assert asked(workspace, "users.info") <= 6


async def test_messenger_reads_the_channels_no_further_than_it_must(clocked, workspace):
    chat, now = clocked
    room = workspace.state.channels["CRELEASES1"]
    for number in range(1_500):
        other = dataclasses.replace(room, id=f"C{number:09}", name=f"team-{number}")
        workspace.state.channels[other.id] = other
    await chat.directory.channel("#releases")
    assert asked(workspace, "conversations.list") == 1
    for _ in range(3):
        with pytest.raises(errors.Forbidden):
            await chat.directory.channel("#nowhere")
    assert asked(workspace, "conversations.list") == 3
    now[0] = 11.0
    with pytest.raises(errors.Forbidden):
        await chat.directory.channel("#nowhere")
    assert asked(workspace, "conversations.list") == 5


async def test_messenger_counts_nobody_of_another_workspace_as_a_member(chat, monkeypatch):
    """In a shared channel alice is of elsewhere, and bob's workspace is in our grid."""
    teams = {
        "UALICE0001": {"team_id": "TELSEWHERE"},
        "UBOB000001": {"team_id": "TGRID00001", "enterprise_user": {"teams": ["TLOCAL0001"]}},
    }
    ask = chat.client.users_info

    async def users_info(*, user):
        answer = await ask(user=user)
        answer.data["user"].update(teams.get(user, {}))
        return answer

    monkeypatch.setattr(chat.client, "users_info", users_info)
    assert await chat.members("#releases", "UALICE0001") == {"UBOB000001", "UCAROL0001"}
    assert await chat.members("#releases", "UBOB000001") == {"UBOB000001"}
    stranger = await chat.directory.person("UALICE0001")
    assert stranger == facts.Person(name="UALICE0001", slack_id="UALICE0001")
    assert (await chat.directory.person("UBOB000001")).name == "bob"


async def test_messenger_knows_a_person_by_id_when_slack_is_away(chat, workspace):
    workspace.faults.change({"down": True})
    assert (await chat.directory.person("UBOB000001")).name == "UBOB000001"


async def test_messenger_is_forbidden_when_the_bot_is_not_in_the_channel(chat):
    with pytest.raises(errors.Forbidden, match="not_in_channel"):
        await chat.post(channel="#random", message=HI)


async def test_messenger_is_forbidden_when_there_is_no_such_channel(chat):
    with pytest.raises(errors.Forbidden, match="#nowhere"):
        await chat.post(channel="#nowhere", message=HI)


async def test_messenger_finds_nothing_when_the_message_to_edit_is_gone(chat):
    with pytest.raises(errors.NotFound):
        await chat.update(place=ports.Place(channel="CRELEASES1", ts="1.000001"), message=HI)


async def test_messenger_is_refused_when_blocks_are_invalid(chat):
    with pytest.raises(errors.Refused):
        await chat.post(
            channel="#releases", message=messages.Message(text="x", blocks=({"type": "no"},))
        )


async def test_messenger_is_refused_when_the_token_is_wrong(workspace):
    chat = messenger.SlackMessenger(token="xoxb-wrong", base_url=workspace.api_url)
    with pytest.raises(errors.Refused, match="invalid_auth"):
        await chat.check()


@pytest.mark.parametrize("way", WAYS)
async def test_messenger_passes_on_when_to_try_again_when_it_is_rate_limited(chat, workspace, way):
    place = await chat.post(channel="#releases", message=HI)
    workspace.faults.change({"rate_limit": {"retry_after": 7, "times": 1}})
    with pytest.raises(errors.Unavailable) as raised:
        await (await ways(chat, place))[way]()
    assert raised.value.retry_after_s == 7.0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("down", ["503", "reset", "hang"])
async def test_messenger_is_unavailable_when_slack_is_down(
    chat, workspace, way, down, monkeypatch
):
    place = await chat.post(channel="#releases", message=HI)
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.05)
    workspace.faults.change({"down": down})
    before = len(workspace.state.calls)
    with pytest.raises(errors.Unavailable):
        await (await ways(chat, place))[way]()
    made = len(workspace.state.calls) - before
    assert made <= (2 if way in {"members", "marked"} else 1)  # aiohttp repeats a GET; nobody a write


async def test_messenger_is_unavailable_when_the_bytes_of_a_picture_are_lost(
    chat, workspace, monkeypatch
):
    async def gone(*_):
        raise errors.Unavailable("lost")

    monkeypatch.setattr("bot.adapters.slack.files._send", gone)
    place = await chat.post(channel="#releases", message=HI)
    with pytest.raises(errors.Unavailable):
        await chat.upload(place=place, picture=picture(), title="t", alt="a")
    assert not any(m.files for m in workspace.state.messages["CRELEASES1"].values())
