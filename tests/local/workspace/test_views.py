"""Modals, menus and the Home tab: triggers, stacks, hashes."""

import pytest
from slack_sdk.errors import SlackApiError

RELEASES = "CRELEASES1"


def plain(words):
    return {"type": "plain_text", "text": words}


def modal(title="Why", **more):
    blocks = [{"type": "divider"}]
    return {"type": "modal", "title": plain(title), "blocks": blocks, **more}


@pytest.fixture
def trigger(workspace):
    """What a click of alice would carry."""
    return lambda: workspace.state.issue("trigger", lifetime_s=3, uses=1, user="UALICE0001")


async def refused(call):
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response["error"]


async def test_modal_is_refused_when_its_trigger_is_used_old_or_made_up(workspace, slack, trigger):
    used, old = trigger(), trigger()
    await slack.views_open(trigger_id=used, view=modal())
    assert await refused(slack.views_open(trigger_id=used, view=modal())) == (
        "exchanged_trigger_id"
    )
    clock = workspace.state.clock
    workspace.state.clock = lambda: clock() + 3.1
    assert await refused(slack.views_open(trigger_id=old, view=modal())) == ("expired_trigger_id")
    assert await refused(slack.views_open(trigger_id="x", view=modal())) == ("invalid_trigger_id")


async def test_modal_is_refused_when_it_is_the_fourth_of_a_stack(slack, trigger):
    await slack.views_open(trigger_id=trigger(), view=modal())
    for _ in range(2):
        await slack.views_push(trigger_id=trigger(), view=modal())
    push = slack.views_push(trigger_id=trigger(), view=modal())
    assert await refused(push) == "push_limit_reached"


async def test_modal_update_is_refused_when_the_hash_is_old(slack, trigger):
    view = (await slack.views_open(trigger_id=trigger(), view=modal()))["view"]
    where = {"view_id": view["id"], "hash": view["hash"]}
    await slack.views_update(**where, view=modal("Later"))
    assert await refused(slack.views_update(**where, view=modal("Late"))) == "hash_conflict"


async def test_modal_is_refused_when_its_title_is_too_long(slack, trigger):
    call = slack.views_open(trigger_id=trigger(), view=modal("x" * 25))
    assert await refused(call) == "invalid_arguments"


async def test_submit_shows_the_errors_when_the_app_finds_some(app, workspace, control, trigger):
    @app.view("reason")
    async def take(ack):
        await ack(response_action="errors", errors={"b": "say more"})

    await app.client.views_open(trigger_id=trigger(), view=modal(callback_id="reason"))
    answer = await control("submit", {"user": "alice", "values": {}})
    assert answer["errors"] == {"b": "say more"}
    assert workspace.state.stacks["UALICE0001"]
    await control("close", {"user": "alice"})
    assert workspace.state.stacks["UALICE0001"] == ()


async def test_home_is_published_when_somebody_opens_it(app, control):
    @app.event("app_home_opened")
    async def opened(event, client):
        home = {"type": "home", "blocks": [{"type": "divider"}]}
        await client.views_publish(user_id=event["user"], view=home)

    answer = await control("home", {"user": "bob"})
    assert answer["view"]["type"] == "home"


async def test_menu_sends_the_chosen_option_when_one_is_picked(app, slack, control):
    chosen = []

    @app.action("more")
    async def pick(ack, action):
        await ack()
        chosen.append(action["selected_option"]["value"])

    options = [{"text": plain(word), "value": word} for word in ("why", "abort")]
    menu = {"type": "overflow", "action_id": "more", "options": options}
    section = {"type": "section", "text": plain("x"), "accessory": menu}
    ts = (await slack.chat_postMessage(channel=RELEASES, text="x", blocks=[section]))["ts"]
    press = {"user": "bob", "ts": ts, "action": "more"}
    assert (await control("click", press | {"selected": "abort"}))["acked"]
    assert (await control("click", press | {"selected": "sing"}))["ok"] is False
    assert chosen == ["abort"]


async def test_right_row_is_pressed_when_two_buttons_share_an_action(app, slack, control):
    seen = []

    @app.action("open")
    async def pick(ack, action):
        await ack()
        seen.append(action["value"])

    def row(value):
        button = {"type": "button", "action_id": "open", "text": plain("Open"), "value": value}
        return {"type": "section", "text": plain(value), "accessory": button}

    blocks = [row("cart"), row("search")]
    ts = (await slack.chat_postMessage(channel=RELEASES, text="x", blocks=blocks))["ts"]
    press = {"user": "bob", "ts": ts, "action": "open"}
    await control("click", press | {"value": "search"})
    await control("click", press)
    assert seen == ["search", "cart"]
