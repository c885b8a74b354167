"""What every command of the terminal gets: who asks, and the desk that answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.cli import outcome
from bot.model import facts
from bot.runtime import desk, finding


class Unknown(Exception):  # noqa: N818 - it is an answer, not a failure
    """The words name nothing that can be done; ``answer`` says so."""

    def __init__(self, answer: outcome.Outcome) -> None:
        super().__init__(answer.text)
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """``leaderless`` says why nobody would carry out a request, empty where a bot leads.

    ``unruled`` says why it is not known who may approve, ``unseen`` why policy or freezes are
    not; empty where they are.
    """

    desk: desk.Desk
    person: facts.Person
    namespace: str
    leaderless: Callable[[], Awaitable[str]]
    unruled: str = ""
    unseen: str = ""

    def find(self, name: str) -> str:
        """The key of the rollout meant.

        Raises:
            Unknown: none or several can be meant.

        """
        found = self.desk.find(name)
        if isinstance(found, finding.Found):
            return found.key
        where = "" if not self.namespace or found.near else f" I looked in {self.namespace}."
        raise Unknown(outcome.told(found.sentence + where, code=outcome.REFUSED))
