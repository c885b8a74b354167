"""The section ``people`` of the policy file, raw → typed: one entry a person."""

import re
from collections.abc import Callable
from typing import Any

from bot.core.policies import reading
from bot.model import policy

PEOPLE_LIMIT = 2_000
WAYS_LIMIT = 20
USER_LIMIT = 120
"""A request bears so much of a user's name: of two that are longer nobody could tell."""
_KEYS = ("name", "slack", "user")
_SLACK = re.compile(r"[UW][A-Z0-9]{2,20}", re.ASCII)


def decode(raw: Any, path: str) -> tuple[policy.Identity, ...]:
    """Everybody; each name, Slack id and user stands in one entry alone."""
    found = reading.each(raw, path, _one, most=PEOPLE_LIMIT)
    taken: dict[tuple[str, str], int] = {}
    for number, one in enumerate(found):
        listed = (("name", one.name), *(("slack", id_) for id_ in one.slack))
        for key, word in (*listed, *(("user", user) for user in one.users)):
            first = taken.setdefault((key, word.casefold()), number)
            if first != number:
                raise reading.Mistake(
                    f"{path}[{number}].{key}",
                    f"{reading.shown(word)} stands at {path}[{first}] ({found[first].name}) too: "
                    "one entry is one person, with all that they have",
                )
    return found


def _one(raw: Any, path: str) -> policy.Identity:
    body = reading.mapping(raw, path, _KEYS)
    name = reading.text(body.get("name"), f"{path}.name")
    slack = _some(body.get("slack"), f"{path}.slack", _slack_id)
    users = _some(body.get("user"), f"{path}.user", _user)
    if not slack and not users:
        raise reading.Mistake(path, "nobody would know them by it: give slack (U…), user or both")
    return policy.Identity(name=name, slack=slack, users=users)


def _some(raw: Any, path: str, read: Callable[[Any, str], str]) -> tuple[str, ...]:
    """One, or a list of them."""
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        return (read(raw, path),)
    return reading.each(raw, path, read, most=WAYS_LIMIT)


def _slack_id(raw: Any, path: str) -> str:
    text = reading.text(raw, path)
    if not _SLACK.fullmatch(text):
        raise reading.Mistake(
            path, f"{reading.shown(text)} is no id of a person: U…, as their profile in Slack has"
        )
    return text


def _user(raw: Any, path: str) -> str:
    text = reading.text(raw, path)
    if len(text) > USER_LIMIT:
        raise reading.Mistake(path, f"longer than {USER_LIMIT} characters")
    if text.startswith("user:"):
        raise reading.Mistake(path, f"write the user alone: {reading.shown(text[5:])}")
    return text
