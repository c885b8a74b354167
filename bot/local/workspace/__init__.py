"""A stand-in for a Slack workspace, on loopback, in memory: Web API, Socket Mode and a page.

For the demo and the tests. It is strict where Slack is strict, and it is not Slack.
"""

from bot.local.workspace.server import LocalWorkspace

__all__ = ["LocalWorkspace"]
