"""What handlers may do, what is refused and with which sentence."""

import asyncio
from types import SimpleNamespace

import pytest

from bot.core import codec_status
from bot.core.policies import resolve
from bot.model import buttons, errors, facts, ports
from bot.model import policy as policies
from bot.model import world as domain
from bot.runtime import authorize, desk, finding, orders, scenery, templates, world
from tests.runtime import stage as stages
from tests.runtime import virtual

SAM = facts.Person(name="sam", slack_id="U0SAM")
EVE = facts.Person(name="eve", slack_id="U0EVE")


class Reader:
    """The stage's one rollout as the caches would show it."""

    cluster = "prod-eu"

    def __init__(self, stage, others=(), rules=None):
        self.stage = stage
        self.rules = rules or policies.Policy()
        self.others = list(others)
        rollouts = SimpleNamespace(
            list=lambda namespace="": [
                r
                for r in [stage.api.rollout, *self.others]
                if namespace in ("", r["metadata"]["namespace"])
            ],
            get=lambda namespace, name: next(
                (
                    r
                    for r in [stage.api.rollout, *self.others]
                    if (r["metadata"]["namespace"], r["metadata"]["name"]) == (namespace, name)
                ),
                None,
            ),
            observe=lambda obj: None,
        )
        self.caches = SimpleNamespace(rollouts=rollouts, workloads={})

    def see(self, rollout, spec):
        return self.stage.seen()

    def supported(self, rollout, spec):
        return None

    def policy(self, rollout):
        meta = rollout["metadata"]
        return resolve.resolve(
            self.rules,
            cluster="test",
            namespace=meta["namespace"],
            name=meta["name"],
            labels=meta.get("labels") or {},
            annotations=meta.get("annotations") or {},
        )


def other(name, namespace="shop"):
    made = stages.manifest(steps=stages.STEPS)
    made["metadata"].update(name=name, namespace=namespace, uid=f"u-{namespace}-{name}")
    return made


def open_desk(stage, others=(), passes=True, **more):
    view = scenery.Scenery(reader=Reader(stage, others, more.get("policy")), clock=virtual.now)
    loop = asyncio.get_running_loop()
    book = orders.Orders(
        scenery=view,
        api=stage.api,
        urgent=lambda key: loop.call_later(0.01, stage.decide) if passes else None,
    )
    stage.api.watchers.append(book.noticed)
    return desk.Desk(
        scenery=view,
        book=book,
        clock=virtual.now,
        rules=more.get("rules", stage.rules),
        members=more.get("members", stage.chat.members),
    )


async def moving(stage):
    stage.settle()
    stage.ship("app:v2")
    stage.settle()


async def at_gate(stage):
    await moving(stage)
    await asyncio.sleep(61)
    stage.settle()


@pytest.mark.row(131)
def test_desk_promotes_and_reads_the_answer_back():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        table = open_desk(stage)
        waiting = table.waiting()
        value = waiting.waiting[0].buttons[0].value
        reply = await table.press(value, "promote", SAM)
        again = await table.press(value, "promote", SAM)
        return stage, reply, again

    stage, reply, again = virtual.run(story())
    assert (reply.accepted, reply.sentence) == (True, "Approved: v2 goes on.")
    assert not again.accepted and again.sentence == (
        "This step is over: sam approved it at 2026-11-23 12:01 UTC; nothing was changed. "
        "checkout v2 is at 100 %."
    )
    handled = stage.api.rollout["status"]["rolloutBot"]["handled"]
    assert [h["actor"] for h in handled.values()] == ["sam (U0SAM)"]


def test_desk_lets_one_of_two_simultaneous_approvals_win():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        table = open_desk(stage)
        value = table.waiting().waiting[0].buttons[0].value
        return await asyncio.gather(
            table.press(value, "promote", SAM), table.press(value, "promote", SAM)
        )

    replies = virtual.run(story())
    assert sorted(r.accepted for r in replies) == [False, True]
    lost = next(r for r in replies if not r.accepted)
    assert lost.sentence.startswith("This step is over: sam approved it at")


def test_desk_aborts_from_a_button_of_an_earlier_step():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await moving(stage)
        table = open_desk(stage)
        old = table.get("shop/checkout").buttons[1].value
        await asyncio.sleep(61)
        stage.settle()
        return old.step, await table.press(old, buttons.ButtonKind.ABORT, SAM)

    step, reply = virtual.run(story())
    assert step == 1 and reply.accepted


