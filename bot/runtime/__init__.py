"""When it is done: queue, pass, announce, desk. Knows ports only."""
