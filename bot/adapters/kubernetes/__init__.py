"""The API server: session, calls, watch caches, lease and Events. No rollout logic in here."""
