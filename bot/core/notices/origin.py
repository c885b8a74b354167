"""Where a revision comes from: who shipped it, which commit, as far as annotations say."""

from collections.abc import Mapping

from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.model import facts

SHIPPED_BY = "rollout-bot.io/shipped-by"
COMMITS = (
    "rollout-bot.io/commit",
    "org.opencontainers.image.revision",
    "org.label-schema.vcs-ref",
)
TITLES = ("rollout-bot.io/commit-title", "kubernetes.io/change-cause")
AUTHORS = ("rollout-bot.io/commit-author", "org.opencontainers.image.authors")
URL = "rollout-bot.io/commit-url"
SOURCE = "org.opencontainers.image.source"
_SHORT = 12
_HEX = frozenset("0123456789abcdef")


def change(scene: scenes.Scene) -> facts.ChangeFact:
    """Where the revision comes from.

    Of what was set from the chat the person is known; the manifest's own notes are then of an
    earlier change. The managers of fields are no source: they name tools, not persons.
    """
    workload = scene.seen.workload
    notes = scene.seen.annotations if workload is None else workload.annotations
    person = None if scene.spec is None else people.signed(notes, scene.spec.template)
    if person is not None:
        return facts.ChangeFact(by=person, at=scene.status.bot.started)
    notes = _notes(scene)
    by = notes.get(SHIPPED_BY) or scene.status.bot.shipped_by
    commit = _first(notes, COMMITS)
    return facts.ChangeFact(
        by=people.decode(by),
        at=scene.status.bot.started,
        commit=_short(commit)[:80],
        commit_url=_url(notes, commit),
        subject=_first(notes, TITLES)[:200],
        author=_first(notes, AUTHORS)[:80],
    )


def _notes(scene: scenes.Scene) -> Mapping[str, str]:
    """The rollout's annotations, and under them those of its pods: builds write there."""
    meta = {} if scene.spec is None else scene.spec.template.get("metadata") or {}
    pods = meta.get("annotations") if isinstance(meta, Mapping) else {}
    below = {str(k): str(v) for k, v in pods.items()} if isinstance(pods, Mapping) else {}
    return {**below, **scene.seen.annotations}


def _first(notes: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((str(notes[key]) for key in keys if notes.get(key)), "")


def _short(commit: str) -> str:
    """A whole hash as people say it; anything else as it is."""
    whole = len(commit) == 40 and set(commit) <= _HEX
    return commit[:_SHORT] if whole else commit


def _url(notes: Mapping[str, str], commit: str) -> str:
    if given := notes.get(URL, "").strip():
        return given[:1_000]
    source = notes.get(SOURCE, "").strip().removesuffix(".git").rstrip("/")
    whole = len(commit) == 40 and set(commit) <= _HEX
    return f"{source}/commit/{commit}"[:1_000] if source and whole else ""
