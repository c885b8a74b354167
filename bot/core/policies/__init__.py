"""Policies: from the file's raw form to what counts for one rollout. Pure."""
