"""How it is done: one outside system each; library errors become ours here."""
