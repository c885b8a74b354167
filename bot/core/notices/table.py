"""The one table of notices: what is looked at, most urgent first. To add one: a line here."""

from collections.abc import Callable, Iterator

from bot.core.notices import card, degraded, gate, glassing
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Notice, Said

NOTICES: tuple[Callable[[scenes.Scene, Said], Iterator[Notice]], ...] = (
    degraded.notices,
    glassing.notices,
    gate.notices,
    card.notices,
)


def of(scene: scenes.Scene, said: Said) -> tuple[Notice, ...]:
    """Every message that should stand, given what was said already."""
    return tuple(one for source in NOTICES for one in source(scene, said))
