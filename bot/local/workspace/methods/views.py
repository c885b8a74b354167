"""views.*: modals (a stack of at most three a user) and the Home tab."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from bot.local.workspace import limits, wire
from bot.local.workspace.errors import RefusedError
from bot.local.workspace.state import View

if TYPE_CHECKING:
    from bot.local.workspace.arguments import Args
    from bot.local.workspace.state import State

STACK = 3
VIEW_BYTES = 250_000


def _body(state: State, args: Args, kind: str) -> dict[str, Any]:
    view = args.parsed("view")
    if len(json.dumps(view)) > VIEW_BYTES:
        raise RefusedError("view_too_large")
    body = limits.check_view(view, is_file_ready=state.is_file_ready)
    if body["type"] != kind:
        raise RefusedError("invalid_arguments", f"[ERROR] must be a view of type {kind}")
    return body


def _trigger(state: State, args: Args) -> str:
    """Redeem a trigger: within 3 s and once; returns whose click it was."""
    codes = {
        "unknown": "invalid_trigger_id",
        "expired": "expired_trigger_id",
        "used": "exchanged_trigger_id",
    }
    try:
        return str(state.redeem("trigger", args.need("trigger_id"))["user"])
    except RefusedError as refused:
        raise RefusedError(codes.get(refused.code, refused.code)) from None


def _unused_external_id(state: State, body: dict[str, Any]) -> None:
    key = body.get("external_id")
    if key and any(view.body.get("external_id") == key for view in state.views.values()):
        raise RefusedError("duplicate_external_id")


def open_view(state: State, args: Args) -> dict[str, Any]:
    user = _trigger(state, args)
    body = _body(state, args, "modal")
    _unused_external_id(state, body)
    view = View(id=state.next_id("V"), user=user, body=body, hash=state.next_ts())
    state.stacks[user] = (view.id,)
    state.put_view(view)
    return {"ok": True, "view": wire.view(view)}


def push_view(state: State, args: Args) -> dict[str, Any]:
    user = _trigger(state, args)
    return {"ok": True, "view": wire.view(pushed(state, user, _body(state, args, "modal")))}


def pushed(state: State, user: str, body: dict[str, Any]) -> View:
    """Lay one more modal on the user's stack."""
    stack = state.stacks.get(user, ())
    if len(stack) >= STACK:
        raise RefusedError("push_limit_reached")
    _unused_external_id(state, body)
    view = View(
        id=state.next_id("V"),
        user=user,
        body=body,
        hash=state.next_ts(),
        root=stack[0] if stack else "",
        previous=stack[-1] if stack else "",
    )
    state.stacks[user] = (*stack, view.id)
    state.put_view(view)
    return view


def update_view(state: State, args: Args) -> dict[str, Any]:
    view = state.views.get(args.text("view_id"))
    if view is None and args.has("external_id"):
        key = args.text("external_id")
        named = [v for v in state.views.values() if v.body.get("external_id") == key]
        view = named[-1] if named else None
    if view is None or view.id not in state.stacks.get(view.user, ()):
        raise RefusedError("not_found")
    if args.has("hash") and args.text("hash") != view.hash:
        raise RefusedError("hash_conflict")
    return {"ok": True, "view": wire.view(replaced(state, view, _body(state, args, "modal")))}


def replaced(state: State, view: View, body: dict[str, Any]) -> View:
    changed = dataclasses.replace(view, body=body, hash=state.next_ts())
    state.put_view(changed)
    return changed


def publish_view(state: State, args: Args) -> dict[str, Any]:
    user = args.need("user_id")
    if user not in state.users:
        raise RefusedError("user_not_found")
    old = state.homes.get(user)
    if old and args.has("hash") and args.text("hash") != old.hash:
        raise RefusedError("hash_conflict")
    key = old.id if old else state.next_id("V")
    body = _body(state, args, "home")
    state.homes[user] = View(id=key, user=user, body=body, hash=state.next_ts())
    state.tell(kind="view", user=user)
    return {"ok": True, "view": wire.view(state.homes[user])}


METHODS = {
    "views.open": open_view,
    "views.push": push_view,
    "views.update": update_view,
    "views.publish": publish_view,
}
