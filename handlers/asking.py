"""What every handler gets: who asks, where, with which words, and the desk that answers."""

import asyncio
import html
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.model import facts, messages
from bot.render import answers, rendering
from bot.runtime import desk, finding, freeze_desk, orders
from bot.runtime import subscriptions as subscribing

GUEST = (
    "Guests of this workspace get no answers about rollouts: cards and approval requests in the "
    "channels you are in are all there is for you to see. Ask a full member for the rest."
)
"""A listing shows every namespace, also of channels that a guest is not in."""
UNSURE = (
    "Slack does not say now whether you are a guest of this workspace, and guests get no answers "
    "about rollouts: ask again in a moment. Meanwhile an abort works, and rollout-bot at a "
    "terminal does."
)
UNSURE_AGAIN_S = 1.0
"""Slack is asked twice before a member is sent away."""
LATE_S = 10.0
"""A watch that breaks is back sooner; nobody needs to hear of that."""

_TYPED = str.maketrans({"“": '"', "”": '"', "—": "--", "\u2217": "*", "\u2236": ":"})

Who = Callable[[str], Awaitable[facts.Person]]
"""A person by Slack id; the name is the account's unique handle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One command: its words without the sub-command's name, in the order they were typed."""

    desk: desk.Desk
    person: facts.Person
    channels: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def subscriptions(self) -> subscribing.Subscriptions | None:
        return self.desk.subscriptions

    def options(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if word.startswith("--"))

    def plain(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if not word.startswith("--"))

    def strange(self, *known: str) -> messages.Message | None:
        """The refusal of an option not ``known``: misspelled, it must not mean another act."""
        found = [word for word in self.options() if word.partition("=")[0] not in known]
        if not found:
            return None
        knows = f"only {', '.join(known)}" if known else "no options"
        return sentence(f"This command knows {knows}, not {found[0]}. Nothing was done.")

    def find(self, name: str) -> str:
        """The key of the rollout meant.

        Raises:
            Unknown: none or several can be meant; carries the answer.

        """
        found = self.desk.find(name, channels=self.channels)
        if isinstance(found, finding.Found):
            return found.key
        if found.wanted and found.near:
            raise Unknown(
                answers.no_such(wanted=found.wanted, namespace=found.namespace, near=found.near)
            )
        raise Unknown(sentence(found.sentence))


class Unknown(Exception):  # noqa: N818 - it is an answer, not a failure
    """The words name nothing that can be done; ``answer`` says so to the asker."""

    def __init__(self, answer: messages.Message) -> None:
        super().__init__(answer.text)
        self.answer = answer


async def reader(who: Who, user: str) -> facts.Person:
    """Somebody who wants to read: who they are is worth a second look-up, for an act it is not."""
    person = await who(user)
    if person.unsure:
        await asyncio.sleep(UNSURE_AGAIN_S)
        person = await who(user)
    return person


def refused(person: facts.Person) -> messages.Message | None:
    """Why nothing of rollouts is shown to somebody; None where it is."""
    if person.guest:
        return sentence(GUEST)
    return sentence(UNSURE) if person.unsure else None


def words(text: str) -> tuple[str, ...]:
    """The words of a slash command; Slack sends ``&``, ``<`` and ``>`` escaped.

    What phones make of quotes and dashes is as typed, and so are the signs that our answers show
    in place of ``*`` and ``:``, since people copy them from there. An open quote is an apostrophe
    in a reason: it must not stand between a person and an abort.
    """
    plain = html.unescape(text).translate(_TYPED)
    try:
        return tuple(shlex.split(plain))
    except ValueError:
        return tuple(plain.split())


def sentence(text: str) -> messages.Message:
    """One sentence as a message."""
    return rendering.render(messages.SentenceFacts(sentences=(text,)))


def as_it_stood(answer: messages.Message, *, at: desk.Desk) -> messages.Message:
    """What was read, marked where the cluster has not confirmed it for a while."""
    silent_s = at.silence()
    return (
        answer
        if silent_s is None or silent_s < LATE_S
        else answers.late(answer, silent_s=silent_s)
    )


def freezing(at: desk.Desk) -> freeze_desk.FreezeDesk:
    """What may be asked of freezes.

    Raises:
        Unknown: this bot keeps none.

    """
    if at.freezing is None:
        raise Unknown(sentence("This bot keeps no freezes."))
    return at.freezing


def reply(answer: orders.Reply) -> messages.Message:
    """What the desk said, and whom to ask where it said no."""
    ask = answer.denied.ask if answer.denied is not None else ()
    return answers.denied(answer.sentence, ask=ask) if ask else sentence(answer.sentence)
