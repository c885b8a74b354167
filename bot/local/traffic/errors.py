"""What can go wrong on the traffic stage, by name. Nothing here decides what is done about it."""


class TrafficError(Exception):
    """The base of all of them."""


class PartMissing(TrafficError):  # noqa: N818 - said as the exit code says it
    """A program or package that the stage is made of is not installed here (exit code 3)."""


class PartFailed(TrafficError):  # noqa: N818 - the same
    """A program was started and ended, or never got ready."""


class BadKubeconfig(TrafficError):  # noqa: N818 - the same
    """The file does not say which server to speak to."""


class Refused(TrafficError):  # noqa: N818 - the same
    """The API server answered with something else than success."""

    def __init__(self, *, status: int, text: str) -> None:
        super().__init__(f"{status} {text[:300]}")
        self.status = status


class BadQuery(TrafficError):  # noqa: N818 - the same
    """The embedded metrics source does not understand a query."""
