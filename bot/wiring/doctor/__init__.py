"""``rollout-bot doctor``: whether everything the bot needs is there. Changes nothing.

One file for each outside system, each with ``checks``; a check that cannot be made says so.
"""

from bot import settings
from bot.cli import diagnosis
from bot.wiring.doctor import cluster, files, measuring, slack

__all__ = ["examined"]


async def examined(chosen: settings.Settings, *, account: str = "") -> list[diagnosis.Finding]:
    """Every check. ``account``: NAMESPACE/NAME of the bot's, where it is not ours."""
    found, addresses = await cluster.checks(chosen, account=account)
    read, groups = files.policy(chosen)
    found += read
    found += await slack.checks(chosen.slack, groups=groups)
    found += await measuring.checks(chosen, addresses)
    found += await files.kept(chosen)
    return found
