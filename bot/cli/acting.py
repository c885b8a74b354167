"""What somebody at a terminal asks of a rollout: the same desk, and its answer in words."""

from bot.cli import asking, outcome
from bot.core.notices import scene as scenes
from bot.runtime import orders

_APPROVALS = frozenset({"promote", "promote-full"})


async def submitted(ask: asking.Ask, kind: str, name: str, *, reason: str = "") -> outcome.Outcome:
    """Write down promote, promote-full, abort or retry, and wait for what becomes of it."""
    key = ask.find(name)
    if ask.unruled and kind in _APPROVALS:
        return outcome.told(ask.unruled, code=outcome.REFUSED)
    return await _told(ask, key, await ask.desk.submit(kind, key, ask.person, reason=reason))


async def approved(ask: asking.Ask, name: str) -> outcome.Outcome:
    """Open the gate that it stands at, and no other."""
    key = ask.find(name)
    scene = ask.desk.scene(key)
    gate = "" if scene is None else scenes.gate(scene)
    if scene is None or not gate:
        text = f"{key} waits for no approval now; nothing was done."
        return outcome.told(text, code=outcome.REFUSED)
    if ask.unruled:
        return outcome.told(ask.unruled, code=outcome.REFUSED)
    reply = await ask.desk.submit("promote", key, ask.person, gate=gate, revision=scene.hash)
    return await _told(ask, key, reply)


async def undone(ask: asking.Ask, name: str, to_revision: int | None) -> outcome.Outcome:
    """The pod template of an earlier revision again."""
    key = ask.find(name)
    return await _told(ask, key, await ask.desk.undo(key, ask.person, to_revision))


async def image_set(ask: asking.Ask, name: str, pair: str) -> outcome.Outcome:
    """Another image for one container."""
    container, _, image = pair.partition("=")
    if not container or not image:
        text = "Name both the container and the image: CONTAINER=IMAGE. Nothing was done."
        return outcome.told(text, code=outcome.USAGE)
    key = ask.find(name)
    return await _told(ask, key, await ask.desk.set_image(key, ask.person, container, image))


async def _told(ask: asking.Ask, key: str, reply: orders.Reply) -> outcome.Outcome:
    sentence, code = reply.sentence, outcome.DONE if reply.accepted else outcome.REFUSED
    if sentence.startswith(orders.NOT_DONE):
        return outcome.told(orders.NOT_DONE, code=outcome.AWAY, rollout=key)
    if reply.late or (reply.accepted and reply.written):
        # Who carried it out just now leads; only an answer that is missing raises the question.
        leaderless = await ask.leaderless()
        if reply.late and not leaderless:
            sentence = (
                "It is written down, and the bot that leads has not carried it out yet; it counts "
                f"for {orders.EXPIRES.seconds} s. rollout-bot get {key} shows how it stands."
            )
        elif reply.late:
            counts = f"The request is written down and counts for {orders.EXPIRES.seconds} s."
            sentence = f"{leaderless} {counts} Nothing happens before a bot leads."
        elif leaderless:
            sentence = f"{sentence} {leaderless} Nothing moves before one does."
    for_slack = "The buttons still work."
    return outcome.told(sentence.replace(for_slack, "").strip(), code=code, rollout=key)
