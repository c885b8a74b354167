"""Freezes: nothing in their scope moves forward until they end or somebody ends them.

Where they are kept is the runtime's; those whose scope has this rollout are in ``Seen``.
"""

import fnmatch
from datetime import datetime

from bot.core import broken, moments
from bot.core import draft as draft_module
from bot.core.notices import people
from bot.model import holds, policy

RULE = "freeze:"
_NAMED = 4


def held(d: draft_module.Draft, index: int) -> holds.Hold | None:  # noqa: ARG001 - one shape for all
    """The freeze that lasts longest, where one holds this rollout."""
    found = holding(d)
    if not found:
        return None
    longest = max(found, key=lambda one: (one.until is None, one.until or one.at, one.id))
    return holds.Hold(
        rule=f"{RULE}{longest.id}",
        sentence=words(longest),
        frees=frees(found, longest.until),
        until=longest.until,
    )


def holding(d: draft_module.Draft) -> tuple[policy.Freeze, ...]:
    """Every freeze that this revision must wait for."""
    passed = broken.since(d)
    found = applying(
        d.seen.freezes, d.seen.namespace, d.seen.name, d.now, revision=d.family.new.hash
    )
    return tuple(one for one in found if passed is None or one.at > passed)


def applying(
    found: tuple[policy.Freeze, ...],
    namespace: str,
    name: str,
    now: datetime,
    *,
    revision: str = "",
) -> tuple[policy.Freeze, ...]:
    """Those that hold this rollout now, with this ``revision`` (its hash) on the way."""
    key = f"{namespace}/{name}"
    passes = {key, lifted(key, revision)} if revision else {key}
    return tuple(
        one
        for one in found
        if in_force(one, now)
        and covers(one.scope, namespace, name)
        and not passes & set(one.lifted_for)
    )


def lifted(key: str, revision: str) -> str:
    """How a freeze names one revision of a rollout that it does not hold, and no later one."""
    return f"{key}@{revision}"


def in_force(freeze: policy.Freeze, now: datetime) -> bool:
    """At the instant of its end it holds nothing any more."""
    return freeze.lifted_at is None and (freeze.until is None or now < freeze.until)


def covers(scope: policy.Scope, namespace: str, name: str) -> bool:
    """Whether a rollout is within ``scope``: its texts are globs, an empty one is everything."""
    parts = ((scope.namespace, namespace), (scope.name, name))
    return all(not glob or fnmatch.fnmatchcase(text, glob) for glob, text in parts)


def words(freeze: policy.Freeze) -> str:
    """As in "freeze until 2026-11-27 18:00 UTC by dana: db incident"."""
    what = "stop-the-line" if freeze.stop else "freeze"
    until = f" until {moments.utc(freeze.until)}" if freeze.until is not None else ""
    reason = f": {freeze.reason}" if freeze.reason else ""
    return f"{what}{until} by {who(freeze)}{reason}"


def who(freeze: policy.Freeze) -> str:
    person = people.decode(freeze.by)
    return person.name if person is not None and person.name else "somebody"


def frees(found: tuple[policy.Freeze, ...], until: datetime | None) -> str:
    """All that hold it must end: the end of one of several moves nothing."""
    ids = [f"/rollout unfreeze {one.id}" for one in found[:_NAMED]]
    more = [f"of {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    ended = " and ".join([*ids, *more])
    if until is None:
        return f"It goes on after {ended}."
    return f"It goes on at {moments.utc(until)}, or after {ended}."
