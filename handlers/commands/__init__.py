"""The sub-commands of ``/rollout``: one file each, one line in the table.

A file has ``USAGE`` (what ``help`` shows, an example last) and ``run(ask) -> Message``.
"""

from collections.abc import Mapping
from types import ModuleType

from handlers.commands import (
    abort,
    audit,
    get,
    history,
    listing,
    promote,
    retry,
    set_image,
    undo,
    waiting,
    why,
)

TABLE: Mapping[str, ModuleType] = {
    "list": listing,
    "get": get,
    "why": why,
    "promote": promote,
    "abort": abort,
    "retry": retry,
    "undo": undo,
    "set-image": set_image,
    "history": history,
    "audit": audit,
}
BARE = waiting
"""What ``/rollout`` alone does."""

__all__ = ["BARE", "TABLE"]
