"""What a request was meant for, and whether that is still so. Every sentence goes to the asker."""

from bot.core import inconclusive, moments
from bot.core.notices import listing, people
from bot.core.notices import scene as scenes
from bot.model import facts

INTENTS_LIMIT = 32


def step_of(scene: scenes.Scene, kind: str, gate: str, step: int | None) -> int | None:
    """A promotion is bound to the step that the person saw, or else to the present one."""
    if kind != "promote" or gate:
        return step if kind == "promote" else None
    return scene.status.step_index if step is None else step


def refusal(scene: scenes.Scene, kind: str, gate: str, revision: str, step: int | None) -> str:
    """Why a request need not even be written down."""
    if len(scene.status.bot.intents) >= INTENTS_LIMIT:
        return "Too many requests stand open on this rollout; nothing was done. Try again."
    if revision and revision != scene.hash:
        return over(scene, "Another revision is rolling out now")
    if gate and gate != scenes.gate(scene):
        return over(scene, "This step is over")
    if kind == "promote" and step is not None and step != scene.status.step_index:
        return over(scene, "This step is over")
    return listing.useless(scene, kind)


def over(scene: scenes.Scene, start: str) -> str:
    """What is over, by whom where that is known, and what is true now."""
    label: facts.RevisionLabel = scenes.revision(scene)
    done = [one for one in scene.status.bot.handled if one.accepted and one.kind in _DID]
    by = people.decode(done[-1].actor) if done else None
    how = ""
    if done and by is not None and start.startswith("This step"):
        how = f": {by.name} {_DID[done[-1].kind]} it at {moments.utc(done[-1].at)}"
    now = f"{scene.rollout.name} v{label.number} is at {scenes.weight(scene)} %."
    return f"{start}{how}; nothing was changed. {now}"


_DID = {"promote": "approved", "promote-full": "promoted", "abort": "aborted"} | dict.fromkeys(
    inconclusive.KINDS, "decided"
)
