"""What a webhook gets, and that its receiver can tell who sent it."""

import hashlib
import hmac
import json

import pytest

from bot.adapters import webhooks
from bot.model import errors, feed
from tests.adapters.outward.events import METRIC, OBJECT, event

SECRET = "hook-secret-that-nobody-may-see"


def made(receiver, **more):
    base = dict(url=receiver.url, secret=SECRET, on=frozenset(feed.Kind), seconds=lambda: 1_800_000_000.9)
    return webhooks.Webhook(**{**base, **more})


async def test_webhook_signs_the_bytes_that_it_sends(receiver):
    await made(receiver).deliver((event("rolled-back", metric=METRIC),), "")
    ((headers, body),) = receiver.got
    stamp = headers["X-Rollout-Bot-Timestamp"]
    wanted = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert stamp == "1800000000"
    assert headers["X-Rollout-Bot-Signature"] == f"v1={wanted}"
    assert headers["X-Rollout-Bot-Id"] == json.loads(body)["id"]


async def test_webhook_sends_the_documented_body(receiver):
    await made(receiver).deliver((event("rolled-back", metric=METRIC),), "")
    body = receiver.bodies()[0]
    assert len(body.pop("id")) == 32
    assert body == {
        "version": 1,
        "type": "rolled-back",
        "at": "2026-11-23T12:14:05Z",
        "text": "checkout v42 was rolled back, users are on v41, in prod-eu: "
        "success-rate 92.1 %, must be ≥ 99 %.",
        "cluster": "prod-eu",
        "namespace": "shop",
        "rollout": "checkout",
        "uid": "u-1",
        "revision": {"number": 42, "hash": "h42", "images": ["checkout:v42"]},
        "stable": {"number": 41, "hash": "h41", "images": ["checkout:v41"]},
        "weight": 25,
        "safe": True,
        "by": None,
        "because": None,
        "metric": {"name": "success-rate", "value": "92.1 %", "bound": "≥ 99 %"},
    }


async def test_webhook_gives_a_repeat_the_same_id_and_another_event_another(receiver):
    one = made(receiver)
    for which in ("done", "done", "shipped"):
        await one.deliver((event(which),), "")
    first, again, other = (body["id"] for body in receiver.bodies())
    assert first == again != other


@pytest.mark.parametrize(
    ("on", "namespaces", "kind", "wanted"),
    [
        ({"done"}, (), "done", True),
        ({"done"}, (), "shipped", False),
        ({"done"}, ("shop",), "done", True),
        ({"done"}, ("sh*",), "done", True),
        ({"done"}, ("bank",), "done", False),
    ],
)
def test_webhook_gets_what_it_asked_for(on, namespaces, kind, wanted):
    one = webhooks.Webhook(
        url="http://x", secret=SECRET, on=frozenset(map(feed.Kind, on)), namespaces=namespaces
    )
    assert bool(one.targets(event(kind), OBJECT)) is wanted


async def test_webhook_shows_no_secret_when_it_is_refused(receiver):
    receiver.script = [(401, {})]
    one = made(receiver)
    with pytest.raises(errors.Refused) as raised:
        await one.deliver((event("done"),), "")
    for text in (str(raised.value), repr(one), one.name):
        assert SECRET not in text and "path-secret" not in text


async def test_webhook_that_nobody_listens_to_may_be_tried_again():
    one = webhooks.Webhook(url="http://127.0.0.1:1/x", secret=SECRET, on=frozenset(feed.Kind))
    with pytest.raises(errors.Unavailable):
        await one.deliver((event("done"),), "")
