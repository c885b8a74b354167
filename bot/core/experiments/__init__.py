"""Experiments as pure functions: templates side by side, analyses of them, and what it comes to.

The spec's §6. How a canary uses one is ``core.trials``; how runs are judged ``core.analysis``.
"""

from bot.core.experiments.deciding import decide

__all__ = ["decide"]
