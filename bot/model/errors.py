"""What can go wrong, by whose fault it is. Adapters raise these and nothing of their libraries."""


class RolloutBotError(Exception):
    """Everything this project raises on purpose."""


class Conflict(RolloutBotError):  # noqa: N818 - the API's own word
    """The object changed since it was read (409 on a stale resourceVersion): read again."""


class AlreadyExists(RolloutBotError):  # noqa: N818 - the API's own word
    """A create met an object of that name (409 AlreadyExists)."""


class NotFound(RolloutBotError):  # noqa: N818 - the API's own word
    """There is no such object (404)."""


class Uneditable(NotFound):
    """The message stands for everybody and may not be changed any more."""


class Gone(RolloutBotError):  # noqa: N818 - the API's own word
    """The asked version is too old (410): list again."""


class Forbidden(RolloutBotError):  # noqa: N818 - the API's own word
    """We lack the right (401, 403); the message names verb and resource."""


class Refused(RolloutBotError):  # noqa: N818 - the API's own word
    """The server understood and said no (400, 413, 422); the message is its sentence."""


class PodsRefused(Refused):
    """The server will not have pods of this template; the message is its sentence."""


class RevisionRefused(Forbidden):
    """The server will not have the ReplicaSet of a revision: a quota, a webhook, a right."""


class Unavailable(RolloutBotError):  # noqa: N818 - the API's own word
    """No answer, 429 or 5xx. ``retry_after_s`` is what the server asked for, if it did."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UserError(RolloutBotError):
    """Somebody's manifest or words are wrong: ``path`` is where, the text what to do."""

    def __init__(self, sentence: str, *, path: str = "") -> None:
        super().__init__(sentence)
        self.path = path
        self.sentence = sentence


class NotSupported(UserError):  # noqa: N818 - ruling 7's word
    """A valid field that this version does not run yet (ruling 7)."""
