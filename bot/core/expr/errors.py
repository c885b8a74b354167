"""The one error of the condition language. Nothing else leaves this package."""


class ExprError(Exception):
    """The expression cannot be compiled or evaluated; the text is what expr-lang says."""
