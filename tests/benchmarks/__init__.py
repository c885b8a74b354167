"""How fast the bot is on the real control plane, beside the peer's figures. Run by dev.py bench."""
