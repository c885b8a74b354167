"""Slack to us: authorize, gates, commands. Thin: parse, authorize, ack, hand to the desk."""
