"""Slack, outbound and the socket: library errors become ours here. No rollout logic."""
