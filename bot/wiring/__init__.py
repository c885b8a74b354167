"""The composition root. Imports everything; imported by ``bot.__main__`` only."""

from bot.wiring.logs import to_console as log_to_console
from bot.wiring.serving import run

__all__ = ["log_to_console", "run"]
