"""A reason that came after its post-mortem: the file stays, and that it lacks it is said."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.core import explaining
from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Line
from bot.model import facts, messages

MARK = "bundle"
"""Under which it is kept beside the alert what became of its file."""
UP, EARLY, NONE = "up", "up before the reason", "none"


def posted(scene: scenes.Scene) -> str:
    """What became of a file that was made of ``scene`` and stands."""
    return EARLY if explaining.awaited(scene.status) else UP


def lines(scene: scenes.Scene, alert: Mapping[str, Any]) -> Iterator[Line]:
    """Beside the file, once the reason is there; ``alert`` is what is kept of its alert."""
    said = explaining.later(scene.abort) if scene.status.abort else None
    if said is None or alert.get(MARK) != EARLY:
        return
    by = people.decode(said.by)
    whose = f"{by.name}'s reason" if by is not None else "the reason"
    text = f"{whose} is kept with the abort; the post-mortem above was written before it"
    fact = messages.ThreadFact(kind=facts.ThreadKind.OTHER, at=said.at, text=text)
    yield Line(id=f"late:{said.at:%Y%m%d%H%M%S}", fact=fact, of_alert=True)
