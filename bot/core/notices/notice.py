"""The shape of a notice: what kind, under which key its place is kept, and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.model import messages

Said = Mapping[str, Mapping[str, Any]]
"""What was told: by key, where it stands (channel, ts) and what else belongs to it."""


class Kind(StrEnum):
    CARD = "card"
    GATE = "gate"
    ALERT = "alert"


Facts = messages.CardFacts | messages.GateFacts | messages.AlertFacts | messages.GlassFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message that should exist.

    ``fresh``: it may be posted where it does not stand yet; else it is only edited.
    ``settled``: nothing about it will change any more; once told it is never touched again.
    ``anew``: it was settled, and one thing is to be added: edited once more where it stands.
    ``keep`` is recorded beside its place, so that a restart can go on from it; ``left`` is once
    it is settled.
    """

    key: str
    kind: Kind
    facts: Facts
    fresh: bool = True
    settled: bool = False
    anew: bool = False
    keep: Mapping[str, Any] = field(default_factory=dict)
    left: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the card's thread; ``id`` is what it is remembered by.

    ``apart``: it is said of a row of a digest too, whatever kind of line it is. ``of_alert``: it
    stands beneath the alert of a rollback, with its chart and its file, where there is one.
    """

    id: str
    fact: messages.ThreadFact
    apart: bool = False
    of_alert: bool = False
