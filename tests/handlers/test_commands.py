"""``/rollout`` as a person types it: every command, near misses, and who may not."""

import asyncio
from types import SimpleNamespace

from dataclasses import replace

import pytest

from bot.model import errors
from bot.runtime import orders
from handlers import asking, commands, slash


async def test_person_sees_every_rollout_when_asking_for_the_list(office):
    answer = await office.command("list")
    assert answer.startswith("2 rollouts in prod-eu: ")
    assert "checkout v2" in answer


async def test_person_sees_what_waits_with_its_buttons_when_typing_the_bare_command(office):
    answer = await office.command("")
    assert "wait" in answer and "approval at 50 %" in answer.replace("\u202f", " ")
    actions = [b for b in office.whispers()[-1].blocks if b["type"] == "actions"]
    assert {e["action_id"] for b in actions for e in b["elements"]} >= {"rollout:approve"}


async def test_person_who_may_not_approve_is_told_that_it_waits_for_others(office):
    office.desk.rules = replace(office.desk.rules, approvers={"shop/*": ("U0OTHER",)})
    answer = (await office.command("")).replace("\u202f", " ")
    assert answer.startswith("Nothing waits for you in prod-eu. 1 waits for others: checkout v2")
    kinds = [block["type"] for block in office.whispers()[-1].blocks]
    assert "actions" not in kinds


async def test_person_sees_the_card_when_asking_for_one_rollout(office):
    assert "checkout v2" in await office.command("get shop/checkout")


async def test_person_is_told_what_holds_a_rollout_when_asking_why(office):
    assert "an approval that nobody has given yet" in await office.command("why checkout")


async def test_member_promotes_when_a_rollout_waits(office):
    assert await office.command("promote checkout") == "Approved: v2 goes on."
    assert office.asked() == ["promote"]


async def test_member_skips_all_steps_when_promoting_in_full(office):
    await office.command("promote checkout --full")
    assert office.asked() == ["promote-full"]


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ('abort checkout "payments page blank"', "payments page blank"),
        ("abort checkout users can't pay", "users can't pay"),
        ('abort checkout "blank page', '"blank page'),
        ("ABORT checkout a < b & c", "a < b & c"),
        ("abort checkout", ""),
    ],
)
async def test_member_aborts_whatever_quotes_the_reason_has(office, typed, reason):
    await office.command(typed)
    assert office.asked() == ["abort"]
    block = office.stage.api.rollout["status"]["rolloutBot"]
    assert (block["abort"].get("reason") or "") == reason


async def test_member_retries_when_an_update_was_aborted(office):
    await office.command("abort checkout")
    await office.command("retry checkout")
    assert sorted(office.asked()) == ["abort", "retry"]


@pytest.mark.row(45)
@pytest.mark.parametrize(
    "typed",
    [
        "undo checkout",
        "undo checkout --to-revision 1",
        "undo --to-revision=1 checkout",
        "undo checkout —to-revision 1",
    ],
)
async def test_member_gets_the_earlier_template_back_when_undoing(office, typed):
    assert await office.command(typed) == "checkout goes back to v1."
    assert office.images() == ["app:v1"]


async def test_member_ships_another_image_when_setting_one(office):
    await office.command("set-image checkout app=app:v3")
    assert office.images() == ["app:v3"]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("promot checkout", "I know list, get, why, plan, promote, abort, retry, undo, set-image, "
                            "break-glass, freeze, unfreeze, stop-the-line, history, audit, "
                            "subscribe, unsubscribe, help. Did you mean promote?"),
        ("approve checkout", "I know list, get, why, plan, promote, abort, retry, undo, "
                             "set-image, break-glass, freeze, unfreeze, stop-the-line, history, "
                             "audit, subscribe, unsubscribe, help. Did you mean promote?"),
        ("rollback checkout", "I know list, get, why, plan, promote, abort, retry, undo, "
                              "set-image, break-glass, freeze, unfreeze, stop-the-line, history, "
                              "audit, subscribe, unsubscribe, help. Did you mean abort, undo?"),
        ("list shop extra words", 'list takes one NAMESPACE or none, not "shop extra words".'),
        ("list shop/checkout", 'list takes one NAMESPACE or none, not "shop/checkout".'),
        ("list --all", "This command knows no options, not --all. Nothing was done."),
        ("get checkout --json", "This command knows no options, not --json. Nothing was done."),
        ("why --json", "This command knows no options, not --json. Nothing was done."),
        ("get shop/", '"shop/" names no rollout: say NAME or NAMESPACE/NAME.'),
        ("why /checkout", '"/checkout" names no rollout: say NAME or NAMESPACE/NAME.'),
        ("get a/b/c", '"a/b/c" names no rollout: say NAME or NAMESPACE/NAME.'),
        ("promote chekout", 'No rollout "chekout". Did you mean checkout, checkout-worker?'),
        ("promote checkout --ful", "This command knows only --full, not --ful. Nothing was done."),
        ("undo checkout --to-revsion=1",
         "This command knows only --to-revision, not --to-revsion=1. Nothing was done."),
        ("undo checkout --to-revision", '"" is no revision number. Nothing was done.'),
        ("undo checkout --to-revision 7", "There is no revision v7; I know v1, v2."),
        ("retry checkout --now", "This command knows no options, not --now. Nothing was done."),
        ("set-image checkout app=", "Both the container and the image must be named: "
                                    "CONTAINER=IMAGE."),
        ("set-image checkout", "set-image takes one CONTAINER=IMAGE, as in set-image checkout "
                               "app=checkout:v42."),
    ],
)  # fmt: skip
async def test_person_is_told_what_was_wrong_when_nothing_can_be_done(office, typed, answer):
    writes = len(office.stage.api.writes)
    assert await office.command(typed) == answer
    assert len(office.stage.api.writes) == writes


