"""The local stage for demo and tests: cluster, Slack workspace, traffic. A stand-in."""
