"""What PagerDuty gets: one incident a rollout and revision, and its end."""

import pytest

from bot.adapters import outward, pager
from bot.model import errors, facts
from tests.adapters.outward.events import METRIC, OBJECT, event

KEY = "routing-key-that-nobody-may-see"


def made(receiver, **more):
    return pager.Pager(url=receiver.url, routing_key=KEY, **more)


async def test_pager_opens_an_incident_for_a_rollback_and_resolves_the_same_one(receiver):
    one = made(receiver)
    await one.deliver((event("rolled-back", metric=METRIC),), "")
    await one.deliver((event("recovered"),), "")
    opened, resolved = receiver.bodies()
    assert opened["event_action"] == "trigger" and resolved["event_action"] == "resolve"
    assert opened["dedup_key"] == resolved["dedup_key"] == "prod-eu/shop/checkout/u-1/h42"
    assert opened["routing_key"] == KEY
    assert opened["payload"]["summary"] == (
        "checkout v42 was rolled back, users are on v41, in prod-eu: "
        "success-rate 92.1 %, must be ≥ 99 %."
    )
    assert opened["payload"]["source"] == "prod-eu"
    assert opened["payload"]["custom_details"]["revision"]["number"] == 42
    assert "payload" not in resolved


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({}, "error"),
        ({"safe": False}, "critical"),
        ({"safe": False, "weight": 0}, "error"),
        ({"by": facts.Person(name="sam")}, "warning"),
    ],
    ids=["safe", "users on it", "never had traffic", "by a person"],
)
async def test_pager_is_as_loud_as_it_is_bad(receiver, more, severity):
    await made(receiver).deliver((event("rolled-back", **more),), "")
    assert receiver.bodies()[0]["payload"]["severity"] == severity


def test_pager_wants_rollbacks_and_their_end_only():
    one = pager.Pager(url="http://x", routing_key=KEY)
    wanted = [kind for kind in ("shipped", "needs-approval", "rolled-back", "recovered", "done")
              if one.targets(event(kind), OBJECT)]
    assert wanted == ["rolled-back", "recovered"]


@pytest.mark.parametrize(
    ("answer", "problem", "after"),
    [
        ((429, {"Retry-After": "7"}), errors.Unavailable, 7.0),
        ((503, {}), errors.Unavailable, None),
        ((400, {}), errors.Refused, None),
        ((302, {"Location": "http://127.0.0.1:1/"}), errors.Refused, None),
    ],
    ids=["429", "503", "400", "a redirect"],
)
async def test_pager_tells_what_may_be_tried_again_and_shows_no_secret(
    receiver, answer, problem, after
):
    receiver.script = [answer]
    with pytest.raises(problem) as raised:
        await made(receiver).deliver((event("rolled-back"),), "")
    assert getattr(raised.value, "retry_after_s", None) == after
    assert KEY not in str(raised.value) and "path-secret" not in str(raised.value)
    assert KEY not in repr(made(receiver)) and "path-secret" not in repr(made(receiver))


async def test_pager_gives_a_server_that_hangs_some_seconds_only(receiver, monkeypatch):
    monkeypatch.setattr(outward, "TIMEOUT_S", 0.2)
    receiver.script = ["hang"]
    with pytest.raises(errors.Unavailable, match="did not answer"):
        await made(receiver).deliver((event("rolled-back"),), "")
