"""What people do: commands, messages, clicks, submitted modals; told to the app as Slack does."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from bot.local.workspace import limits, payloads, people, responses, wire
from bot.local.workspace.arguments import Args
from bot.local.workspace.errors import RefusedError
from bot.local.workspace.methods import chat, views
from bot.local.workspace.sockets import UnansweredError
from bot.local.workspace.state import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.local.workspace.delivery import Delivery
    from bot.local.workspace.state import State

TEXT_LIMIT = 4_000


class Interactions:
    """The people's side of the workspace."""

    def __init__(self, *, state: State, delivery: Delivery, commands: tuple[str, ...]) -> None:
        self._state = state
        self._delivery = delivery
        self._commands = commands

    # -- typing

    async def command(self, *, user: str, channel: str, text: str) -> dict[str, Any]:
        """Run a slash command; without a slash the first known command is meant."""
        who, room = self._place(user, channel)
        words = text.strip() if text.strip().startswith("/") else f"{self._commands[0]} {text}"
        name, _, rest = words.partition(" ")
        if name == "/invite":
            return self._invite(room, rest.strip())
        if name not in self._commands:
            raise RefusedError("unknown_command", f"{name} is not a valid command.")
        payload = payloads.slash(
            self._state, who, room, name, html.escape(rest.strip(), quote=False)
        )
        try:
            said = await self._delivery.deliver("slash_commands", payload)
        except UnansweredError as unanswered:
            self._whisper(who, room, f'{name} failed with the error "{unanswered}"')
            return {"ok": True, "acked": False, "error": str(unanswered)}
        self._answer(payload["response_url"], said)
        return {"ok": True, "acked": True}

    def _answer(self, response_url: str, said: Mapping[str, Any]) -> None:
        """Show what came with the acknowledgment itself."""
        if said.get("text") or said.get("blocks"):
            responses.respond(self._state, response_url.rpartition("/")[2], said)

    def _invite(self, room: people.Channel, handle: str) -> dict[str, Any]:
        self._state.join(room, self._state.user(handle).id)
        return {"ok": True, "acked": True}

    def _whisper(self, who: people.User, room: people.Channel, text: str) -> None:
        self._state.post(
            Message(
                channel=room.id,
                ts=self._state.next_ts(),
                user=people.SLACKBOT,
                text=text,
                only_for=who.id,
            )
        )

    async def say(self, *, user: str, channel: str, text: str, thread_ts: str) -> dict[str, Any]:
        """Post as a person; the app hears of it in its channels, and where it is mentioned."""
        who, room = self._place(user, channel)
        if not text.strip() or len(text) > TEXT_LIMIT:
            raise RefusedError("invalid_message", f"A message has 1 to {TEXT_LIMIT} characters.")
        escaped = html.escape(text, quote=False)
        for known in self._state.users.values():
            escaped = escaped.replace(f"@{known.name}", f"<@{known.id}>")
        parent = chat.thread(self._state, room, Args({"thread_ts": thread_ts}))
        message = self._state.post(
            Message(
                channel=room.id,
                ts=self._state.next_ts(),
                user=who.id,
                text=escaped,
                thread_ts=parent,
            )
        )
        if people.BOT_USER in room.members:
            await self._heard(message, "message")
            if f"<@{people.BOT_USER}>" in escaped:
                await self._heard(message, "app_mention")
        return {"ok": True, "ts": message.ts}

    async def _heard(self, message: Message, kind: str) -> None:
        event = wire.message(self._state, message)
        event |= {"type": kind, "channel": message.channel, "event_ts": message.ts}
        if kind == "message":
            event["channel_type"] = "channel"
        await self._event(event)

    async def _event(self, event: dict[str, Any]) -> bool:
        payload = {
            **payloads.origin(),
            "type": "event_callback",
            "event": event,
            "event_id": self._state.next_id("Ev"),
            "event_time": int(self._state.clock()),
            "authorizations": [
                {"team_id": people.TEAM, "user_id": people.BOT_USER, "is_bot": True}
            ],
        }
        try:
            await self._delivery.deliver("events_api", payload)
        except UnansweredError:
            return False
        return True

    async def open_home(self, *, user: str) -> dict[str, Any]:
        """Look at the app's Home tab."""
        who = self._state.user(user)
        event = {"type": "app_home_opened", "user": who.id, "tab": "home"}
        event["channel"] = self._state.direct(who.id, people.BOT_USER).id
        event["event_ts"] = self._state.next_ts()
        return {"ok": True, "acked": await self._event(event)}

    # -- clicking

    async def click(self, *, user: str, channel: str, ts: str, wanted: Args) -> dict[str, Any]:
        """Press a button or choose an option in a message this user sees."""
        who = self._state.user(user)
        message = self._seen(who, channel, ts)
        block, element = payloads.find_element(message.blocks, wanted)
        payload = payloads.click(
            state=self._state,
            who=who,
            message=message,
            block=block,
            element=element,
            wanted=wanted,
        )
        try:
            await self._delivery.deliver("interactive", payload)
        except UnansweredError as unanswered:
            return {"ok": True, "acked": False, "error": str(unanswered)}
        return {"ok": True, "acked": True}

    async def click_home(self, *, user: str, wanted: Args) -> dict[str, Any]:
        """Press a button on this user's Home tab."""
        who = self._state.user(user)
        view = self._state.homes.get(who.id)
        if view is None:
            raise RefusedError("not_found")
        block, element = payloads.find_element(tuple(view.body["blocks"]), wanted)
        payload = payloads.home_click(
            state=self._state, who=who, view=view, block=block, element=element, wanted=wanted
        )
        try:
            await self._delivery.deliver("interactive", payload)
        except UnansweredError as unanswered:
            return {"ok": True, "acked": False, "error": str(unanswered)}
        return {"ok": True, "acked": True}

    def _seen(self, who: people.User, channel: str, ts: str) -> Message:
        rooms = [self._state.channel(channel)] if channel else self._state.channels.values()
        for room in rooms:
            message = self._state.messages[room.id].get(ts)
            if message is None or message.only_for not in {"", who.id}:
                continue
            if who.id not in room.members:
                raise RefusedError("user_not_in_channel")
            return message
        raise RefusedError("message_not_found")

    async def submit(self, *, user: str, values: Any, view_id: str) -> dict[str, Any]:
        """Send the topmost modal of this user; the answer may change the stack."""
        who = self._state.user(user)
        stack = self._state.stacks.get(who.id, ())
        view = self._state.views.get(view_id or (stack[-1] if stack else ""))
        if view is None or view.id not in stack:
            raise RefusedError("not_found")
        payload = {**payloads.origin(), "type": "view_submission", "user": payloads.user(who)}
        payload |= {
            "trigger_id": payloads.trigger(self._state, who),
            "response_urls": [],
            "team": payloads.team(),
        }
        payload["view"] = wire.view(view) | {"state": {"values": values or {}}}
        try:
            answer = await self._delivery.deliver("interactive", payload)
        except UnansweredError as unanswered:
            return {"ok": True, "acked": False, "error": str(unanswered)}
        action = answer.get("response_action", "")
        if action == "errors":
            return {"ok": True, "acked": True, "errors": answer.get("errors", {})}
        if action in {"update", "push"}:
            ready = self._state.is_file_ready
            body = limits.check_view(answer.get("view"), is_file_ready=ready)
            if action == "push":
                views.pushed(self._state, who.id, body)
            else:
                views.replaced(self._state, view, body)
        else:
            self.close(user=user, everything=action == "clear")
        return {"ok": True, "acked": True}

    def close(self, *, user: str, everything: bool) -> dict[str, Any]:
        """Take the topmost modal away, or all."""
        who = self._state.user(user)
        stack = self._state.stacks.get(who.id, ())
        self._state.stacks[who.id] = () if everything else stack[:-1]
        self._state.tell(kind="view", user=who.id)
        return {"ok": True}

    # -- finding

    def _place(self, user: str, channel: str) -> tuple[people.User, people.Channel]:
        who, room = self._state.user(user), self._state.channel(channel)
        if who.id not in room.members:
            raise RefusedError("user_not_in_channel")
        return who, room
