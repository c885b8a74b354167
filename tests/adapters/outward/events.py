"""Events as a rollout of the messages' specification would give them."""

from datetime import UTC, datetime

from bot.model import facts, feed

AT = datetime(2026, 11, 23, 12, 14, 5, tzinfo=UTC)
ROLLOUT = facts.RolloutId(cluster="prod-eu", namespace="shop", name="checkout", uid="u-1")
V42 = facts.RevisionLabel(number=42, hash="h42", images=("checkout:v42",))
V41 = facts.RevisionLabel(number=41, hash="h41", images=("checkout:v41",))
OBJECT = {"metadata": {"namespace": "shop", "name": "checkout", "uid": "u-1"}}


def event(kind, **more):
    base = dict(
        kind=feed.Kind(kind),
        id=f"{kind}:20261123T121405Z",
        at=AT,
        rollout=ROLLOUT,
        revision=V42,
        stable=V41,
        weight=25,
    )
    return feed.Event(**{**base, **more})


METRIC = facts.MetricFact(name="success-rate", value_text="92.1 %", bound_text="≥ 99 %")
