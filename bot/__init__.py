"""rollout-bot: a Slack bot that is the progressive-delivery controller of a cluster."""

__version__ = "0.1.0"
