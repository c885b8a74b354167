"""Argo's hashes, to the byte: a rollout that is handed over goes on where it was (spec §1.12)."""
