"""Everything that people are shown, at a phone's width, in light and dark."""
