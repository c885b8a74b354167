"""The rows of a Home tab: what waits, what moves, what failed lately; freezes in force."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.notices import listing, standing
from bot.core.notices import scene as scenes
from bot.model import buttons, facts, messages, policy

FAILED = (facts.News.ROLLING_BACK, facts.News.ROLLED_BACK, facts.News.INVALID)
_KINDS = (buttons.ButtonKind.RETRY, buttons.ButtonKind.UNDO, buttons.ButtonKind.WHY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Each rollout once; ``failed`` are those that still are, the latest first."""

    waiting: tuple[messages.RowFact, ...]
    moving: tuple[messages.RowFact, ...]
    failed: tuple[messages.RowFact, ...]
    freezes: tuple[policy.Freeze, ...]


def rows(found: Iterable[scenes.Scene]) -> Rows:
    waiting: list[messages.RowFact] = []
    moving: list[messages.RowFact] = []
    failed: list[messages.RowFact] = []
    freezes: dict[str, policy.Freeze] = {}
    for scene in found:
        freezes |= {one.id: one for one in scene.seen.freezes}
        row = listing.row(scene)
        if row.news in FAILED:
            failed.append(_mendable(scene, row))
        elif row.news in listing.WAITING:
            waiting.append(row)
        elif row.news in listing.MOVING:
            moving.append(row)
    return Rows(
        waiting=tuple(sorted(waiting, key=_name)),
        moving=tuple(sorted(moving, key=_name)),
        failed=tuple(sorted(failed, key=_latest)),
        freezes=tuple(freezes.values()),
    )


def _mendable(scene: scenes.Scene, row: messages.RowFact) -> messages.RowFact:
    """With the buttons that bring a rolled back one on again; none moves what is not valid."""
    if row.news is facts.News.INVALID:
        return row
    return messages.RowFact(
        rollout=row.rollout,
        news=row.news,
        revision=row.revision,
        what=row.what,
        since_s=row.since_s,
        buttons=standing.made(scene, *_KINDS),
    )


def _name(row: messages.RowFact) -> tuple[str, str]:
    return row.rollout.namespace, row.rollout.name


def _latest(row: messages.RowFact) -> tuple[float, str, str]:
    return (row.since_s if row.since_s is not None else 0.0, *_name(row))
