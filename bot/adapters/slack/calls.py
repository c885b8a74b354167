"""One call of the Web API: its timeout, and what went wrong in our words."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import aiohttp
from slack_sdk import errors as slack_errors

from bot.model import errors

TIMEOUT_S = 8.0
_AWAY = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})
_UNEDITABLE = frozenset({"cant_update_message", "edit_window_closed", "is_inactive"})
_LATER = frozenset(
    {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)


async def done(call: Awaitable[Any], *, what: str) -> Any:
    """Await one call.

    Raises:
        errors.Unavailable: try again, not before ``retry_after_s``.
        errors.Forbidden: the bot is not in the channel, or lacks a scope.
        errors.NotFound: the message is gone.
        errors.Uneditable: it stands and may not be edited any more.
        errors.Refused: trying again cannot help.

    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await call
    except slack_errors.SlackApiError as error:
        raise _ours(error, what) from None
    except (TimeoutError, aiohttp.ClientError, OSError, slack_errors.SlackClientError) as error:
        text = f"{what}: Slack did not answer ({type(error).__name__})"
        raise errors.Unavailable(text) from None


def _ours(error: slack_errors.SlackApiError, what: str) -> errors.RolloutBotError:
    response: Any = error.response
    code = getattr(response, "status_code", 0) or 0
    name = _name(response)
    text = f"{what}: {name or code}"
    if code == 429 or name == "ratelimited":
        return errors.Unavailable(text, retry_after_s=_retry_after(response))
    if code >= 500 or name in _LATER:
        return errors.Unavailable(text)
    if name in _AWAY or name == "missing_scope":
        return errors.Forbidden(text)
    if name in _UNEDITABLE:
        return errors.Uneditable(text)
    return errors.NotFound(text) if name == "message_not_found" else errors.Refused(text)


def _name(response: Any) -> str:
    try:
        return str(response.get("error") or "")
    except (AttributeError, ValueError):
        return ""


def _retry_after(response: Any) -> float:
    headers = getattr(response, "headers", None) or {}
    for key, value in headers.items():
        if str(key).lower() == "retry-after":
            first = value[0] if isinstance(value, list) else value
            return float(first) if str(first).isdecimal() else 1.0
    return 1.0
