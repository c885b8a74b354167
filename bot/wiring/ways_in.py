"""How Slack's requests reach us: one socket that we open, or our own port."""

from typing import Protocol

from slack_bolt.async_app import AsyncApp

from bot import settings
from bot.adapters.slack import http, socket


class WayIn(Protocol):
    """Runs until it is canceled; what goes wrong is logged and tried again."""

    async def run(self) -> None: ...


def build(bolt: AsyncApp, chosen: settings.Slack) -> WayIn:
    """Signed HTTP where an address is given, else Socket Mode."""
    if chosen.http is not None:
        return http.Server(
            bolt=bolt,
            secrets=[secret.reveal() for secret in chosen.signing_secrets],
            host=chosen.http.host,
            port=chosen.http.port,
        )
    return socket.Connection(
        bolt=bolt, app_token=chosen.app_token.reveal(), base_url=chosen.api_url
    )
