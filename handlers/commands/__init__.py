"""The sub-commands of ``/rollout``: one file each, one line in the table.

A file has ``USAGE`` (what ``help`` shows, an example last) and ``run(ask) -> Message``.
"""

from collections.abc import Mapping
from types import ModuleType

from handlers.commands import (
    abort,
    audit,
    break_glass,
    freeze,
    get,
    history,
    listing,
    plan,
    promote,
    retry,
    set_image,
    stop_the_line,
    subscribe,
    undo,
    unfreeze,
    unsubscribe,
    waiting,
    why,
)

TABLE: Mapping[str, ModuleType] = {
    "list": listing,
    "get": get,
    "why": why,
    "plan": plan,
    "promote": promote,
    "abort": abort,
    "retry": retry,
    "undo": undo,
    "set-image": set_image,
    "break-glass": break_glass,
    "freeze": freeze,
    "unfreeze": unfreeze,
    "stop-the-line": stop_the_line,
    "history": history,
    "audit": audit,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
}
BARE = waiting
"""What ``/rollout`` alone does."""

__all__ = ["BARE", "TABLE"]
