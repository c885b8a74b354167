"""Blue-green in words: nobody is on the preview, or everybody is on the new revision."""

from bot.model import messages
from bot.model.messages import News
from bot.render import words


def news(facts: messages.CardFacts, switch: messages.SwitchFact) -> list[str] | None:
    """The news of a card's first line; None where it is that of any other strategy."""
    stable, because = words.revision(facts.stable), words.plain(facts.because, 160)
    users = "all users on it" if switch.switched else f"users on {stable}"
    match facts.news:
        case News.MOVES:
            return ["all users, not confirmed yet" if switch.switched else f"preview, {users}"]
        case News.WAITS:
            return [words.link(facts.gate_url, "waits for the switch"), users]
        case News.HOLDS:
            return [f"holds, {users}" + (f": {because}" if because else "")]
        case News.DONE:
            took = "" if facts.duration_s is None else words.duration(facts.duration_s)
            return ["done, all users", took]
        case _:
            return None


def sentence(facts: messages.CardFacts, switch: messages.SwitchFact, where: str) -> str:
    """The same as a whole sentence; empty where it is that of any other strategy."""
    who, stable = words.who(facts.rollout, facts.revision), words.revision(facts.stable)
    because = words.plain(facts.because, 160)
    users = "all users are on it" if switch.switched else f"users are on {stable}"
    match facts.news:
        case News.MOVES if switch.switched:
            return f"{who} serves all users {where} and is not confirmed yet."
        case News.MOVES:
            return f"{who} is a preview {where}, {users}."
        case News.WAITS:
            return f"{who} waits for the switch {where}, {users}."
        case News.HOLDS:
            return f"{who} holds {where}, {users}" + (f": {because}." if because else ".")
        case News.DONE:
            return f"{who} is done {where}: it serves all users."
        case _:
            return ""


def preview(switch: messages.SwitchFact | None) -> str:
    """Where the new revision can be looked at before the switch."""
    if switch is None or switch.switched or not (switch.preview or switch.preview_url):
        return ""
    if words.is_link(switch.preview_url):
        return f"preview: {words.link(switch.preview_url, words.name(_bare(switch.preview_url)))}"
    if not switch.preview:
        return ""
    return f"preview: Service {words.name(switch.preview)}"


def _bare(url: str) -> str:
    """An address as people read it, without its scheme and question."""
    return url.partition("://")[2].partition("?")[0].rstrip("/")


def warm(switch: messages.SwitchFact | None) -> str:
    """For how long *Switch back* is one click."""
    if switch is None or switch.warm is None or switch.warm_until is None:
        return ""
    old = words.revision(switch.warm)
    return f"{old} stays warm until {words.exactly(switch.warm_until)}"


def move(facts: messages.CardFacts) -> str:
    """What comes next, to the second: people count these down."""
    what = words.plain(facts.next_what, 300)
    if facts.next_what.startswith("100 %"):
        what = "switch of all users" + what.removeprefix(words.plain("100 %"))
    when = f" by itself at {words.exactly(facts.next_at)}" if facts.next_at else ""
    return f"{what}{when}"
