"""Persons in the status block: one text there, a name and an id here."""

import re
from collections.abc import Mapping
from typing import Any

from bot.core import revisions
from bot.model import facts

_KNOWN = re.compile(r"(?P<name>.{0,120}) \((?P<id>[UW][A-Z0-9]{2,20})\)")

_TERMINAL = " (terminal)"


def encode(person: facts.Person) -> str:
    """The actor as intents carry it: readable in the object, exact by the id."""
    if person.user:
        return f"{person.user[:120]} (terminal)"
    return f"{person.name[:120]} ({person.slack_id})" if person.slack_id else person.name[:120]


def way_of(actor: str) -> str:
    """By which way in an actor came."""
    return "terminal" if actor.endswith(_TERMINAL) else "slack"


SET_BY = "rollout-bot.io/set-by"
"""Who set the pod template from the chat: the template's digest, then the person.

Bound to the template, for whoever ships next with another tool leaves it standing.
"""


def signature(template: Mapping[str, Any], person: facts.Person) -> str:
    """The value of ``SET_BY`` for a template that ``person`` sets."""
    return f"{revisions.digest(template)} {encode(person)}"


def signed(annotations: Mapping[str, str], template: Mapping[str, Any]) -> facts.Person | None:
    """Who set exactly this template, if that is known."""
    mark, _, who = annotations.get(SET_BY, "").partition(" ")
    return decode(who) if mark == revisions.digest(template) else None


def decode(text: str) -> facts.Person | None:
    """Who ``text`` names; None for nobody and for what stock tools did without a name."""
    if not text or "no name known" in text:
        return None
    if text.endswith(_TERMINAL):
        user = text.removesuffix(_TERMINAL)
        return facts.Person(name=user, user=user)
    match = _KNOWN.fullmatch(text)
    if match is None:
        return facts.Person(name=text)
    return facts.Person(name=match["name"], slack_id=match["id"])
