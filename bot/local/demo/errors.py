"""How a demo ends other than well, and the exit codes. No texts of checks."""

from enum import IntEnum


class Exit(IntEnum):
    """What the command line answers."""

    RIGHT = 0
    WRONG = 1
    USAGE = 2
    MISSING = 3
    TIMED_OUT = 4


class DemoError(Exception):
    """Ends the demo with a sentence and an exit code."""

    code = Exit.WRONG


class PartMissingError(DemoError):
    """Something that the stage is made of is not here; the sentence says what."""

    code = Exit.MISSING


class TookTooLongError(DemoError):
    """Something awaited did not come."""

    code = Exit.TIMED_OUT
