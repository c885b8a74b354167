"""Persons in the status block: one text there, a name and an id here."""

import re

from bot.model import facts

_KNOWN = re.compile(r"(?P<name>.{0,120}) \((?P<id>[UW][A-Z0-9]{2,20})\)")


def encode(person: facts.Person) -> str:
    """The actor as intents carry it: readable in the object, exact by the id."""
    return f"{person.name[:120]} ({person.slack_id})" if person.slack_id else person.name[:120]


def decode(text: str) -> facts.Person | None:
    """Who ``text`` names; None for nobody and for what stock tools did without a name."""
    if not text or "no name known" in text:
        return None
    match = _KNOWN.fullmatch(text)
    if match is None:
        return facts.Person(name=text)
    return facts.Person(name=match["name"], slack_id=match["id"])
