"""Whether an approval must bear the bot's signature, and what is said where there is no key."""

from bot.core import approvals, gatekeeping
from bot.core.notices import scene as scenes
from bot.runtime import signing_key

NO_KEY = (
    "Nothing was done: the policy names who opens this gate, and I have no key to sign an "
    f"approval with. Let me read and create the Secret {signing_key.NAME} in my namespace, or "
    "make it with 32 random bytes under key; aborting works meanwhile."
)
AT_TERMINAL = (
    "Nothing was done: the policy names who opens this gate, and only an approval from Slack can "
    "be signed. Press Approve there; an abort counts from here too."
)
ALREADY = gatekeeping.ALREADY


def needed(scene: scenes.Scene) -> bool:
    """Whether the gate that the rollout stands at is one that only named people open."""
    approval = approvals.now(scene.sheet) if scene.sheet is not None else None
    return approval is not None and approval.named