@pytest.mark.parametrize("name", sorted(commands.TABLE))
@pytest.mark.parametrize("typed", ["help {}", "{} --help", "{} checkout -h"])
async def test_person_reads_how_a_command_is_used_and_nothing_happens(office, name, typed):
    writes = len(office.stage.api.writes)
    answer = await office.command(typed.format(name))
    assert answer.startswith(f"/rollout {name}") and "example: /rollout" in answer
    assert len(office.stage.api.writes) == writes


@pytest.mark.parametrize("typed", ["help", "--help", "Help"])
async def test_person_reads_every_command_when_asking_for_help(office, typed):
    answer = await office.command(typed)
    assert all(f"/rollout {name}" in answer for name in commands.TABLE)


@pytest.mark.parametrize(
    "typed", ["promote", "promote --full", "abort", "retry", "undo", "set-image app=app:v3"]
)
async def test_guest_changes_nothing_when_a_full_member_is_needed(office, typed):
    name, *rest = typed.split()
    writes = len(office.stage.api.writes)
    answer = await office.command(" ".join([name, "checkout", *rest]), user="guest")
    assert answer.startswith("Only #releases may ")
    assert len(office.stage.api.writes) == writes


@pytest.mark.parametrize("text", ["", "a 'b c' d", "it's", '"', "\\", "a\u201cb c\u201d"])
def test_words_are_split_without_an_error_whatever_was_typed(text):
    assert all(isinstance(word, str) for word in asking.words(text))


CLUSTER = {
    "forbidden": lambda: errors.Forbidden("may not patch rollouts/status: no right"),
    "away": lambda: errors.Unavailable("refused"),
    "hangs": lambda: asyncio.Event().wait(),
}


@pytest.mark.parametrize("typed", ["promote", "abort", "retry", "set-image app=app:v3", "undo"])
@pytest.mark.parametrize("how", CLUSTER)
async def test_person_gets_a_sentence_when_the_cluster_refuses_or_is_away(
    office, monkeypatch, typed, how
):
    monkeypatch.setattr(orders, "WRITE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(orders, "LOOK_TIMEOUT_S", 0.05)
    if typed == "retry":
        await office.command("abort checkout")
    office.stage.trouble.fail = lambda name, number: (
        CLUSTER[how]() if name in {"write", "get"} else None
    )
    first, _, rest = typed.partition(" ")
    answer = await office.command(f"{first} checkout {rest}")
    assert answer.startswith("Nothing was done: the cluster")
    assert ("the role rollout-bot lacks a right" in answer) is (how == "forbidden")


@pytest.mark.parametrize("typed", ["", "list", "get checkout", "why checkout"])
async def test_person_is_told_how_old_an_answer_is_when_the_cluster_is_away(office, typed):
    office.desk.silence = lambda: 125.0
    answer = (await office.command(typed)).replace("\u202f", " ")
    assert answer.startswith("The cluster has not answered for 2 min: this is how it stood then.")
    assert "checkout" in answer
    office.desk.silence = lambda: 2.0
    assert "not answered" not in await office.command(typed)


async def test_abort_is_not_held_up_when_a_crowd_asks_questions(office, monkeypatch):
    """The questions hang; what changes something takes no turn behind them."""
    hang = asyncio.Event()

    async def waiting(_):
        await hang.wait()
        return asking.sentence("late")

    monkeypatch.setitem(commands.TABLE, "why", SimpleNamespace(run=waiting, USAGE=("why",)))
    act = office.workspace.interactions.command
    for _ in range(slash.READS_AT_ONCE + 3):
        done = await act(user="bob", channel="releases", text="/rollout why checkout")
        assert done["acked"]
    await office.command("abort checkout")
    assert office.asked() == ["abort"]
    hang.set()
    await office.until(lambda: len(office.whispers("bob")) == slash.READS_AT_ONCE + 3)


@pytest.mark.parametrize(
    ("typed", "asks"),
    [
        ("", True), ("list", True), (" Get checkout", True), ("plan checkout", True),
        ("history", True), ("audit checkout 30d", True), ("freeze", True), ("subscribe  ", True),
        ("freeze shop/* 2h db", False), ("subscribe checkout", False), ("abort checkout", False),
        ("unfreeze", False), ("stop-the-line", False), ("promote", False),
    ],
)  # fmt: skip
def test_only_what_changes_nothing_takes_a_turn_behind_other_questions(typed, asks):
    assert slash.only_reads({"text": typed}) is asks


async def test_person_is_told_that_too_many_ask_when_no_turn_comes(office, monkeypatch):
    hang = asyncio.Event()

    async def waiting(_):
        await hang.wait()
        return asking.sentence("late")

    monkeypatch.setitem(commands.TABLE, "why", SimpleNamespace(run=waiting, USAGE=("why",)))
    act = office.workspace.interactions.command
    for _ in range(slash.READS_AT_ONCE):
        await act(user="bob", channel="releases", text="/rollout why checkout")
    monkeypatch.setattr(slash, "TIMEOUT_S", 0.05)
    assert await office.command("get checkout") == slash.BUSY
    hang.set()
    await office.until(lambda: len(office.whispers("bob")) == slash.READS_AT_ONCE)
