"""The post-mortem of an abort: one file in the thread of the alert, with the facts and no secret."""

import asyncio
import re

import pytest

from bot.model import errors
from bot.model.messenger import Place
from tests.runtime import stage as stages
from tests.runtime import test_aftermath, test_announce, virtual

MARKER = "marker-of-a-secret"
TOKEN = "xoxb-" + "1234-abcd"


async def rest(seconds=30):
    await asyncio.sleep(seconds)


class Api(stages.Api):
    """The stage's, with events of pods."""

    events: list | None = None

    async def list(self, kind, *, namespace="", selector=""):
        if kind.plural != "events":
            return await super().list(kind, namespace=namespace, selector=selector)
        if self.events is None:
            raise errors.Forbidden("events: list")
        return self.events


def planted(stage):
    """A run with a secret wherever one can stand."""
    run = stages.run_object(stage)
    run.raw["spec"]["args"].append(
        {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    )
    run.raw["spec"]["metrics"].append(
        {
            "name": "checks",
            "successCondition": "result == 1",
            "provider": {
                "web": {
                    "url": f"https://bot:{MARKER}@checks.example/x?api_key={MARKER}&team=shop",
                    "headers": [{"key": "Authorization", "value": f"Bearer {MARKER}"}],
                    "body": MARKER,
                    "jsonPath": "{$.ok}",
                }
            },
        }
    )
    run.raw["status"]["metricResults"].append(
        {
            "name": "checks",
            "phase": "Error",
            "measurements": [
                {
                    "phase": "Error",
                    "message": f"GET https://bot:{MARKER}@checks.example Bearer {MARKER} {TOKEN}",
                    "startedAt": "2026-11-23T12:00:10Z",
                }
            ],
        }
    )
    return run


async def aborted(stage, by="", reason=""):
    stage.api.__class__ = Api
    stage.start()
    stage.settle()
    await rest()
    fresh = stage.api.rollout["spec"]["template"]["spec"]["containers"][0]
    fresh["env"] = [{"name": "PASSWORD", "value": MARKER}]
    stage.ship("app:v2")
    stage.settle()
    await rest()
    name = next(rs.name for rs in stage.sets.values() if rs.revision == 2)
    if stage.api.events is not None:
        stage.api.events = [
            event("Pod", f"{name}-x1", "BackOff", "Back-off | <restarting> *failed*", count=3),
            event("Pod", "other-1", "Killing", "of somebody else"),
            event("ReplicaSet", name, "SuccessfulCreate", f"pod with {TOKEN}"),
        ]
    stage.runs = [planted(stage)]
    abort = {"cause": "Step-based analysis phase error/failed: x"}
    if by:
        abort = {"by": by, "reason": reason}
    stage.patch(
        abort=True,
        abortedAt=virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        pauseConditions=None,
        rolloutBot={"abort": abort},
    )
    stage.settle()
    await rest(200)
    stage.settle()
    await rest(200)


def event(kind, name, reason, message, count=1):
    return {
        "involvedObject": {"kind": kind, "name": name},
        "reason": reason,
        "message": message,
        "count": count,
        "lastTimestamp": "2026-11-23T12:00:31Z",
    }


def played(events=(), trouble=None, **more):
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.api.__class__ = Api
        stage.api.events = None if events is None else list(events)
        if trouble is not None:
            trouble(stage)
        await aborted(stage, **more)
        return stage

    return virtual.run(story())


def section(text, name):
    return text.split(f"## {name}\n", 1)[1].split("\n## ", 1)[0]


def test_abort_leaves_one_file_in_the_thread_of_its_alert():
    stage = played()
    ((place, text, name, title),) = stage.chat.files
    alert = next(
        Place(channel=c, ts=ts)
        for (c, ts), m in stage.chat.messages.items()
        if "rolled back" in m["message"].text and "must be" in m["message"].text
    )
    assert place == alert
    assert (name, title) == ("post-mortem-checkout-v2.md", "checkout v2: post-mortem")
    assert text.startswith("# checkout v2 went back to v1\n")
    timeline = section(text, "Timeline")
    words = ["shipped", "25 % of traffic", "success-rate failed for the first time", "rolled back"]
    assert [timeline.index(word) for word in words] == sorted(timeline.index(w) for w in words)
    assert "app:v2" in section(text, "Images")
    assert "app:v1" in section(text, "Images")


def test_file_has_every_measured_value_against_its_bound_and_the_query():
    ((_, text, _, _),) = played().chat.files
    metric = section(text, "Metrics")
    for value in ("99.9 %", "92.1 %", "92 %"):
        assert re.search(rf"\| {value} \| ≥ 99 % \|", metric), metric
    assert 'ok{version="' in metric
    assert "good: result[0] >= 0.99" in metric
    assert "bad since" in section(text, "What was done and how long it took")


def test_file_holds_no_secret_and_no_markup_of_others():
    ((_, text, _, _),) = played(by="sam (U0SAM)", reason=f"<!channel> | # *x* {TOKEN}").chat.files
    assert MARKER not in text
    assert TOKEN not in text
    assert "checks.example/x?api\\_key=…&amp;team=shop" in text
    events = section(text, "Pod events")
    assert "Back-off \\| &lt;restarting\\> \\*failed\\* \\(× 3\\)" in events
    assert "somebody else" not in events
    assert "by sam: &lt;\\!channel\\>" in text
    assert "sam: " in section(text, "Who took part")


def test_file_says_where_events_could_not_be_read():
    ((_, text, _, _),) = played(events=None).chat.files
    assert "They could not be read." in section(text, "Pod events")


def test_file_comes_once_though_the_bot_is_killed_and_the_chat_says_no():
    def trouble(stage):
        calls = []

        def fail(name, number):
            if name == "upload_text":
                calls.append(number)
                return errors.Unavailable("busy") if len(calls) < 3 else None
            return None

        stage.trouble.fail = fail

    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.api.__class__ = Api
        stage.api.events = []
        trouble(stage)
        await aborted(stage)
        first = len(stage.chat.files)
        stage.start()
        stage.settle()
        await rest(300)
        return first, stage

    first, stage = virtual.run(story())
    assert (first, len(stage.chat.files)) == (1, 1)


def measured(answer):
    stage = stages.Stage(stages.STEPS)
    stage.api.__class__ = Api
    stage.api.events = []
    stage.providers = {"prometheus": test_aftermath.Prometheus(answer)}
    return stage


COMMITTED = "2026-11-23T11:00:00Z"


async def bad(stage):
    stage.api.rollout["metadata"]["annotations"]["rollout-bot.io/commit-time"] = COMMITTED
    await test_announce.bad(stage)


@pytest.mark.parametrize(
    ("value", "helped", "after_s"),
    [(0.997, "users are well again: success-rate 99.7 % \\(≥ 99 %\\)", 40),
     (0.93, "not restored: success-rate 93 % \\(≥ 99 %\\)", 150)],
)  # fmt: skip
def test_file_waits_for_whether_the_rollback_helped_and_says_it(value, helped, after_s):
    async def story():
        stage = measured(lambda query, now: value)
        await bad(stage)
        early = len(stage.chat.files)
        await rest(after_s)
        stage.settle()
        await rest(130)
        return stage, early

    stage, early = virtual.run(story())
    assert early == 0
    ((_, text, _, _),) = stage.chat.files
    assert f"did it help: {helped}" in text
    took = section(text, "What was done and how long it took")
    rows = [line.split(" | ")[0].strip("| ") for line in took.splitlines() if line.startswith("| ")]
    assert rows[2:] == [
        "committed", "shipped", "bad since", "detected and decided", "25 % → 0 % of traffic",
        "users well again",
    ]  # fmt: skip
    assert "2026-11-23 11:00:00" in took
    assert bool(re.search(r"users well again \| +\| +\|", took)) is (value == 0.93)


def test_abort_that_never_gets_safe_gets_its_file_too():
    async def story():
        stage = measured(lambda query, now: 0.997)
        stage._apply = stuck(stage)
        await bad(stage)
        await rest(9 * 60)
        early = len(stage.chat.files)
        await rest(2 * 60)
        return stage, early

    stage, early = virtual.run(story())
    assert not stage.api.rollout["status"]["rolloutBot"]["abort"].get("safeAt")
    assert early == 0
    ((_, text, _, _),) = stage.chat.files
    assert text.startswith("# checkout v2 is on its way back to v1\n")
    assert "users were not known to be off it" in text


def stuck(stage):
    """Once aborted, nothing that is wanted happens any more."""
    apply = stage._apply

    def carried_out(decision):
        if not (stage.api.rollout.get("status") or {}).get("abort"):
            apply(decision)

    return carried_out


def test_file_of_an_abort_comes_though_somebody_tries_again_meanwhile():
    async def story():
        stage = measured(lambda query, now: 0.93)
        await bad(stage)
        await rest(20)
        retry = {"kind": "retry", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
        stage.runs = []
        stage.patch(rolloutBot={"version": 1, "intents": {"i9": retry}})
        stage.settle()
        assert not stage.api.rollout["status"].get("abort")
        await rest(30)
        return stage

    ((_, text, _, _),) = virtual.run(story()).chat.files
    assert text.startswith("# checkout v2 went back to v1\n")


def test_shutdown_does_not_wait_for_a_file_that_is_not_due():
    async def story():
        stage = measured(lambda query, now: 0.93)
        await bad(stage)
        begun = virtual.now()
        await stage.announcer.drain(timeout_s=60)
        return stage, (virtual.now() - begun).total_seconds()

    stage, took_s = virtual.run(story())
    assert stage.chat.files == [] and took_s < 5