def test_desk_refuses_whoever_may_not_and_says_whom_to_ask():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        return await open_desk(stage).submit("promote", "shop/checkout", EVE)

    reply = virtual.run(story())
    assert reply.sentence == "Only #checkout may approve this."
    assert reply.denied.ask == ("U0LEE", "U0SAM")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cluster": "prod-us"}, "This button belongs to prod-us; I run prod-eu."),
        ({"uid": "u-0"}, "This button is of an earlier rollout of that name; nothing was done."),
        ({"name": "gone"}, "This rollout is not there any more; nothing was done."),
        (
            {"revision": "other"},
            "Another revision is rolling out now; nothing was changed. checkout v2 is at 50 %.",
        ),
    ],
)
def test_desk_refuses_a_button_of_something_else(change, sentence):
    async def story():
        from dataclasses import replace

        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        table = open_desk(stage)
        value = table.waiting().waiting[0].buttons[0].value
        before = len(stage.api.writes)
        reply = await table.press(replace(value, **change), "promote", SAM)
        assert len(stage.api.writes) == before
        return reply

    assert virtual.run(story()).sentence == sentence


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("promote", "checkout v1 is done: nothing to promote. Ship a new version first."),
        ("abort", "checkout v1 is done: nothing to abort. Ship a new version first."),
        ("retry", "checkout v1 is done: nothing to retry. Ship a new version first."),
    ],
)
def test_desk_says_why_a_request_can_do_nothing(kind, sentence):
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.settle()
        return await open_desk(stage).submit(kind, "shop/checkout", SAM)

    assert virtual.run(story()).sentence == sentence


def test_desk_aborts_though_the_chat_hangs():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await moving(stage)
        stage.trouble.fail = lambda name, n: asyncio.Event().wait() if name == "members" else None
        start = virtual.now()
        reply = await open_desk(stage).submit("abort", "shop/checkout", EVE, reason="blank page")
        assert (virtual.now() - start).total_seconds() < 3
        return stage, reply

    stage, reply = virtual.run(story())
    assert reply.accepted
    assert codec_status.decode(stage.api.rollout["status"]).bot.abort["reason"] == "blank page"


@pytest.mark.parametrize("problem", [errors.Unavailable("x"), errors.Refused("x"), "hang"])
def test_desk_says_that_nothing_was_done_when_the_write_fails(problem):
    async def story():
        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        table = open_desk(stage)
        value = table.waiting().waiting[0].buttons[0].value

        def fail(name, number):
            if name not in {"write", "get"}:
                return None
            return asyncio.Event().wait() if problem == "hang" else problem

        stage.trouble.fail = fail
        return await table.press(value, "promote", SAM)

    reply = virtual.run(story())
    assert not reply.accepted and not reply.written
    assert reply.sentence.startswith("Nothing was done: the cluster")
    assert reply.sentence.endswith("The buttons still work.")


def test_desk_counts_a_write_whose_answer_was_lost():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        table = open_desk(stage)
        value = table.waiting().waiting[0].buttons[0].value
        stage.trouble.after = lambda name, n: (
            errors.Unavailable("lost") if name == "write" else None
        )
        return await table.press(value, "promote", SAM)

    assert virtual.run(story()).accepted


def test_desk_says_that_it_is_written_when_nobody_carries_it_out():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        return await open_desk(stage, passes=False).submit("promote", "shop/checkout", SAM)

    reply = virtual.run(story())
    assert reply.written and "not carried out yet" in reply.sentence


def test_desk_does_not_call_a_gate_over_when_its_answer_is_only_late():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        table = open_desk(stage, passes=False)
        value = table.waiting().waiting[0].buttons[0].value
        return await table.press(value, "promote", SAM)

    reply = virtual.run(story())
    assert reply.written and "not carried out yet" in reply.sentence


