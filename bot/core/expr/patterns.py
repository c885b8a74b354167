"""``matches``: RE2, as in Go. Linear in the text, whatever the pattern."""

import functools
from typing import Any

import re2

from bot.core.expr.errors import ExprError

# Small programs only: a pattern that needs more is refused at compile time.
_MAX_MEMORY = 1 << 20


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """Give the RE2 program of ``pattern``.

    Raises:
        ExprError: it is no RE2 pattern, or too large.

    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(pattern.encode("utf-8", "replace").decode(), options)
    except re2.error as error:
        text = error.args[0] if error.args else ""
        shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        raise ExprError(f"error parsing regexp: {shown}") from None
