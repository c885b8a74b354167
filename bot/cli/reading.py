"""``list``, ``get``, ``why``, ``plan``: what stands and what comes. Works with no bot."""

from typing import Any

from bot.cli import asking, outcome, plain, telling
from bot.model import messages

_PARTIAL = (
    "windows, approvers and freezes may be others than said here; what holds a rollout is as the "
    "bot left it in its status."
)


async def listed(ask: asking.Ask) -> outcome.Outcome:
    """Every rollout in reach, what waits for somebody first."""
    found = ask.desk.rows(namespace=ask.namespace)
    data = [_without_buttons(row) for row in found.rows]
    return _noted(ask, telling.rows(found), data)


async def got(ask: asking.Ask, name: str) -> outcome.Outcome:
    """One rollout as on its card."""
    key = ask.find(name)
    card = ask.desk.get(key)
    if card is None:
        return outcome.told(f"{key} is gone.", code=outcome.REFUSED)
    return _noted(ask, telling.card(card), _without_buttons(card))


async def why(ask: asking.Ask, name: str) -> outcome.Outcome:
    """What holds it, and what would free it."""
    key = ask.find(name)
    found = ask.desk.why(key)
    text = "\n".join(telling.line(one) for one in found.sentences)
    return _noted(ask, text, {"rollout": key, "sentences": list(found.sentences)})


async def planned(ask: asking.Ask, name: str) -> outcome.Outcome:
    """The steps to come, with times, weights and pods; of the next version where none moves."""
    key = ask.find(name)
    found = ask.desk.plan(key)
    if found is None:
        return outcome.told(f"{key} is gone.", code=outcome.REFUSED)
    return _noted(ask, telling.plan(found), plain.plain(found))


def _noted(ask: asking.Ask, text: str, data: Any) -> outcome.Outcome:
    """With why it may not be all, for somebody who may not read what the bot goes by."""
    note = f"{ask.unseen}: {_PARTIAL}" if ask.unseen else ""
    return outcome.Outcome(text=text, data=data, note=note)


def _without_buttons(found: messages.RowFact | messages.CardFacts) -> dict[str, object]:
    """Buttons are Slack's; nothing at a terminal can press them."""
    data: dict[str, object] = plain.plain(found)
    del data["buttons"]
    return data
