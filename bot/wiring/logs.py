"""Logging: one structured line each, with no secret in it. Libraries' lines get the same form."""

import logging
import re
import sys
from typing import Any

import structlog

from bot import settings

_TOKEN = re.compile(r"\b(xox[a-z]-|xapp-)[A-Za-z0-9-]+")
OURS = ("bot", "handlers")
_LEVELS = {"debug": 10, "info": 20, "warn": 30, "warning": 30, "error": 40, "fatal": 50}


def _redact(_logger: Any, _name: str, event: Any) -> Any:
    """Slack tokens never reach a log, whoever wrote the line."""
    for key, value in list(event.items()):
        if isinstance(value, str):
            event[key] = _TOKEN.sub(r"\1…", value)
    return event


def to_console(chosen: settings.Settings) -> None:
    """Send all logging to stderr: JSON, or colors where somebody looks."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    pretty = chosen.log_format == "text" or (not chosen.log_format and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    level = _LEVELS.get(chosen.log_level.lower(), logging.INFO)
    # Libraries print whole addresses and bodies when they debug, and secrets stand in those.
    root.setLevel(max(level, logging.INFO))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in ("apscheduler", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns that the token in the environment is not its own business: it is ours.
    logging.getLogger("slack_bolt.AsyncApp").setLevel(logging.ERROR)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