@pytest.mark.row(45)
def test_desk_sets_the_template_back_on_undo():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await moving(stage)
        table = open_desk(stage)
        unknown = await table.undo("shop/checkout", SAM, 7)
        reply = await table.undo("shop/checkout", SAM)
        stage.settle()
        again = await table.undo("shop/checkout", SAM, 3)
        return stage, unknown, reply, again

    stage, unknown, reply, again = virtual.run(story())
    assert unknown.sentence == "There is no revision v7; I know v1, v2."
    assert reply.sentence == "checkout goes back to v1."
    template = stage.api.rollout["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "app:v1"
    assert template["metadata"] == {"labels": {"app": "checkout"}}
    assert not again.accepted


def test_desk_sets_an_image_and_names_the_containers_it_knows():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.settle()
        table = open_desk(stage)
        wrong = await table.set_image("shop/checkout", SAM, "ap", "app:v3")
        for odd in ("app:v3 x", "<http://x|y>", "app\u202e:v3", "-app:v3", "app:é", "a" * 513, ""):
            refused = await table.set_image("shop/checkout", SAM, "app", odd)
            assert "is not the name of an image: it has letters, digits" in refused.sentence
        same = await table.set_image("shop/checkout", SAM, "app", "app:v1")
        return stage, wrong, same, await table.set_image("shop/checkout", SAM, "app", "app:v3")

    stage, wrong, same, reply = virtual.run(story())
    assert wrong.sentence == 'There is no container "ap"; there is app.'
    assert same.sentence == "app has the image app:v1 already."
    assert reply.accepted
    containers = stage.api.rollout["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "app:v3"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("checkout", "shop/checkout"),
        ("shop/checkout", "shop/checkout"),
        ("", "shop/checkout"),
        ("chekout", 'No rollout "chekout". Did you mean checkout, checkout-worker?'),
        ("shop/chekout", 'No rollout "chekout" in shop. Did you mean checkout, checkout-worker?'),
        ("x", 'No rollout "x".'),
        ("twin", 'There are 2 rollouts "twin". Say a/twin, b/twin.'),
    ],
)
def test_desk_finds_the_rollout_that_is_meant(text, found):
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.settle()
        others = [other("checkout-worker"), other("twin", "a"), other("twin", "b")]
        table = open_desk(stage, others if text else ())
        return table.find(text, channels=("#elsewhere",))

    answer = virtual.run(story())
    got = answer.key if isinstance(answer, finding.Found) else answer.sentence
    assert got == found


def test_desk_explains_why_it_stands_still():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await at_gate(stage)
        table = open_desk(stage)
        return table.why("shop/checkout"), table.rows()

    why, rows = virtual.run(story())
    assert why.sentences == (
        "checkout v2 is at 50 % because step 4 is an approval that nobody has given yet. "
        "It has been so since 2026-11-23 12:01 UTC (less than a minute).",
        "It moves on to 100 % when one of #checkout approves.",
    )
    assert [b.kind for b in why.buttons] == [buttons.ButtonKind.APPROVE, buttons.ButtonKind.ABORT]
    assert [row.what for row in rows.rows] == ["approval at 50 %"]


assert ports and world and authorize


def test_card_names_who_set_the_template_and_only_while_it_is_that_one():
    async def story(notes):
        stage = stages.Stage(stages.STEPS, annotations=notes)
        await moving(stage)
        table = open_desk(stage)
        assert (await table.set_image("shop/checkout", SAM, "app", "app:v3")).accepted
        stage.settle()
        set_by_sam = table.get("shop/checkout").change
        stage.ship("app:v4")
        stage.settle()
        return set_by_sam, table.get("shop/checkout").change

    stale = {"rollout-bot.io/shipped-by": "dana", "kubernetes.io/change-cause": "retry payments"}
    for notes in ({}, stale):
        sam, later = virtual.run(story(notes))
        assert sam.by == SAM
        assert sam.subject == ""
        assert (later.by.name if later.by else None) == notes.get("rollout-bot.io/shipped-by")


def test_desk_signs_a_template_where_there_are_no_annotations_yet():
    rollout = {"metadata": {"resourceVersion": "7"}}
    seen = SimpleNamespace(workload=None, namespace="shop", name="checkout")
    write = templates.write(rollout, SimpleNamespace(seen=seen), {"spec": {}}, SAM)
    *_, last = write.body
    assert last["path"] == "/metadata/annotations"
    (value,) = last["value"].values()
    assert value.endswith(" sam (U0SAM)")


def test_desk_changes_the_workload_where_the_rollout_takes_its_template_from_one():
    workload = domain.Workload(
        kind=ports.DEPLOYMENT, name="legacy", generation="3", resource_version="9"
    )
    seen = SimpleNamespace(workload=workload, namespace="shop", name="checkout")
    write = templates.write({"metadata": {}}, SimpleNamespace(seen=seen), {"spec": {}}, SAM)
    assert write.ref == ports.Ref(kind=ports.DEPLOYMENT, namespace="shop", name="legacy")
    test, replace, _ = write.body
    assert test["value"] == "9"
    assert replace == {"op": "replace", "path": "/spec/template", "value": {"spec": {}}}
