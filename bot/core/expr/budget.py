"""What one evaluation may use. Steps stand for time: no clock is read."""

from bot.core.expr.errors import ExprError

MAX_STEPS = 20_000
MAX_MEMORY = 1_000_000


class Budget:
    """Counts down; as an iterator it gives one tick a step."""

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.memory = MAX_MEMORY

    def __iter__(self) -> "Budget":
        return self

    def __next__(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise ExprError("evaluation budget exceeded")

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise ExprError("evaluation budget exceeded")

    def grow(self, size: int) -> None:
        """Account for ``size`` new elements or characters, before they are made."""
        self.memory -= size
        if self.memory <= 0:
            raise ExprError("memory budget exceeded")
        self.spend(size // 10)
