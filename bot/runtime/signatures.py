"""Whether an approval must bear the bot's signature, and what is said where there is no key."""

from bot.core import approvals, gate_ids, gatekeeping
from bot.core.notices import scene as scenes
from bot.model import facts
from bot.runtime import signing_key

NO_KEY = (
    "Nothing was done: the policy names who opens this gate, and I have no key to sign an "
    f"approval with. Let me read and create the Secret {signing_key.NAME} in my namespace, or "
    "make it with 32 random bytes under key; aborting works meanwhile."
)
UNSIGNED = (
    "the policy names who opens this gate, and only an approval from Slack can be signed. Press "
    "Approve there. To approve from here, apply manifests/admission and set terminalApprovals: "
    "true in the policy. An abort counts from here as it is."
)
AT_TERMINAL = f"Nothing was done: {UNSIGNED}"
ALREADY = gatekeeping.ALREADY


def needed(scene: scenes.Scene) -> bool:
    """Whether the gate that the rollout stands at is one that only named people open."""
    approval = approvals.now(scene.sheet) if scene.sheet is not None else None
    return approval is not None and approval.named


def problem(scene: scenes.Scene, actor: facts.Person, *, able: bool) -> str:
    """Why an approval of this gate would count for nothing; empty where it would count."""
    if actor.user:
        return "" if able or scene.seen.policy.terminal_approvals else AT_TERMINAL
    return "" if able else NO_KEY


def bound(scene: scenes.Scene, gate: str, actor: facts.Person) -> str:
    """What a request bears for ``gate``: a terminal does not know how the cluster is called."""
    if not gate or not actor.user:
        return gate
    return gate_ids.local(scene.seen.uid, scene.status)
