"""What it looks like: Block Kit and SVG as pure functions."""
