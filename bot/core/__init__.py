"""What should be: pure functions. No clock, no await, no log."""
