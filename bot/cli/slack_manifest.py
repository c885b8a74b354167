"""``rollout-bot manifest``: the Slack app as Slack's form takes it, for one cluster.

What the app is asked for is here once; ``manifests/slack-app.yaml`` is what this prints by
itself. The names of the sub-commands are given, for they are the handlers' business.
"""

from collections.abc import Sequence

import yaml

from bot.model import errors

NAME_LIMIT = 35
HINT_LIMIT = 1_000
PATH = "/slack/events"
SCOPES = (
    ("channels:history", "whether a message of ours stands after a kill; why it was aborted"),
    ("channels:read", "which channels there are, and who is in them"),
    ("chat:write", "cards, approvals, alerts"),
    ("commands", "/rollout"),
    ("files:write", "charts"),
    ("groups:history", "the same for private channels"),
    ("groups:read", "the same for private channels"),
    ("im:history", "whether an escalation of ours stands after a kill, in private too"),
    ("im:write", "news in private"),
    ("usergroups:read", "who is in a user group that a policy names"),
    ("users:read", "who is a full member"),
)
"""The least that the calls need; each with what for."""
EVENTS: Sequence[str] = ("app_home_opened", "message.channels", "message.groups")
"""What the app is told of besides commands and clicks."""

_SOCKET = """\
# The Slack app of one cluster: create it at "Create New App > From a manifest".
# Afterwards: install it (that gives the bot token, xoxb-), make an app-level token with
# connections:write (xapp-), and invite the bot to every channel it should speak in.
"""
_HTTP = """\
# The Slack app of one cluster: create it at "Create New App > From a manifest".
# Afterwards: install it (that gives the bot token, xoxb-), take the signing secret from "Basic
# Information", and invite the bot to every channel it should speak in.
"""


def text(*, commands: Sequence[str], cluster: str = "", url: str = "") -> str:
    """The manifest as YAML. ``url``: where Slack reaches the bot, else it is Socket Mode.

    Raises:
        errors.UserError: the name is too long, or the URL is none that Slack takes.

    """
    if not cluster.isprintable():
        raise errors.UserError(
            "the cluster's name has a character that nobody sees.", path="--cluster"
        )
    name = f"rollout-bot {cluster}".strip()
    if len(name) > NAME_LIMIT:
        raise errors.UserError(
            f'"{name}" is longer than the {NAME_LIMIT} characters that Slack allows an app.',
            path="--cluster",
        )
    target = _url(url)
    parts = [
        _HTTP if target else _SOCKET,
        _display(name, cluster),
        _features(cluster, commands, target),
        _oauth(),
        _settings(target),
    ]
    return "".join(parts)


def _url(url: str) -> str:
    """The request URL; empty where none is asked for."""
    if not url:
        return ""
    if not url.startswith("https://") or len(url) < len("https://x.y"):
        raise errors.UserError(
            f'Slack posts to https addresses only, and "{url}" is none.', path="--http"
        )
    base = url.rstrip("/")
    return base if base.endswith(PATH) else base + PATH


def _quoted(text: str) -> str:
    """As a YAML scalar on one line."""
    return yaml.safe_dump(text, width=10_000, allow_unicode=True).removesuffix("...\n").strip()


def _display(name: str, cluster: str) -> str:
    of = f"of {cluster}" if cluster else "of a cluster"
    return (
        "display_information:\n"
        f"  name: {_quoted(name)}\n"
        f"  description: {_quoted(f'Drives the rollouts {of} and lets people act on them.')}\n"
        '  background_color: "#1f2937"\n'
    )


def _features(cluster: str, commands: Sequence[str], target: str) -> str:
    hint = f"[{' | '.join([*commands, 'help'])}] NAME"
    home = "  app_home:\n    home_tab_enabled: true\n    messages_tab_enabled: true\n"
    lines = [
        "features:\n",
        home if "app_home_opened" in EVENTS else "",
        "  bot_user:\n",
        f"    display_name: {_quoted(f'rollout {cluster}'.strip())}\n",
        "    always_online: true\n",
        "  slash_commands:\n",
        "    - command: /rollout\n",
        f"      url: {target}\n" if target else "",
        "      description: See and steer the rollouts of this cluster\n",
        f'      usage_hint: "{hint[:HINT_LIMIT]}"\n',
        "      should_escape: false\n",
    ]
    return "".join(lines)


def _oauth() -> str:
    wide = max(len(scope) for scope, _ in SCOPES) + 2
    lines = [f"      - {scope:<{wide}} # {why}\n" for scope, why in SCOPES]
    return "oauth_config:\n  scopes:\n    bot:\n" + "".join(lines)


def _settings(target: str) -> str:
    events = "".join(f"      - {event}\n" for event in EVENTS)
    lines = [
        "settings:\n",
        "  event_subscriptions:\n" if EVENTS else "",
        f"    request_url: {target}\n" if EVENTS and target else "",
        f"    bot_events:\n{events}" if EVENTS else "",
        "  interactivity:\n    is_enabled: true\n",
        f"    request_url: {target}\n" if target else "",
        "  org_deploy_enabled: false\n",
        f"  socket_mode_enabled: {'false' if target else 'true'}\n",
        "  token_rotation_enabled: false\n",
    ]
    return "".join(lines)
