"""Slack to us: commands and clicks. Thin: parse, acknowledge, hand to the desk, answer."""
