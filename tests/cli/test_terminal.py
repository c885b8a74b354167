"""People at a terminal: what they read, what they may, and whose name the card then says."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.cli import acting, asking, leading, outcome, reading, telling
from bot.core.notices import people
from bot.model import facts
from bot.render import words
from bot.runtime import authorize, orders, rights
from tests.runtime import stage as stages
from tests.runtime import test_desk

ANNA = facts.Person(name="anna@example.com", user="anna@example.com")
STEPS = [{"setWeight": 50}, {"pause": {}}]
ALL = frozenset(rights.NEEDED)


@pytest.fixture
async def stage():
    made = stages.Stage(STEPS)
    made.settle()
    made.ship("app:v2")
    made.settle()
    return made


@pytest.fixture
async def terminal(stage):
    """Opens a terminal: who may what, and who leads."""

    def opened(*, may=ALL, leaderless="", unruled="", named=(), others=(), passes=True):
        rules = authorize.Rules(approvers={"*": named} if named else {})
        desk = test_desk.open_desk(stage, others, rules=rules, members=None, passes=passes)

        async def review(actor, action, rollout):
            assert actor == ANNA
            return action in may

        async def leads():
            return leaderless

        desk.review = review
        return asking.Ask(
            desk=desk, person=ANNA, namespace="shop", leaderless=leads, unruled=unruled
        )

    return opened


def asked(stage):
    block = stage.api.rollout.get("status", {}).get("rolloutBot", {})
    found = {**block.get("intents", {}), **block.get("handled", {})}
    return [(one["kind"], one["actor"]) for one in found.values() if one]


BY_ANNA = "anna@example.com (terminal)"


async def test_anna_sees_each_rollout_in_a_line_when_listing(terminal):
    found = await reading.listed(terminal(others=[test_desk.other("cart")]))
    assert found.code == outcome.DONE
    head, first, *_ = found.text.splitlines()
    assert head.split() == ["ROLLOUT", "REVISION", "SINCE", "STATE"]
    assert first.startswith("⏸  shop/checkout  v2") and first.endswith("approval at 50 %")
    row = found.data[0]
    assert (row["rollout"]["name"], row["news"], row["revision"]["number"]) == ("checkout", "waits", 2)
    json.dumps(found.data)


async def test_anna_reads_that_nothing_is_there_when_nothing_is(terminal, stage):
    ask = terminal()
    stage.api.rollout["metadata"]["namespace"] = "elsewhere"
    assert (await reading.listed(ask)).text == "There is no rollout in the namespace shop."


async def test_anna_sees_the_card_and_what_holds_it(terminal):
    card = await reading.got(terminal(), "checkout")
    assert card.text.splitlines()[0] == "⏸ shop/checkout v2: waits at 50 %"
    assert "▶ " in card.text and "canary v2: " in card.text
    assert "buttons" not in card.data
    held = await reading.why(terminal(), "checkout")
    assert "an approval that nobody has given yet" in held.text
    assert held.data["sentences"] == held.text.splitlines()


def test_nothing_from_outside_steers_the_terminal():
    said = telling.line("red \x1b[31m\u202eevil\r\nnext \x9b2J")
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in said)
    assert "\u202e" not in said


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("promote", "Approved: v2 goes on."), ("promote-full", None), ("abort", None)],
)
async def test_anna_is_named_when_she_acts(terminal, stage, kind, sentence):
    found = await acting.submitted(terminal(), kind, "checkout", reason="wrong prices")
    assert found.code == outcome.DONE and found.data["done"] is True
    assert sentence in {None, found.text}
    assert asked(stage) == [(kind, BY_ANNA)]


async def test_anna_opens_the_gate_it_stands_at_and_no_other(terminal, stage):
    assert (await acting.approved(terminal(), "checkout")).text == "Approved: v2 goes on."
    assert asked(stage) == [("promote", BY_ANNA)]
    stage.settle()
    again = await acting.approved(terminal(), "checkout")
    assert (again.code, again.text) == (
        outcome.REFUSED,
        "shop/checkout waits for no approval now; nothing was done.",
    )


@pytest.mark.parametrize("kind", ["promote", "promote-full", "abort", "retry"])
async def test_anna_is_refused_when_the_cluster_does_not_give_her_the_right(terminal, stage, kind):
    found = await acting.submitted(terminal(may=ALL - {kind}), kind, "checkout")
    right = rights.NEEDED[kind]
    assert found.code == outcome.REFUSED
    assert found.text.startswith("The cluster does not let anna@example.com ")
    assert found.text.endswith(f"that needs the verb {right.verb} on {right.resource}.")
    assert asked(stage) == []


async def test_anna_is_refused_a_template_when_the_cluster_does_not_give_her_the_right(
    terminal, stage
):
    ask = terminal(may=frozenset())
    before = stage.api.rollout["spec"]
    for found in (
        await acting.undone(ask, "checkout", None),
        await acting.image_set(ask, "checkout", "app=app:v3"),
    ):
        assert found.code == outcome.REFUSED and "patch on rollouts." in found.text
    assert stage.api.rollout["spec"] == before


@pytest.mark.parametrize(
    ("named", "may"),
    [
        (("U0LEE",), False),
        (("anna@example.com", "@anna@example.com"), False),
        (("user:bert",), False),
        (("U0LEE", "user:anna@example.com"), True),
    ],
)
async def test_anna_approves_without_the_verb_only_where_she_is_named(terminal, stage, named, may):
    ask = terminal(named=named, may=ALL - {"promote"})
    found = await acting.submitted(ask, "promote", "checkout")
    assert (found.code == outcome.DONE) is may
    assert bool(asked(stage)) is may


async def test_anna_aborts_whoever_is_named_to_approve(terminal, stage):
    await acting.submitted(terminal(named=("U0LEE",)), "abort", "checkout")
    assert asked(stage) == [("abort", BY_ANNA)]


async def test_anna_cannot_approve_but_abort_when_the_rules_are_not_to_be_read(terminal, stage):
    ask = terminal(unruled="You may not read the settings.")
    for found in (
        await acting.submitted(ask, "promote", "checkout"),
        await acting.submitted(ask, "promote-full", "checkout"),
        await acting.approved(ask, "checkout"),
    ):
        assert (found.code, found.text) == (outcome.REFUSED, "You may not read the settings.")
    assert asked(stage) == []
    assert (await acting.submitted(ask, "abort", "checkout")).code == outcome.DONE


async def test_anna_is_told_that_nobody_leads_when_nobody_answers(terminal, stage, monkeypatch):
    monkeypatch.setattr(orders, "ANSWER_TIMEOUT_S", 0.02)
    ask = terminal(passes=False, leaderless="No bot leads now.")
    found = await acting.submitted(ask, "abort", "checkout")
    assert found.code == outcome.REFUSED
    assert found.text == (
        "No bot leads now. The request is written down and counts for 60 s. "
        "Nothing happens before a bot leads."
    )
    assert asked(stage) == [("abort", BY_ANNA)]
    found = await acting.submitted(terminal(passes=False), "abort", "checkout")
    assert "has not carried it out yet" in found.text


async def test_anna_is_told_that_the_cluster_is_away(terminal, stage):
    ask = terminal()
    stage.trouble.fail = lambda name, number: TimeoutError() if name in {"write", "get"} else None
    found = await acting.submitted(ask, "abort", "checkout")
    assert (found.code, found.text) == (outcome.AWAY, orders.NOT_DONE)


@pytest.mark.parametrize(
    ("pair", "code"), [("app=app:v3", outcome.DONE), ("app", outcome.USAGE), ("=x", outcome.USAGE)]
)
async def test_anna_ships_an_image_when_she_names_both(terminal, stage, pair, code):
    found = await acting.image_set(terminal(), "checkout", pair)
    assert found.code == code
    image = stage.api.rollout["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == ("app:v3" if code == outcome.DONE else "app:v2")


async def test_anna_is_told_what_there_is_when_a_name_is_wrong(terminal):
    with pytest.raises(asking.Unknown) as raised:
        await reading.got(terminal(), "chekout")
    answer = raised.value.answer
    assert answer.text == 'No rollout "chekout". Did you mean checkout?'
    assert answer.code == outcome.REFUSED


def test_person_at_a_terminal_is_known_again_and_shown_so():
    assert people.decode(people.encode(ANNA)) == ANNA
    assert words.person(ANNA) == words.mention(ANNA) == "anna@example.com with the terminal"


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (None, "No bot leads here: there is no lease ns/l."),
        ({}, "nobody holds"),
        ({"holderIdentity": ""}, "nobody holds"),
        ({"holderIdentity": "a"}, "has not been renewed ever"),
        ({"holderIdentity": "a", "renewTime": "soon"}, "has not been renewed ever"),
        ({"holderIdentity": "a", "renewTime": (NOW - timedelta(seconds=31)).isoformat()},
         "has not been renewed since 2026-11-23 11:59:29 UTC"),
        ({"holderIdentity": "a", "renewTime": (NOW - timedelta(seconds=29)).isoformat()}, ""),
        ({"holderIdentity": "a", "renewTime": "2026-11-23T11:59:59.000000Z"}, ""),
        ({"holderIdentity": "a", "leaseDurationSeconds": 60,
          "renewTime": (NOW - timedelta(seconds=100)).isoformat()}, ""),
    ],
)
def test_lease_says_whether_a_bot_leads(spec, said):
    lease = None if spec is None else {"spec": spec}
    found = leading.leaderless(lease, where="ns/l", now=NOW)
    assert (said in found) if said else not found


def test_intent_of_a_terminal_fits_the_block():
    long = facts.Person(name="x" * 500, user="x" * 500)
    assert len(people.encode(long)) < 140
    assert people.decode(people.encode(long)).user
